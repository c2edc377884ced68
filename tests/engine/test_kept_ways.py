"""What is known of a model is kept from the first start on; what the user says of it counts more."""

from typing import Any

import pytest

from asyncgen.events import Notice

from .memory_server import MemoryServer
from .starts import Starts

pytestmark = pytest.mark.virtual_clock
NAMES = {"max_tokens", "max_completion_tokens"}


@pytest.mark.parametrize("batch", [False, True])
async def test_a_name_of_the_limit_counts_in_the_start_that_gives_it(
    starts: Starts, server: MemoryServer, batch: bool
) -> None:
    """Whatever it was called when the run began; and a later start without it goes on as the run began."""
    given: dict[str, Any]
    for rows, given in (
        (2, {}),
        (4, {"max_tokens_field": "max_tokens"}),
        (6, {}),
    ):
        server.bodies.clear()
        starts.events.clear()
        assert await starts.once(model="gpt-6-luna", batch=batch, num_pairs=rows, **given) is None

        name = given.get("max_tokens_field", "max_completion_tokens")
        assert {sent for body in server.bodies for sent in NAMES & body.keys()} == {name}
        told = [str(event.text) for event in starts.events if isinstance(event, Notice)]
        assert any("sent as max_completion_tokens" in text for text in told) == (not given)
