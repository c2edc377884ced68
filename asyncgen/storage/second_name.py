"""A second name for an output file of a run, outside its directory, at a path that the user names.

Rules:

1. Both names are one file (a hard link), so the second one shows the output live, and it is written once. Without
   hard links it is a copy, made when the run has ended.
2. A merge replaces the file of the first name: afterwards the second name is renewed by a rename.
3. A file that is not ours is never touched. Ours are recognised by device and inode, stored in the directory, or
   by their bytes: where both were copied, they are two files.
"""

import os
from dataclasses import asdict
from filecmp import cmp
from pathlib import Path

from asyncgen.errors import BadDataError
from asyncgen.storage.checkpoint import decode, encode
from asyncgen.storage.input_file import FileIdentity
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.whole_files import replace_atomically


class SecondName:
    """The second name of an output.

    Args:
        directory: of the run.
        name: of the output in it.
        path: the second name, in the parent of the run's directory.
    """

    def __init__(self, directory: RunDirectory, name: str, path: Path) -> None:
        self._directory = directory
        self._disk = directory.disk
        self._first = directory.output(name)
        self._record = directory.state_directory / "second_name.json"
        self.path = path

    def check(self) -> None:
        """Refuse a file that someone else has put there; a copy is made one file with the output again.

        Raises:
            BadDataError: there is a file that is not ours.
        """
        if not self._is_free():
            raise BadDataError(
                f"{self.path} is there already, and no run of this command has written it (or it was changed "
                "since): move it away, or name another file"
            )
        if self._is_copied():
            self.renew()  # before the output grows, and the copy is no longer one

    def renew(self, *, ended: bool = False) -> bool:
        """Point the second name to the file of the first one; returns whether it does.

        Args:
            ended: nothing more is written, so that a copy would be complete.
        """
        if not self._is_free():
            return False
        if self._disk.size(self._first) is None:
            self._disk.unlink(self.path)  # it belonged to a run that was restarted
            return False
        if self._is_linked():
            return True
        beside = self.path.with_name(self.path.name + ".tmp")
        self._disk.unlink(beside)
        copied = not self._disk.link(self._first, beside)
        if copied:
            if not ended:
                return False
            self._disk.copy(self._first, beside)
        self._disk.rename(beside, self.path)
        self._disk.fsync_directory(self.path.parent)
        found = asdict(FileIdentity.of(self.path))
        replace_atomically(self._disk, self._record, encode({"copied": copied, "identity": found}))
        return True

    def _is_linked(self) -> bool:
        if self._disk.size(self.path) is None or self._disk.size(self._first) is None:
            return False
        return os.path.samestat(self.path.lstat(), self._first.lstat())

    def _is_copied(self) -> bool:
        """Whether it is a file with the bytes of the output: with that in its place, nothing is lost."""
        return self._first.is_file() and self.path.is_file() and cmp(self.path, self._first, shallow=False)

    def _is_free(self) -> bool:
        """Whether the second name is free, or a file of ours."""
        if self._disk.size(self.path) is None or self._is_linked() or self._is_recorded():
            return True
        return self._is_copied()

    def _is_recorded(self) -> bool:
        """Whether it is the file that the directory has recorded."""
        try:
            record = decode(self._disk.read(self._record) or b"")
            kept, found = FileIdentity(**record["identity"]), FileIdentity.of(self.path)
        except (ValueError, TypeError, KeyError):
            return False
        if record["copied"]:
            return kept == found
        return (kept.device, kept.inode) == (found.device, found.inode)
