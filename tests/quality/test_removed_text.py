"""What a run has cut off its answers is found again, by row."""

from pathlib import Path

import orjson
import pytest

from asyncgen.chat import Completion
from asyncgen.client.answer_body import judge_answer
from asyncgen.events import CallEnded, RunStarted
from asyncgen.quality.removed_text import removed_text
from asyncgen.storage.disk import Disk
from asyncgen.storage.event_log import EventLog
from asyncgen.storage.layout import RunDirectory

TEXTS = {
    0: "A plain answer.",
    1: "<think>\nOkay.\n</think>\n\nThe answer.",
    2: "The answer.<|im_end|>",
    3: "[THINK]Well.[/THINK]The answer.<|eot_id|>",
}


def answer(text: str) -> Completion:
    """What is made of a text that a server sends."""
    choice = {"message": {"content": text}, "finish_reason": "stop"}
    judged = judge_answer(orjson.dumps({"choices": [choice]}), {}, json_object=False, now=0.0)
    assert isinstance(judged, Completion)
    return judged


async def test_rows_are_named_by_what_was_removed_from_their_answers(tmp_path: Path, disk: Disk) -> None:
    """Also when a crash has left half a line among them."""
    directory = RunDirectory(disk, tmp_path)
    directory.calls.parent.mkdir()
    log = EventLog(directory)
    log.observe(RunStarted(total=4, done=0, first=0, resumed=False))
    for index, text in TEXTS.items():
        made = answer(text)
        call = CallEnded(index, "", "ask", "", 1, "ok", 200, None, 0.0, 0.0, 0.0, made.usage, removed=made.removed)
        log.observe(call)
    await log.flush()
    with directory.calls.open("ab") as file:
        file.write(b'{"index": 9, "removed": ["thin')

    assert removed_text(directory) == {"thinking": [1, 3], "special_tokens": [2, 3]}


@pytest.mark.parametrize("index", TEXTS)
def test_the_answer_itself_says_what_was_removed(index: int) -> None:
    """Nothing for a text that is kept as it came."""
    assert bool(answer(TEXTS[index]).removed) == (index > 0)


def test_a_run_without_a_record_of_its_calls_has_removed_nothing(tmp_path: Path, disk: Disk) -> None:
    """As one of the original tool."""
    assert removed_text(RunDirectory(disk, tmp_path)) == {}
