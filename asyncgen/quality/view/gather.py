"""Choose the rows to show, and gather all that is known of them.

The directory is read twice: first every row is judged, keeping only its rank; then the chosen rows are read again
with all their texts.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from asyncgen.errors import BadDataError
from asyncgen.quality.checks.finding import CHECKS, KINDS
from asyncgen.quality.checks.judgement import State
from asyncgen.quality.structure import Made, Structure
from asyncgen.quality.verification import Verification
from asyncgen.quality.view.call_costs import CallCosts, PriceOf
from asyncgen.quality.view.choice import Ranking, Wanted
from asyncgen.quality.view.judge_words import JudgeWords
from asyncgen.quality.view.page_file import embedded
from asyncgen.quality.view.shown_row import show_row
from asyncgen.recipes.contents import Contents
from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.row_hashes import row_hashes, run_checksum

MOST_BYTES = 4_500_000  # of records: the file stays below 5 MB
_MOST_ROWS = 2000  # listed on the page
_SIGNS = {State.PROVEN: "✓", State.FLAGGED: "⚑", State.OPEN: "?"}
_SAYS = {
    State.PROVEN: "every changed word is accounted for",
    State.FLAGGED: "wrong by rule",
    State.OPEN: "neither proven nor wrong by rule",
}
_CHECKED = "schemas and checks of the recipe hold"


@dataclass(frozen=True, slots=True)
class ViewSource:
    """A run to show, what its files hold, and its input (None: not given)."""

    directory: RunDirectory
    state: RunState
    contents: Contents
    input_jsonl: Path | None
    prompt_file: Path | None

    @property
    def is_judged(self) -> bool:
        """Whether the rules judge its rows."""
        return self.contents.asks or self.compares

    @property
    def compares(self) -> bool:
        """Whether paraphrases are compared with their originals."""
        return self.contents.paraphrase is not None and self.input_jsonl is not None

    def name_of(self, state: State) -> str:
        """A state in a word: if no paraphrase can be proven, a row has passed the checks of the recipe."""
        return state if self.compares or state is not State.PROVEN else "passed"

    def says(self, state: State) -> str:
        """A state in a sentence."""
        return _SAYS[state] if self.compares or state is not State.PROVEN else _CHECKED

    def verification(self) -> Verification:
        """A pass over it."""
        return Verification(self.directory, self.input_jsonl, self.contents, self.prompt_file)


@dataclass(frozen=True, slots=True)
class Gathered:
    """The page's data, as JSON; how many rows it has, of how many that match."""

    data: dict[str, Any]
    shown: int
    wanted: int


def gather(source: ViewSource, wanted: Wanted, most: int | None, price_of: PriceOf) -> Gathered:
    """Choose and gather.

    Args:
        source: the run.
        wanted: which rows, and in which order.
        most: so many rows at most; None: as many as fit into `MOST_BYTES`.
        price_of: the price of a model.

    Raises:
        BadDataError: the files are not what the run wrote, or not from this input.
    """
    ranking = _rank(source, wanted)
    order = ranking.order
    if not order:
        which = "" if wanted.state is None else f"{source.name_of(wanted.state)} "
        raise BadDataError(f"no {which}{source.contents.nouns.one} to look at. {_all_of(source, ranking)}")
    chosen = order[: _MOST_ROWS if most is None else most]
    rows = _Gatherer(source, ranking, frozenset(chosen), price_of).rows()
    shown: list[dict[str, Any]] = []
    size = 0
    for index in chosen:
        size += len(embedded(rows[index]))
        if most is None and size > MOST_BYTES and shown:
            break
        shown.append(rows[index])
    return Gathered(_data(source, ranking, shown, len(order)), len(shown), len(order))


def _rank(source: ViewSource, wanted: Wanted) -> Ranking:
    ranking = Ranking(wanted)
    verification = source.verification()
    verification.check_input(source.state)
    if source.is_judged:
        for judged in verification.judged():
            ranking.add(judged)
    else:
        for made in verification.structure.made():
            ranking.add_unjudged(made.index)
    _refuse_broken(source, verification.structure)
    return ranking


def _refuse_broken(source: ViewSource, structure: Structure) -> None:
    if structure.problems.kept:
        raise BadDataError(f"the files in {source.directory} are broken, as asyncgen verify shows")


class _Gatherer:
    """Reads the chosen rows, with all that is known of them."""

    def __init__(self, source: ViewSource, ranking: Ranking, chosen: frozenset[int], price_of: PriceOf) -> None:
        self._source = source
        self._ranking = ranking
        self._chosen = chosen
        self._judge = JudgeWords(source.directory, source.state)
        self._calls = CallCosts(source.directory, chosen, price_of, str(source.state.fingerprint.get("model", "")))
        hashes = row_hashes(source.directory, source.state)
        self._hashes = {index: hashed for index, hashed in hashes if index in chosen}

    def rows(self) -> dict[int, dict[str, Any]]:
        """The rows by index, as the page has them."""
        verification = self._source.verification()
        return {
            made.index: self._row(made, verification)
            for made in verification.structure.made()
            if made.index in self._chosen
        }

    def _row(self, made: Made, verification: Verification) -> dict[str, Any]:
        contents = self._source.contents
        judgement = verification.judge(made) if self._source.is_judged else None
        if judgement is not None:
            twins = self._ranking.twins.get(made.index, [])
            judgement = replace(judgement, findings=(*judgement.findings, *twins))
        return {
            **show_row(contents, made, judgement),
            "hash": self._hashes[made.index],
            "judge": self._judge.of_row(made.index),
            "calls": self._calls.of_row(made.index, made.records.values()),
        }


def _data(source: ViewSource, ranking: Ranking, shown: list[dict[str, Any]], wanted: int) -> dict[str, Any]:
    kinds = {kind for row in shown for kind, _, _ in row["findings"]}
    return {
        "run": {
            "name": source.directory.path.name,
            "checksum": run_checksum(source.state),
            "rows": source.contents.nouns.many,
            "row": source.contents.nouns.one,
            "shown": _shown(source, ranking, len(shown), wanted),
        },
        "states": {
            state: {"sign": sign, "name": source.name_of(state), "says": source.says(state)}
            for state, sign in _SIGNS.items()
        },
        "kinds": {kind: KINDS[kind].says for kind in sorted(kinds)},
        "steps": sorted(CHECKS),
        "records": shown,
    }


def _shown(source: ViewSource, ranking: Ranking, shown: int, wanted: int) -> str:
    rows = source.contents.nouns.many
    which = "" if ranking.wanted.state is None else f" {source.name_of(ranking.wanted.state)}"
    text = f"{shown:,} of {wanted:,}{which} {rows}, {ranking.wanted.order}"
    return f"{text}. {_all_of(source, ranking)}"


def _all_of(source: ViewSource, ranking: Ranking) -> str:
    states = ", ".join(
        f"{ranking.states[state]:,} {source.name_of(state)}" for state in _SIGNS if ranking.states[state]
    )
    return f"The run has {len(ranking):,}" + (f": {states}." if states else ".")
