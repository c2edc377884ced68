"""The name that a user wants for an output, beside the directory of the run."""

import errno
import os
from pathlib import Path

import pytest

from asyncgen.errors import BadDataError, DiskError
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.second_name import SecondName


@pytest.fixture
def directory(disk: Disk, tmp_path: Path) -> RunDirectory:
    """A run's directory without an output."""
    made = RunDirectory(disk, tmp_path / "out.jsonl.asyncgen")
    made.make()
    return made


@pytest.fixture
def named(directory: RunDirectory, tmp_path: Path) -> SecondName:
    """Its output under another name."""
    return SecondName(directory, "responses.jsonl", tmp_path / "out.jsonl")


@pytest.fixture
def output(directory: RunDirectory) -> Path:
    """Its output, in which there is a line."""
    path = directory.output("responses.jsonl")
    path.write_text("first\n")
    return path


def merge(output: Path, text: str) -> None:
    """Put another file in the place of an output."""
    output.with_name("merged").write_text(text)
    output.with_name("merged").rename(output)


def test_what_is_appended_stands_under_both_names(named: SecondName, output: Path) -> None:
    """They are one file."""
    assert named.renew()
    with output.open("a") as file:
        file.write("second\n")

    assert named.path.read_text() == "first\nsecond\n"


def test_a_copy_of_both_is_one_file_again(named: SecondName, output: Path) -> None:
    """`cp -r` makes two files of a link; with another byte, the second one is somebody's."""
    assert named.renew()
    named.path.unlink()
    named.path.write_bytes(output.read_bytes())
    named.check()
    assert named.path.samefile(output)

    named.path.unlink()
    named.path.write_bytes(b"f1rst\n")
    with pytest.raises(BadDataError):
        named.check()


def test_a_merge_is_followed(named: SecondName, output: Path) -> None:
    """Also when the process was killed between the two."""
    assert named.renew()
    merge(output, "merged\n")
    assert named.path.read_text() == "first\n"

    named.check()
    assert named.renew()

    assert named.path.read_text() == "merged\n"


def test_a_name_that_the_user_has_removed_comes_back(named: SecondName, output: Path) -> None:
    """What was paid is still there."""
    named.renew()
    named.path.unlink()

    named.check()
    assert named.renew()

    assert named.path.read_text() == "first\n"


def test_a_run_that_begins_anew_leaves_nothing_of_the_old_one_there(named: SecondName, output: Path) -> None:
    """Its output was moved aside, and the new one is not there yet."""
    named.renew()
    output.unlink()

    assert not named.renew()

    assert not named.path.exists()


@pytest.mark.parametrize("begun", [False, True])
def test_a_file_of_somebody_else_is_refused_and_stays(named: SecondName, output: Path, *, begun: bool) -> None:
    """Also one that took the place of ours, as an editor puts it there."""
    if begun:
        named.renew()
        named.path.unlink()
    named.path.write_text("precious\n")

    with pytest.raises(BadDataError, match="move it away"):
        named.check()
    assert not named.renew(ended=True)

    assert named.path.read_text() == "precious\n"
    assert output.read_text() == "first\n"


def test_a_symbolic_link_is_refused(named: SecondName, output: Path, tmp_path: Path) -> None:
    """Nothing is written through it."""
    target = tmp_path / "precious"
    target.write_text("precious\n")
    named.path.symlink_to(target)

    with pytest.raises(DiskError, match="not a regular file"):
        named.check()

    assert target.read_text() == "precious\n"


def test_without_links_a_copy_appears_at_the_end(
    named: SecondName, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is replaced after a merge, and left alone when the user has changed it."""

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.EPERM, "not here")

    monkeypatch.setattr(os, "link", refuse)
    assert not named.renew()
    assert not named.path.exists()

    assert named.renew(ended=True)
    assert named.path.read_text() == "first\n"
    merge(output, "merged\n")
    named.check()
    assert named.renew(ended=True)
    assert named.path.read_text() == "merged\n"
    assert named.path.stat().st_ino != output.stat().st_ino

    with named.path.open("a") as file:
        file.write("a remark\n")
    with pytest.raises(BadDataError, match="changed since"):
        named.check()
