"""Every text that a user may see, in one file to be read in one go: tests/docs/messages.txt.

The texts are found in the code: whatever is no docstring, no data, and has three words or more. `{…}` stands for
what is put into a text. `python -m tests.docs.messages` rewrites the file.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from .pages import ROOT

PACKAGE = ROOT / "asyncgen"
MESSAGES = Path(__file__).with_name("messages.txt")
# Data rather than messages: word lists and patterns, what the simulator answers, and what models are told.
DATA = re.compile(
    r"quality/checks/(?!finding)|quality/judge/planting|simulator/|recipes/(meaning_judge|schema_example)"
)
# Patterns, queries, names and markup: nothing that is read as a text.
NO_TEXT = re.compile(r"\\[bsdw]|\(\?|\[\^|^(SELECT|DELETE|CREATE) |^\S+$|^<[^>]+[^a-z]*$")
LEAST_WORDS = 3


def all_messages() -> dict[str, list[str]]:
    """The texts of each module, by its path in the package, in the order of the files."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not DATA.match(name):
            lines = sorted(_texts(ast.parse(path.read_text("utf-8"))))
            texts = [" ".join(text.split()) for _, text in lines]
            if texts:
                found[name] = texts
    return found


def as_file(messages: dict[str, list[str]]) -> str:
    """The file: a module, and under it each of its texts."""
    parts = ["".join([f"{name}\n", *(f"    {text}\n" for text in texts)]) for name, texts in messages.items()]
    return "\n".join(parts)


def _texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The texts in a module that are no docstrings, each with its line."""
    passed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            passed.update(id(line.value) for line in node.body if isinstance(line, ast.Expr))
        if isinstance(node, ast.JoinedStr):
            passed.update(id(part) for part in ast.walk(node) if part is not node)
    for node in ast.walk(tree):
        if id(node) in passed or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        text = _shown(node)
        if "</" in text:  # a page: what stands between its tags
            text = re.sub(r"<[^>]+>", " ", text)
        if len(re.findall(r"\b[a-z]+\b", text)) >= LEAST_WORDS and not NO_TEXT.search(text):
            yield node.lineno, text


def _shown(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{…}" for part in node.values)
    return node.value if isinstance(node.value, str) else ""


if __name__ == "__main__":
    MESSAGES.write_text(as_file(all_messages()), "utf-8")
