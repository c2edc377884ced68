"""The file of verdicts: what is read of it when it was damaged."""

from pathlib import Path

import pytest

from asyncgen.errors import BadDataError
from asyncgen.quality.checks.judgement import State
from asyncgen.quality.judge.verdict_file import RowVerdict, VerdictFile
from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory

STATE = RunState(last_completed_idx=1, input_end=0, input_chain="", files={}, stats={})


@pytest.mark.parametrize("damaged", [b'{"index":', b"{}\n", b"\xff\xff\n"], ids=["cut", "no fields", "bytes"])
def test_a_damaged_row_is_named_with_what_writes_the_file_again(
    tmp_path: Path, disk: Disk, damaged: bytes
) -> None:
    """The first line, which is whole, still says that it is about the files as they are."""
    directory = RunDirectory(disk, tmp_path)
    directory.make()
    file = VerdictFile(directory)
    file.save(STATE, {}, [RowVerdict(n, f"id-{n}", State.OPEN, (), None, "", "") for n in range(2)])
    path = directory.state_directory / "verdicts.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]) + damaged)

    assert file.figures(STATE) == {}
    with pytest.raises(
        BadDataError, match=r"verdicts\.jsonl was damaged: a judgement by asyncgen verify writes it again"
    ):
        list(file.rows())
