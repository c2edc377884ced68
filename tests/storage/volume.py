"""A real file system of its own, on a loop device, whose power can be cut: it is shut down as it stands.

The shutdown drops everything that was not synced, as a cut does; file systems are tested with it themselves.
"""

import fcntl
import os
import shutil
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SIZES = {"ext4": 64, "xfs": 300}
"""MiB of each file system, as few as its tools make; the file is sparse."""
SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN of ext4 and xfs
WITHOUT_THE_LOG = 2


class NotHereError(Exception):
    """Such a file system cannot be made or mounted on this machine."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A mounted file system: the file that it is in, and where it is mounted."""

    image: Path
    place: Path

    @classmethod
    def make(cls, kind: str, directory: Path) -> "Volume":
        """Make one of a kind in `SIZES`, and mount it.

        Raises:
            NotHereError: it takes root, the tools of the file system, a kernel that knows it, and a loop device.
        """
        made = cls(directory / "disk", directory / "volume")
        if os.geteuid() != 0 or shutil.which(f"mkfs.{kind}") is None:
            raise NotHereError(f"power cuts need root and mkfs.{kind}")
        made.place.mkdir()
        with made.image.open("wb") as file:
            file.truncate(SIZES[kind] * 1024 * 1024)
        subprocess.run([f"mkfs.{kind}", "-q", made.image], check=True)
        if made._mount():
            raise NotHereError(f"power cuts need loop devices and {kind}, which cannot be mounted here")
        return made

    def cut(self) -> None:
        """Cut the power."""
        root = os.open(self.place, os.O_RDONLY)
        fcntl.ioctl(root, SHUTDOWN, struct.pack("I", WITHOUT_THE_LOG))
        os.close(root)

    def mount_again(self) -> None:
        """Mount what the cut has left, as soon as nobody holds the old mount any more."""
        for _ in range(50):
            if not subprocess.run(["umount", self.place], check=False, capture_output=True).returncode:
                break
            time.sleep(0.1)
        assert self._mount() == 0

    def sync(self) -> None:
        """Make all that is on it durable."""
        subprocess.run(["sync", "--file-system", self.place], check=True)

    def remove(self) -> None:
        """Unmount it."""
        subprocess.run(["umount", self.place], check=True)

    def _mount(self) -> int:
        return subprocess.run(["mount", "-o", "loop", self.image, self.place], check=False).returncode
