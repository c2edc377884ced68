"""Where shards begin in an input."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asyncgen.rows import BadFieldError
from asyncgen.storage.input_cuts import Cut, cut_at
from asyncgen.storage.input_file import Scan, rows_of, scan


class Named:
    """A row with an id."""

    def __init__(self, fields: dict[str, Any]) -> None:
        if "id" not in fields:
            raise BadFieldError("no id")
        self.note_id = str(fields["id"])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Seven rows, with a bad line and a blank one among them."""
    lines = [json.dumps({"id": number}) for number in range(7)]
    lines[3:3] = ["{}", ""]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines))
    return path


def scanned(path: Path) -> Scan:
    """The scan of all of it."""
    return scan(path, Named, limit=None, prefix_index=-1)


def test_cuts_are_the_positions_of_the_rows_before_them(source: Path) -> None:
    """Found in any order; lines that are no rows do not count; before the first row there is nothing."""
    rows, checked = list(rows_of(source, Named)), scanned(source)
    expected = {0: Cut(checked)} | {
        index: Cut(checked, rows[index - 1].end, rows[index - 1].chain) for index in (3, 4, 6)
    }
    assert cut_at(source, Named, checked, [6, 3, 0, 4]) == expected


def test_a_file_that_was_changed_is_not_cut_any_more(source: Path) -> None:
    """But its device has another number on another machine."""
    cut = Cut(scanned(source))
    elsewhere = replace(cut, scan=replace(cut.scan, identity=replace(cut.scan.identity, device=-1)))
    assert (cut.fits(source), elsewhere.fits(source)) == (True, True)
    os.utime(source, ns=(1, 1))
    assert not cut.fits(source)
