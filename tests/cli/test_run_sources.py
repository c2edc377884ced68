"""What a command on a directory takes from the run there."""

from pathlib import Path

import pytest

from asyncgen.cli.run_sources import server_of_run
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from tests.monitor.lines import line


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("cd /a && asyncgen run --simulate --output-dir out", ["--simulate"]),
        ("asyncgen run --output-dir out --simulate noisy-judge", ["--simulate", "noisy-judge"]),
        ("asyncgen run --simulate", ["--simulate"]),
        ("asyncgen run --base-url=http://127.0.0.1:1/v1 --tpm 5", ["--base-url=http://127.0.0.1:1/v1"]),
        ("asyncgen run --local 'a model.gguf'", ["--local", "a model.gguf"]),
        ("asyncgen run --model gpt-4o", []),
        ("asyncgen.run('it''s', …)'", []),
    ],
)
def test_the_server_of_a_run_is_named_as_it_was(tmp_path: Path, command: str, words: list[str]) -> None:
    """By the last command: another one would be refused when its rows are asked again."""
    directory = RunDirectory(Disk(), tmp_path)
    assert server_of_run(directory) == []
    directory.make()
    began = [
        line(at, "ProcessStarted", version="1", pid=1, command=said, settings={})
        for at, said in enumerate(("asyncgen run --simulate storm", command))
    ]
    directory.events.write_bytes(b"".join(began))

    assert server_of_run(directory) == words
