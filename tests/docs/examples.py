"""The pages of the gallery, configs/recipes/NAME.md: what they show is what their commands print and write.

A console block holds a command and what it prints; a block under `<!-- first line of FILE -->` holds that line,
laid out, with long texts cut short. `python -m tests.docs.examples` rewrites the pages that have changed in more
than numbers.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests import asyncgen_process

from .pages import ROOT, words

GALLERY = ROOT / "configs" / "recipes"
LONGEST = 90  # characters of a text in a line that is shown
LEFT_OUT = "…"
HEADER = re.compile(r"(Input|Output|Recipe|Prompts|Model|Server|Address): ")
_CONSOLE = re.compile(r"(?<=```console\n)(\$ .*\n)((?:(?!```).*\n)*)")
_LINE = re.compile(r"(<!-- first line of (\S+) -->\n```json\n)(?:(?!```).*\n)*")


def pages() -> list[Path]:
    """One for each recipe that ships."""
    return sorted(recipe.with_suffix(".md") for recipe in GALLERY.glob("*.toml"))


def as_it_is(page: str, directory: Path, env: dict[str, str]) -> str:
    """A page with what its commands print and write now, in a directory that has `configs`."""
    page = _CONSOLE.sub(lambda block: block[1] + _printed(block[1][2:], directory, env), page)
    return _LINE.sub(lambda block: block[1] + _first_line(directory / block[2]), page)


def without_numbers(page: str) -> str:
    """A page in which all numbers are alike: times and rates are others each time."""
    return re.sub(r"[\d.,]*\d", "N", re.sub(r"\d+ min \d+ s", "1 s", page))


def _printed(command: str, directory: Path, env: dict[str, str]) -> str:
    done = asyncgen_process.run(
        words(command),
        cwd=directory,
        env=env,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, f"{command}{done.stdout}"
    # A path is quoted where the checkout's has a space in it.
    text = re.sub(rf"'{re.escape(str(ROOT))}/(.*?)'", r"\1", done.stdout)
    text = text.replace(f"{directory}/", "").replace(f"{ROOT}/", "")
    lines = [line for line in text.splitlines(keepends=True) if not HEADER.match(line)]
    return "".join([f"{LEFT_OUT}\n"] * ("Address: " in text) + lines)


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        return f"{json.dumps(_cut(json.loads(next(lines))), indent=2, ensure_ascii=False)}\n"


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST else f"{value[:LONGEST].rstrip()}{LEFT_OUT}"
    if isinstance(value, dict):
        return {key: _cut(inner) for key, inner in value.items()}
    return [_cut(inner) for inner in value] if isinstance(value, list) else value


def environment() -> dict[str, str]:
    """Variables without a key, in which `asyncgen` is found."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    return kept | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"}


def main() -> None:
    """Rewrite what the pages show."""
    for page in pages():
        with TemporaryDirectory() as place:
            directory = Path(place).resolve()
            (directory / "configs").symlink_to(ROOT / "configs")
            before = page.read_text("utf-8")
            after = as_it_is(before, directory, environment())
        if without_numbers(before) != without_numbers(after):
            page.write_text(after, "utf-8")


if __name__ == "__main__":
    main()
