"""Files that are named by a flag and are no regular ones: nothing waits for ever or fills the memory."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asyncgen.cli.env_file import load_env_file
from asyncgen.cli.event_log_file import EventLogFile
from asyncgen.cli.main import main
from asyncgen.errors import UsageError
from asyncgen.events import Notice
from asyncgen.medec.csv_files import COLUMNS, read_csv
from asyncgen.planning.prices import load_price
from asyncgen.small_files import read_small_file, read_small_text, read_toml

READERS: dict[str, Callable[[Path], object]] = {
    "toml": lambda path: read_toml(path, "the configuration"),
    "prices": lambda path: load_price("m", path, None),
    "env": load_env_file,
    "csv": lambda path: list(read_csv(path, read_small_file)),
}


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """One that nobody has opened; a price map by its name."""
    path = tmp_path / "pipe.json"
    os.mkfifo(path)
    return path


@pytest.fixture
def written() -> Iterator[Callable[[bytes], Path]]:
    """What a shell makes of `<(…)`."""
    readers = []

    def write(content: bytes) -> Path:
        reader, writer = os.pipe()
        readers.append(reader)
        os.write(writer, content)
        os.close(writer)
        return Path(f"/dev/fd/{reader}")

    yield write
    for reader in readers:
        os.close(reader)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
def test_a_pipe_into_which_nothing_writes_is_not_waited_for(read: Callable[[Path], object], pipe: Path) -> None:
    """It may be a leftover, and nothing says that a writer will come."""
    with pytest.raises(UsageError, match=r"pipe\.json: it is a pipe into which nothing writes"):
        read(pipe)


def test_prepare_takes_what_a_shell_substitutes(written: Callable[[bytes], Path], tmp_path: Path) -> None:
    """A look at what kind of file it is took its beginning away."""
    content = f"{','.join(COLUMNS)}\nid,It is wrong.,1,NA,NA,It is right.\n".encode()
    assert main(["prepare", "medec", str(written(content)), "-o", str(tmp_path / "pairs.jsonl")]) == 0


def test_prepare_does_not_wait_for_a_pipe_into_which_nothing_writes(
    pipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not to look at its kind either."""
    assert main(["prepare", "medec", str(pipe), "-o", str(pipe.with_name("pairs.jsonl"))]) == 2
    assert "it is a pipe into which nothing writes" in capsys.readouterr().err


@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
def test_a_device_without_an_end_does_not_fill_the_memory(read: Callable[[Path], object]) -> None:
    """It would, and the operating system would end the program."""
    with pytest.raises(UsageError, match=r"/dev/zero: it has no size, and holds more than 64 MiB"):
        read(Path("/dev/zero"))


def test_what_a_shell_substitutes_may_be_read_more_than_once(written: Callable[[bytes], Path]) -> None:
    """A configuration is read for its flags, for its fields and for its endpoints."""
    path = written(b"[param]\nseed = 3\n")
    for _ in range(3):
        assert read_toml(path, "the configuration") == {"param": {"seed": 3}}


def test_an_empty_substitution_is_an_empty_file(written: Callable[[bytes], Path]) -> None:
    """As `/dev/null` is."""
    assert read_small_file(written(b"")) == read_small_file(Path("/dev/null")) == b""


def test_a_writer_that_is_slow_is_waited_for(pipe: Path) -> None:
    """It has the pipe open, and asks for a password, say."""
    there, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with pipe.open("wb", buffering=0) as file:
            there.set()
            go_on.wait()
            file.write(b"\xef\xbb\xbfA=1\r\n")

    keeper = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # so that the writer can open it
    writer = threading.Thread(target=write)
    writer.start()
    there.wait()
    reader = threading.Thread(target=go_on.set)
    reader.start()
    assert read_small_text(pipe) == "A=1\n"
    for thread in (writer, reader):
        thread.join()
    os.close(keeper)


def test_a_log_is_not_written_to_a_pipe_from_which_nothing_reads(pipe: Path) -> None:
    """Opening it would wait; once somebody reads it, it is a log like any other."""
    with pytest.raises(UsageError, match=r"the log file .*pipe\.json: it is a pipe from which nothing reads"):
        EventLogFile(pipe, pytest.fail)

    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    log = EventLogFile(pipe, pytest.fail)
    log.add(Notice("said"))
    log.close()
    assert b'"text":"said"' in os.read(reader, 1000)
    os.close(reader)
