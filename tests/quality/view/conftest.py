"""A run to look at, and the page that is made of it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncgen.cli.main import main
from asyncgen.config.shipped import shipped
from tests import asyncgen_process
from tests.monitor.browser import end_browser
from tests.quality.view.sample_run import HOSTILE, SampleRun, Text, make_sample_run, texts_of_corpus

HOSTILE_TEXT = Text(
    HOSTILE,
    f"A man has a fever. {HOSTILE}",
    f"A man has a fever for 3 days. {HOSTILE}",
    f"A man is well. {HOSTILE}",
)


@pytest.fixture(scope="session", autouse=True)
def _browser_ends() -> Iterator[None]:
    """With the tests that share it."""
    yield
    end_browser()


@pytest.fixture
def sample(tmp_path: Path) -> SampleRun:
    """Twelve pairs of the corpus, and one of hostile texts and names."""
    return make_sample_run(tmp_path, [*texts_of_corpus(12), HOSTILE_TEXT])


@pytest.fixture
def page_file(sample: SampleRun) -> Path:
    """The page of it."""
    path = sample.directory.parent / "view.html"
    assert main(["view", str(sample.directory), "--input", str(sample.input_jsonl), "-o", str(path)]) == 0
    return path


@pytest.fixture
def page_of_mails(tmp_path: Path) -> Path:
    """The page of a run of a recipe file."""
    out, mails = tmp_path / "mails", str(shipped("samples", "mails.jsonl"))
    run = ["run", "--recipe", "mails", "--input", mails, "--output-dir", str(out), "--simulate", "fast", "-q"]
    for words in (run, ["view", str(out), "--input", mails]):
        asyncgen_process.run(
            [sys.executable, "-m", "asyncgen", *words], check=True, capture_output=True, timeout=60
        )
    return out / "view.html"
