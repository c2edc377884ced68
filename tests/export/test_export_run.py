"""An export: order, split, shuffle, what is left out, and flat memory."""

import tracemalloc
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from asyncgen.errors import BadDataError
from asyncgen.export.export_run import Export, ExportTally
from asyncgen.export.formats import FORMATS
from asyncgen.export.pair_records import PairRecords
from asyncgen.export.template import ExportTemplate
from asyncgen.medec.splits import Split, vignette
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory

from .conftest import Pair, examples_in, make_pair, make_run

ANY = FORMATS["parquet"].of_note


class Kept:
    """A sink that keeps its records."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.closed = False

    def write(self, record: dict[str, Any]) -> None:
        self.records.append(record)

    def close(self) -> None:
        self.closed = True


class Forgets(Kept):
    """A sink that keeps nothing."""

    def write(self, record: dict[str, Any]) -> None:
        pass


def export(run: Path, sink: type[Kept] = Kept, **fields: Any) -> tuple[dict[str, Kept], ExportTally]:
    """Export a run into sinks."""
    source = {"template": ExportTemplate.load("detection"), "as_record": ANY, "skip_bad": False}
    source |= {name: fields.pop(name) for name in source if name in fields}
    job = Export(PairRecords(examples_in(RunDirectory(Disk(), run)), **source), **fields)
    sinks = {side: sink() for side in job.sides}
    tally = job.write(sinks)
    assert all(one.closed for one in sinks.values())
    return sinks, tally


def ids(sink: Kept) -> list[tuple[str, str]]:
    """Note and label of each record."""
    return [(record["original_note_id"], record["verdict"]) for record in sink.records]


def test_examples_come_in_input_order(tmp_path: Path) -> None:
    """For each pair CORRECT, then INCORRECT."""
    sinks, tally = export(make_run(tmp_path / "out", map(make_pair, range(3))))
    assert ids(sinks["train"]) == [
        (f"ms-train-{number}", label) for number in range(3) for label in ("CORRECT", "INCORRECT")
    ]
    assert (tally.pairs, tally.of_corpus, tally.examples) == (3, 3, Counter(train=6))


def case(number: int) -> Pair:
    """A pair whose incorrect note begins like that of every hundredth other."""
    correct, incorrect = make_pair(number)
    return correct, incorrect | {"note": f"{f'case{number % 100} ' * 20} is told for the {number}th time."}


@pytest.mark.parametrize("shuffle_seed", [None, 3])
def test_both_examples_of_a_pair_and_of_its_case_are_on_one_side(tmp_path: Path, shuffle_seed: int | None) -> None:
    """A hundred cases, each told twice."""
    run = make_run(tmp_path / "out", map(case, range(200)))
    sinks, tally = export(run, split=Split.parse("60/20/20", 1), shuffle_seed=shuffle_seed)
    numbers = {
        side: [int(note_id.removeprefix("ms-train-")) for note_id, _ in ids(sink)] for side, sink in sinks.items()
    }
    assert sorted(chain.from_iterable(numbers.values())) == sorted([*range(200), *range(200)])
    cases = {side: Counter(number % 100 for number in found) for side, found in numbers.items()}
    for side, sink in sinks.items():
        assert set(cases[side].values()) == {4}
        assert len(set(ids(sink))) == len(numbers[side]) == tally.examples[side]


def test_prepare_would_have_put_a_pair_on_the_same_side(tmp_path: Path) -> None:
    """By the opening of the incorrect note, which is the input's, and the seed."""
    split = Split.parse("50/50", 4)
    sinks, _ = export(make_run(tmp_path / "out", map(make_pair, range(40))), split=split)
    for side, sink in sinks.items():
        assert {
            split.side(vignette(record["messages"][1]["content"].split("\n\n")[1]))
            for record in sink.records
            if record["verdict"] == "INCORRECT"
        } == {side}


def test_a_shuffle_changes_the_order_and_nothing_else(tmp_path: Path) -> None:
    """Seeded: the same again for the same seed."""
    run = make_run(tmp_path / "out", map(make_pair, range(50)))
    plain, first, again, other = (export(run, shuffle_seed=seed)[0]["train"].records for seed in (None, 1, 1, 2))
    assert first == again
    assert first != plain
    assert first != other
    assert sorted(map(str, first)) == sorted(map(str, plain))


def test_a_pair_that_lacks_something_ends_the_export(tmp_path: Path) -> None:
    """With its name and what to do."""
    pairs = [make_pair(0), make_pair(1, correction=None), make_pair(2)]
    run = make_run(tmp_path / "out", pairs)
    with pytest.raises(BadDataError, match=r"'ms-train-1': it has no corrected_sentence; .*skip_bad=True"):
        export(run, template=ExportTemplate.load("correction"))


@pytest.mark.parametrize("shuffle_seed", [None, 3])
def test_or_the_whole_pair_is_left_out_and_counted(tmp_path: Path, shuffle_seed: int | None) -> None:
    """CORRECT and INCORRECT stay equal, and a shuffle still finds the lines of the others."""
    pairs = [make_pair(number, **({"correction": None} if number in {1, 2, 6} else {})) for number in range(7)]
    run = make_run(tmp_path / "out", pairs)
    sinks, tally = export(
        run, template=ExportTemplate.load("correction"), shuffle_seed=shuffle_seed, skip_bad=True
    )
    assert tally.left_out == ["ms-train-1", "ms-train-2", "ms-train-6"]
    assert sorted(ids(sinks["train"])) == [
        (f"ms-train-{number}", label) for number in (0, 3, 4, 5) for label in ("CORRECT", "INCORRECT")
    ]


def test_memory_does_not_grow_with_the_pairs(tmp_path: Path) -> None:
    """But for a shuffle, which holds 16 bytes an example."""
    peaks = {}
    for count in (500, 5000):
        run = make_run(tmp_path / f"out-{count}", map(make_pair, range(count)))
        for seed in (None, 1):
            export(run, Forgets, shuffle_seed=seed)
            tracemalloc.start()
            export(run, Forgets, shuffle_seed=seed)
            peaks[count, seed] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    # READ_CHUNK and the lines cut from it are what both hold; arrays grow in steps of an eighth.
    assert peaks[5000, None] - peaks[500, None] < 2 << 20
    assert peaks[5000, 1] - peaks[5000, None] < 9000 * 16 * 1.5 + (1 << 18)
