"""What several tests of the client share."""

from typing import Any

import openai
import pytest

PRIVATE_PARTS = ("_build_request", "_make_status_error_from_response")


def another_sdk(monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    """Take a private part away from the SDK, as another version of it may have done."""
    # The SDK needs its own methods: they have another form.
    found = getattr(openai.AsyncOpenAI, lacking)

    def changed(self: Any, *args: Any, context: Any = None, **options: Any) -> Any:
        return found(self, *args, **options)

    monkeypatch.setattr(openai.AsyncOpenAI, lacking, changed)


@pytest.fixture(params=["", *PRIVATE_PARTS])
def lacking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test with the SDK as it is, and with versions of it that lack a private part."""
    part: str = request.param
    if part:
        another_sdk(monkeypatch, part)
    return part
