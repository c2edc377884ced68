"""The files of a batch: what was asked, found again in whatever a server hands back."""

import random
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from asyncgen.chat import Usage
from asyncgen.storage.batch_files import BatchFiles, BatchSpool, Members, Results, custom_id, index_of, is_whole
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory

NAMES = [custom_id(index, step, f"{index:032x}") for index in range(50) for step in ("a", "b")]


@pytest.fixture
def files(disk: Disk, tmp_path: Path) -> BatchFiles:
    """Those of a directory."""
    directory = RunDirectory(disk, tmp_path)
    directory.make()
    return BatchFiles(directory)


@pytest.fixture
def members(files: BatchFiles) -> Members:
    """The requests of batch 1, which is sealed."""
    spool = BatchSpool(files, 1)
    for name in NAMES:
        index = index_of(name)
        assert index is not None
        spool.add(index, name, orjson.dumps({"custom_id": name}) + b"\n", 3, Usage(1, 2, 3))
    spool.seal()
    assert (spool.requests, spool.tokens, spool.most) == (100, 300, Usage(100, 200, 300))
    return spool.members


Write = Callable[[str, list[bytes]], None]


@pytest.fixture
def write(files: BatchFiles) -> Write:
    """Write a file of results of batch 1."""
    return lambda what, lines: files.results(1, what).write_bytes(b"".join(lines)) and None


def line(name: str, text: str = "x", status: int = 200) -> bytes:
    """A line of results."""
    response = {"status_code": status, "body": text}
    return orjson.dumps({"custom_id": name, "response": response, "error": None}) + b"\n"


def test_which_requests_a_batch_holds_is_known_from_either_file(files: BatchFiles, members: Members) -> None:
    """From the short one, and from the requests themselves."""
    loaded = Members.load(files, 1)
    assert loaded is not None
    for known in (members, loaded, Members.read(files, 1)):
        assert len(known) == len(NAMES)
        assert all(known.holds(int(name.split("-")[0]), name) for name in NAMES)
        assert not known.holds(3, custom_id(3, "c", f"{3:032x}"))
        assert known.holds_row(49)
        assert not known.holds_row(50)


def test_results_are_found_in_any_order(files: BatchFiles, members: Members, write: Write) -> None:
    """Whatever is between them: foreign names, blank and torn lines, long lines."""
    shuffled = random.Random(1).sample(NAMES, len(NAMES))
    lines = [line(name, name + "y" * 40_000 * (place % 7 == 0)) for place, name in enumerate(shuffled)]
    write("output", [b"\n", line("foreign"), b'{"custom_id": 5}\n', *lines, b'{"custom_id": "1-to'])

    results = Results(files, 1, members)

    assert (results.lines, results.answered) == (100, 100)
    for name in NAMES:
        found = results.find(int(name.split("-")[0]), name)
        assert found is not None
        assert found["response"]["body"].rstrip("y") == name


def test_of_two_lines_with_one_name_the_first_counts(files: BatchFiles, members: Members, write: Write) -> None:
    """And it is counted once."""
    write("output", [line(NAMES[7], "first"), line(NAMES[7], "second")])
    write("errors", [line(NAMES[8], "refused", 400), line(NAMES[8], "again", 400)])

    results = Results(files, 1, members)

    found = results.find(3, NAMES[7])
    assert found is not None
    assert found["response"]["body"] == "first"
    assert (results.lines, results.answered) == (2, 1)
    assert results.find(9, NAMES[18]) is None


@pytest.mark.parametrize(
    ("content", "whole"),
    [
        (b"", True),
        (b'{"custom_id":"a"}\n', True),
        (b'{"custom_id":"a"}', True),
        (b'\xef\xbb\xbf{"custom_id":"a"}', True),
        (b'{"custom_id":"a"}\n{"total":1}', True),
        (b'{"custom_id":"a"}\n"end"', True),
        (b'{"custom_id":"a"}\n{"cus', False),
    ],
)
def test_a_file_that_was_cut_is_noticed(files: BatchFiles, content: bytes, whole: bool) -> None:
    """By its last line."""
    path = files.results(1, "output")
    path.write_bytes(content)
    assert is_whole(files, path) == whole


def test_a_line_behind_a_byte_order_mark_is_found(files: BatchFiles, members: Members) -> None:
    """Its request would be sent and paid again."""
    line = orjson.dumps({"custom_id": NAMES[0], "response": {"status_code": 200, "body": {}}})
    files.results(1, "output").write_bytes(b"\xef\xbb\xbf" + line + b"\n")
    results = Results(files, 1, members)
    assert (results.lines, results.found) == (1, True)
    assert results.find(0, NAMES[0]) is not None


def test_files_of_other_batches_are_removed(files: BatchFiles, members: Members, write: Write) -> None:
    """And nothing else."""
    write("output", [b""])
    BatchSpool(files, 2).seal()
    files.keep_only({2})
    assert sorted(path.name for path in files.requests(1).parent.glob("batch-*")) == [
        "batch-00000002.ids",
        "batch-00000002.jsonl",
    ]
    assert len(members) == len(NAMES)
