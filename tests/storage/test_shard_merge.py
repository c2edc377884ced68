"""Shards that are joined are the run that was never cut."""

import asyncio
import json
import random
import shutil
from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
from engine.test_single_run import index_of

from asyncgen.chat import Adaptation, Completion, Usage
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.config import DEFAULT_BASE_URL, EndpointConfig, RunConfig, shipped
from asyncgen.cost import Spend
from asyncgen.engine.session import Summary
from asyncgen.engine.single_run import Run
from asyncgen.errors import AsyncgenError, BadDataError, DiskError, Interrupted
from asyncgen.events import PairDone
from asyncgen.recipes.medec_safe import MedecSafe
from asyncgen.recipes.prompts import PromptFile
from asyncgen.shard import Shard
from asyncgen.storage.checkpoint import load_statistics
from asyncgen.storage.disk import Disk
from asyncgen.storage.journal import Journal
from asyncgen.storage.layout import FAILED, STATISTICS, RunDirectory
from asyncgen.storage.learned_adaptations import known_adaptations
from asyncgen.storage.shard_merge import join

PAIRS, OF = 31, 3
USAGE = Usage(3, 1, 4)
PROMPTS, OTHER_PROMPTS = shipped("prompts", "medec_safe.json"), shipped("prompts", "medec_small.json")
STEPS = ("paraphrase", "correct_reasoning", "error_reasoning")
OUTPUTS = ("sft_correct.jsonl", "sft_incorrect.jsonl", "sft_combined_safe.jsonl")
pytestmark = pytest.mark.looptime


class ScriptedSteps:
    """Fails the reasoning of pairs in `failing`, and refuses a field; all else is answered at random times."""

    def __init__(self) -> None:
        self.failing: set[int] = set()
        self.refuses = ""
        self.refused = 0
        self.answered = 0
        self.steps: list[tuple[int, str]] = []

    def open(self, _config: RunConfig) -> ScriptedWire:
        """What a run takes as `open_wire`."""
        return ScriptedWire(self._answer)

    async def _answer(self, request: Prepared) -> Completion | Failure:
        index = index_of(request)
        self.steps.append((index, request.step))
        await asyncio.sleep(random.Random(f"{index} {request.step}").random())
        if self.refuses and self.refuses in orjson.loads(request.body):
            self.refused += 1
            return Failure("bad_request", Action.GIVE_UP, 400, "unsupported_parameter", param=self.refuses)
        if index in self.failing and request.step == "error_reasoning":
            return Failure("bad_request", Action.GIVE_UP, 400)
        self.answered += 1
        text = '{"why": "because"}' if request.json_object else f"Paraphrase {index}."
        return Completion(text, USAGE, "scripted")


@pytest.fixture
def client() -> ScriptedSteps:
    """What answers the calls of the runs of a test."""
    return ScriptedSteps()


Go = Callable[..., Awaitable[Summary]]


@pytest.fixture
def go(tmp_path: Path, disk: Disk, client: ScriptedSteps) -> Go:
    """Runs, of a shard or of the whole, into a directory of that name."""

    def write(pairs: int, edited: int | None) -> Path:
        rows = [
            {"note_id": str(n), "correct_note": f"right {n}" + "!" * (n == edited), "incorrect_note": f"wrong {n}"}
            for n in range(pairs)
        ]
        source = tmp_path / "pairs.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return source

    async def run(
        name: str,
        shard: Shard | None = None,
        *,
        pairs: int = PAIRS,
        edited: int | None = None,
        stop_after: int | None = None,
        reasoning: bool = True,
        prompts: Path = PROMPTS,
        base_url: str = DEFAULT_BASE_URL,
        **settings: Any,
    ) -> Summary:
        config = RunConfig(
            input_jsonl=write(pairs, edited),
            output_dir=tmp_path / name,
            prompt_file=prompts,
            shard=shard,
            endpoints=(EndpointConfig(base_url=base_url, concurrency=3),),
            max_failed_share=1.0,
            **settings,
        )
        recipe = MedecSafe(PromptFile.load(prompts), add_reasoning=reasoning)
        done = 0

        def observe(event: object) -> None:
            nonlocal done
            done += isinstance(event, PairDone)
            if done == stop_after:
                work.stop(Interrupted("asked to"))

        work = Run(config, recipe, [observe], disk, open_wire=client.open)
        return await work.execute()

    return run


def on(disk: Disk, places: Iterable[Path]) -> list[RunDirectory]:
    """Directories on a disk."""
    return [RunDirectory(disk, place) for place in places]


def files(directory: Path) -> dict[str, bytes]:
    """The files in step that there are."""
    return {name: path.read_bytes() for name in (*OUTPUTS, FAILED) if (path := directory / name).exists()}


async def all_shards(go: Go, of: int = OF) -> list[str]:
    """Run every shard; the names of their directories, in disorder."""
    names = [f"out-{number}" for number in range(1, of + 1)]
    for number, name in enumerate(names, 1):
        await go(name, Shard(number, of))
    return names[::-1]


async def test_eight_shards_joined_are_the_single_run(go: Go, tmp_path: Path, disk: Disk) -> None:
    """To the byte, with its counts and what it has cost, though one of them was interrupted."""
    await go("whole")
    with pytest.raises(Interrupted):
        await go("out-3", Shard(3, 8), stop_after=2)
    names = await all_shards(go, 8)
    state = join(on(disk, [tmp_path / name for name in names]), RunDirectory(disk, tmp_path / "joined"))
    assert files(tmp_path / "joined") == files(tmp_path / "whole")
    whole = load_statistics(RunDirectory(disk, tmp_path / "whole"))
    assert whole is not None
    assert load_statistics(RunDirectory(disk, tmp_path / "joined")) == state == whole
    assert (tmp_path / "joined").stat().st_mode & 0o777 == 0o700


async def test_the_joined_run_knows_what_any_of_its_shards_has_learned(
    go: Go, tmp_path: Path, disk: Disk, client: ScriptedSteps
) -> None:
    """So does a shard that was killed, by its journal alone; the next start of the whole is refused nothing."""
    client.refuses = "top_p"
    names = await all_shards(go)
    shards = on(disk, [tmp_path / name for name in names])
    known = known_adaptations(shards[0])
    assert {(one.step, one.name) for one in known} == {(step, "top_p") for step in STEPS}
    state = join(shards, RunDirectory(disk, tmp_path / "joined"))
    assert set(state.adaptations) == set(known)
    client.refused = 0
    await go("joined", pairs=PAIRS + 1)
    assert client.refused == 0


async def test_what_a_killed_run_has_learned_is_in_its_journal(tmp_path: Path, disk: Disk) -> None:
    """The checkpoint does not know it yet."""
    directory = RunDirectory(disk, tmp_path)
    directory.make()
    assert known_adaptations(directory) == ()
    journal = Journal(directory, {}, lambda _: True, lambda _: None, 4096, Spend())
    learned = Adaptation("", "paraphrase", ("top_p",), "top_p", None)
    journal.answered(0, "paraphrase", "hash", Completion("text", Usage(), "m"))
    journal.adapted(learned)
    assert known_adaptations(directory) == (learned,)
    journal.close()


async def test_the_plain_command_finds_the_joined_run_complete(
    go: Go, tmp_path: Path, disk: Disk, client: ScriptedSteps
) -> None:
    """And extends it when the input grows."""
    names = await all_shards(go)
    join(on(disk, [tmp_path / name for name in names]), RunDirectory(disk, tmp_path / "joined"))
    client.steps.clear()
    assert (await go("joined")).already_complete
    assert client.steps == []
    assert (await go("joined", pairs=PAIRS + 1)).stats["total_pairs"] == PAIRS + 1
    assert {index for index, _ in client.steps} == {PAIRS}


async def test_pairs_that_failed_in_shards_are_repaired_in_the_joined_run(
    go: Go, tmp_path: Path, disk: Disk, client: ScriptedSteps
) -> None:
    """What was paid for them is not asked again."""
    client.failing.update({3, 15, 30})
    names = await all_shards(go)
    await go("whole")
    join(on(disk, [tmp_path / name for name in names]), RunDirectory(disk, tmp_path / "joined"))
    assert files(tmp_path / "joined") == files(tmp_path / "whole")
    assert FAILED in files(tmp_path / "joined")
    paid = {step for step in client.steps if step not in {(index, "error_reasoning") for index in client.failing}}
    client.failing.clear()
    client.steps.clear()
    await go("joined")
    assert {index for index, _ in client.steps} == {3, 15, 30}
    assert not paid & set(client.steps)
    await go("whole")
    assert files(tmp_path / "joined") == files(tmp_path / "whole")
    assert FAILED not in files(tmp_path / "joined")


async def test_what_an_interrupted_repair_has_paid_and_learned_is_in_the_joined_run(
    go: Go, tmp_path: Path, disk: Disk, client: ScriptedSteps
) -> None:
    """The statistics of its shard are those of before it; the bill is not."""
    client.failing.update({11, 12, 13, 14, 30})
    shards = on(disk, [tmp_path / name for name in await all_shards(go)])
    client.failing.clear()
    client.refuses = "top_p"
    with pytest.raises(Interrupted):
        await go("out-2", Shard(2, OF), stop_after=1)
    state = join(shards, RunDirectory(disk, tmp_path / "joined"))
    assert state.spend.prompt_tokens == USAGE.prompt_tokens * client.answered
    assert {found.name for found in state.adaptations} == {"top_p"}
    await go("joined")
    repaired = load_statistics(RunDirectory(disk, tmp_path / "joined"))
    assert repaired is not None
    assert repaired.spend.prompt_tokens == USAGE.prompt_tokens * client.answered
    assert client.answered == PAIRS * len(STEPS)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"model": "other"}, "model"),
        ({"base_url": "http://127.0.0.1:1/v1"}, "endpoint"),
        ({"prompts": OTHER_PROMPTS}, "correct_paraphrase_system"),
        ({"reasoning": False}, "add_reasoning"),
        ({"shard": Shard(2, OF + 1)}, "one of 4 shards"),
        ({"shard": None}, "out-2 holds a whole run"),
        ({"pairs": PAIRS + 8}, "cut from 39 pairs"),
        ({"edited": 2}, "does not start where"),
    ],
    ids=["model", "endpoint", "prompts", "recipe", "number of shards", "whole", "grown input", "edited input"],
)
async def test_shards_of_different_runs_are_refused(
    go: Go, tmp_path: Path, disk: Disk, changed: dict[str, Any], says: str
) -> None:
    """Nothing is written."""
    names = await all_shards(go)
    (tmp_path / "out-2").rename(tmp_path / "other")
    await go("out-2", **{"shard": Shard(2, OF), **changed})
    with pytest.raises(BadDataError, match=says):
        join(on(disk, [tmp_path / name for name in names]), RunDirectory(disk, tmp_path / "joined"))
    assert not [name for name in disk.list_directory(tmp_path) if name.startswith("joined")]


@pytest.mark.parametrize("name", [*OUTPUTS, STATISTICS])
async def test_a_shard_that_was_edited_is_refused(go: Go, tmp_path: Path, disk: Disk, name: str) -> None:
    """One byte is enough."""
    names = await all_shards(go)
    path = tmp_path / "out-2" / name
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    with pytest.raises(BadDataError, match=name):
        join(on(disk, [tmp_path / name for name in names]), RunDirectory(disk, tmp_path / "joined"))
    assert not [name for name in disk.list_directory(tmp_path) if name.startswith("joined")]


@pytest.mark.parametrize("name", OUTPUTS)
async def test_a_shard_that_lacks_a_file_is_refused(go: Go, tmp_path: Path, disk: Disk, name: str) -> None:
    """That is the shard's fault, not the disk's: to try again would not help."""
    names = await all_shards(go)
    (tmp_path / "out-2" / name).unlink()
    with pytest.raises(BadDataError, match="was changed since"):
        join(on(disk, [tmp_path / name for name in names]), RunDirectory(disk, tmp_path / "joined"))
    assert not [name for name in disk.list_directory(tmp_path) if name.startswith("joined")]


async def test_a_shard_that_has_not_reached_its_end_is_refused(go: Go, tmp_path: Path, disk: Disk) -> None:
    """It can still be gone on with."""
    names = await all_shards(go)
    (tmp_path / "out-2").rename(tmp_path / "other")
    with pytest.raises(Interrupted):
        await go("out-2", Shard(2, OF), stop_after=2)
    with pytest.raises(BadDataError, match="out-2 is not finished"):
        join(on(disk, [tmp_path / name for name in names]), RunDirectory(disk, tmp_path / "joined"))
    await go("out-2", Shard(2, OF))
    join(on(disk, [tmp_path / name for name in names]), RunDirectory(disk, tmp_path / "joined"))


async def test_places_that_hold_no_shard_and_targets_that_hold_something_are_refused(
    go: Go, tmp_path: Path, disk: Disk
) -> None:
    """Each by its name; and a shard in use, by a process."""
    shards = [tmp_path / name for name in await all_shards(go)]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "diary.txt").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "full")
    (tmp_path / "twin").symlink_to(shards[0])
    for places, target, says in [
        ([*shards, tmp_path], "joined", "holds no shard"),
        ([*shards, tmp_path / "pairs.jsonl"], "joined", "holds no shard"),
        ([*shards, shards[0]], "joined", "given twice"),
        ([*shards, tmp_path / "twin"], "joined", "given twice"),
        (shards, "full", "full is not empty"),
        (shards, "link", "link is not empty"),
        (shards, "pairs.jsonl", "pairs.jsonl is not empty"),
    ]:
        with pytest.raises(BadDataError, match=says):
            join(on(disk, places), RunDirectory(disk, tmp_path / target))
    lock = disk.lock(shards[1] / ".asyncgen" / "lock")
    with pytest.raises(AsyncgenError, match="in use by another run"):
        join(on(disk, shards), RunDirectory(disk, tmp_path / "joined"))
    disk.close_descriptor(lock)
    assert (tmp_path / "full" / "diary.txt").read_text() == "mine"


async def test_what_a_crash_left_is_no_obstacle(
    go: Go, tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the last moment there is no run in the target; afterwards there is a whole one."""
    shards = [tmp_path / name for name in await all_shards(go)]

    def refuse(_source: Path, target: Path) -> None:
        if target.name == "joined":
            raise DiskError("no")

    with monkeypatch.context() as patched:
        patched.setattr(disk, "rename", refuse)
        with pytest.raises(DiskError):
            join(on(disk, shards), RunDirectory(disk, tmp_path / "joined"))
    assert not (tmp_path / "joined").exists()
    (tmp_path / "joined.joining" / ".asyncgen").mkdir(parents=True)
    (tmp_path / "joined.joining" / "sft_correct.jsonl").write_bytes(b"torn")
    join(on(disk, shards), RunDirectory(disk, tmp_path / "joined"))
    await go("whole")
    assert files(tmp_path / "joined") == files(tmp_path / "whole")


async def test_what_no_merge_has_built_is_not_removed(go: Go, tmp_path: Path, disk: Disk) -> None:
    """Whoever named it so: a directory of notes, a run, a file, a link."""
    shards = [tmp_path / name for name in await all_shards(go)]
    beside, target = tmp_path / "joined.joining", RunDirectory(disk, tmp_path / "joined")
    beside.mkdir()
    (beside / "diary.txt").write_text("mine")
    with pytest.raises(BadDataError, match="is in the way"):
        join(on(disk, shards), target)
    assert (beside / "diary.txt").read_text() == "mine"
    shutil.rmtree(beside)
    await go(beside.name, Shard(1, OF))
    kept = files(beside)
    with pytest.raises(BadDataError, match="is in the way"):
        join(on(disk, shards), target)
    assert files(beside) == kept
    shutil.rmtree(beside)
    beside.write_text("mine")
    with pytest.raises(BadDataError, match="is in the way"):
        join(on(disk, shards), target)
    beside.unlink()
    beside.symlink_to(shards[0])
    with pytest.raises(BadDataError, match="is in the way"):
        join(on(disk, shards), target)
    assert beside.is_symlink()
    beside.unlink()
    join(on(disk, shards), target)


class Killed(BaseException):
    """What would have come next never happens."""


class MortalDisk(Disk):
    """Dies at an operation that changes something, in the middle of it where it has one; and counts these.

    Remembers what is synced when the target gets its name.
    """

    def __init__(self, dies_at: int | None = None) -> None:
        super().__init__()
        self._dies_at = dies_at
        self.operations = 0
        self.written: set[Path] = set()
        self.synced: set[Path] = set()

    def _strike(self) -> bool:
        self.operations += 1
        return self.operations == self._dies_at

    def make_directory(self, path: Path) -> None:
        if self._strike():
            raise Killed
        super().make_directory(path)

    def open_append(self, path: Path) -> int:
        if self._strike():
            raise Killed
        self.synced.discard(path.parent)
        return super().open_append(path)

    def write(self, fd: int, data: bytes, path: Path) -> None:
        self.written.add(path)
        self.synced.discard(path)
        if self._strike():
            super().write(fd, data[: len(data) // 2], path)
            raise Killed
        super().write(fd, data, path)

    def fsync(self, fd: int, path: Path) -> None:
        if self._strike():
            raise Killed
        super().fsync(fd, path)
        self.synced.add(path)

    def fsync_directory(self, path: Path) -> None:
        if self._strike():
            raise Killed
        super().fsync_directory(path)
        self.synced.add(path)

    def rename(self, source: Path, target: Path) -> None:
        if self._strike():
            raise Killed
        if target.name == "joined":
            assert {path for path in self.written if path.is_relative_to(source)} <= self.synced
            assert {source, source / ".asyncgen"} <= self.synced
        self.written.discard(source)
        self.synced.discard(target.parent)
        super().rename(source, target)


async def test_wherever_it_is_killed_the_target_is_absent_or_whole(
    go: Go, tmp_path: Path, disk: Disk, client: ScriptedSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every operation, and within every write; the same command then makes it, and all is synced before."""
    client.failing.add(15)
    shards = [tmp_path / name for name in await all_shards(go)]
    await go("whole")
    target, golden = tmp_path / "joined", files(tmp_path / "whole")
    state = load_statistics(RunDirectory(disk, tmp_path / "whole"))
    counting = MortalDisk()
    join(on(counting, shards), RunDirectory(counting, target))
    assert target.parent in counting.synced
    counting.close()
    for moment in range(1, counting.operations + 1):
        shutil.rmtree(target)
        mortal = MortalDisk(dies_at=moment)
        with monkeypatch.context() as patched:
            patched.setattr(ExitStack, "callback", _only_locks(ExitStack.callback))  # the dead clean up nothing
            with pytest.raises(Killed):
                join(on(mortal, shards), RunDirectory(mortal, target))
        mortal.close()
        if not target.exists():
            join(on(disk, shards), RunDirectory(disk, target))
        assert files(target) == golden
        assert load_statistics(RunDirectory(disk, target)) == state
        assert not (tmp_path / "joined.joining").exists()


def _only_locks(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Registers what the kernel does for the dead, and nothing else."""

    def register(stack: ExitStack, function: Callable[..., Any], *args: Any, **named: Any) -> Any:
        return None if function is shutil.rmtree else callback(stack, function, *args, **named)

    return register


async def test_calls_of_all_shards_can_be_traced_in_the_joined_run(
    go: Go, tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a line of a crash does not spoil the next one."""
    shards = [tmp_path / name for name in await all_shards(go)]
    for number, shard in enumerate(shards):
        torn = b'{"index": 1' if number == 1 else b""
        (shard / ".asyncgen" / "calls.jsonl").write_bytes(orjson.dumps({"shard": number}) + b"\n" + torn)
    join(on(disk, shards), RunDirectory(disk, tmp_path / "joined"))
    lines = (tmp_path / "joined" / ".asyncgen" / "calls.jsonl").read_bytes().splitlines()
    whole = [json.loads(line)["shard"] for line in lines if line.endswith(b"}")]
    assert sorted(whole) == list(range(OF))
    assert len(lines) == OF + 1
