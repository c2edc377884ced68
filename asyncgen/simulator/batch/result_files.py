"""The two files that a batch produces."""

import contextlib
from typing import BinaryIO

from asyncgen.simulator.batch.batch_job import BatchJob
from asyncgen.simulator.batch.file_store import FileStore, StoredFile
from asyncgen.simulator.batch.line_answers import ResultLine


class ResultFiles:
    """Output and error file; an empty one is not created, except the error file if requested."""

    def __init__(
        self, job: BatchJob, files: FileStore, stack: contextlib.ExitStack, *, empty_error_file: bool
    ) -> None:
        self._job = job
        self._files = files
        self._stack = stack
        self._made: dict[bool, tuple[StoredFile, BinaryIO]] = {}
        if empty_error_file:
            self._file(good=False)

    def write(self, line: ResultLine) -> None:
        """Write a line into its file."""
        if line.copies:
            self._file(good=line.good).write(line.text * line.copies)

    def publish(self) -> None:
        """Close the files and make them visible."""
        for good, (file, _) in self._made.items():
            self._files.add(file)
            if good:
                file.gone = self._job.output_gone
                self._job.output_file_id = file.id
            else:
                self._job.error_file_id = file.id

    def _file(self, *, good: bool) -> BinaryIO:
        if good not in self._made:
            kind = "output" if good else "error"
            file = self._files.new(f"{self._job.id}_{kind}.jsonl", "batch_output")
            self._made[good] = file, self._stack.enter_context(file.path.open("wb"))
        return self._made[good][1]
