"""The file that is written: strict about what it lets in, and not larger than a browser likes."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from asyncgen.cli.main import main
from asyncgen.quality.view import gather as gather_module
from tests.quality.view.sample_run import HOSTILE, SampleRun, make_sample_run, texts_of_corpus


def data_of(page: Path) -> dict[str, Any]:
    """What the page shows."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def view(sample: SampleRun, *flags: str) -> dict[str, Any]:
    """Write a page, and read what it shows."""
    page = sample.directory.parent / "page.html"
    assert main(["view", str(sample.directory), "--input", str(sample.input_jsonl), "-o", str(page), *flags]) == 0
    return data_of(page)


def test_only_what_stands_in_the_page_itself_may_run(page_file: Path) -> None:
    """The policy names the one script and the one style by their hashes, and forbids all that is fetched."""
    html = page_file.read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    said = dict(part.strip().partition(" ")[::2] for part in policy[1].split(";"))
    assert said["default-src"] == said["base-uri"] == said["form-action"] == "'none'"
    for kind, tag in (("script-src", '<script type="module">'), ("style-src", "<style>")):
        inside = html.partition(tag)[2].partition(f"</{tag[1:].split()[0].rstrip('>')}>")[0]
        assert said[kind] == f"'sha256-{b64encode(sha256(inside.encode()).digest()).decode()}'"
    assert said["require-trusted-types-for"] == "'script'"
    assert "http:" not in html
    assert "https:" not in html


def test_texts_stand_in_the_data_alone_and_cannot_end_it(page_file: Path) -> None:
    """Whatever they hold."""
    html = page_file.read_text()
    assert html.count("</script>") == 2
    assert "<img" not in html
    assert "\u2028" not in html
    assert any(record["id"] == HOSTILE for record in data_of(page_file)["records"])


def test_a_record_has_its_texts_findings_reasonings_calls_and_cost(sample: SampleRun) -> None:
    """As the page needs them."""
    data = view(sample, "--only", "flagged")
    record = data["records"][0]
    original, paraphrase = record["sides"][0]["left"][1], record["sides"][0]["right"][1]
    assert "".join(original) != "".join(paraphrase)
    assert record["findings"]
    assert {kind for kind, _, _ in record["findings"]} <= data["kinds"].keys()
    assert [label for label, _ in record["reasoning"]] == ["CORRECT", "INCORRECT"]
    assert [call["step"] for call in record["calls"]] == ["paraphrase", "correct_reasoning", "error_reasoning"]
    assert all(call["cost"] > 0 for call in record["calls"])
    first = next(record for record in view(sample)["records"] if record["index"] == 0)
    assert first["calls"][0]["attempts"] == "2 × rate_limit, ok"  # noqa: RUF001 - the sign
    assert ["error_type", "diagnosis"] in record["fields"]


def test_a_large_run_is_shown_as_far_as_the_file_stays_small(
    sample: SampleRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how many of how many, and how they were chosen; --rows overrules it."""
    monkeypatch.setattr(gather_module, "MOST_BYTES", 20_000)
    data = view(sample)
    shown = len(data["records"])
    assert 1 <= shown < 13
    assert data["run"]["shown"].startswith(f"{shown} of 13 pairs, the worst first. The run has 13: ")
    assert len(view(sample, "--rows", "9")["records"]) == 9
    drawn = view(sample, "--rows", "3", "--sample", "--seed", "5")
    assert "3 of 13 pairs, drawn at random (seed 5)" in drawn["run"]["shown"]
    assert drawn["records"] == view(sample, "--rows", "3", "--sample", "--seed", "5")["records"]


def test_without_the_input_what_was_written_is_shown(sample: SampleRun) -> None:
    """Nothing is compared, and nothing has a state."""
    page = sample.directory.parent / "page.html"
    assert main(["view", str(sample.directory), "-o", str(page)]) == 0
    record = data_of(page)["records"][0]
    assert (record["index"], record["state"], record["sides"]) == (0, "", [])
    assert any(name == "note" for _, values in record["lines"] for name, _ in values)


def test_an_odd_reasoning_is_data_as_well(tmp_path: Path) -> None:
    """Also one that is nested, or no object."""
    for number, odd in enumerate(({"a": {"b": [1, None, {"c": []}]}}, "text", 3)):
        place = tmp_path / str(number)
        place.mkdir()
        found = view(make_sample_run(place, texts_of_corpus(2), odd))
        assert found["records"][0]["reasoning"][0][1] == odd


def test_a_note_that_is_larger_than_all_that_fits_is_shown_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least one record is."""
    monkeypatch.setattr(gather_module, "MOST_BYTES", 100)
    assert len(view(make_sample_run(tmp_path, texts_of_corpus(3)))["records"]) == 1
