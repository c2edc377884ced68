"""What the outermost place makes of errors that nobody below expects."""

import subprocess
import sys
from pathlib import Path

import pytest

from asyncgen.cli.main import main
from asyncgen.config.shipped import shipped
from asyncgen.errors import DiskError, Exit
from asyncgen.storage.disk import Disk


def test_a_path_in_a_closed_directory_is_one_line(monkeypatch, capsys):
    """A path is only looked at, and already that is refused: no traceback, and the code of the disk."""

    def refuse(self, **_options):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "exists", refuse)

    code = main(["run", "--input-jsonl", "pairs.jsonl", "--prompt-file", "closed"])

    assert code == Exit.DISK
    assert capsys.readouterr().err.strip() == "❌ cannot open closed: Permission denied"


@pytest.mark.parametrize("expected", [True, False])
def test_a_disk_that_refuses_the_first_look_is_told_with_the_command_again(
    monkeypatch, capsys, tmp_path, expected
):
    """The directory is read before the run begins: the words are those of any other error of the disk."""

    def refuse(self, path):
        error = OSError(5, "Input/output error", str(path))
        raise DiskError(f"cannot list {path}: Input/output error", 5) if expected else error

    monkeypatch.setattr(Disk, "list_directory", refuse)
    monkeypatch.setattr("asyncgen.cli.main.silence", lambda _stream: None)  # the captured one has no descriptor
    words = ["run", "--input-jsonl", str(shipped("samples", "pairs.jsonl")), "--output-dir", str(tmp_path / "out")]
    words += ["--prompt-file", "medec_safe", "--simulate"]
    monkeypatch.setattr(sys, "argv", ["asyncgen", *words])

    assert main(words) == Exit.DISK

    error, again = capsys.readouterr().err.strip().splitlines()
    assert error.startswith("❌ cannot list " if expected else "❌ cannot write ")
    assert again.startswith("to resume: ")
    assert again.endswith("--prompt-file medec_safe --simulate")


@pytest.mark.parametrize(
    "words",
    [["report", "."], ["view", "."], ["export", ".", "--format", "openai"], ["prepare", "medec", "a.csv"]],
    ids=lambda words: words[0],
)
def test_a_file_is_not_called_like_standard_output(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever pipes would wait for lines that go to a file of that name."""
    with pytest.raises(SystemExit):
        main([*words, "-o", "-"])
    assert (
        "-o/--output: this command writes a file: give its name (./- for one called -)" in capsys.readouterr().err
    )


def test_a_process_of_the_command_looks_for_no_garbage_at_its_end():
    """The system takes all of it back; to look through it took a sixth of a short run."""
    last = "atexit.register(lambda: print(gc.get_freeze_count() > 0, gc.get_threshold()[0]))"
    code = (
        f"import atexit, gc, sys; {last}; from asyncgen.__main__ import program; sys.exit(program(['--version']))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "True 50000"
