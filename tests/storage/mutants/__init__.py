"""Deliberately broken variants of the protocol, by what they break. Each one must be found by the model disk.

Those of `batches` are a catalogue of their own: they need a server for batches, and other scenarios.
"""

from .answers import ANSWERS
from .commit import COMMIT
from .repair import REPAIR
from .segments import SEGMENTS
from .small_files import SMALL_FILES
from .starts import STARTS

MUTANTS = COMMIT | SMALL_FILES | ANSWERS | SEGMENTS | STARTS | REPAIR
