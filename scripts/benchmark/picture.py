"""The figures as an SVG, readable on a light and on a dark page. Pure."""

from collections.abc import Callable, Iterator
from html import escape

from benchmark.figures import Figures, Row, Speed

WIDTH, LABEL, BAR, GAP = 850, 285, 16, 8
PANEL = 200
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.head { font-weight: 600 }
.other { fill: #9aa4af }
.ours { fill: #1f6feb }
.bare { fill: #57606a }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .other { fill: #6e7681 }
  .ours { fill: #4493f8 }
  .bare { fill: #b1bac4 }
}
"""


def svg(figures: Figures) -> str:
    """Two panels of bars: calls a second, the more the better; CPU a call, the less the better."""
    rows = sorted(
        (row for row in figures.rows if row.speed is not None),
        key=lambda row: row.speed.rate if row.speed else 0,
        reverse=True,
    )
    height = 40 + len(rows) * (BAR + GAP) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-label="calls a second and CPU a call">',
        f"<style>{STYLE}</style>",
        *_labels(rows),
        *_panel(rows, LABEL, "calls/s at 50 ms", lambda speed: speed.rate, lambda value: f"{value:,.0f}"),
        *_panel(
            rows,
            LABEL + PANEL + 90,
            "CPU a call, ms (less is better)",
            lambda speed: 1000 * speed.cpu,
            lambda value: f"{value:.2f}",
        ),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _top(index: int) -> int:
    return 40 + index * (BAR + GAP)


def _labels(rows: list[Row]) -> Iterator[str]:
    for index, row in enumerate(rows):
        name = escape(row.title.replace("`", "").replace("*", ""))
        weight = ' class="head"' if _kind(row) == "ours" else ""
        yield f'<text x="{LABEL - 10}" y="{_top(index) + 13}" text-anchor="end"{weight}>{name}</text>'


def _panel(
    rows: list[Row], left: int, title: str, value: Callable[[Speed], float], shown: Callable[[float], str]
) -> Iterator[str]:
    yield f'<text x="{left}" y="24" class="head">{escape(title)}</text>'
    values = [value(row.speed) for row in rows if row.speed is not None]
    for index, (row, number) in enumerate(zip(rows, values, strict=True)):
        width = max(1.0, PANEL * number / max(values))
        yield (
            f'<rect x="{left}" y="{_top(index)}" width="{width:.1f}" height="{BAR}" rx="2" class="{_kind(row)}"/>'
            f'<text x="{left + width + 6:.1f}" y="{_top(index) + 13}">{shown(number)}</text>'
        )


def _kind(row: Row) -> str:
    if row.name == "bare":
        return "bare"
    return "ours" if row.name.startswith("asyncgen") else "other"
