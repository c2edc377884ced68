"""Files of the server: stored on disk, so that memory does not grow with them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


@dataclass(slots=True)
class StoredFile:
    """A file and its API description; a `gone` file is described, but cannot be downloaded."""

    id: str
    filename: str
    purpose: str
    created_at: int
    path: Path
    gone: bool = False

    @property
    def size(self) -> int:
        """In bytes."""
        return self.path.stat().st_size

    def describe(self) -> dict[str, Any]:
        """The file object of the API."""
        return {
            "object": "file",
            "id": self.id,
            "purpose": self.purpose,
            "filename": self.filename,
            "bytes": self.size,
            "created_at": self.created_at,
            "expires_at": None,
            "status": "processed",
            "status_details": None,
        }


class FileStore:
    """The files by their ids. A new one is written first, and visible to others once it is added."""

    def __init__(self, ids: Iterator[str]) -> None:
        self._ids = ids
        self._directory: TemporaryDirectory[str] | None = None
        self._files: dict[str, StoredFile] = {}

    def new(self, filename: str, purpose: str) -> StoredFile:
        """A new empty file, not yet visible."""
        if self._directory is None:
            self._directory = TemporaryDirectory(prefix="asyncgen-simulator-")
        name = f"file-{next(self._ids)}"
        path = Path(self._directory.name, name)
        path.touch()
        return StoredFile(name, filename, purpose, int(time.time()), path)

    def add(self, file: StoredFile) -> None:
        """Make a written file visible."""
        self._files[file.id] = file

    def get(self, name: str) -> StoredFile | None:
        """The file with this id."""
        return self._files.get(name)

    def delete(self, file: StoredFile) -> None:
        """Remove a file; readers that have it open are not affected."""
        self._files.pop(file.id, None)
        file.path.unlink()

    def newest_first(self) -> list[StoredFile]:
        """All files."""
        return list(reversed(self._files.values()))

    def close(self) -> None:
        """Remove everything."""
        if self._directory is not None:
            self._directory.cleanup()
