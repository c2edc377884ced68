"""Every text that a user may see, in one file to be read in one go; and none in odd words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .pages import ROOT

MESSAGES = ROOT / "build" / "messages.txt"  # not in the repository
LEAST = 1_000
# Data rather than messages: word lists, what the simulator answers, and instructions to models.
DATA = ("simulator/", "recipes/meaning_judge.py")
ODD = {
    r"\bgo(es)? on where\b": "resumes",
    r"\bmended?\b": "fixed",
    r"\bbeg[iu]n anew\b": "start over",
    r"\basked anew\b": "asked again",
    r"(?<!there )\b(is|are) no (directory|regular file|JSON|text|list|address|share|CSV|HTTP)\b": "is not a …",
    r"\bnobody pays\b": "is not charged",
}


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The texts of three words or more in a module that are no docstrings, each with its line."""
    passed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            passed.update(id(line.value) for line in node.body if isinstance(line, ast.Expr))
        if isinstance(node, ast.JoinedStr):
            passed.update(id(part) for part in ast.walk(node) if part is not node)
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        text = shown(node)
        if len(re.findall(r"\b[a-z]+\b", text)) > 2:
            yield node.lineno, text  # type: ignore[attr-defined]


def shown(node: ast.AST) -> str:
    """A text as it stands in the code, with {…} for what is put into it."""
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "{…}" for part in node.values)
        return "".join(map(str, parts))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.fixture(scope="module")
def messages() -> list[str]:
    """Each with its place, in the order of the files; they are written down too."""
    found = []
    for path in sorted((ROOT / "asyncgen").rglob("*.py")):
        name = path.relative_to(ROOT / "asyncgen").as_posix()
        if not name.startswith(DATA):
            lines = sorted(texts(ast.parse(path.read_text("utf-8"))))
            found += [f"{name}:{number}: {' '.join(text.split())}" for number, text in lines]
    MESSAGES.parent.mkdir(exist_ok=True)
    MESSAGES.write_text("\n".join(found) + "\n", "utf-8")
    return found


def test_all_messages_can_be_read_in_one_go(messages: list[str]) -> None:
    """In build/messages.txt."""
    assert len(messages) > LEAST
    assert any("everything paid is saved" in message for message in messages)


@pytest.mark.parametrize(("odd", "better"), ODD.items(), ids=ODD.values())
def test_no_message_is_odd(messages: list[str], odd: str, better: str) -> None:
    """What stands for it is the id of the test."""
    assert better
    assert [message for message in messages if re.search(odd, message)] == []


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.stem
)
def test_no_page_is_odd(page: Path) -> None:
    """By the same list."""
    text = page.read_text("utf-8")
    assert [odd for odd in ODD if re.search(odd, text)] == []
