"""What a start comes to, as a user sees it."""

import re
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace

from asyncgen.cli.event_lines import EventLines
from asyncgen.cli.lines import Lines
from asyncgen.cli.setting_names import in_flags
from asyncgen.engine.session import Summary
from asyncgen.errors import AsyncgenError, Exit

OF_ROWS = re.compile("Error processing|further failures")
"""Lines about rows that failed, which depend on when a run stopped."""
TIME_OF_DAY = re.compile(r", until (\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d")
"""What a line says of the clock on the wall, which two starts never have alike."""


@dataclass
class Ended:
    """What a start came to: its exit code, the reason, the lines printed, and the summary."""

    code: int = Exit.DONE
    reason: str = ""
    said: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    summary: Summary | None = None

    def lines(self) -> EventLines:
        """What prints the lines of a start into it."""
        return EventLines(_Kept(self), verbose=False)

    async def after(self, execute: Awaitable[Summary]) -> "Ended":
        """The same, once a run was executed."""
        try:
            summary = await execute
        except AsyncgenError as error:
            return replace(self, code=error.exit_code, reason=in_flags(error))
        return replace(self, code=Exit.SOME_FAILED if summary.failed_pairs else Exit.DONE, summary=summary)


class _Kept(Lines):
    """Keeps the lines instead of printing them."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(quiet=False, write=lambda *_: None)
        self._ended = ended

    def say(self, text: str) -> None:
        self._ended.said.append(TIME_OF_DAY.sub("", text))

    def warn(self, text: str) -> None:
        self._ended.warned.append(text)

    error = warn
