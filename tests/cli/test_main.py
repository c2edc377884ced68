"""What the outermost place makes of errors that nobody below expects."""

from pathlib import Path

from asyncgen.cli.main import main
from asyncgen.errors import Exit


def test_a_path_in_a_closed_directory_is_one_line(monkeypatch, capsys):
    """A path is only looked at, and already that is refused: no traceback, and the code of the disk."""

    def refuse(self, **_options):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "exists", refuse)

    code = main(["run", "--input-jsonl", "pairs.jsonl", "--prompt-file", "closed"])

    assert code == Exit.DISK
    assert capsys.readouterr().err.strip() == "❌ cannot open closed: Permission denied"
