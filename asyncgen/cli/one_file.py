"""A flag that takes one file, and says so when it is given another one."""

import argparse
from typing import Any


class OneFile(argparse.Action):
    """Stores a file; of two, the first would be left out without a word."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - the base class's
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store the value; refuse another one after it."""
        earlier = getattr(namespace, self.dest, self.default)
        if earlier not in (self.default, values):
            raise argparse.ArgumentError(
                None, f"{option_string} takes one file: join several first (cat FILES > rows.jsonl)"
            )
        setattr(namespace, self.dest, values)
