"""How many connections a process may open: each call in flight needs one."""

import resource

from asyncgen.config import MOST_AUTOMATIC, RunConfig
from asyncgen.errors import Setting, UsageError

MOST_DESCRIPTORS = 65_536  # if the system sets no maximum: far above the calls in flight
OTHER_DESCRIPTORS = 64  # files, journal, event loop, libraries


def sockets() -> int:
    """How many connections this process may open, after asking for the system's maximum."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else MOST_DESCRIPTORS
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(1, max(soft, wanted) - OTHER_DESCRIPTORS)


def most_in_flight() -> int:
    """The most calls that this process has in flight where concurrency is automatic."""
    return min(MOST_AUTOMATIC, sockets())


def check_sockets(config: RunConfig) -> None:
    """Refuse a concurrency for which this process may not open enough connections.

    Raises:
        UsageError: it is too great.
    """
    if config.ceiling > sockets():
        named = bool(config.endpoints[0].name)
        concurrency = Setting("concurrency", of_endpoint=named)
        raise UsageError(
            "the " if named else "",
            concurrency,
            " of all endpoints," if named else "",
            f" {config.ceiling} needs as many sockets, and this system lets a process open {sockets()}: lower it, "
            "or raise `ulimit -n`",
        )
