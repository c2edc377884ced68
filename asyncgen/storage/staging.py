"""Files that appear whole or not at all: written beside their places, synced, then renamed.

Several files cannot be renamed at once: a crash between two renames leaves some of them in place, each whole.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from asyncgen.errors import DiskError, Setting, UsageError
from asyncgen.storage.disk import Disk, disk_errors


class Staged:
    """A file that is being written; it supports as much of a file object as a writer needs."""

    def __init__(self, target: Path, temporary: Path, file: BinaryIO) -> None:
        self.target = target
        self.temporary = temporary
        self.file = file

    @property
    def closed(self) -> bool:
        """Whether it has been published or discarded."""
        return self.file.closed

    def write(self, data: bytes) -> int:
        """Append."""
        with disk_errors("write", self.target):
            return self.file.write(data)

    def flush(self) -> None:
        """Hand everything to the operating system."""
        with disk_errors("write", self.target):
            self.file.flush()


class Staging:
    """Opens temporary files, and gives all of them their names together; without `publish`, they are removed.

    Args:
        disk: the disk.
        force: replace existing files.
    """

    def __init__(self, disk: Disk, *, force: bool) -> None:
        self._disk = disk
        self._force = force
        self._files: list[Staged] = []
        self._directories: list[Path] = []  # made for them, the innermost last

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for staged in self._files:
            with suppress(OSError):  # the rest of the buffer is no longer wanted
                staged.file.close()
            with suppress(DiskError):
                self._disk.unlink(staged.temporary)
        for directory in reversed(self._directories):
            with suppress(OSError):  # somebody else has put something there
                directory.rmdir()

    def check(self, targets: Iterable[Path]) -> None:
        """Refuse to replace existing files.

        Raises:
            UsageError: a target exists and `force` was not given; or it is a directory, a pipe or a device.
        """
        for target in targets:
            if target.is_dir():
                raise UsageError(f"{target} is a directory: give the name of a file with ", Setting("output"))
            if target.exists() and not target.is_file():  # the rename would put a file in place of /dev/null
                raise UsageError(
                    f"{target} is a pipe or a device: give the name of a file with ", Setting("output")
                )
            if os.path.lexists(target) and not self._force:
                raise UsageError(
                    f"{target} exists: give another name with ",
                    Setting("output"),
                    ", or replace it with ",
                    Setting("force", True),
                )

    def open(self, target: Path) -> Staged:
        """Begin a file; its directory is created if missing."""
        missing = [one for one in (target.parent, *target.parent.parents) if not one.exists()]
        self._directories += reversed(missing)
        self._disk.make_directory(target.parent)
        temporary = target.with_name(f"{target.name}.tmp")
        self._disk.unlink(temporary)  # left by a crash
        fd = self._disk.open_append(temporary)
        staged = Staged(target, temporary, os.fdopen(fd, "wb"))
        self._files.append(staged)
        return staged

    def publish(self, superseded: Iterable[Path] = ()) -> None:
        """Make every file durable and give it its name; then remove the files that they supersede."""
        for staged in self._files:
            staged.flush()
            self._disk.fsync(staged.file.fileno(), staged.target)
            staged.file.close()
        for staged in self._files:
            self._disk.rename(staged.temporary, staged.target)
        for path in superseded:
            self._disk.unlink(path)
        for directory in {staged.target.parent for staged in self._files}:
            self._disk.fsync_directory(directory)
        self._files.clear()
        self._directories.clear()
