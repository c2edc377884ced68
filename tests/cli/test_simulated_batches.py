"""Batches of a simulated server that the command brings itself."""

from asyncgen.cli.main import main
from asyncgen.config.shipped import shipped
from asyncgen.errors import Exit


def test_no_batch_is_left_at_a_server_that_ends_with_the_command(capsys, tmp_path):
    """Each start would find its batch gone and send a new one, without end."""
    words = ["run", "--input-jsonl", str(shipped("samples", "pairs.jsonl")), "--output-dir", str(tmp_path / "out")]
    words += ["--prompt-file", "medec_safe", "--simulate", "--batch", "--batch-detach"]

    assert main(words) == Exit.USAGE

    error = capsys.readouterr().err
    assert "asyncgen simulate" in error
    assert "--base-url" in error
    assert not (tmp_path / "out").exists()
