"""The result of reading an input file: pieces of JSON lines, and refused rows. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

PIECE = 64 * 1024  # bytes: one thread hop for some 40 rows


class UnreadableInputError(Exception):
    """A file cannot be read in its format; the text follows the file's name and says what to do."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be expressed as JSON, and why; it takes `lines` lines of the file."""

    reason: str
    lines: int = 1

    @property
    def blank(self) -> bytes:
        """The blank lines in its place."""
        return b"\n" * self.lines


Piece = bytes | Refused


def gathered(rows: Iterable[Piece]) -> Iterator[Piece]:
    """The same pieces, with short pieces of whole lines joined."""
    waiting: list[bytes] = []
    size = 0
    for row in rows:
        if isinstance(row, Refused) or size >= PIECE:
            if waiting:
                yield b"".join(waiting)
            waiting, size = [], 0
        if isinstance(row, Refused):
            yield row
        else:
            waiting.append(row)
            size += len(row)
    if waiting:
        yield b"".join(waiting)


def behind(pieces: Iterable[Piece], offset: int) -> Iterator[Piece]:
    """What comes after so many bytes; an empty piece for each one skipped, so that other tasks can run."""
    passed = 0
    for piece in pieces:
        size = len(piece.blank if isinstance(piece, Refused) else piece)
        if passed >= offset:
            yield piece
        elif isinstance(piece, Refused):
            yield b""
        else:
            yield piece[offset - passed :]
        passed += size
