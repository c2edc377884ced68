"""How much the searching tests try: in CI what its time allows, in the work between a part of that.

What breaks a protocol or a rule shows in many states, rows and values: the first few say so soon, and the rest is
for CI.
"""

import os

_IN_CI = bool(os.environ.get("CI"))
EXAMPLES = 100 if _IN_CI else 20
"""Of each property that names no number."""
FEW_EXAMPLES = 60 if _IN_CI else 20
"""Of each property whose example is a whole job."""
HISTORIES = 2000 if _IN_CI else 40
"""Of a directory, by their seeds."""
STRIDE = 1 if _IN_CI else 3
"""Operations of a command from one crash, or fault of the disk, to the next."""
STRIDE_IN_WAYS = 1 if _IN_CI else 5
"""The same where a command is played in another way (small segments, a slow disk)."""
LOSSES = 12 if _IN_CI else 1
"""Of power, at each operation of a command that is crashed everywhere; on top of the kills."""
PLANTINGS = 100 if _IN_CI else 6
"""Of each kind of defect."""
PARTS_OF_EDITS = range(5 if _IN_CI else 1)
"""Which fifths of all edits of a file are made."""
MUTANTS_PLAYED = slice(None, None, 1 if _IN_CI else 3)
"""Which of the ways to break a protocol are tried."""
KILLS_PLAYED = slice(None, None, 1 if _IN_CI else 3)
"""Which of the places of a run with batches it is killed at."""
SEEDS = range(3 if _IN_CI else 1)
"""Of what is played with chance, minutes of a virtual clock or all pairs each time."""
JUDGED = 100 if _IN_CI else 40
"""Seeds with which a simulated judge is measured."""
