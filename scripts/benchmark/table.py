"""The figures as the text of docs/benchmarks.md. Pure."""

from collections.abc import Iterable, Iterator

from benchmark.figures import Figures, Killed, Limited, Row

START, END = "<!-- scripts/bench: begin -->", "<!-- scripts/bench: end -->"
NOTHING = "-"
MB = 1_000_000


def markdown(figures: Figures) -> str:
    """All tables and what they were measured on."""
    lines = [
        "![calls a second and CPU a call of each contestant](bench.svg)",
        "",
        *_table(
            [
                "unlimited, 50 ms",
                "calls/s",
                "of the bare loop",
                "CPU a call",
                "of the bare loop",
                "memory",
                "server",
            ],
            (_speed_cells(row, figures) for row in figures.rows),
        ),
        "",
        *_table(
            ["1,024 in flight", "calls/s", "of the bare loop", "CPU a call", "of the bare loop"],
            (_wide_cells(row, figures) for row in figures.rows if row.wide is not None),
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


def replaced(page: str, text: str, marks: tuple[str, str] = (START, END)) -> str:
    """The page with a new text between the marks.

    Raises:
        ValueError: a mark is missing.
    """
    before, start, rest = page.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not (start and end):
        raise ValueError(f"the page has no {' … '.join(marks)}")
    return f"{before}{start}\n{text}\n{end}{after}"


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
        return [_name(row), row.flaw, *[NOTHING] * 5]
    return [
        _name(row) + (f" ({row.flaw})" if row.flaw else ""),
        f"{speed.rate:,.0f}",
        f"{speed.rate / bare.rate:.2f}" if speed.rate / bare.rate >= 0.05 else f"{speed.rate / bare.rate:.3f}",  # noqa: PLR2004
        f"{1000 * speed.cpu:.2f} ms",
        f"{speed.cpu / bare.cpu:.1f}",
        f"{speed.peak / MB:.0f} MB",
        f"{speed.server_load:.0%}",
    ]


def _wide_cells(row: Row, figures: Figures) -> list[str]:
    speed, bare = row.wide, figures.wide("bare")
    if speed is None or bare is None:
        raise ValueError("the bare loop was not measured with as many in flight")
    return [
        _name(row),
        f"{speed.rate:,.0f}",
        f"{speed.rate / bare.rate:.2f}",
        f"{1000 * speed.cpu:.2f} ms",
        f"{speed.cpu / bare.cpu:.1f}",
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
    tries = figures.ours.killed.tries if figures.ours.killed is not None else 0
    seconds = f"{figures.ideal:.0f} s + {figures.storm:.0f} s + {figures.retry_after:.0f} s"
    yield (
        f"{figures.machine}; medians of alternating runs. One pair is one call of 5 to 6 kB, 3 kB come back, 256 "
        "may be in flight, which at 50 ms are 5,120 calls/s at most. The server can answer "
        f"{figures.capacity:,.0f} calls/s; the last column is the share of a core that it used. CPU is a short "
        "run taken from a long one, so start-up is left out."
    )
    yield ""
    yield (
        "The limit is a bucket of one second; peers are told of it where they have a setting. The server's "
        "headers name what remains of the minute, as OpenAI's do; when they named what the bucket held, "
        "async-batch-llm needed 1.08 times the ideal with none refused, and asyncgen 1.05 with 36. "
        f"In the storm all is refused with Retry-After 1, and the ideal is {seconds}. "
        "Killed: SIGKILL, then the same command again; "
        f"asyncgen {tries} times (the worst of them), the others once. Calls that may have been in flight do not "
        "count as paid twice."
    )
