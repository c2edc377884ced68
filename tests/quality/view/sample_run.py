"""A finished run as it lies on the disk, made of texts of one's own: proven, flagged, open and hostile ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from asyncgen.medec.pair import parse_pair
from asyncgen.recipes.medec_contents import COMBINED_FILE, CORRECT_FILE, INCORRECT_FILE
from asyncgen.storage.checkpoint import FileMeter, RunState, encode_statistics
from asyncgen.storage.input_file import rows_of
from asyncgen.storage.layout import FAILED, STATISTICS
from tests.quality.sentences import load_sentences

HOSTILE = '</script><img src=x onerror="document.title=1">]]><!--\u2028\u202e %%DATA%% '
MODEL = "gpt-6-luna"


@dataclass(frozen=True, slots=True)
class Text:
    """A note, the paraphrase that was written, and the same note with an error."""

    note_id: str
    note: str
    paraphrase: str
    wrong: str


@dataclass(frozen=True, slots=True)
class SampleRun:
    """An output directory and the input that it was made from."""

    directory: Path
    input_jsonl: Path


def texts_of_corpus(number: int) -> list[Text]:
    """Paraphrases of the project's own corpus, every other one with a change of meaning."""
    bad, clean = (load_sentences(verdict, held_out=False) for verdict in ("bad", "clean"))
    both = list(zip(bad, clean, strict=False))
    step = max(1, 2 * len(both) // (number + 1))
    chosen = [one for pair in both[::step] for one in pair][:number]
    return [Text(one.id, one.note, one.paraphrase, spoil(one.note)) for one in chosen]


def spoil(note: str) -> str:
    """The note with another word for one of its last ones."""
    head, _, tail = note.rstrip(".").rpartition(" ")
    return f"{head} never {tail}."


def make_sample_run(place: Path, texts: Iterable[Text], reasoning: Any = None) -> SampleRun:
    """Write input and directory; `reasoning` is that of all examples, where it is not made of their texts."""
    inputs, directory = place / "pairs.jsonl", place / "out"
    (directory / ".asyncgen").mkdir(parents=True)
    chosen = list(texts)
    inputs.write_bytes(b"".join(orjson.dumps(_pair(text)) + b"\n" for text in chosen))
    meters = {name: FileMeter() for name in (CORRECT_FILE, INCORRECT_FILE, COMBINED_FILE, FAILED)}
    data: dict[str, bytes] = dict.fromkeys(meters, b"")
    calls = b""
    for index, text in enumerate(chosen):
        said = reasoning or _reasoning(text)
        lines = [orjson.dumps(one) + b"\n" for one in _examples(index, text, said)]
        for name, blob in zip(
            (CORRECT_FILE, INCORRECT_FILE, COMBINED_FILE), (*lines, b"".join(lines)), strict=True
        ):
            data[name] += blob
            meters[name].advance(blob)
        calls += b"".join(orjson.dumps(one) + b"\n" for one in _attempts(index))
    for name in (CORRECT_FILE, INCORRECT_FILE, COMBINED_FILE):
        (directory / name).write_bytes(data[name])
    (directory / ".asyncgen" / "calls.jsonl").write_bytes(calls)
    last = list(rows_of(inputs, parse_pair))[-1]
    state = RunState(
        last_completed_idx=last.index,
        input_end=last.end,
        input_chain=last.chain,
        files={name: meter.mark() for name, meter in meters.items()},
        stats={"total_pairs": len(chosen)},
        fingerprint={"model": MODEL, "recipe": "medec_safe/1", "add_reasoning": True},
    )
    (directory / STATISTICS).write_bytes(encode_statistics(state))
    return SampleRun(directory, inputs)


def _pair(text: Text) -> dict[str, str]:
    return {
        "note_id": text.note_id,
        "correct_note": text.note,
        "incorrect_note": text.wrong,
        "error_type": "diagnosis",
    }


def _reasoning(text: Text) -> dict[str, Any]:
    sentences = [one.strip() for one in text.note.split(". ") if one.strip()]
    return {
        "clinical_summary": sentences[0].rstrip(".") + ".",
        "key_findings": sentences[1:4],
        "assessment": {"conclusion": "The findings fit together.", "confidence": "high"},
    }


def _examples(index: int, text: Text, reasoning: Any) -> Iterable[dict[str, Any]]:
    shared = {"original_note_id": text.note_id, "reasoning": reasoning}
    steps = ("paraphrase", "correct_reasoning")
    yield {
        "note": text.paraphrase,
        "label": "CORRECT",
        "source": "medec_correct_paraphrased",
        **shared,
        "metadata": {"calls": [_call(index, step) for step in steps]},
    }
    yield {
        "note": text.wrong,
        "label": "INCORRECT",
        "source": "medec_incorrect_verified",
        **shared,
        "error_type": "diagnosis",
        "error_location": None,
        "correction": None,
        "metadata": {"calls": [_call(index, "error_reasoning")]},
    }


def _call(index: int, step: str) -> dict[str, Any]:
    usage = {"prompt_tokens": 800 + index, "completion_tokens": 200, "total_tokens": 1000 + index}
    return {
        "step": step,
        "request": f"{step}-{index}",
        "model": MODEL,
        "finish_reason": "stop",
        "usage": usage,
    }


def _attempts(index: int) -> Iterable[dict[str, Any]]:
    outcomes = ("rate_limit", "rate_limit", "ok") if index % 5 == 0 else ("ok",)
    for step in ("paraphrase", "correct_reasoning", "error_reasoning"):
        for attempt, outcome in enumerate(outcomes, start=1):
            yield {
                "index": index,
                "step": step,
                "request": f"{step}-{index}",
                "attempt": attempt,
                "outcome": outcome,
                **({"usage": _call(index, step)["usage"]} if outcome == "ok" else {}),
            }
