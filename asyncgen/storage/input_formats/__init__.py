"""Input files of every kind, read as JSON lines: what is behind this package knows no other.

Rules:

1. The lines that are made of a file depend on its content and its name's ending alone, so a position in them means
   the same in every process, and nothing needs to be kept on disk.
2. Line numbers stay those of the file: a row that takes several lines there is followed by blank ones.
3. Memory does not grow with the file. What cannot be a row is a `Refused`; what makes the file unreadable as a
   whole is an `UnreadableError`, which leaves this package as a `BadDataError`.

Adding a kind is a function from an open file to pieces of JSON lines, and a line in `tables` (or in `packed`).
"""

from asyncgen.storage.input_formats.pieces import Piece, Refused
from asyncgen.storage.input_formats.reading import Look, look_at, pieces_of

__all__ = ["Look", "Piece", "Refused", "look_at", "pieces_of"]
