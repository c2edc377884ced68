"""What the tests of the simulator ask."""

from collections.abc import Awaitable, Callable
from typing import Any

NOTE = (
    "A 45-year-old man comes to the physician because of a 3-day history of fever. He takes metoprolol 50 mg "
    "daily. Examination shows crackles over the left lower lung."
)
Post = Callable[..., Awaitable[tuple[int, Any, str]]]


def chat(note: str = NOTE, **fields: Any) -> dict[str, Any]:
    """A request for a paraphrase of the note."""
    messages = [
        {"role": "system", "content": "You paraphrase clinical notes."},
        {"role": "user", "content": f"Paraphrase this.\n<note>\n{note}\n</note>"},
    ]
    return {"model": "gpt-4o", "max_tokens": 500, "messages": messages, **fields}
