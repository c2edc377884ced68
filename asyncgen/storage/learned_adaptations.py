"""What a directory knows of the fields that its endpoints refuse: from checkpoint, statistics and journal."""

from asyncgen.chat import Adaptation
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.resume import peek
from asyncgen.storage.segment_format import ADAPTED, adaptation_of, decode_line, segments
from asyncgen.storage.whole_files import lines_of


def known_adaptations(directory: RunDirectory) -> tuple[Adaptation, ...]:
    """All known adaptations: after a crash, some are in the journal alone."""
    state = peek(directory)
    found = dict.fromkeys(() if state is None else state.adaptations)
    for path in segments(directory):
        for line in lines_of(directory.disk, path):
            record = decode_line(line) if ADAPTED.encode() in line else None
            if record is not None and record["kind"] == ADAPTED:
                found[adaptation_of(record["adaptation"])] = None
    return tuple(found)
