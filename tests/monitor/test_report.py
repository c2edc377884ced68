"""The report: one file that fetches nothing, says what happened, and lets no text become markup."""

import json
import stat
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

from asyncgen.cli.commands.status import lines
from asyncgen.cost import Spend
from asyncgen.monitor.history import Calls
from asyncgen.monitor.report.page import render
from asyncgen.monitor.report.record import BINS, RunRecord
from asyncgen.monitor.run_status import look
from asyncgen.storage.checkpoint import RunState, encode_statistics
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from tests import asyncgen_process

from .conftest import HOSTILE
from .lines import ended, sampled, started
from .samples import sample

VOID = {"meta"}


class Outline(HTMLParser):
    """What a page consists of; elements must be closed in the order in which they were opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.names: list[str] = []
        self.labels: list[str | None] = []
        self.headings: list[int] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.names.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[name] for name in ("href", "src") if name in found]
        if tag == "svg":
            self.labels.append(found.get("aria-label"))
        if tag in {"h1", "h2", "h3"}:
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.names.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def page_of(directory: Path, disk: Disk) -> str:
    """The page about a directory."""
    record, calls = RunRecord(), Calls()
    picture = look(RunDirectory(disk, directory), record.observe)
    path = directory / ".asyncgen" / "calls.jsonl"
    for line in path.read_bytes().splitlines() if path.exists() else []:
        calls.feed(line)
    return render(picture, record, calls, 1_795_400_000.0, "asyncgen run")


def report(*words: object) -> subprocess.CompletedProcess[str]:
    """The command."""
    return asyncgen_process.run(
        [sys.executable, "-m", "asyncgen", "report", *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_page_is_whole_and_leads_nowhere_else(night, disk):
    """Closed elements, unique ids, links inside the page only, and a policy that forbids to fetch anything."""
    page = page_of(night, disk)
    outline = Outline(page)

    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    assert {link.removeprefix("#") for link in outline.links} <= set(outline.ids)
    assert "script" not in outline.names
    assert "default-src 'none'" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "url(" not in page
    assert "@import" not in page


def test_text_from_outside_is_shown_and_never_becomes_markup_or_control(night, disk):
    """Note ids and kinds of failures can hold anything."""
    page = page_of(night, disk)
    assert "<script" not in page
    assert "\x1b" not in page
    assert "&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;\ufffd[31m&amp;&quot;&#x27;" in page
    assert HOSTILE not in page


def test_everyone_can_read_it(night, disk):
    """Headings without gaps; each chart has a name and its numbers in a table behind it."""
    outline = Outline(page_of(night, disk))
    assert outline.headings[0] == 1
    assert all(after - before <= 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False))
    assert len(outline.labels) >= 7
    assert all(outline.labels)
    assert outline.names.count("figure") == outline.names.count("figcaption") == len(outline.labels)
    assert outline.names.count("details") >= len(outline.labels)


def test_it_says_what_happened(night, disk):
    """Killed, resumed with another limit, refused, failed; planned against actual; the price."""
    page = page_of(night, disk)
    for words in (
        "100 of 100 pairs are done, 2 of them failed, in 2 min 00 s of work and 2 starts",
        "What held it back most: the limit of tokens, for 75 % of the time.",
        "Start 1 ended unexpectedly at about",
        "1 storm: nothing was sent for 15.0 s in all",
        "tpm: 60000 → 90000",
        "To ask again for the failed pairs",
        "0.5000 USD to 0.7500 USD",
        "0.6000 USD",
        "<td>killed, or the machine went down</td>",
    ):
        assert words in page, words
    assert '<th scope="row">time</th><td class="n">1 min 40 s</td><td class="n">2 min 00 s</td>' in page
    assert "+20 %" in page


def test_the_mean_of_a_chart_is_that_of_the_working_time(tmp_path, disk):
    """Though the last bin is a short one, in which all was done."""
    state = tmp_path / ".asyncgen"
    state.mkdir()
    samples = [sampled(second, sample(done=0)) for second in range(1, 10)]
    content = [started(0), *samples, sampled(9.5, sample(done=95)), ended(9.5)]
    (state / "events.jsonl").write_bytes(b"".join(content))

    page = page_of(tmp_path, disk)

    assert " a minute</dt><dd>600</dd>" in page
    assert ": mean 600, at most 11,400" in page


def test_without_a_price_it_says_so(night, disk):
    """Instead of a cost of nothing."""
    events = night / ".asyncgen" / "events.jsonl"
    lines = [json.loads(line) for line in events.read_text().splitlines() if line.endswith("}")]
    bare = [{**event, **({"cost": None} if "cost" in event else {})} for event in lines]
    events.write_text("".join(json.dumps(event, separators=(",", ":")) + "\n" for event in bare))
    page = page_of(night, disk)
    assert "There is no price for this model" in page
    assert "<dd>no price</dd>" in page


def test_what_lost_calls_may_have_cost_is_said_here_and_by_status(night, disk):
    """It is in the spend, which the budget counts, and in no sample."""
    assert "never arrived" not in page_of(night, disk)
    assert "lost" not in dict(lines(look(RunDirectory(disk, night))))
    statistics = night / "generation_stats_safe.json"
    spend = Spend(lost_prompt_tokens=4000, lost_completion_tokens=2000)
    state = RunState(99, 0, "", {}, {"total_pairs": 100, "total_tokens_used": 9}, failed_pairs=2, spend=spend)
    statistics.write_bytes(encode_statistics(state))

    assert "never arrived may have taken 6,000 tokens at most" in page_of(night, disk)
    assert dict(lines(look(RunDirectory(disk, night))))["lost"].startswith("6,000 tokens at most")


def test_status_says_that_what_was_refused_throughout_is_begun_anew(night, disk):
    """Beside the command, which would be refused with other settings; and not while one has failed otherwise."""
    failed = [{"note_id": "1", "step": "tr", "error": "bad_request", "attempts": 1, "tokens": 0}] * 100
    records = [json.dumps({"index": index, **one}) + "\n" for index, one in enumerate(failed)]
    (night / "failed.jsonl").write_text("".join(records))
    told = dict(lines(look(RunDirectory(disk, night))))
    assert told["all refused"].startswith("what is changed starts over, with --restart or in another directory")
    assert list(told).index("all refused") < list(told).index("to ask again")

    (night / "failed.jsonl").write_text("".join(records[1:]))
    assert "all refused" not in dict(lines(look(RunDirectory(disk, night))))


def test_a_long_run_makes_no_longer_page(night, disk):
    """Twenty thousand samples are thinned to as many bins as two hundred; their sum is exact."""
    lines = [started(0)]
    lines += [sampled(second, sample(total=40_000, done=2 * second)) for second in range(1, 20_001)]
    (night / ".asyncgen" / "events.jsonl").write_bytes(b"".join(lines))
    record = RunRecord()
    look(RunDirectory(disk, night), record.observe)
    assert BINS / 2 <= len(record.timeline.bins) <= BINS
    assert round(record.timeline.total("pairs")) == 40_000
    assert len(page_of(night, disk)) < 400_000


def test_a_run_without_events_has_a_report_too(night, disk):
    """It says what is not known."""
    for name in ("events.jsonl", "calls.jsonl"):
        (night / ".asyncgen" / name).unlink()
    page = page_of(night, disk)
    assert "No process has left a record here" in page
    assert Outline(page).open == []


def test_the_command_writes_one_private_file_and_says_where(night, tmp_path):
    """Beside the outputs, or where it is told to; the run's own files stay as they are."""
    before = {path: path.read_bytes() for path in night.rglob("*") if path.is_file()}

    done = report(night)

    assert (done.returncode, done.stdout) == (0, f"{night}/report.html\n")
    assert stat.S_IMODE((night / "report.html").stat().st_mode) == 0o600
    after = {path: path.read_bytes() for path in night.rglob("*") if path.is_file()}
    assert {path: after[path] for path in before} == before
    assert set(after) - set(before) == {night / "report.html"}
    elsewhere = tmp_path / "elsewhere.html"
    assert report(night, "-o", elsewhere).stdout == f"{elsewhere}\n"
    assert elsewhere.read_text().startswith("<!doctype html>")


def test_a_report_replaces_a_page_and_nothing_else(night, tmp_path):
    """The rows of a run and its files stay; an earlier report is renewed."""
    rows, events = tmp_path / "rows.jsonl", night / ".asyncgen" / "events.jsonl"
    rows.write_text("{}\n")
    before = events.read_bytes()

    refused = [report(night, "-o", path) for path in (rows, events)]

    assert [done.returncode for done in refused] == [2, 2]
    assert refused[0].stderr == f"❌ {rows} exists and is not a page: give the name of another file with -o\n"
    assert (rows.read_text(), events.read_bytes()) == ("{}\n", before)
    assert [report(night).returncode for _ in "12"] == [0, 0]


def test_where_there_is_no_run_or_no_room_it_says_so(night, tmp_path):
    """One line each, and the exit code of the reason; a directory that is missing is made."""
    none = report(tmp_path)
    assert (none.returncode, none.stderr) == (65, f"❌ {tmp_path} holds no run: give the --output-dir of one\n")
    page = tmp_path / "no" / "such" / "place.html"
    assert report(night, "-o", page).returncode == 0
    assert page.exists()
    (tmp_path / "a file").touch()
    nowhere = report(night, "-o", tmp_path / "a file" / "page.html")
    assert nowhere.returncode == 74
    assert nowhere.stderr.count("\n") == 1
