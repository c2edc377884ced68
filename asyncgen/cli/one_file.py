"""A flag that takes one file, and says so when it is given another one."""

import argparse
from typing import Any

from asyncgen.cli.lines import Lines


class OneFile(argparse.Action):
    """Stores a file; of two the last is taken, as of any flag, but the first is not left out without a word."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - the base class's
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store the value; warn if another one was there."""
        earlier = getattr(namespace, self.dest, self.default)
        if earlier not in (self.default, values):
            Lines(quiet=False).warn(
                f"{option_string} takes one file: {earlier} is not read; to read several, join them first "
                "(cat FILES > rows.jsonl)"
            )
        setattr(namespace, self.dest, values)
