"""The dataset card: the source of the examples, how they were made, and the licence to pass them on.

For a dataset folder it is the README.md whose YAML head tells `load_dataset` which file is which split.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from asyncgen.config.version import __version__
from asyncgen.export.export_run import ExportTally
from asyncgen.export.template import ExportTemplate
from asyncgen.medec.source import NAME, SOURCE
from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.fingerprint import PROMPTS, SIMULATED, on_this_machine

_WARNING = """\
**The notes of the CORRECT examples and all reasoning are written by a model**, not by a physician; asyncgen
checks their form, not their medicine. The notes of the INCORRECT examples are those of the source, byte for byte,
and hold errors on purpose. Not for clinical use.
"""

_SIMULATED = "a simulator, whose answers make no sense"
_SERVED_LOCALLY = "a local model, or a simulator whose answers make no sense"


def render_card(
    title: str,
    state: RunState,
    tally: ExportTally,
    template: ExportTemplate,
    *,
    format_name: str,
    files: Mapping[str, PurePath],
    finished: bool,
    trust: Mapping[str, object],
) -> str:
    """The card, in Markdown.

    Args:
        title: the dataset's.
        state: of the run that made the examples.
        tally: what was written.
        template: the one used.
        format_name: the one used.
        files: the file of each side, relative to the card.
        finished: whether the run has reached its end.
        trust: what is known of how far the examples can be trusted, by name.
    """
    more = {"pairs left out by the template": len(tally.left_out), "template": template.name, **trust}
    parts = [
        _head(tally, files),
        f"# {inline(title)}\n",
        "SFT examples for a model that tells a correct clinical note from one with a planted error: for each\n"
        "pair one CORRECT and one INCORRECT example.\n",
        _WARNING,
        f"## Files\n\n{files_table(tally, files)}",
        f"## How they were made\n\n{provenance(state, tally, format_name, more, finished=finished)}",
        f"## Source and licence\n\n{_source(tally)}",
    ]
    return "\n".join(parts)


def _head(tally: ExportTally, files: Mapping[str, PurePath]) -> str:
    lines = ["license: cc-by-4.0"] if tally.of_corpus == tally.pairs else []
    lines += ["language:", "- en", "task_categories:", "- text-generation"]
    return head([*lines, "tags:", "- medical", "- synthetic"], files)


def head(lines: Sequence[str], files: Mapping[str, PurePath]) -> str:
    """The YAML head of a card: these lines, and the files of each split."""
    lines = ["---", *lines, "configs:", "- config_name: default", "  data_files:"]
    for side, path in files.items():
        lines += [f"  - split: {side}", f'    path: "{path.as_posix()}"']
    return "\n".join([*lines, "---", ""])


def files_table(tally: ExportTally, files: Mapping[str, PurePath]) -> str:
    """A Markdown table: each side's file, and how many examples it holds."""
    rows = [f"| {side} | `{inline(path.as_posix())}` | {tally.examples[side]:,} |" for side, path in files.items()]
    return "\n".join(["| split | file | examples |", "| --- | --- | --- |", *rows, ""])


def provenance(
    state: RunState, tally: ExportTally, format_name: str, more: Mapping[str, object], *, finished: bool
) -> str:
    """The table of how the examples were made, with `more` rows."""
    made = state.fingerprint
    endpoint = str(made.get("endpoint", "unknown"))
    if on_this_machine(endpoint):
        endpoint += f" (on the machine of the run: {_SIMULATED if made.get(SIMULATED) else _SERVED_LOCALLY})"
    rows: dict[str, object] = {
        "model": made.get("model", "unknown"),
        "endpoint": endpoint,
        "recipe": made.get("recipe", "unknown"),
        **({"reasoning asked for": "yes" if made["add_reasoning"] else "no"} if "add_reasoning" in made else {}),
        **{name: value for name, value in made.items() if name.endswith(PROMPTS) or "params" in name},
        **state.stats,
        "failed_pairs": state.failed_pairs,
        "the run": "finished" if finished else f"not finished: the first {state.done:,} {state.rows}",
        f"{state.rows} exported": tally.pairs,
        **more,
        "format": format_name,
        "exported by": f"asyncgen {__version__}",
    }
    lines = [f"| {inline(name)} | {inline(str(value))} |" for name, value in rows.items()]
    return "\n".join(["| | |", "| --- | --- |", *lines, ""])


def _source(tally: ExportTally) -> str:
    if tally.of_corpus == tally.pairs:
        return SOURCE
    others = tally.pairs - tally.of_corpus
    unknown = (
        f"{others:,} of the {tally.pairs:,} pairs have ids that are not {NAME}'s: name their "
        "source and licence here before these data are passed on.\n"
    )
    return f"{SOURCE}\n{unknown}" if tally.of_corpus else unknown


def inline(text: str) -> str:
    """Text that cannot break the line, the table or the terminal."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text).replace("|", "\\|")
