"""Verify an output directory: its structure, and the quality of each example.

The judged rows are a stream; memory does not grow with the data except for 72 bytes per example (the sketches that
find near duplicates). The checks of an example are in `quality.checks`; `inspector` there calls them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from asyncgen.medec.pair import Pair
from asyncgen.quality.checks.finding import KINDS, MEANING
from asyncgen.quality.checks.inspector import Inspector
from asyncgen.quality.checks.judgement import Judgement, State
from asyncgen.quality.checks.permissions import permitted
from asyncgen.quality.checks.reasoning_form import Expected, expect, keys_of_prompt
from asyncgen.quality.checks.reasoning_side import forbids_comparison
from asyncgen.quality.output_lines import OutputLines, Problems
from asyncgen.quality.parsed_answers import AnswerChecks
from asyncgen.quality.structure import Made, Structure, check_input
from asyncgen.recipes.contents import Contents, ParaphraseRule, ReasoningRule, value_at
from asyncgen.recipes.prompts import PromptFile
from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.layout import RunDirectory

_SAMPLE = 200  # reasonings from which the usual keys and words are learned


@dataclass(frozen=True, slots=True)
class Texts:
    """The paraphrase of a row, its original, and the row's wrong text, if it has one (else empty)."""

    original: str
    revised: str
    wrong: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A row by its index in the input, its judgement, and its texts if a paraphrase was judged."""

    index: int
    note_id: str
    judgement: Judgement
    texts: Texts | None = None

    @property
    def state(self) -> State:
        """Proven, flagged or open."""
        return self.judgement.state

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its findings, each once."""
        return tuple(dict.fromkeys(finding.kind for finding in self.judgement.findings))

    @property
    def weight(self) -> int:
        """Its weight when rows are ranked; 0 without findings."""
        return sum(KINDS[kind].weight for kind in self.kinds)


class Verification:
    """One pass over an output directory; `structure.problems` is complete when `judged` has ended.

    Args:
        directory: the output directory, of a finished or an unfinished run.
        input_jsonl: the input of the run. None: the files are compared with each other, and no paraphrase is
            judged.
        contents: what the files hold by their recipe, and what of it is to be judged.
        prompt_file: has the keys that a reasoning must have, and in `allowed_changes` what a paraphrase may do.
            None: the keys that most reasonings have, and all kinds of changes.

    Raises:
        BadDataError: checkpoint, statistics or prompt file cannot be read.
        UsageError: the input or the prompt file does not exist.
    """

    def __init__(
        self,
        directory: RunDirectory,
        input_jsonl: Path | None,
        contents: Contents,
        prompt_file: Path | None = None,
    ) -> None:
        self.structure = Structure(directory, input_jsonl, contents)
        self._input = input_jsonl
        self._contents = contents
        self._answers = AnswerChecks(contents)
        prompts = None if prompt_file is None or not contents.reasonings else PromptFile.load(prompt_file)
        self._permitted = permitted(None if prompts is None else prompts.remark("allowed_changes"))
        self._inspector = Inspector(
            {rule.label: self._expected(directory, rule, prompts) for rule in contents.reasonings}, self._permitted
        )

    def check_input(self, state: RunState) -> None:
        """Refuse an input other than the run's, if there is one, before checking the files.

        Raises:
            BadDataError: it is not the input of the run.
        """
        if self._input is not None:
            check_input(state, self._input, self._contents)

    def judged(self) -> Iterator[Judged]:
        """Every row that can be judged, in input order; then near duplicates again, with only that finding."""
        for made in self.structure.made():
            judgement = self.judge(made)
            if judgement is not None:
                yield Judged(made.index, made.note_id, judgement, self.texts(made))
        for index, finding in self._inspector.duplicates():
            yield Judged(index, "", Judgement((finding,)))

    def judge(self, made: Made) -> Judgement | None:
        """The judgement on the records of a row; None if there is nothing to check them by."""
        found = tuple(self._answers.findings(made))
        rule = self._contents.paraphrase
        if rule is not None and made.row is not None:
            judgement = self._paraphrase(rule, made)
            return replace(judgement, findings=(*found, *judgement.findings))
        return Judgement(found) if self._contents.asks else None

    def compare(self, original: str, revised: str) -> State:
        """The rules' judgement on two texts alone: whether their meaning is the same, whatever else is odd."""
        pair = Pair("", original, original, "unknown", None, None)
        judgement = Inspector({}, self._permitted).inspect(0, pair, revised, {})
        findings = tuple(finding for finding in judgement.findings if finding.kind in MEANING)
        return replace(judgement, findings=findings).state

    def texts(self, made: Made) -> Texts | None:
        """The texts of a row; None if no paraphrase is judged."""
        rule = self._contents.paraphrase
        if rule is None or made.row is None:
            return None
        text = value_at(made.records[rule.text.file, rule.text.line], rule.text.way)
        wrong = "" if rule.wrong is None else rule.wrong(made.row)
        return Texts(rule.original(made.row), text, wrong)

    def _paraphrase(self, rule: ParaphraseRule, made: Made) -> Judgement:
        text = value_at(made.records[rule.text.file, rule.text.line], rule.text.way)
        reasonings = {
            one.label: made.records[one.place.file, one.place.line].get(str(one.place.way[0]))
            for one in self._contents.reasonings
        }
        pair = made.row
        if not isinstance(pair, Pair):
            original = rule.original(pair)
            wrong = original if rule.wrong is None else rule.wrong(pair)
            pair = Pair(made.note_id, original, wrong, "unknown", None, None)
        return self._inspector.inspect(made.index, pair, text, reasonings)

    def _expected(self, directory: RunDirectory, rule: ReasoningRule, prompts: PromptFile | None) -> Expected:
        needed, key = rule.needed, str(rule.place.way[0])
        prompt = (
            None if prompts is None else prompts.prompt(rule.step, allowed=(needed,), needed=needed, optional=True)
        )
        keys = frozenset[str]() if prompt is None else keys_of_prompt(prompt.system)
        name = rule.place.file
        lines = OutputLines(directory, name, self.structure.size(name), Problems())
        expected = expect((line.record.get(key) for line in islice(lines.all(), _SAMPLE)), keys)
        return replace(expected, comparison_forbidden=prompt is None or forbids_comparison(prompt.system))
