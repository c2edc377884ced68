"""A Ray cluster of two machines, a third one with a server, and runs on them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.end_to_end.conftest import OUTPUTS, PROMPTS, clean_env

from .machines import HERE, Machine, Network, ask, hear, network

GCS_PORT = 6379
RAY = (sys.executable, "-m", "ray.scripts.scripts", "start", "--num-cpus", "1", "--disable-usage-stats")
SMALL = ("--object-store-memory", str(80 * 2**20))
ENVIRONMENT = {
    **{name: value for name, value in clean_env(None).items() if not name.lower().endswith("_proxy")},
    "OPENAI_API_KEY": "none",
    "RAY_AUTH_MODE": "disabled",  # else a token that lies about would be asked for
}


class Account:
    """A server on one of the machines, with a limit that is enforced by the second."""

    def __init__(self, provider: str, machine: Machine, port: int, rpm: int) -> None:
        self.rpm = rpm
        program = (sys.executable, HERE / "served.py", provider, machine.address, port, rpm)
        self._process = machine.start(program, ENVIRONMENT)
        self.base_url = hear(self._process)

    @property
    def counts(self) -> dict[str, Any]:
        """What it has seen."""
        counts: dict[str, Any] = json.loads(ask(self._process))
        return counts


class Trial:
    """A run on both machines, begun from the first one."""

    def __init__(self, machine: Machine, account: Account, source: Path, output_dir: Path, *flags: str) -> None:
        self.account = account
        self.output_dir = output_dir
        words = ["--input-jsonl", source, "--output-dir", output_dir, "--prompt-file", PROMPTS, "--add-reasoning"]
        words += ["--base-url", account.base_url, "--allow-http", "--model", "gpt-4o", "--rpm", account.rpm]
        words += ["--engine", "ray", "--actors", "2", "--shards", "8", *flags]
        env = {**ENVIRONMENT, "RAY_ADDRESS": f"{machine.address}:{GCS_PORT}"}
        self._process = machine.start([sys.executable, "-m", "asyncgen", "run", *words], env)

    def ended(self) -> subprocess.CompletedProcess[str]:
        """Wait for the end."""
        stdout, stderr = self._process.communicate(timeout=150)
        return subprocess.CompletedProcess(self._process.args, self._process.returncode, stdout, stderr)

    def outputs(self) -> list[bytes]:
        """The bytes of the three files."""
        return [(self.output_dir / name).read_bytes() for name in OUTPUTS]

    def workers(self) -> list[int]:
        """The processes at work on shards."""
        found = set()
        for lock in self.output_dir.glob("shards/*/.asyncgen/lock"):
            if (lock.parent.parent / "checkpoint.json").exists() and (text := lock.read_text().strip()):
                found.add(int(text))
        return sorted(found)


class RayMachines:
    """The machines `here` (with the head, and where runs begin), `there` and `beyond` (without Ray)."""

    def __init__(self, net: Network, state: Path) -> None:
        self.net = net
        self.here, self.there, self.beyond = net.machines
        address = f"{self.here.address}:{GCS_PORT}"
        self._begin(self.here, state, "--head", "--port", str(GCS_PORT), "--include-dashboard", "false")
        self._begin(self.there, state, "--address", address)

    def _begin(self, machine: Machine, state: Path, *words: str) -> None:
        where = ("--node-ip-address", machine.address, "--temp-dir", state / machine.address)
        process = machine.start([*RAY, *SMALL, *where, *words], ENVIRONMENT)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 0, stderr

    def on_both(self, trial: Trial) -> bool:
        """Whether a run has a worker at work on each of the two machines with Ray."""
        at_work = set(trial.workers())
        return all(at_work.intersection(machine.processes) for machine in (self.here, self.there))


@contextmanager
def ray_machines() -> Iterator[RayMachines]:
    """Start all of it; at the end nothing is left."""
    # Not in pytest's directory: the paths of Ray's sockets may have no more than 107 characters.
    with network(3) as net, TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as state:
        try:
            yield RayMachines(net, Path(state))
        finally:
            for machine in net.machines:
                machine.kill()
