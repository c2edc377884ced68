"""Shards that are joined are the run that was never cut."""

import json
from pathlib import Path

import orjson
import pytest

from asyncgen.chat import Adaptation, Completion, Usage
from asyncgen.cost import Spend
from asyncgen.errors import Interrupted
from asyncgen.shard import Shard
from asyncgen.storage.checkpoint import load_statistics
from asyncgen.storage.disk import Disk
from asyncgen.storage.journal import Journal
from asyncgen.storage.layout import FAILED, RunDirectory
from asyncgen.storage.learned_adaptations import known_adaptations
from asyncgen.storage.shard_merge import join

from .shards import OF, PAIRS, STEPS, USAGE, Go, ScriptedSteps, all_shards, files, on

pytestmark = pytest.mark.virtual_clock


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


async def test_shards_of_which_every_row_failed_leave_the_files_of_the_single_run(
    go: Go, tmp_path: Path, disk: Disk, client: ScriptedSteps
) -> None:
    """No output, not an empty one."""
    client.failing.update(range(few := 6))
    for number in range(1, OF + 1):
        await go(f"out-{number}", Shard(number, OF), pairs=few)
    await go("whole", pairs=few)
    join(
        on(disk, [tmp_path / f"out-{number}" for number in range(1, OF + 1)]),
        RunDirectory(disk, tmp_path / "joined"),
    )
    assert files(tmp_path / "joined") == files(tmp_path / "whole")
    assert set(files(tmp_path / "joined")) == {FAILED}


async def test_the_joined_run_has_had_the_repairs_of_any_of_its_shards(
    go: Go, tmp_path: Path, disk: Disk, client: ScriptedSteps
) -> None:
    """Else answers that were rejected in one of them would count against the next repair."""
    client.failing.add(3)
    names = await all_shards(go)
    await go("out-1", Shard(1, OF))
    state = join(on(disk, [tmp_path / name for name in names]), RunDirectory(disk, tmp_path / "joined"))
    assert state.repairs == 1


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
