"""Runs the cells of a notebook as a kernel would, `await` on the top level included, with what they print.

`python -m tests.docs.notebook docs/notebook.ipynb` writes the outputs into the notebook.
"""

import ast
import asyncio
import inspect
import io
import json
import sys
from collections.abc import Iterable
from contextlib import chdir, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Its cells that are run, in their order."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


async def outputs_of(sources: Iterable[str]) -> list[str]:
    """What each of some pieces of code prints, run one after the other in one namespace and one event loop."""
    names: dict[str, Any] = {"__name__": "__main__"}
    printed = []
    for number, source in enumerate(sources, 1):
        code = compile(source, f"cell {number}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with redirect_stdout(io.StringIO()) as text:
            result = eval(code, names)
            if inspect.isawaitable(result):
                await result
        printed.append(text.getvalue())
    return printed


def as_output(text: str) -> list[dict[str, Any]]:
    """A text as the outputs of a cell."""
    return [{"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)}] if text else []


def main() -> None:
    """Run a notebook in an empty directory, and write what its cells print into it."""
    path = Path(sys.argv[1]).resolve()
    notebook = json.loads(path.read_text("utf-8"))
    cells = code_cells(notebook)
    with TemporaryDirectory() as directory, chdir(directory):
        printed = asyncio.run(outputs_of("".join(cell["source"]) for cell in cells))
    for number, (cell, text) in enumerate(zip(cells, printed, strict=True), 1):
        cell["outputs"], cell["execution_count"] = as_output(text), number
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
