"""What `asyncgen trace` shows: the calls of each record, and answers beside each other."""

import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from textwrap import indent
from typing import Any

import orjson

from asyncgen.chat import Completion
from asyncgen.cli.replay import Question, readable
from asyncgen.humanize import one_of
from asyncgen.monitor.row_trace import RowTrace
from asyncgen.quality.checks.change import Change
from asyncgen.quality.checks.note_words import split_words
from asyncgen.storage.event_log import CACHED
from asyncgen.text import dumps, printable


def say_trace(trace: RowTrace) -> None:
    """Record by record, call by call, attempt by attempt."""
    row = one_of(trace.state.rows)
    _say(f"{row} {trace.index} ({trace.note_id})" if trace.note_id else f"{row} {trace.index}")
    if trace.failure is not None:
        _say(f"failed: {trace.failure['step']}: {trace.failure.get('error')}")
    elif not trace.records:
        _say("not in the files yet, as far as the checkpoint goes")
    named = any(record.calls for record in trace.records)  # else any call may have contributed to them
    for record in trace.records:
        label = record.content.get("label")
        _say(f"{record.file}" + (f", {label}" if isinstance(label, str) else ""))
        if named and not record.calls:
            _say("  no call")
        for call in record.calls:
            usage = call.get("usage") or {}
            tokens = f"{usage.get('prompt_tokens', 0):,} + {usage.get('completion_tokens', 0):,} tokens"
            _say(f"  {call.get('step')}: {call.get('model')}, {call.get('finish_reason')}, {tokens}")
            _say(f"    request  {call.get('request')}")
            for name in ("prompt", "sampling"):
                if name in call:  # a ready-made request has none of its own
                    _say(f"    {name:<8} {call[name]}")
            attempts = trace.attempts.get(str(call.get("request")))
            _say_attempts(attempts, "    ")
            if not attempts:
                _say("    calls.jsonl has no line of it: its last second was lost in a crash")
    for request, attempts in trace.other_attempts.items():
        step = attempts[0].get("step")
        _say(f"no record was made of {step}" if named or not trace.records else f"step {step}")
        _say(f"    request  {request}")
        _say_attempts(attempts, "    ")


def _say_attempts(attempts: Iterable[dict[str, Any]] | None, margin: str) -> None:
    for attempt in attempts or ():
        if attempt.get("outcome") == CACHED:
            _say(f"{margin}from the cache: {_time(attempt.get('time'))}")
            continue
        status = "" if attempt.get("status") in {None, 200} else f" ({attempt['status']})"
        parts = [
            _time(attempt.get("time")),
            f"{attempt.get('outcome')}{status}",
            f"in {attempt['batch']}"
            if attempt.get("batch")
            else f"{attempt.get('took', 0):.2f} s after waiting {attempt.get('waited', 0):.2f} s",
            str(attempt.get("request_id") or "no request id"),
        ]
        _say(f"{margin}attempt {attempt.get('attempt')}: {', '.join(parts)}")


def as_json(trace: RowTrace, answers: list[dict[str, Any]] | None) -> bytes:
    """One object; `again` is null if nothing was asked."""
    return dumps(
        {
            "index": trace.index,
            "note_id": trace.note_id,
            "failure": trace.failure,
            "records": [
                {
                    "file": record.file,
                    "label": record.content.get("label"),
                    "calls": [
                        {**call, "attempts": trace.attempts.get(str(call.get("request")), [])}
                        for call in record.calls
                    ],
                }
                for record in trace.records
            ],
            "other_attempts": [line for lines in trace.other_attempts.values() for line in lines],
            "again": answers,
        },
        option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
    )


def compare(question: Question, answer: Completion) -> dict[str, Any]:
    """The new answer beside the old one, None if it is not known; `changed` are the words that differ."""
    json_object = question.request.json_object
    new = readable(answer.text, json_object=json_object)
    old = None if question.answer is None else readable(question.answer, json_object=json_object)
    change = Change(split_words(new if old is None else old), split_words(new))
    return {
        "step": question.step,
        "request": question.request.hash,
        "model": answer.model,
        "finish_reason": answer.finish_reason,
        "usage": asdict(answer.usage),
        "same": None if old is None else old == new,
        "old": old,
        "new": new,
        "changed": [dict(zip(("was", "became"), change.shown(hunk), strict=True)) for hunk in change.hunks],
    }


def say_answer(answer: dict[str, Any]) -> None:
    """Print what `compare` found."""
    _say(f"again: {answer['step']}, the same request {answer['request']}")
    if "error" in answer:
        _say(f"  no answer: {answer['error']}")
        return
    usage = answer["usage"]
    tokens = f"{usage['prompt_tokens']:,} + {usage['completion_tokens']:,} tokens"
    _say(f"  {answer['model']}, {answer['finish_reason']}, {tokens}")
    if answer["same"]:
        _say("  ✓ the same answer")
        return
    if answer["old"] is None:
        _say(f"  new\n{indent(answer['new'], '    ')}\n  the records do not hold the old answer by itself")
        return
    for name in ("old", "new"):
        _say(f"  {name}\n{indent(answer[name], '    ')}")
    _say("  was → became" if answer["changed"] else "  the same words")
    for words in answer["changed"]:
        was, became = (" ".join(words[name].split()) or "∅" for name in ("was", "became"))
        _say(f"    {was} → {became}")


def _time(seconds: Any) -> str:
    if not isinstance(seconds, int | float):
        return "no time"
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M:%S}"


def _say(text: str) -> None:
    sys.stdout.write(printable(text) + "\n")
