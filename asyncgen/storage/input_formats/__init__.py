"""Input files of every format, read as JSON lines: the rest of the program knows no other format.

Rules:

1. The lines made of a file depend only on its content and its name's ending, so a position in them means the same
   in every process, and nothing needs to be kept on disk.
2. Line numbers stay those of the file: a row of several lines is followed by blank ones.
3. Memory does not grow with the file. What cannot be a row is a `Refused`; what makes the whole file unreadable is
   an `UnreadableInputError`, which leaves this package as a `BadDataError`.

To add a format, write a function from an open file to pieces of JSON lines, and list it in `tables` (or in
`packed`).
"""

from asyncgen.storage.input_formats.pieces import Piece, Refused
from asyncgen.storage.input_formats.reading import JOIN, Look, look_at, pieces_of

__all__ = ["JOIN", "Look", "Piece", "Refused", "look_at", "pieces_of"]
