"""What the model disk takes for granted of the real one."""

import asyncio
import errno
import gc
import os
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import orjson
import pytest

from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.engine import single_run as pipeline
from asyncgen.errors import AsyncgenError, BadDataError, DiskError, Exit, TryLaterError
from asyncgen.recipes.medec_safe import MedecSafe
from asyncgen.recipes.prompts import PromptFile
from asyncgen.storage.checkpoint import decode, encode
from asyncgen.storage.disk import Disk

from .world import OUTPUTS, PROMPTS, Network, NetworkDisk

HOLD = """
import sys, time
from pathlib import Path
from asyncgen.storage.disk import Disk
Disk().lock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


async def run(directory: Path, pairs: int = 3) -> Path:
    """Run a few pairs into `out`, against a scripted network; the output directory."""
    lines = [
        orjson.dumps({"note_id": f"n{i}", "correct_note": f"note {i} right", "incorrect_note": f"note {i} wrong"})
        for i in range(pairs)
    ]
    input_jsonl = directory / "pairs.jsonl"
    input_jsonl.write_bytes(b"\n".join(lines))
    recipe = MedecSafe(PromptFile(PROMPTS, directory / "prompts.json"), add_reasoning=False)
    config = RunConfig(
        input_jsonl=input_jsonl,
        output_dir=directory / "out",
        prompt_file=directory / "prompts.json",
        endpoints=(EndpointConfig(base_url="http://127.0.0.1:1/v1", concurrency=2),),
    )
    network = Network(disk=NetworkDisk())
    disk = Disk()
    try:
        await pipeline.Run(config, recipe, [], disk, open_wire=lambda _: ScriptedWire(network.script)).execute()
    finally:
        disk.close()
    return directory / "out"


async def test_files_are_for_their_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Directories are made 0700 and files 0600, whatever the umask allows."""
    before = os.umask(0)
    try:
        out = await run(tmp_path)
    finally:
        os.umask(before)
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in (out, *out.rglob("*"))}
    assert {path for path, mode in found.items() if mode != (0o700 if path.is_dir() else 0o600)} == set()
    assert len(found) > 6


@pytest.mark.parametrize(
    "name",
    [OUTPUTS[0], "checkpoint.json", "failed.jsonl", "generation_stats_safe.json", ".asyncgen/lock"],
)
async def test_a_symbolic_link_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is read or written through a link, and what it points to stays as it is."""
    target = tmp_path / "precious"
    target.write_text("precious")
    link = tmp_path / "out" / name
    link.parent.mkdir(parents=True, mode=0o700)
    link.symlink_to(target)
    with pytest.raises((DiskError, BadDataError)) as refused:
        await run(tmp_path)
    assert refused.value.exit_code in {Exit.DISK, Exit.BAD_DATA}
    assert str(link) in str(refused.value)
    assert target.read_text() == "precious"


async def test_a_state_directory_that_is_a_symbolic_link_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Journal and log would be written where the link points to, which others may read."""
    elsewhere, link = tmp_path / "elsewhere", tmp_path / "out" / ".asyncgen"
    elsewhere.mkdir()
    link.parent.mkdir(mode=0o700)
    link.symlink_to(elsewhere)
    with pytest.raises(DiskError, match=str(link)):
        await run(tmp_path)
    assert not list(elsewhere.iterdir())


async def test_a_segment_that_is_a_symbolic_link_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal is not read through a link either; a run that was cut short is going on here."""
    out = await run(tmp_path)
    statistics = decode((out / "generation_stats_safe.json").read_bytes())
    (out / "checkpoint.json").write_bytes(encode({**statistics, "stats": statistics}))
    target = tmp_path / "precious"
    target.write_text("precious")
    (out / ".asyncgen" / "journal-00000001.jsonl").symlink_to(target)
    with pytest.raises(DiskError, match=r"symbolic link|not a regular file"):
        await run(tmp_path)
    assert target.read_text() == "precious"


async def test_a_lock_held_elsewhere_names_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory in use by another process is left alone: try later, and who it is."""
    out = await run(tmp_path)
    before = {path: path.read_bytes() for path in out.iterdir() if path.is_file()}
    with subprocess.Popen(  # noqa: ASYNC220 - it holds the lock and does nothing else
        [sys.executable, "-c", HOLD, str(out / ".asyncgen" / "lock")], stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(TryLaterError, match=f"process {holder.pid}") as refused:
                await run(tmp_path, pairs=4)
        finally:
            holder.kill()
    assert refused.value.exit_code is Exit.TRY_LATER
    assert {path: path.read_bytes() for path in out.iterdir() if path.is_file()} == before
    await run(tmp_path, pairs=4)  # the lock went with its process


def test_a_file_system_that_cuts_no_file_can_be_locked(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a process with a longer id has held the lock before."""

    def refuse(_fd: int, _size: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "ftruncate", refuse)
    path = tmp_path / "lock"
    path.write_text("4194304\n")
    fd = disk.lock(path)
    os.close(fd)
    assert path.read_text().split() == [str(os.getpid())]


async def test_short_writes_are_completed(disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the system takes only a few bytes at a time, everything is written all the same."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data)[:3]))
    path = tmp_path / "file"
    fd = disk.open_append(path)
    disk.write(fd, b"0123456789", path)
    disk.close_descriptor(fd)
    assert path.read_bytes() == b"0123456789"

    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: pwrite(fd, bytes(data)[:3], offset))
    fd = disk.open_write(path)
    disk.write_at(fd, b"abcdefgh", 6, path)
    disk.close_descriptor(fd)
    assert path.read_bytes() == b"012345abcdefgh"

    output = await disk.open_output(tmp_path / "output")

    async def short(data: memoryview) -> int:
        return write(output.fd, bytes(data)[:3])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output._file, "write", short)
        await output.append(b"0123456789")
    await output.close()
    assert (tmp_path / "output").read_bytes() == b"0123456789"


def test_a_failed_sync_fails_all_later_ones(disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an fsync failed the system is not asked again: it would say that all is well."""
    calls = []

    def fails(fd: int) -> None:
        calls.append(fd)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    fd = disk.open_append(tmp_path / "file")
    monkeypatch.setattr(os, "fsync", fails)
    for _ in range(3):
        with pytest.raises(DiskError) as refused:
            disk.fsync(fd, tmp_path / "file")
        assert refused.value.errno == errno.EIO
    with pytest.raises(DiskError):
        disk.fsync_directory(tmp_path)
    disk.close_descriptor(fd)
    assert len(calls) == 1


def _synced(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The inodes that are synced from now on."""
    inodes: set[int] = set()
    monkeypatch.setattr(os, "fsync", lambda fd: inodes.add(os.fstat(fd).st_ino))
    return inodes


def test_a_new_directory_is_durable(disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes a directory syncs the one that it stands in, as the model disk does."""
    inodes = _synced(monkeypatch)
    disk.make_directory(tmp_path / "a" / "b")
    assert inodes == {tmp_path.stat().st_ino, (tmp_path / "a").stat().st_ino}


def test_a_directory_that_is_there_is_made_durable_too(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been made by a run that was killed before it synced."""
    inodes = _synced(monkeypatch)
    disk.make_directory(tmp_path)
    assert inodes == {tmp_path.parent.stat().st_ino}


def test_a_cut_is_durable(disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever cuts a file at the start syncs it, as the model disk does."""
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    inodes = _synced(monkeypatch)
    disk.truncate(path, 4)
    assert (path.read_bytes(), inodes) == (b"0123", {path.stat().st_ino})


def test_every_error_of_the_disk_is_one_for_people(disk: Disk, tmp_path: Path) -> None:
    """Errors of the system come out with the file's name and the exit code of the disk."""
    missing = tmp_path / "missing" / "file"
    for call in (
        lambda: disk.open_append(missing),
        lambda: disk.truncate(missing, 0),
        lambda: disk.rename(missing, tmp_path / "other"),
        lambda: disk.fsync_directory(missing),
        lambda: disk.size(tmp_path),
    ):
        with pytest.raises(AsyncgenError) as refused:
            call()
        assert refused.value.exit_code is Exit.DISK
        assert str(tmp_path) in str(refused.value)


async def test_a_file_is_closed_whose_reader_is_cancelled_while_it_opens(tmp_path: Path) -> None:
    """The opening goes on in the helper thread, and nobody takes what it gives: the collector would warn."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    disk = Disk()

    async def read() -> bytes:
        return await anext(disk.read_input(path, 0))

    reading, writer = asyncio.create_task(read()), None
    while writer is None:
        await asyncio.sleep(0)
        with suppress(OSError):  # the reader is not in its call yet
            writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    os.close(writer)
    disk.close()
    gc.collect()


def test_a_pipe_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    """Nobody writes into it: opening it would wait for ever."""
    path = tmp_path / "checkpoint.json"
    os.mkfifo(path)
    with pytest.raises(DiskError, match=r"cannot read .*checkpoint\.json: \w+ .*seek"):
        Disk().read(path)
    with pytest.raises(DiskError, match=r"cannot read .*checkpoint\.json: \w+ .*seek"):
        next(Disk().chunks(path))
