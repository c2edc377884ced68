"""A second name for an output file of a run, outside its directory: where a user wants to find it.

Rules:

1. Both names are one file (a hard link), so what stands under the second one is live, and written once. Where the
   file system has no such links, it is a copy that appears when the run has ended.
2. A merge puts another file in the place of the first name: the second one is renewed after it, by a rename.
3. What is not ours is never touched. By device and inode, kept in the directory, it is known what is.
"""

import os
from dataclasses import asdict
from pathlib import Path

from asyncgen.errors import BadDataError
from asyncgen.storage.checkpoint import decode, encode
from asyncgen.storage.disk import replace_atomically
from asyncgen.storage.input_file import FileIdentity
from asyncgen.storage.layout import RunDirectory


class SecondName:
    """The second name of an output.

    Args:
        directory: of the run.
        name: of the output in it.
        path: the second name, in the directory in which that of the run is.
    """

    def __init__(self, directory: RunDirectory, name: str, path: Path) -> None:
        self._directory = directory
        self._disk = directory.disk
        self._first = directory.output(name)
        self._record = directory.state_directory / "second_name.json"
        self.path = path

    def check(self) -> None:
        """Refuse what somebody else has put there.

        Raises:
            BadDataError: there is a file that is not ours.
        """
        if not self._is_free():
            raise BadDataError(
                f"{self.path} is there already, and no run of this command has written it (or it was changed "
                "since): move it away, or name another file"
            )

    def renew(self, *, ended: bool = False) -> bool:
        """Let the second name be that of the first one's file; whether it is.

        Args:
            ended: nothing more is written, so that a copy would be whole.
        """
        if not self._is_free():
            return False
        if self._disk.size(self._first) is None:
            self._disk.unlink(self.path)  # that of a run which was begun anew
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

    def _is_free(self) -> bool:
        """Whether there is nothing under the second name, or a file that is ours."""
        if self._disk.size(self.path) is None or self._is_linked():
            return True
        try:
            record = decode(self._disk.read(self._record) or b"")
            kept, found = FileIdentity(**record["identity"]), FileIdentity.of(self.path)
        except (ValueError, TypeError, KeyError):
            return False
        if record["copied"]:
            return kept == found
        return (kept.device, kept.inode) == (found.device, found.inode)
