"""The dataset card of lines that were exported as the recipe wrote them."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from asyncgen.export.card import files_table, head, inline, provenance
from asyncgen.export.export_run import ExportTally
from asyncgen.export.recipe_lines import LineSource

_HEAD = ("task_categories:", "- text-generation", "tags:", "- synthetic")


def render_lines_card(
    title: str,
    source: LineSource,
    tally: ExportTally,
    *,
    format_name: str,
    files: Mapping[str, PurePath],
    trust: Mapping[str, object],
    features: Sequence[str] = (),
) -> str:
    """The card, in Markdown.

    Args:
        title: the dataset's.
        source: the exported file.
        tally: what was written.
        format_name: the one used.
        files: the file of each side, relative to the card.
        trust: what is known of how far the lines can be trusted, by name.
        features: lines of its head that name the types of the columns.
    """
    state = source.files.state
    more = {f"{state.rows} left out": len(tally.left_out), "file of the run": source.name, **trust}
    made = provenance(state, tally, format_name, more, finished=source.files.finished)
    return "\n".join(
        [
            head((*_HEAD, *features), files),
            f"# {inline(title)}\n",
            f"SFT examples: {inline(str(source.shape))}, made from {state.rows}.\n",
            "**The answers are written by a model**: asyncgen checks their form, not what they say.\n",
            f"## Files\n\n{files_table(tally, files)}",
            f"## How they were made\n\n{made}",
            f"## Source and licence\n\nName the source of the {state.rows} and its licence here before these "
            "data are passed on.\n",
        ]
    )
