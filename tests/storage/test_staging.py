"""Files appear whole or not at all."""

import os
from pathlib import Path

import pytest

from asyncgen.errors import DiskError, UsageError
from asyncgen.storage.disk import Disk
from asyncgen.storage.staging import Staging


def names(path: Path) -> list[str]:
    """What is in a directory."""
    return sorted(one.name for one in path.iterdir())


def test_nothing_has_its_name_before_it_is_published(disk: Disk, tmp_path: Path) -> None:
    """Then all of it has, readable by its owner alone; missing directories are made."""
    with Staging(disk, force=False) as staging:
        for name in ("a", "b"):
            staging.open(tmp_path / "new" / name).write(name.encode())
        assert names(tmp_path / "new") == ["a.tmp", "b.tmp"]
        staging.publish()
    assert names(tmp_path / "new") == ["a", "b"]
    assert (tmp_path / "new" / "b").read_bytes() == b"b"
    assert (tmp_path / "new" / "a").stat().st_mode & 0o777 == 0o600


def test_an_error_leaves_everything_as_it_was(disk: Disk, tmp_path: Path) -> None:
    """Ctrl-C as well."""
    (tmp_path / "a").write_text("old")

    def interrupted() -> None:
        with Staging(disk, force=True) as staging:
            staging.open(tmp_path / "a").write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_an_error_leaves_no_directory_behind(disk: Disk, tmp_path: Path) -> None:
    """But one that was there, or that somebody else uses."""
    (tmp_path / "old").mkdir()

    def refused() -> None:
        with Staging(disk, force=False) as staging:
            for name in ("new/data/a", "new/b", "old/c", "shared/d"):
                staging.open(tmp_path / name)
            (tmp_path / "shared" / "theirs").touch()
            raise UsageError("no")

    with pytest.raises(UsageError):
        refused()
    assert names(tmp_path) == ["old", "shared"]
    assert (names(tmp_path / "old"), names(tmp_path / "shared")) == ([], ["theirs"])


def test_what_is_there_is_replaced_only_when_asked(disk: Disk, tmp_path: Path) -> None:
    """Also a link that leads nowhere: what it stood for is not touched."""
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"exists: .*force=True"):
        Staging(disk, force=False).check([tmp_path / "link"])
    with Staging(disk, force=True) as staging:
        staging.check([tmp_path / "link"])
        staging.open(tmp_path / "link").write(b"x")
        staging.publish()
    assert names(tmp_path) == ["link"]
    assert not (tmp_path / "link").is_symlink()


def test_a_pipe_or_a_device_is_not_replaced(disk: Disk, tmp_path: Path) -> None:
    """By root, the rename would succeed, and /dev/null would be a file from then on."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is a pipe or a device"):
        Staging(disk, force=True).check([tmp_path / "pipe"])


def test_a_directory_is_no_file(disk: Disk, tmp_path: Path) -> None:
    """Whatever was asked for."""
    with pytest.raises(UsageError, match="is a directory"):
        Staging(disk, force=True).check([tmp_path])


def test_what_a_crash_left_is_written_anew(disk: Disk, tmp_path: Path) -> None:
    """Not appended to."""
    (tmp_path / "a.tmp").write_text("torn")
    with Staging(disk, force=False) as staging:
        staging.open(tmp_path / "a").write(b"whole")
        staging.publish()
    assert (tmp_path / "a").read_text() == "whole"


def test_what_is_superseded_goes_last(disk: Disk, tmp_path: Path) -> None:
    """Without `publish`, it stays."""
    (tmp_path / "old").write_text("old")
    with Staging(disk, force=False) as staging:
        staging.open(tmp_path / "a").write(b"a")
        staging.publish(superseded=[tmp_path / "old"])
    assert names(tmp_path) == ["a"]


def test_a_full_disk_is_an_error_of_the_disk(disk: Disk, tmp_path: Path) -> None:
    """With the name of the file; that its buffer cannot be written either is no second error."""

    def fill() -> None:
        with Staging(disk, force=False) as staging:
            staged = staging.open(tmp_path / "a")
            full = os.open("/dev/full", os.O_WRONLY)
            os.dup2(full, staged.file.fileno())
            os.close(full)
            staged.write(b"x" * 100)
            staging.publish()

    with pytest.raises(DiskError, match=r"cannot write .*a: No space left"):
        fill()
    assert names(tmp_path) == []
