"""Pieces of HTML. Any text from elsewhere goes through `esc`."""

from collections.abc import Iterable, Sequence
from html import escape

from asyncgen.text import printable


def esc(value: object) -> str:
    """Text that can become neither markup nor terminal control."""
    return escape(printable(str(value)))


def section(name: str, title: str, *content: str) -> str:
    """A section with a heading that can be linked to."""
    heading = f'<h2 id="{name}-h">{esc(title)}</h2>'
    return f'<section id="{name}" aria-labelledby="{name}-h">{heading}{"".join(content)}</section>'


def paragraph(text: str) -> str:
    """A paragraph of text."""
    return f"<p>{esc(text)}</p>"


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], numbers: int | None = None) -> str:
    """A table whose first column is the heading of the row.

    Args:
        caption: what it shows.
        head: headings of the columns.
        rows: the cells.
        numbers: the first column with numbers; None: there are none.
    """
    first = len(head) if numbers is None else numbers

    def cells(row: Sequence[object]) -> str:
        lead = f'<th scope="row">{esc(row[0])}</th>'
        return lead + "".join(
            f'<td class="n">{esc(cell)}</td>' if place >= first else f"<td>{esc(cell)}</td>"
            for place, cell in enumerate(row[1:], start=1)
        )

    headings = "".join(
        f'<th scope="col"{" class=n" if place >= first else ""}>{esc(name)}</th>'
        for place, name in enumerate(head)
    )
    body = "".join(f"<tr>{cells(row)}</tr>" for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{esc(caption)}"><table>'
        f"<caption>{esc(caption)}</caption><thead><tr>{headings}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def details(summary: str, content: str) -> str:
    """A section that can be expanded."""
    return f"<details><summary>{esc(summary)}</summary>{content}</details>"


def bars(caption: str, head: Sequence[str], rows: Sequence[tuple[str, float, str]], colour: str = "blue") -> str:
    """A table with a bar in each row: heading, size, and the size in words."""
    most = max((size for _, size, _ in rows), default=0.0) or 1.0
    headings = "".join(f'<th scope="col">{esc(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{esc(name)}</th><td class="bar"><span class="{colour}" '
        f'style="width:{100 * size / most:.1f}%"></span></td><td class="n">{esc(words)}</td></tr>'
        for name, size, words in rows
    )
    return (
        f'<table class="bars"><caption>{esc(caption)}</caption><thead class="hidden"><tr>{headings}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
