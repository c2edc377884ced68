"""What is known of a row besides its texts: what the judge said, and the calls with their cost."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from asyncgen.cost import Price
from asyncgen.quality.checks.judgement import State
from asyncgen.quality.judge.verdict import Meaning
from asyncgen.quality.judge.verdict_file import RowVerdict, VerdictFile
from asyncgen.quality.view.call_costs import CallCosts
from asyncgen.quality.view.judge_words import JudgeWords
from asyncgen.storage.checkpoint import FileMark, RunState
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory

PRICE = Price(model="m", prompt=1.0, cached=0.5, completion=2.0)
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100}


def state_with(size: int) -> RunState:
    """A state of files of this size."""
    return RunState(last_completed_idx=2, input_end=0, input_chain="", files={"f": FileMark(size)}, stats={})


@pytest.fixture
def directory(tmp_path: Path, disk: Disk) -> RunDirectory:
    """An empty output directory."""
    found = RunDirectory(disk, tmp_path)
    found.make()
    return found


@pytest.fixture
def judged(directory: RunDirectory) -> RunDirectory:
    """One of which the first two rows were judged, the second in a round whose file was torn."""
    rows = [
        RowVerdict(0, "a", State.OPEN, (), Meaning.DIFFERENT, "drug", "major", "k0"),
        RowVerdict(1, "b", State.OPEN, (), Meaning.SAME, "", "", "k1"),
        RowVerdict(2, "c", State.PROVEN, (), None, "", ""),
    ]
    VerdictFile(directory).save(state_with(5), {}, rows)
    answer = {
        "id": "k0",
        "forward": {"same_meaning": False, "before": "aspirin", "after": "warfarin"},
        "backward": {"same_meaning": True, "before": "warfarin", "after": "aspirin"},
    }
    place = directory.state_directory / "judge" / "1"
    place.mkdir(parents=True)
    (place / "judged.jsonl").write_bytes(orjson.dumps(answer) + b'\n{"id": "k1", "forw')
    return directory


def test_the_judge_is_quoted_from_the_original_first(judged: RunDirectory) -> None:
    """In both orders."""
    words = JudgeWords(judged, state_with(5))
    said = words.of_row(0)
    assert said is not None
    assert (said["meaning"], said["kind"], said["trust"]) == ("different", "drug", "rejected")
    assert said["quotes"] == [[False, "aspirin", "warfarin"], [True, "aspirin", "warfarin"]]
    assert (words.of_row(1) or {})["quotes"] == []
    assert words.of_row(2) is None
    assert [words.trust(index) for index in range(4)] == ["rejected", "judged", "proven", ""]


def test_verdicts_on_other_files_are_none(judged: RunDirectory) -> None:
    """The rows may have been made anew since."""
    assert JudgeWords(judged, state_with(6)).of_row(0) is None


def attempt(request: str, outcome: str, usage: dict[str, int] | None = None, index: int = 0) -> bytes:
    """A line of `calls.jsonl`."""
    content: dict[str, Any] = {"index": index, "step": "s", "request": request, "outcome": outcome}
    return orjson.dumps(content | ({} if usage is None else {"usage": usage})) + b"\n"


def test_a_call_has_its_attempts_and_what_it_cost(directory: RunDirectory) -> None:
    """The usage of the log knows what was cached; a call of two lines is one."""
    directory.calls.write_bytes(
        attempt("r", "timeout")
        + attempt("r", "timeout")
        + attempt("r", "ok", USAGE | {"cached_tokens": 400})
        + attempt("other", "ok", USAGE, index=1)
        + b'{"index": 0, "req'
    )
    call = {"step": "s", "request": "r", "model": "m", "finish_reason": "stop", "usage": USAGE}
    costs = CallCosts(directory, {0}, {"m": PRICE}.get, "m")
    [found] = costs.of_row(0, [{"metadata": {"calls": [call]}}, {"calls": [call]}])
    assert found["attempts"] == "2 × timeout, ok"  # noqa: RUF001 - the sign
    assert found["cost"] == pytest.approx((600 * 1.0 + 400 * 0.5 + 100 * 2.0) / 1e6)


def test_a_record_that_names_no_calls_has_those_of_its_row(directory: RunDirectory) -> None:
    """Of the model of the run; without a price there is no cost."""
    directory.calls.write_bytes(attempt("a", "ok", USAGE) + attempt("b", "ok", USAGE))
    found = CallCosts(directory, {0}, {}.get, "gpt").of_row(0, [{"text": "x"}])
    assert [(one["step"], one["model"], one["cost"]) for one in found] == [("s", "gpt", None)] * 2


def test_without_a_log_the_record_says_what_it_used(directory: RunDirectory) -> None:
    """The attempts are not known, and odd usages are none."""
    calls = [
        {"step": "s", "request": "r", "model": "m", "usage": USAGE},
        {"step": "s", "request": "q", "model": "m", "usage": {"prompt_tokens": "many"}},
    ]
    found = CallCosts(directory, {0}, {"m": PRICE}.get, "m").of_row(0, [{"calls": calls}])
    assert [one["tokens"] for one in found] == [(1000, 100), None]
    assert [one["attempts"] for one in found] == ["", ""]
