"""The network between simulated machines: every packet takes 10 ms, and one in a hundred is lost.

    python relay.py SEED ADDRESS=DEVICE...

Makes a TUN device for each address, says `ready`, and carries IPv4 packets between them. Lines on standard input
cut the link between two addresses and join it again: `cut ADDRESS ADDRESS`, `join ADDRESS ADDRESS`. It ends with
its input.
"""

import fcntl
import os
import random
import select
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Iterator

DELAY = 0.01  # seconds, each way
LOSS = 0.01
MOST_BYTES = 65_536
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
MORE = 64  # packets read of one device before the others have their turn


class Links:
    """The packets under way; pure. All take the same time, and so arrive in the order in which they were sent.

    Args:
        seed: decides which packets are lost.
    """

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._cut: set[frozenset[bytes]] = set()
        self._under_way: deque[tuple[float, bytes, bytes]] = deque()

    def cut(self, one: bytes, other: bytes) -> None:
        """Lose everything between two addresses from now on, also what is under way."""
        self._cut.add(frozenset((one, other)))

    def join(self, one: bytes, other: bytes) -> None:
        """Carry again what is sent between two addresses."""
        self._cut.discard(frozenset((one, other)))

    def send(self, now: float, packet: bytes) -> None:
        """Take a packet on its way, or lose it."""
        is_ipv4 = packet[0] >> 4 == 4
        if is_ipv4 and self._draw.random() >= LOSS:
            self._under_way.append((now + DELAY, packet[16:20], packet))

    def arrived(self, now: float) -> Iterator[tuple[bytes, bytes]]:
        """The packets that arrive by now, each after its address."""
        while self._under_way and self._under_way[0][0] <= now:
            _, target, packet = self._under_way.popleft()
            if frozenset((packet[12:16], target)) not in self._cut:
                yield target, packet

    def wait(self, now: float) -> float | None:
        """Seconds until the next packet arrives; None if none is under way."""
        return max(0.0, self._under_way[0][0] - now) if self._under_way else None


def open_device(name: str) -> int:
    """A new TUN device of this name, as a descriptor that does not block."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def carry(links: Links, devices: dict[bytes, int]) -> None:
    """Carry packets until the standard input ends."""
    poll = select.epoll()
    orders = sys.stdin.fileno()
    for descriptor in (orders, *devices.values()):
        poll.register(descriptor, select.EPOLLIN)
    while True:
        ready = poll.poll(links.wait(time.monotonic()))
        now = time.monotonic()
        for descriptor, _ in ready:
            if descriptor != orders:
                _read(descriptor, links, now)
            elif not _obey(links, os.read(orders, MOST_BYTES).decode()):
                return
        for target, packet in links.arrived(now):
            if target in devices:
                try:
                    os.write(devices[target], packet)
                except OSError:
                    continue  # a device that is down loses what it is sent


def _read(device: int, links: Links, now: float) -> None:
    for _ in range(MORE):
        try:
            links.send(now, os.read(device, MOST_BYTES))
        except OSError:
            return


def _obey(links: Links, lines: str) -> bool:
    """Follow the orders; returns whether there can be more."""
    for line in lines.splitlines():
        order, *addresses = line.split()
        {"cut": links.cut, "join": links.join}[order](*map(socket.inet_aton, addresses))
        print(order, flush=True)
    return bool(lines)


def main() -> None:
    """See above."""
    seed, *pairs = sys.argv[1:]
    devices = {}
    for pair in pairs:
        address, _, name = pair.partition("=")
        devices[socket.inet_aton(address)] = open_device(name)
    print("ready", flush=True)
    carry(Links(int(seed)), devices)


if __name__ == "__main__":
    main()
