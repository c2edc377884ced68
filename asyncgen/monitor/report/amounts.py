"""How the report words times and money."""

from datetime import datetime

from asyncgen.humanize import usd
from asyncgen.monitor.report.record import NOTHING
from asyncgen.monitor.run_status import Picture

LISTED = 50  # of lists that may be very long; enough to see a pattern
_WAITS = {
    "pause": "a pause",
    "concurrency": "answers to the calls in flight",
    "requests": "the limit of requests",
    "tokens": "the limit of tokens",
    NOTHING: "answers alone; nothing was held back",
}


def waited_for(name: str) -> str:
    """What the oldest call waited for."""
    return _WAITS.get(name, name)


def cost_of(picture: Picture) -> str:
    """What all sessions cost; or that there is no price, if a session had none or nothing records it."""
    if not picture.history.sessions:
        return "-"
    partly = picture.cost is not None and picture.is_partly_priced
    return usd(picture.cost) + (f" for {picture.priced_tokens:,} of {picture.tokens:,} tokens" if partly else "")


def moment(at: float) -> str:
    """Local day and time: `22 Nov 21:04:30`."""
    return f"{datetime.fromtimestamp(at).astimezone():%d %b %H:%M:%S}"


def zone(at: float) -> str:
    """The time zone and the year of the times."""
    return f"{datetime.fromtimestamp(at).astimezone():%Z (UTC%z), %Y}"
