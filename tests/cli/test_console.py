"""The bar, the plain lines, and colour that can be switched off."""

import io
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from asyncgen.chat import NO_USAGE
from asyncgen.cli.bar import bar_text
from asyncgen.cli.console import Console
from asyncgen.cli.progress_lines import PLAIN_INTERVAL, plain_line
from asyncgen.config import RunConfig
from asyncgen.cost import Price, Spend
from asyncgen.engine.session import Summary
from asyncgen.errors import Message
from asyncgen.events import (
    CallEnded,
    InputLoaded,
    Notice,
    PairFailed,
    Paused,
    RepairStarted,
    RunStarted,
    StopRequested,
)
from asyncgen.monitor.throughput import Rates
from tests.monitor.samples import sample

BUSY = sample(
    done=150, total=1219, failed=2, in_flight=24, calls=470, refused=12, tokens=512_000, cost=0.4213, oldest=12.3
)
RATES = Rates(pairs=2.04, calls=6.1, eta=524, binding="tokens", share=0.972, limit=30_000)


class Terminal(io.StringIO):
    """A terminal that keeps what it is shown."""

    def isatty(self) -> bool:
        return True


def test_a_wide_bar_says_everything():
    """Rates, limit, refusals, cost, the oldest pair's age, and the time left."""
    assert bar_text(BUSY, RATES, "", 200, "pairs") == (
        "2.04 pairs/s  6.10 calls/s  24 in flight  tokens 97 %  12 refused  $0.42  oldest 12s  ETA 8m44s"
    )


def test_the_money_of_all_starts_stands_beside_that_of_this_one():
    """In the bar and in plain lines; in the first start there is nothing to tell apart."""
    resumed = replace(BUSY, total_cost=1.5)
    assert "  $0.42  all starts $1.50  " in bar_text(resumed, RATES, "", 200, "pairs")
    assert "0.4213 USD (1.50 USD in all starts)" in plain_line(resumed, RATES, "", "pairs")
    assert "all starts" not in bar_text(replace(BUSY, total_cost=0.4213), RATES, "", 200, "pairs")


@pytest.mark.parametrize("width", [75, 55, 30])
def test_a_narrow_bar_keeps_the_time_left_and_the_rate(width):
    """The room behind the bar in terminals of 100, 80 and 55 columns."""
    text = bar_text(BUSY, RATES, "", width, "pairs")
    assert len(text) <= width
    assert "ETA 8m44s" in text
    assert "2.04 pairs/s" in text


def test_a_storm_comes_before_everything_else():
    """With the time until which it is waited."""
    text = bar_text(BUSY, RATES, "storm: nothing sent until 21:04:30 (429)", 55, "pairs")
    assert text == "storm: nothing sent until 21:04:30 (429)  ETA 8m44s"


def test_a_plain_line_says_it_in_words_and_that_there_is_no_price():
    """No number where nothing is known."""
    assert plain_line(sample(total=5, in_flight=2), Rates(), "", "pairs") == (
        "0/5 pairs, 0 failed, 2 in flight, 0 refused, 0 tokens, no price for this model"
    )
    assert "tokens 97 % in use, 12 refused, 512,000 tokens, 0.4213 USD, oldest pair 12.3 s, ETA 8 min 44 s" in (
        plain_line(BUSY, RATES, "", "pairs")
    )


def test_without_a_terminal_there_is_a_plain_line_every_half_minute(monkeypatch, capsys):
    """The first after 30 s, whatever the number of samples; in a storm it says so and until when."""
    begun = now = 1000.0  # seconds added to it are exact
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with Console(progress=True, verbose=False, quiet=False, log_file=None) as console:
        console.observe(InputLoaded(Path("pairs.jsonl"), 24, 0, "MEDEC pairs"))
        console.observe(RunStarted(0, 0, 100, resumed=False))
        for _ in range(int(2 * PLAIN_INTERVAL)):
            now += 1
            if now - begun > PLAIN_INTERVAL:
                console.observe(Paused(60.0, "rate_limit"))
            console.observe(sample(done=3))
    lines = [line for line in capsys.readouterr().out.split("\n") if "/100 pairs" in line]
    assert len(lines) == 2
    assert "storm: nothing sent until" in lines[-1]
    assert "(429)" in lines[-1]


def test_a_storm_is_announced_once_however_often_the_server_renews_it(capsys):
    """A thousand pauses of a second are no thousand lines."""
    with Console(progress=True, verbose=False, quiet=False, log_file=None) as console:
        console.observe(InputLoaded(Path("pairs.jsonl"), 24, 0, "MEDEC pairs"))
        for _ in range(1000):
            console.observe(Paused(1.0, "rate_limit"))
    assert capsys.readouterr().out.count("the server asks to wait (rate_limit): nothing is sent for 1.0 s") == 1


def test_later_pauses_of_a_storm_are_told_where_they_say_more(monkeypatch, capsys):
    """Another kind, a longer one, and now and then the same: without the bar nothing else tells."""
    now = 1_800_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    told = []
    with Console(progress=False, verbose=False, quiet=False, log_file=None) as console:
        for seconds, kind in [(2, "rate_limit"), (60, "rate_limit"), *[(20, "overloaded")] * 9]:
            console.observe(Paused(float(seconds), kind))
            told.append(capsys.readouterr().out.count("nothing is sent for"))
            now += seconds
    assert told == [1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1]


def test_a_pause_shorter_than_asked_for_says_both(capsys):
    """Hours are no limit a minute: a call is tried before."""
    with Console(progress=False, verbose=False, quiet=False, log_file=None) as console:
        console.observe(Paused(120.0, "rate_limit", asked=10_800.0))
    assert "asks to wait 3 h 00 min (rate_limit): nothing is sent for 120.0 s, until" in capsys.readouterr().out


def test_a_daily_limit_is_told_in_the_words_of_the_server(capsys):
    """They name the limit, and have no advice but these."""
    refused = CallEnded(0, "n0", "paraphrase", "ab", 1, "rate_limit", 429, None, 0.0, 0.0, 0.1, NO_USAGE)
    said = "Rate limit exceeded: 50 requests per day of this model"
    with Console(progress=False, verbose=False, quiet=False, log_file=None) as console:
        console.observe(replace(refused, sentence="Slow down"))
        console.observe(replace(refused, sentence=said, of_day=True))
    assert f"paraphrase: rate_limit (status 429): {said}\n" in (shown := capsys.readouterr().err)
    assert "Slow down" not in shown


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_is_for_terminals_and_can_be_switched_off(monkeypatch, environment, coloured):
    """`NO_COLOR` is heard; the sign says the same without colour."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    with Console(progress=False, verbose=False, quiet=False, log_file=None) as console:
        console.observe(InputLoaded(Path("pairs.jsonl"), 24, 0, "MEDEC pairs"))
        console.observe(Notice("careful", warning=True))
    assert ("\x1b[33m⚠" in screen.getvalue()) == coloured
    assert "⚠" in screen.getvalue()
    assert ("\x1b" in screen.getvalue()) == coloured


CONFIG = RunConfig(input_jsonl=Path("pairs.jsonl"), output_dir=Path("out"), prompt_file=Path("prompts.json"))
PRICE = Price(model="m", prompt=2.0, cached=1.0, completion=10.0)
ENDED = Summary(
    stats={"total_pairs": 24, "total_tokens_used": 60_000},
    spend=Spend(prompt_tokens=50_000, completion_tokens=10_000),
    failed_pairs=0,
    calls=72,
    refused=0,
    tokens=60_000,
    seconds=36.0,
    already_complete=False,
)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "✓ Done: 24 pairs in 36.0 s (72 calls, 2.0 calls/s, 0 refused; 60,000 tokens)\n  in out\n"),
        (
            {"failed_pairs": 24},
            "⚠ Ended: 24 pairs, 24 of them failed in 36.0 s (72 calls, 2.0 calls/s, 0 refused; 60,000 tokens)\n",
        ),
        (
            {"calls": 1, "tokens": 900, "cost_usd": 0.0042, "total_cost_usd": 0.2},
            "✓ Done: 24 pairs; this start took 36.0 s "
            "(1 call, 0.0 calls/s, 0 refused; 900 tokens, 0.0042 USD)\n"
            "  all starts together: 0.2000 USD (60,000 tokens)\n",
        ),
    ],
)
def test_the_end_says_what_failed_and_what_is_of_this_start(capsys, fields, expected):
    """Calls, time and tokens are of one start; what several have spent stands in a line of its own."""
    with Console(progress=False, verbose=False, quiet=False, log_file=None) as console:
        console.observe(InputLoaded(Path("pairs.jsonl"), 24, 0, "MEDEC pairs"))
        console.summary(replace(ENDED, **fields), CONFIG, PRICE)
    assert expected in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kinds", "failed", "anew"),
    [(["bad_request"], 24, True), (["bad_request"], 23, False), (["bad_request", "timeout"], 24, False)],
)
def test_where_all_was_refused_the_same_command_is_not_the_way(capsys, kinds, failed, anew):
    """It would send what was refused; with other settings the directory is refused."""
    with Console(progress=False, verbose=False, quiet=False, log_file=None) as console:
        for index in range(failed):
            console.observe(PairFailed(index, str(index), "tr", kinds[index % len(kinds)], 1))
        console.summary(replace(ENDED, failed_pairs=failed), CONFIG, PRICE)
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(f"⚠ {failed} rows failed (see failed.jsonl there); ")
    assert ("what is changed starts over, with --restart or in another directory" in said) == anew
    assert ("the same command asks only them again" in said) != anew


def test_an_id_is_shown_as_far_as_ids_go(capsys):
    """A longer one is a text, which may be a note; signs that turn a line around are replaced."""
    with Console(progress=False, verbose=False, quiet=False, log_file=None) as console:
        console.observe(PairFailed(0, 80 * "a" + "the note", "tr", "timeout", 1))
        console.observe(PairFailed(1, "\u202eevil\u2066", "tr", "timeout", 1))
        console.observe(PairFailed(2, "two\nlines", "tr", "timeout", 1))
    shown = capsys.readouterr().err
    assert f"({80 * 'a'}…)" in shown
    assert "(\ufffdevil\ufffd)" in shown
    assert "(two lines)" in shown


def test_what_to_do_is_no_error_and_one_is_no_plural(capsys):
    """The command to resume carries no sign of an error."""
    with Console(progress=False, verbose=False, quiet=False, log_file=None) as console:
        console.advise("to resume: asyncgen run")
        console.observe(InputLoaded(Path("in.jsonl"), 24, 0, "MEDEC pairs"))
        console.observe(StopRequested(Message("interrupted"), 1))
        console.observe(RepairStarted(1, "was flagged"))
    said = capsys.readouterr()
    assert said.err == "to resume: asyncgen run\n"
    assert said.out == (
        "Loaded 24 MEDEC pairs from in.jsonl\n"
        "Stopping: 1 call in flight is finished and saved first (Ctrl-C again leaves at once)\n"
        "Asking again for 1 pair that was flagged\n"
    )


def test_a_log_file_on_a_full_disk_is_given_up_with_one_warning(capsys):
    """It is words about the run, and no reason to end it."""
    with Console(progress=False, verbose=False, quiet=False, log_file=Path("/dev/full")) as console:
        for _ in range(2):
            console.observe(Notice("a word"))

    said = capsys.readouterr()
    assert said.err.count("cannot write the log file /dev/full: No space left on device") == 1
    assert said.out.count("a word") + said.err.count("a word") == 2
