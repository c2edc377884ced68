"""Read a file of prompts as a whole: a recipe, a prompt file, or a file beside a recipe."""

import errno
import stat
from pathlib import Path

READ_ONCE = "a pipe or a device can be read only once, and this is read again: write it to a regular file first"


def is_read_once(path: Path) -> bool:
    """Whether a path leads to a pipe or a device: reading it might wait for ever, and would not work again.

    Raises:
        OSError: it leads nowhere.
    """
    mode = path.stat().st_mode
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def read_text_file(path: Path) -> bytes:
    """The bytes of a regular file.

    Raises:
        OSError: it cannot be read, or is not one.
    """
    if is_read_once(path):
        raise OSError(errno.ESPIPE, READ_ONCE, str(path))
    return path.read_bytes()
