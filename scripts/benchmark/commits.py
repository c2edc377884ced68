"""Former states of the project, each in a work tree of its own, run by the interpreter of this environment."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmark.calls import Job
from benchmark.registry import Here, Ours, in_step

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Former(Ours):
    """Our program as it was at a commit; `tree` holds its files."""

    tree: Path = ROOT
    date: str = ""

    def command(self, job: Job) -> list[str]:
        """What a user typed."""
        return ["env", f"PYTHONPATH={self.tree}", *Ours.command(self, job)]


@contextmanager
def checked_out(commits: list[str]) -> Iterator[list[Former]]:
    """Our program at these commits, for as long as the context lasts; each is named by its short hash.

    Raises:
        subprocess.CalledProcessError: there is no such commit.
    """
    with ExitStack() as stack:
        found = []
        for commit in commits:
            tree = Path(stack.enter_context(TemporaryDirectory())) / "tree"
            _git("worktree", "add", "--detach", "--quiet", str(tree), commit)
            stack.callback(_git, "worktree", "remove", "--force", str(tree))
            date, name = described(commit)
            found.append(Former(name, f"asyncgen at {name}", Here("asyncgen"), in_step, tree=tree, date=date))
        yield found


def described(commit: str) -> tuple[str, str]:
    """The day of a commit, and its short hash."""
    date, name = _git("show", "--no-patch", "--format=%cs %h", commit).split()
    return date, name


def _git(*words: str) -> str:
    return subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True, text=True).stdout
