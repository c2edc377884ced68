"""Answers that nothing can use: however a run goes, as many are asked for, with the same end."""

from collections import Counter

import pytest

from asyncgen.errors import Interrupted

from .memory_server import MemoryServer, Response, said
from .starts import Starts
from .test_rejected_answers import WAYS

pytestmark = pytest.mark.looptime
FINISHES = {"row 1": "content_filter", "row 2": "length", "row 3": "length"}
"""How an answer ends."""
EMPTY = {"row 0": 2, "row 5": 9}
"""How many answers have no text."""
MOST = {"row 0": 3, "row 1": 1, "row 2": 2, "row 3": 2, "row 4": 1, "row 5": 3}
"""How often a row is asked by a command."""
DONE = {"row 0", "row 4"}


def asked(server: MemoryServer) -> Counter[str]:
    """How often each question was asked."""
    return Counter(server.live + server.asked)


def tell(server: MemoryServer) -> None:
    """Let the server give answers that cannot be used."""

    def answer(question: str, _seed: int) -> Response:
        response = said("" if asked(server)[question] < EMPTY.get(question, 0) else f"answer to {question}")
        response["body"]["choices"][0]["finish_reason"] = FINISHES.get(question, "stop")
        return response

    server.answer = answer


@pytest.mark.parametrize("way", WAYS)
async def test_each_way_leads_to_as_many_calls(starts: Starts, server: MemoryServer, way: str) -> None:
    """Also when the command is given again for the rows that have failed: then they are asked anew."""
    tell(server)
    # The slow row is unfinished at each stop, so no other one is written yet.
    for slow, expected in (("row 0", MOST), ("row 5", {row: MOST[row] for row in MOST if row not in DONE})):
        server.seconds = {slow: 10.0}
        *stopped, last = WAYS[way]
        for batch in stopped:
            assert isinstance(await starts.once(batch=batch, stop_after=4.0), Interrupted)
        assert await starts.once(batch=last) is None

        assert starts.answers() == ["answer to row 0", "answer to row 4"]
        failed = [(row["note_id"], row["error"], row["attempts"]) for row in starts.failed()]
        assert failed == [("1", "content_filter", 1), ("2", "length", 2), ("3", "length", 2), ("5", "empty", 3)]
        assert asked(server) == expected
        server.live.clear()
        server.asked.clear()


async def test_what_an_earlier_start_gave_up_does_not_end_the_run(starts: Starts, server: MemoryServer) -> None:
    """It was counted there: else one start after another would end, though the server is well again."""
    tell(server)
    server.seconds = {"row 0": 10.0}
    assert isinstance(await starts.once(batch=False, stop_after=4.0), Interrupted)
    # Row 0 is asked twice more, so a run that is ended does not come to its own end all the same.
    assert await starts.once(batch=False, max_failures=0) is None
    assert asked(server) == MOST
    assert [row["note_id"] for row in starts.failed()] == ["1", "2", "3", "5"]
