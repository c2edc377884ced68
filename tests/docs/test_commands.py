"""Every command and every Python snippet of the README and the pages runs as it stands, against the simulator."""

import csv
import gzip
import io
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from asyncgen.config.shipped import shipped
from asyncgen.simulator import Latency, Profile
from tests import asyncgen_process
from tests.end_to_end.conftest import Server, clean_env

from .pages import ELSEWHERE, PAGES, ROOT, Block, blocks, words

RUN = [page for page in PAGES if page.name not in ELSEWHERE and any(block.is_run for block in blocks(page))]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """What the commands take for the API."""
    one = Server(Profile(latency=Latency(median_s=0.0)))
    yield one
    one.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where a reader may stand: the shipped files, and files of the names that the pages use."""
    (tmp_path / "configs").symlink_to(shipped())
    for name in ("pairs.jsonl", "mails.jsonl"):
        (tmp_path / name).write_bytes(shipped("samples", name).read_bytes())
    prompts = shipped("prompts", "medec_safe.json").read_bytes()
    for name in ("prompts.json", "prompts-2.json"):
        (tmp_path / name).write_bytes(prompts)
    mails, pairs = (_rows(tmp_path / name) for name in ("mails.jsonl", "pairs.jsonl"))
    rows = [mails[0].keys(), *(mail.values() for mail in mails)]
    (tmp_path / "mails.csv.gz").write_bytes(gzip.compress(_table(rows)))
    (tmp_path / "mails.jsonl.gz").write_bytes(gzip.compress((tmp_path / "mails.jsonl").read_bytes()))
    notes = [[pair["note_id"], pair["correct_note"], pair["incorrect_note"]] for pair in pairs]
    (tmp_path / "notes.csv").write_bytes(_table([["id", "good", "bad"], *notes]))
    request = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "Hello"}]}
    (tmp_path / "batch.jsonl").write_text(f"{json.dumps(request)}\n" * 2)
    program = tmp_path / "bin" / "asyncgen"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m asyncgen "$@"\n')
    program.chmod(0o755)
    return tmp_path


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def _table(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def run(block: Block, directory: Path, server: Server) -> None:
    """Run what a block says; each command ends as the block says."""
    env = clean_env({"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "none"})
    env["PATH"] = f"{directory / 'bin'}:{env['PATH']}"
    python = block.language == "python"
    argvs = [[sys.executable, "-c", block.text]] if python else [words(line) for line in block.commands]
    for argv in argvs:
        done = asyncgen_process.run(
            argv,
            cwd=directory,
            env=env,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=30,
        )
        assert done.returncode == block.exit_code, f"{argv[-1]}\n{done.stdout}"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("page", RUN, ids=[page.stem for page in RUN])
def test_what_a_page_says_can_be_typed(page: Path, directory: Path, server: Server) -> None:
    """From top to bottom, in one directory."""
    for block in blocks(page):
        if block.is_run:
            run(block, directory, server)


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_what_is_not_run_has_a_reason(page: Path) -> None:
    """And no block for the console is without a command."""
    for block in blocks(page):
        assert not block.mark.startswith("not run") or len(block.mark) > len("not run: ")
        assert block.language != "console" or block.commands


@pytest.mark.parametrize(("page", "test"), ELSEWHERE.items(), ids=ELSEWHERE.keys())
def test_pages_that_are_left_out_here_are_run_by_another_test(page: str, test: Path) -> None:
    """It names them."""
    assert (ROOT / "docs" / page).exists()
    assert f'"{page}"' in test.read_text()
