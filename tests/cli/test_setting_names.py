"""How the command line words what the core says to everybody."""

import ast
import re
from pathlib import Path

import pytest

import asyncgen
from asyncgen.cli.command_line import with_larger_budget
from asyncgen.cli.setting_names import PHRASES, in_flags
from asyncgen.errors import Message, Phrase, Setting, UsageError

CORE = [path for path in sorted(Path(asyncgen.__file__).parent.rglob("*.py")) if "cli" not in path.parts]
ALLOWED = {
    "those of --endpoint",  # in directories of runs that have begun
    "--no-deps",  # of pip
}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (Setting("max_total_tokens"), "--max-total-tokens"),
        (Setting("max_cost", 0.0276), "--max-cost 0.0276"),
        (Setting("skip_bad", True), "--skip-bad"),
        (Setting("max_failed_share"), "--max-failures"),
        (Setting("fields", {"text": "FIELD"}), "--field text=FIELD"),
        (Setting("fields", {"text": "Issue Text"}), "--field 'text=Issue Text'"),
        (Setting("base_url", of_endpoint=True), "base-url"),
    ],
)
def test_a_setting_is_a_flag(setting: Setting, said: str) -> None:
    """As it is typed; of an endpoint that has a table, it is the key there."""
    assert in_flags(UsageError("give ", setting, " again")) == f"give {said} again"


def test_a_word_that_only_looks_like_a_setting_stays() -> None:
    """Nothing is searched in a text: a path, say, may hold any word."""
    assert (
        in_flags(UsageError("/data/model/max_cost: check ", Setting("model")))
        == "/data/model/max_cost: check --model"
    )
    assert in_flags(Path("/data/model")) == "/data/model"


def test_each_phrase_has_words_of_the_command_line() -> None:
    """Other ones than for callers from Python."""
    assert PHRASES.keys() == set(Phrase)
    assert all(in_flags(Message(phrase)) != str(phrase) for phrase in Phrase)


def test_nothing_but_the_command_line_names_a_flag() -> None:
    """Callers from Python read the messages of the core."""
    texts = set()
    for path in CORE:
        nodes = list(ast.walk(ast.parse(path.read_bytes())))
        docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        texts |= {
            (path.name, node.value)
            for node in nodes
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
        }
    assert len(texts) > 3000
    assert [
        (name, text) for name, text in texts if text not in ALLOWED and re.search(r"(?<![\w-])--[a-z]", text)
    ] == []


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("a run --max-cost 1 --model m", "a run --max-cost LARGER --model m"),
        ("a run --max-c=1", "a run --max-c=LARGER"),
        ("a run --max-total-tokens 7 --max-cost 1", "a run --max-total-tokens 7 --max-cost LARGER"),
        ("a run --config run.toml", "a run --config run.toml"),
    ],
)
def test_the_command_to_go_on_leaves_the_budget_that_is_used_up_to_the_user(command: str, expected: str) -> None:
    """The other one stays; so does what stands in a file."""
    assert with_larger_budget(command, ("max_cost", "model")) == expected
