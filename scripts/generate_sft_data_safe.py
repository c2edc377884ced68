#!/usr/bin/env python3
"""The main job by its old name: the flags of `asyncgen run`, from any working directory."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEPENDENCIES = ("aiofiles", "aiohttp", "aiolimiter", "openai", "orjson", "tqdm")


def main() -> int:
    """Run the job here, or with the repository's own Python when this one lacks something."""
    missing = ["Python 3.11"] if sys.version_info < (3, 11) else []
    missing += [name for name in DEPENDENCIES if find_spec(name) is None]
    if missing:
        venv = Path(os.environ.get("ASYNCGEN_VENV") or ROOT / ".venv")
        python = venv / "bin" / "python"
        if python.exists() and Path(sys.prefix).resolve() != venv.resolve():
            os.execv(python, [str(python), *sys.argv])
        sys.exit(f"{', '.join(missing)} not found: run {ROOT / 'scripts' / 'demo'} once, or pip install {ROOT}")

    sys.path.append(str(ROOT))  # for a Python that has the dependencies alone
    from asyncgen.__main__ import program as command_line  # noqa: PLC0415

    return command_line(["run", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
