"""Answers that nothing can use: however a run goes, as many are asked for, with the same end."""

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from asyncgen.chat import Usage
from asyncgen.engine.batch import batch_rounds
from asyncgen.engine.batch.batch_rounds import BatchRounds
from asyncgen.errors import BadDataError, CallFailed, Interrupted
from asyncgen.medec.pair import Pair
from asyncgen.recipe import Examples, Generate
from asyncgen.storage.batch_records import OpenBatch
from asyncgen.storage.segment_format import decode_line, encode_line

from .memory_server import MemoryServer, Response, said
from .starts import ROWS, Questions, Starts
from .test_rejected_answers import WAYS

pytestmark = pytest.mark.virtual_clock
FINISHES = {"row 1": "content_filter", "row 2": "length", "row 3": "length"}
"""How an answer ends."""
EMPTY = {"row 0": 2, "row 5": 9}
"""How many answers have no text."""
MOST = {"row 0": 3, "row 1": 1, "row 2": 2, "row 3": 2, "row 4": 1, "row 5": 3}
"""How often a row is asked by a command."""
DONE = {"row 0", "row 4"}


def asked(server: MemoryServer) -> Counter[str]:
    """How often each question was asked."""
    return Counter(server.live + server.asked)


def tell(server: MemoryServer) -> None:
    """Let the server give answers that cannot be used."""

    def answer(question: str, _seed: int) -> Response:
        response = said("" if asked(server)[question] < EMPTY.get(question, 0) else f"answer to {question}")
        response["body"]["choices"][0]["finish_reason"] = FINISHES.get(question, "stop")
        return response

    server.answer = answer


@pytest.mark.parametrize("way", WAYS)
async def test_each_way_leads_to_as_many_calls(starts: Starts, server: MemoryServer, way: str) -> None:
    """Also when the command is given again for the rows that have failed: then they are asked anew."""
    tell(server)
    # The slow row is unfinished at each stop, so no other one is written yet.
    for slow, expected in (("row 0", MOST), ("row 5", {row: MOST[row] for row in MOST if row not in DONE})):
        server.seconds = {slow: 10.0}
        *stopped, last = WAYS[way]
        for batch in stopped:
            assert isinstance(await starts.once(batch=batch, stop_after=4.0), Interrupted)
        assert await starts.once(batch=last) is None

        assert starts.answers() == ["answer to row 0", "answer to row 4"]
        failed = [(row["note_id"], row["error"], row["attempts"]) for row in starts.failed()]
        assert failed == [("1", "content_filter", 1), ("2", "length", 2), ("3", "length", 2), ("5", "empty", 3)]
        assert asked(server) == expected
        server.live.clear()
        server.asked.clear()


async def test_what_an_earlier_start_gave_up_does_not_end_the_run(starts: Starts, server: MemoryServer) -> None:
    """It was counted there: else one start after another would end, though the server is well again."""
    tell(server)
    server.seconds = {"row 0": 10.0}
    assert isinstance(await starts.once(batch=False, stop_after=4.0), Interrupted)
    # Row 0 is asked twice more, so a run that is ended does not come to its own end all the same.
    assert await starts.once(batch=False, max_failures=0) is None
    assert asked(server) == MOST
    assert [row["note_id"] for row in starts.failed()] == ["1", "2", "3", "5"]


class AsksAgain(Questions):
    """Asks the same once more if the first call is given up."""

    async def run(self, pair: Pair, generate: Generate) -> Examples:
        try:
            return await super().run(pair, generate)
        except CallFailed:
            return await super().run(pair, generate)


@pytest.mark.parametrize("stopped", [False, True])
async def test_a_recipe_may_ask_again_what_was_given_up(
    starts: Starts, server: MemoryServer, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    """It gets new attempts, and over a stop those that it has had: each row is asked as often as without one."""
    monkeypatch.setattr("tests.engine.starts.Questions", AsksAgain)

    def answer(question: str, _seed: int) -> Response:
        response = said(f"answer to {question}")
        if asked(server)[question] < 1 or question == "row 5":
            response["body"]["choices"][0]["finish_reason"] = "content_filter"
        return response

    server.answer = answer
    if stopped:
        server.seconds = {"row 0": 10.0}
        assert isinstance(await starts.once(batch=False, stop_after=4.0), Interrupted)
        server.seconds = {}
    assert await starts.once(batch=False) is None
    assert asked(server) == dict.fromkeys((f"row {n}" for n in range(ROWS)), 2)
    assert [row["note_id"] for row in starts.failed()] == ["5"]


async def test_what_fails_in_this_start_counts_though_the_recipe_asks_again(
    starts: Starts, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal knows of the first failure, which is of this start."""
    monkeypatch.setattr("tests.engine.starts.Questions", AsksAgain)
    tell(server)
    assert isinstance(await starts.once(batch=False, max_failures=0), BadDataError)


async def test_what_a_check_rejects_in_batches_counts_in_the_pass_behind_them(
    starts: Starts, server: MemoryServer
) -> None:
    """It is of the same start: more than four of the rows fail."""

    def answer(question: str, _seed: int) -> Response:
        response = said(f"answer to {question}")
        response["body"]["choices"][0]["finish_reason"] = "length" if question == "row 5" else "stop"
        return response

    server.answer = answer
    error = await starts.once(
        batch=True, batch_finish=1, max_failures=4, check=lambda text: "bad" if text[-1] in "1234" else None
    )
    assert isinstance(error, BadDataError)


def copied_before(closing: int, place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the directory `out` as a kill leaves it when all answers of a batch are there and it is open."""
    close, copy = BatchRounds._close, place / "copy"

    async def copying(self: BatchRounds, batch: OpenBatch, lost: Usage) -> None:
        if batch.number == closing and not copy.exists():
            shutil.copytree(place / "out", copy)
        await close(self, batch, lost)

    monkeypatch.setattr(BatchRounds, "_close", copying)
    return copy


def as_an_older_version_wrote(journal: Path) -> None:
    """Take the request out of the lines of failed attempts."""
    records = [decode_line(line) for line in journal.read_bytes().splitlines(keepends=True)]
    kept = [{name: value for name, value in (record or {}).items() if name != "unusable"} for record in records]
    journal.write_bytes(b"".join(map(encode_line, kept)))


@pytest.mark.parametrize("older", [False, True])
async def test_the_answers_of_an_open_batch_count_once(
    starts: Starts, server: MemoryServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, older: bool
) -> None:
    """Whether the journal names their requests, or an older version has written it."""
    tell(server)
    copy = copied_before(1, tmp_path, monkeypatch)
    assert await starts.once() is None
    for journal in copy.rglob("journal-*.jsonl") if older else ():
        as_an_older_version_wrote(journal)
    server.live.clear()
    server.asked.clear()

    monkeypatch.setattr("tests.engine.test_unusable_answers.EMPTY", {"row 5": 9})
    assert await starts.once("copy", batch_adopt=True) is None

    again = asked(server)
    assert (again["row 1"], again["row 2"], again["row 3"]) == (0, 1, 1)
    assert again["row 5"] == 2 + older  # an older one counts in batches alone


async def test_a_paid_answer_in_a_second_batch_is_taken_however_few_attempts_there_are_now(
    starts: Starts, server: MemoryServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first batch has given none that can be used, and is still open too."""
    provider = batch_rounds.batch_provider
    monkeypatch.setattr(batch_rounds, "batch_provider", lambda url: replace(provider(url), most_requests=1))
    server.answer = lambda question, _: said(
        "" if question in {"row 1", "row 2"} and not asked(server)[question] else f"answer to {question}"
    )
    copied_before(1, tmp_path, monkeypatch)
    assert await starts.once() is None
    assert asked(server)["row 1"] == asked(server)["row 2"] == 2

    assert await starts.once("copy", batch_adopt=True, max_attempts=1) is None

    # The second batch with row 2 was not there yet.
    assert [row["note_id"] for row in starts.failed("copy")] == ["2"]
    assert asked(server)["row 1"] == 2
