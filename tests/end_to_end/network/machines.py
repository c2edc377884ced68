"""Machines of a network: a namespace of this kernel each, with an address and whatever is started there.

They share the file system. Between them is `relay.py`. Nothing of them is left at the end, however it comes.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LONGEST_RESEND = "/proc/sys/net/ipv4/tcp_rto_max_ms"
"""Of each namespace, in newer kernels: milliseconds until TCP sends again what was lost, at the most.

As it is, what was sent before a cut of 20 s arrives 10 s after it on a quiet machine, and 40 s on a busy one.
"""
NEEDED = "machines of a network need root, network namespaces and TUN devices"


class Machine:
    """A namespace of its own.

    Args:
        namespace: its name.
        address: its only one but for the loopback.
    """

    def __init__(self, namespace: str, address: str) -> None:
        self.namespace = namespace
        self.address = address
        self._started: list[subprocess.Popen[str]] = []

    def start(self, words: Sequence[object], env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a process there, with pipes."""
        process = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self.namespace}", *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        self._started.append(process)
        return process

    @property
    def processes(self) -> list[int]:
        """All that run there."""
        return list(map(int, _ip("netns", "pids", self.namespace).split()))

    def kill(self) -> None:
        """SIGKILL to all that run there, and to what they start meanwhile."""
        while running := self.processes:
            for number in running:
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
        for process in self._started:
            process.communicate()


class Network:
    """Machines, each connected with each by the relay."""

    def __init__(self, machines: Sequence[Machine], relay: subprocess.Popen[str]) -> None:
        self.machines = machines
        self._relay = relay

    def cut(self, one: Machine, other: Machine) -> None:
        """Lose everything between two machines."""
        ask(self._relay, f"cut {one.address} {other.address}")

    def join(self, one: Machine, other: Machine) -> None:
        """Connect them again."""
        ask(self._relay, f"join {one.address} {other.address}")


def ask(process: subprocess.Popen[str], line: str = "") -> str:
    """Say a line to a process; returns its reply."""
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    return hear(process)


def hear(process: subprocess.Popen[str]) -> str:
    """The next line of a process."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "it has ended"
    return line.rstrip("\n")


@contextmanager
def network(size: int) -> Iterator[Network]:
    """So many machines; skips the test where there can be none."""
    if os.geteuid() != 0 or not Path("/dev/net/tun").exists() or not all(map(shutil.which, ("ip", "nsenter"))):
        pytest.skip(NEEDED)
    machines = [Machine(f"asyncgen-{os.getpid()}-{number}", f"10.77.0.{number}") for number in range(1, size + 1)]
    devices = {machine.address: f"agen{os.getpid()}n{number}" for number, machine in enumerate(machines)}
    relay = subprocess.Popen(
        [sys.executable, HERE / "relay.py", "1", *(f"{address}={device}" for address, device in devices.items())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert relay.stdout is not None
        if relay.stdout.readline() != "ready\n":
            pytest.skip(NEEDED)
        for machine in machines:
            _connect(machine, devices[machine.address])
        yield Network(machines, relay)
    finally:
        for machine in machines:
            with suppress(subprocess.CalledProcessError):
                machine.kill()
                _ip("netns", "delete", machine.namespace)
        relay.kill()
        relay.communicate()


def _connect(machine: Machine, device: str) -> None:
    """Give the machine its namespace, with the device inside; the relay keeps the other end."""
    try:
        _ip("netns", "add", machine.namespace)
    except subprocess.CalledProcessError:
        pytest.skip(NEEDED)
    _ip("link", "set", device, "netns", machine.namespace)
    _ip("-n", machine.namespace, "address", "add", f"{machine.address}/24", "dev", device)
    _ip("-n", machine.namespace, "link", "set", device, "up")
    _ip("-n", machine.namespace, "link", "set", "lo", "up")
    if Path(LONGEST_RESEND).exists():
        machine.start(["sh", "-c", f"echo 5000 > {LONGEST_RESEND}"]).wait()


def _ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout
