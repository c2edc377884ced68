"""The figures as the text of the README. Pure."""

from collections.abc import Iterable, Iterator

from benchmark.figures import Figures, Killed, Limited, Row

START, END = "<!-- scripts/bench: begin -->", "<!-- scripts/bench: end -->"
NOTHING = "–"
MB = 1_000_000


def markdown(figures: Figures) -> str:
    """Both tables and what they were measured on."""
    lines = [
        "![calls a second and CPU a call of each contestant](docs/bench.svg)",
        "",
        *_table(
            ["unlimited, 50 ms", "calls/s", "of the bare loop", "CPU a call", "of the bare loop", "memory"],
            (_speed_cells(row, figures) for row in figures.rows),
        ),
        "",
        *_table(
            ["", "6,000/min: time of the ideal", "refused", "a storm of 10 s", "refused", "killed half-way"],
            (_limit_cells(row, figures) for row in figures.rows if row.limited or row.storm or row.killed),
        ),
        "",
        *_notes(figures),
    ]
    return "\n".join(lines)


def replaced(readme: str, text: str) -> str:
    """The README with a new text between the marks.

    Raises:
        ValueError: a mark is missing.
    """
    before, start, rest = readme.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"the README has no {START} … {END}")
    return f"{before}{START}\n{text}\n{END}{after}"


def _table(head: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield _line(head)
    yield _line(["---", *["---:"] * (len(head) - 1)])
    yield from map(_line, rows)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _name(row: Row) -> str:
    return f"{row.title} {row.version}".strip()


def _speed_cells(row: Row, figures: Figures) -> list[str]:
    speed, bare = row.speed, figures.bare
    if speed is None:
        return [_name(row), row.flaw, *[NOTHING] * 4]
    return [
        _name(row) + (f" ({row.flaw})" if row.flaw else ""),
        f"{speed.rate:,.0f}",
        f"{speed.rate / bare.rate:.2f}" if speed.rate / bare.rate >= 0.05 else f"{speed.rate / bare.rate:.3f}",  # noqa: PLR2004
        f"{1000 * speed.cpu:.2f} ms",
        f"{speed.cpu / bare.cpu:.1f}",
        f"{speed.peak / MB:.0f} MB",
    ]


def _limit_cells(row: Row, figures: Figures) -> list[str]:
    storm = figures.ideal + figures.storm + figures.retry_after
    return [
        row.title,
        *_limit(row.limited, figures.ideal),
        *_limit(row.storm, storm),
        _killed(row.killed),
    ]


def _limit(limited: Limited | None, ideal: float) -> tuple[str, str]:
    if limited is None:
        return NOTHING, NOTHING
    return limited.flaw or f"{limited.seconds / ideal:.2f}", f"{limited.refused:,}"


def _killed(killed: Killed | None) -> str:
    if killed is None:
        return NOTHING
    words = {
        "sent again": killed.sent_again,
        "paid twice": killed.paid_twice,
        "lost": killed.lost,
        "doubled": killed.doubled,
        "out of order": killed.out_of_order,
    }
    return ", ".join(f"{number:,} {word}" for word, number in words.items() if number) or "nothing sent again"


def _notes(figures: Figures) -> Iterator[str]:
    loads = [row.speed.server_load for row in figures.rows if row.speed is not None]
    tries = figures.ours.killed.tries if figures.ours.killed is not None else 0
    yield (
        f"{figures.machine}. Medians of alternating runs; one pair is one call of 5 to 6 kB, 256 in flight, 3 kB back. "
        f"The server can answer {figures.capacity:,.0f} calls/s and used at most {max(loads):.0%} of its core. CPU is "
        f"the slope between a short and a long run, so start-up is left out. The limit: a bucket of one second. In the "
        f"storm all is refused with Retry-After 1; its ideal is {figures.ideal:.0f} s + {figures.storm:.0f} s + 1 s. "
        f"Killed with SIGKILL and started again ({tries} times ours, the worst of them; once the others): `paid twice` "
        f"leaves out as many calls as may be in flight. Peers are told the limit where they have a setting for it."
    )
