"""Write the archive of an old version: `python -m tests.legacy.make PYTHON COMMIT`.

PYTHON is the interpreter of an environment in which the old version is installed, with Ray; the archive is named
`COMMIT.tar.xz`. Everything is written by real processes of the old version, which then also
finishes a copy of each directory, so that a case it could not finish itself is found here.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from .cases import CASES, HERE, INPUTS, OUTPUTS, RAY, REGENERATE, RUN, STATISTICS, lay_out, shard, words
from .server import Server

MODEL = ("--model", "gpt-4o")
IN_FLIGHT = 3
PACE = ("--concurrency", str(IN_FLIGHT), "--save-every", "2")
FLAGGED = ("paraphrase teacher", "paraphrase cook", "paraphrase gardener")
SETTLED = 3.0  # seconds: longer than the 2 s after which what is done is committed
PATIENCE = 90.0  # seconds: Ray takes its time

CRASH = """
import os, runpy, signal, sys
function, part, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
del sys.argv[1:4]
real, seen = getattr(os, function), 0
def crash(path, *rest, **named):
    global seen
    seen += part in os.fspath(path)
    if seen == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(path, *rest, **named)
setattr(os, function, crash)
runpy.run_module("asyncgen", run_name="__main__", alter_sys=True)
"""


class OldVersion:
    """Runs commands of the old version in a directory.

    Args:
        python: of its environment.
        work: the directory.
    """

    def __init__(self, python: str, work: Path) -> None:
        self._python = python
        self._work = work

    def finish(self, command: str, server: Server | None = None, code: int = 0) -> list[str]:
        """Run to the end; the names of the requests."""
        with closing(server or Server()) as serving:
            process = self._start(command, serving, "-m", "asyncgen")
            self._expect(process, code)
            return sorted(serving.asked.elements())

    def kill(self, command: str, server: Server) -> None:
        """Run until as many calls as can be in flight are held, and kill all its processes."""
        with closing(server):
            process = self._start(command, server, "-m", "asyncgen")
            deadline = time.monotonic() + PATIENCE
            while server.held < IN_FLIGHT:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{command}: {server.held} in flight\n{process.communicate()[1]}")
                time.sleep(0.05)
            time.sleep(SETTLED)
            for pid in [process.pid, *_below(process.pid)]:
                os.kill(pid, signal.SIGKILL)
            self._expect(process, -signal.SIGKILL)

    def crash(self, command: str, function: str, part: str, number: int) -> None:
        """Run until a function of `os` is called for a path with this part the n-th time, and die before it."""
        with closing(Server()) as server:
            process = self._start(command, server, "-c", CRASH, function, part, str(number))
            self._expect(process, -signal.SIGKILL)

    def _start(self, command: str, server: Server, *how: str) -> subprocess.Popen[str]:
        given = words(command, self._work, server.base_url)
        if given[0] != "merge":
            given += MODEL + PACE if given[0] == "run" else MODEL + PACE[:2]
        env = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
        return subprocess.Popen(
            [self._python, *how, *given], stdout=-3, stderr=-1, text=True, cwd=self._work, env=env
        )

    def _expect(self, process: subprocess.Popen[str], code: int) -> None:
        _, stderr = process.communicate(timeout=PATIENCE)
        if process.returncode != code:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}, not {code}\n{stderr}")


def _below(pid: int) -> list[int]:
    """All processes below one, from /proc."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found, ahead = [], [pid]
    while ahead:
        above = ahead.pop()
        children = [child for child, parent in parents.items() if parent == above]
        found += children
        ahead += children
    return found


# How the old version comes to leave each directory.


def _failed(old: OldVersion) -> None:
    old.finish(RUN, Server(refuse=("paraphrase student", "paraphrase nurse", "error_reasoning pilot")), code=3)


def _repairing(old: OldVersion) -> None:
    _failed(old)
    old.kill(RUN, Server(most=1))


def _merging(old: OldVersion, renamed: int) -> None:
    _failed(old)
    old.crash(RUN, "rename", ".merge", renamed + 1)


def _flagged(old: OldVersion) -> None:
    old.finish(RUN, Server(preambles=FLAGGED))


def _regenerating(old: OldVersion) -> None:
    _flagged(old)
    old.kill(REGENERATE, Server(most=4))


def _regeneration_merge(old: OldVersion) -> None:
    _flagged(old)
    old.crash(REGENERATE, "rename", ".merge", 2)


def _shards(old: OldVersion) -> None:
    old.finish(shard(1))
    old.kill(shard(2), Server(most=5))


def _extending(old: OldVersion) -> None:
    old.finish(f"{RUN} --num-pairs 5")
    old.crash(RUN, "unlink", STATISTICS, 1)


def _extended(old: OldVersion) -> None:
    old.finish(f"{RUN} --num-pairs 5")
    old.kill(RUN, Server(most=9))


LEAVE: dict[str, Callable[[OldVersion], object]] = {
    "finished": lambda old: old.finish(RUN),
    "killed": lambda old: old.kill(RUN, Server(most=16, hold=("paraphrase farmer",))),
    "killed-in-commit": lambda old: old.crash(RUN, "rename", "checkpoint.json", 4),
    "failed": _failed,
    "repairing": _repairing,
    "merge-intended": lambda old: _merging(old, renamed=0),
    "merge-halfway": lambda old: _merging(old, renamed=2),
    "regenerating": _regenerating,
    "regeneration-merge": _regeneration_merge,
    "shards": _shards,
    "extending": _extending,
    "extended": _extended,
    "ray": lambda old: old.kill(f"{RAY} --shards 3", Server(most=17)),
}


def make(python: str, archive: Path) -> None:
    """Write all cases of the version that this interpreter runs."""
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        tree = scratch / "tree"
        for name, leave in {"whole": lambda old: old.finish(RUN), "regenerated": _whole_regeneration}.items():
            work = _work(scratch / name)
            leave(OldVersion(python, work))
            (tree / "expected" / name).mkdir(parents=True)
            for file in (*OUTPUTS, STATISTICS):
                shutil.copy(work / "out" / file, tree / "expected" / name)
        for name in CASES:
            work = _work(scratch / name)
            LEAVE[name](OldVersion(python, work))
            before = tree / name / "before"
            shutil.copytree(work, before, ignore=shutil.ignore_patterns(*INPUTS))
            _hide_paths(before, {str(work): "/work", python: "python"})
            missing = _finish_copy(python, tree, name, scratch / f"{name}-finished")
            (tree / name / "missing.json").write_text(json.dumps(missing))
            print(f"{name}: {len(missing)} calls are missing")
        with tarfile.open(archive, "w:xz") as packed:
            packed.add(tree, ".", filter=_without_owner)


def _finish_copy(python: str, tree: Path, name: str, work: Path) -> list[str]:
    """Let the old version finish a copy of a case; the names of its requests."""
    case = CASES[name]
    lay_out(tree / name / "before", work)
    old = OldVersion(python, work)
    missing = [asked for command in case.commands for asked in old.finish(command)]
    for file in OUTPUTS:
        if (work / "out" / file).read_bytes() != (tree / "expected" / case.expected / file).read_bytes():
            raise SystemExit(f"{name}: the old version itself makes another {file} of it")
    return missing


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def _whole_regeneration(old: OldVersion) -> None:
    _flagged(old)
    old.finish(REGENERATE)


def _work(directory: Path) -> Path:
    directory.mkdir()
    for name in INPUTS:
        shutil.copy(HERE / name, directory)
    return directory


def _hide_paths(directory: Path, names: dict[str, str]) -> None:
    """Take the paths of this machine out of the log of events, which nothing is built upon."""
    for path in directory.rglob("events.jsonl"):
        text = path.read_text()
        for name, instead in names.items():
            text = text.replace(name, instead)
        path.write_text(text)
    for path in directory.rglob("*"):
        if path.is_file() and any(name.encode() in path.read_bytes() for name in names):
            raise SystemExit(f"{path} names a path of this machine")


if __name__ == "__main__":
    make(sys.argv[1], HERE / f"{sys.argv[2]}.tar.xz")
