"""A run that had a bad night, as it lies on the disk."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncgen.storage.checkpoint import RunState, encode_statistics

from .browser import end_browser
from .lines import ended, line, paused, sampled, started
from .samples import sample

HOSTILE = "</td><script>alert(1)</script>\x1b[31m&\"'"


@pytest.fixture(scope="session", autouse=True)
def _browser_ends() -> Iterator[None]:
    """With the tests that share it."""
    yield
    end_browser()


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """The directory of a run that was killed, resumed in a storm, and finished with two failed pairs."""
    inside = tmp_path / "night" / ".asyncgen"
    inside.mkdir(parents=True)
    plan = {"pairs": 100, "calls": 300, "prompt_tokens": 60_000, "completion_tokens": 30_000, "seconds": 100.0}
    lines = [started(0, pid=1, model="gpt-4o", tpm=60_000)]
    lines.append(line(0, "Planned", **plan, cost_low=0.5, cost_high=0.75, binding="tokens"))
    lines += [sampled(second, _at(second, done=second, calls=3 * second)) for second in range(1, 61)]
    lines.append(b'{"event":"Sample","time":"2026-11-2\n')
    lines.append(started(600, pid=2, first=60, model="gpt-4o", tpm=90_000))
    lines.append(paused(620, 15.0))
    lines.append(line(610, "PairFailed", index=61, note_id=HOSTILE, step="paraphrase", kind="empty", attempts=2))
    for second in range(1, 61):
        done = min(100, 60 + second)
        lines.append(
            sampled(600 + second, _at(second, done=done, failed=2, calls=3 * (done - 60), refused=second // 6))
        )
    lines.append(ended(661, 3))
    (inside / "events.jsonl").write_bytes(b"".join(lines))
    calls = [
        {
            "index": place,
            "step": "paraphrase",
            "attempt": 1 + place % 3 // 2,
            "outcome": "ok" if place % 9 else "rate_limit",
            "status": 200 if place % 9 else 429,
            "waited": 0.01 * place,
            "took": 0.2 + 0.01 * place,
        }
        for place in range(300)
    ]
    (inside / "calls.jsonl").write_text("".join(json.dumps(call) + "\n" for call in calls))
    failed = {"note_id": HOSTILE, "step": "paraphrase", "error": HOSTILE, "attempts": 2, "tokens": 0}
    records = [json.dumps({"index": index, **failed}) + "\n" for index in (61, 62)]
    (tmp_path / "night" / "failed.jsonl").write_text("".join(records))
    state = RunState(99, 0, "", {}, {"total_pairs": 100, "total_tokens_used": 9}, failed_pairs=2)
    (tmp_path / "night" / "generation_stats_safe.json").write_bytes(encode_statistics(state))
    return tmp_path / "night"


def _at(second, **counts):
    calls = counts["calls"]
    return sample(
        **counts,
        in_flight=6,
        waiting_on="tokens" if second % 4 else "concurrency",
        prompt_tokens=200 * calls,
        completion_tokens=100 * calls,
        cost=0.002 * calls,
        requests=float(calls),
        tokens_spent=320.0 * calls,
    )
