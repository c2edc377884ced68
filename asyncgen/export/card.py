"""The dataset card: where the examples come from, how they were made, under which licence they may be passed on.

For a dataset folder it is the README.md whose YAML head tells `load_dataset` which file is which split.
"""

from collections.abc import Mapping
from pathlib import PurePath

from asyncgen.export.export_run import ExportTally
from asyncgen.export.template import ExportTemplate
from asyncgen.storage.checkpoint import RunState
from asyncgen.version import __version__

_CITATION = """\
@inproceedings{medec,
  title     = {{MEDEC}: A Benchmark for Medical Error Detection and Correction in Clinical Notes},
  author    = {Ben Abacha, Asma and Yim, Wen-wai and Fu, Yujuan and Sun, Zhaoyi and Yetisgen, Meliha
               and Xia, Fei and Lin, Thomas},
  booktitle = {Findings of the Association for Computational Linguistics: ACL 2025},
  year      = {2025},
  url       = {https://arxiv.org/abs/2412.19260},
}"""
_MEDEC = f"""\
The pairs come from [MEDEC](https://github.com/abachaa/MEDEC), licence
[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/): whoever passes these data on names its authors and says
that the notes were changed (the CORRECT ones were paraphrased).

```bibtex
{_CITATION}
```
"""
_WARNING = """\
**The notes of the CORRECT examples and all reasoning are written by a model**, not by a physician; asyncgen
checks their form, not their medicine. The notes of the INCORRECT examples are those of the source, byte for byte,
and hold errors on purpose. Not for clinical use.
"""


def render_card(
    title: str,
    state: RunState,
    tally: ExportTally,
    template: ExportTemplate,
    *,
    format_name: str,
    files: Mapping[str, PurePath],
    finished: bool,
) -> str:
    """The card, in Markdown.

    Args:
        title: what the dataset is called.
        state: of the run that made the examples.
        tally: what was written.
        template: with which.
        format_name: as which.
        files: the file of each side, relative to the card.
        finished: whether the run has reached its end.
    """
    parts = [
        _head(tally, files),
        f"# {_inline(title)}\n",
        "SFT examples for a model that tells a correct clinical note from one with a planted error: for each\n"
        "pair one CORRECT and one INCORRECT example.\n",
        _WARNING,
        f"## Files\n\n{_files(tally, files)}",
        f"## How they were made\n\n{_provenance(state, tally, template, format_name, finished=finished)}",
        f"## Source and licence\n\n{_source(tally)}",
    ]
    return "\n".join(parts)


def _head(tally: ExportTally, files: Mapping[str, PurePath]) -> str:
    lines = ["---"]
    if tally.medec == tally.pairs:
        lines.append("license: cc-by-4.0")
    lines += ["language:", "- en", "task_categories:", "- text-generation"]
    lines += ["tags:", "- medical", "- synthetic", "configs:", "- config_name: default", "  data_files:"]
    for side, path in files.items():
        lines += [f"  - split: {side}", f'    path: "{path.as_posix()}"']
    return "\n".join([*lines, "---", ""])


def _files(tally: ExportTally, files: Mapping[str, PurePath]) -> str:
    rows = [
        f"| {side} | `{_inline(path.as_posix())}` | {tally.examples[side]:,} |" for side, path in files.items()
    ]
    return "\n".join(["| split | file | examples |", "| --- | --- | --- |", *rows, ""])


def _provenance(
    state: RunState, tally: ExportTally, template: ExportTemplate, format_name: str, *, finished: bool
) -> str:
    made = state.fingerprint
    endpoint = str(made.get("endpoint", "unknown"))
    if endpoint.startswith("loopback"):
        endpoint += " (on the machine of the run: a local model, or a simulator whose answers are no medicine)"
    rows: dict[str, object] = {
        "model": made.get("model", "unknown"),
        "endpoint": endpoint,
        "recipe": made.get("recipe", "unknown"),
        "reasoning asked for": "yes" if made.get("add_reasoning") else "no",
        **{name: value for name, value in made.items() if name.endswith(("_system", "_user")) or "params" in name},
        **state.stats,
        "failed_pairs": state.failed_pairs,
        "the run": "finished" if finished else f"not finished: the first {state.done:,} pairs",
        "pairs exported": tally.pairs,
        "pairs left out by the template": len(tally.left_out),
        "template": template.name,
        "format": format_name,
        "exported by": f"asyncgen {__version__}",
    }
    lines = [f"| {_inline(name)} | {_inline(str(value))} |" for name, value in rows.items()]
    return "\n".join(["| | |", "| --- | --- |", *lines, ""])


def _source(tally: ExportTally) -> str:
    if tally.medec == tally.pairs:
        return _MEDEC
    unknown = (
        f"{tally.pairs - tally.medec:,} of the {tally.pairs:,} pairs have ids that are not MEDEC's: name their "
        "source and licence here before these data are passed on.\n"
    )
    return f"{_MEDEC}\n{unknown}" if tally.medec else unknown


def _inline(text: str) -> str:
    """A text that cannot break the line, the table or the terminal."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text).replace("|", "\\|")
