"""The rounds of a judge: which one is resumed, and what is known of all."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from asyncgen.cost import Spend
from asyncgen.errors import BadDataError
from asyncgen.quality.judge.judge_rounds import JudgeRounds
from asyncgen.quality.judge.verdict import Meaning, Verdict
from asyncgen.storage.checkpoint import FileMark, FileMeter, RunState, encode_statistics
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.whole_files import replace_atomically

SAME = {"same_meaning": True, "kind": "none", "severity": "none", "before": "", "after": ""}
MINE, OTHER = {"model": "mine"}, {"model": "other"}


def line(key: str) -> bytes:
    """A case."""
    return orjson.dumps({"id": key}, option=orjson.OPT_APPEND_NEWLINE)


def finish(disk: Disk, path: Path, judge: dict[str, Any], keys: str, failed: int = 0) -> None:
    """Let a round have ended with these verdicts."""
    meter = FileMeter()
    for key in keys:
        record = {"id": key, "model": "", "forward": SAME, "backward": SAME}
        data = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
        meter.advance(data)
        with (path / "judged.jsonl").open("ab") as file:
            file.write(data)
    state = RunState(
        last_completed_idx=len(keys) - 1,
        input_end=0,
        input_chain="",
        files={"judged.jsonl": meter.mark(), "failed.jsonl": FileMark()},
        stats={"total_pairs": len(keys) + failed},
        failed_pairs=failed,
        fingerprint=judge,
        spend=Spend(prompt_tokens=10),
    )
    replace_atomically(disk, RunDirectory(disk, path).statistics, encode_statistics(state))


def test_only_what_this_judge_has_not_answered_is_missing(tmp_path: Path, disk: Disk) -> None:
    """Of all rounds; what has failed in one that was asked just now has failed."""
    rounds = JudgeRounds(RunDirectory(disk, tmp_path), MINE)
    assert rounds.missing(set("ab"), ()) == set("ab")
    first = rounds.begin(map(line, "abc"))
    finish(disk, first, MINE, "ab", failed=1)
    assert rounds.known() == {"a": Verdict(Meaning.SAME), "b": Verdict(Meaning.SAME)}
    assert rounds.missing(set("abcd"), ()) == set("cd")
    assert rounds.missing(set("abcd"), {first}) == set("d")
    assert JudgeRounds(RunDirectory(disk, tmp_path), OTHER).missing(set("abcd"), ()) == set("abcd")


def test_a_judge_that_was_made_up_does_not_speak_for_a_real_one(tmp_path: Path, disk: Disk) -> None:
    """One of an earlier version, which does not tell, is believed by both."""
    before: dict[str, object] = {"model": "mine", "endpoint": "loopback/v1"}
    directory = RunDirectory(disk, tmp_path)
    real, simulated = (JudgeRounds(directory, before | {"simulated": made_up}) for made_up in (False, True))
    finish(disk, real.begin([line("a")]), before, "a")
    finish(disk, real.begin([line("b")]), before | {"simulated": True}, "b")
    assert (real.known().keys(), simulated.known().keys()) == ({"a"}, {"a", "b"})


def test_a_round_is_resumed_while_all_of_it_is_wanted(tmp_path: Path, disk: Disk) -> None:
    """One that has not begun, and one of which something has failed; none that is done or another judge's."""
    rounds = JudgeRounds(RunDirectory(disk, tmp_path), MINE)
    first = rounds.begin(map(line, "abc"))
    assert rounds.unfinished(set("abcd"), ()) == first
    assert rounds.unfinished(set("ab"), ()) is None
    finish(disk, first, MINE, "ab", failed=1)
    assert rounds.unfinished(set("abc"), ()) == first
    assert rounds.unfinished(set("abc"), {first}) is None
    assert JudgeRounds(RunDirectory(disk, tmp_path), OTHER).unfinished(set("abc"), ()) is None


def test_a_round_that_another_judge_left_is_not_paid_again(tmp_path: Path, disk: Disk) -> None:
    """It had not begun, so nothing says whose it was; this judge knows its cases."""
    rounds = JudgeRounds(RunDirectory(disk, tmp_path), MINE)
    finish(disk, rounds.begin(map(line, "ab")), MINE, "ab")
    left = rounds.begin(map(line, "ab"))
    assert left.name == "2"
    assert rounds.unfinished(set("ab"), ()) is None
    assert rounds.missing(set("ab"), ()) == set()


@pytest.mark.parametrize("name", ["judged.jsonl", "cases.jsonl"])
@pytest.mark.parametrize("damaged", [b"{\xff\xff", b"[]\n", b"{}\n"], ids=["bytes", "list", "no id"])
def test_a_damaged_file_is_named(tmp_path: Path, disk: Disk, name: str, damaged: bytes) -> None:
    """With what helps: its verdicts are paid again, the other rounds' are kept."""
    rounds = JudgeRounds(RunDirectory(disk, tmp_path), MINE)
    first = rounds.begin(map(line, "abc"))
    finish(disk, first, MINE, "ab", failed=1)
    content = (first / name).read_bytes()
    (first / name).write_bytes(damaged + content[len(damaged) :])

    with pytest.raises(BadDataError, match=f"{name} was damaged: remove {first}"):
        rounds.unfinished(set("abc"), ())


def test_what_all_rounds_have_cost_counts(tmp_path: Path, disk: Disk) -> None:
    """But that of the one that knows its own."""
    rounds = JudgeRounds(RunDirectory(disk, tmp_path), MINE)
    paths = [rounds.begin([line(key)]) for key in "ab"]
    for path, judge in zip(paths, (MINE, OTHER), strict=True):
        finish(disk, path, judge, "a")
    assert rounds.spend().prompt_tokens == 20
    assert rounds.spend(but=paths[0]).prompt_tokens == 10
