"""What several test files share."""

import asyncio
import gc
import os
import re
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from functools import partial
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path

import pytest
from hypothesis import settings

from asyncgen.engine.event_loop import COLLECT_AFTER
from asyncgen.storage.disk import Disk
from tests import cpu_seconds
from tests.corpus.files import CSV_NAME, PAIRS_NAME, write_corpus
from tests.corpus.real import REAL_CORPUS
from tests.effort import EXAMPLES
from tests.jumping_loop import TICK, JumpingLoop
from tests.skips import refuse_unexpected

# Collecting makes hundreds of thousands of objects that stay: to look for garbage among them again and again takes
# more than a quarter of its time.
gc.disable()

# A busy machine is no failure: the time limit of the suite is the one of pytest-timeout. The examples are the same
# each time, so that a change is judged by what it changes; `scripts/explore` looks at new ones.
settings.register_profile("asyncgen", deadline=None, derandomize=True, max_examples=EXAMPLES)
settings.register_profile("quick", deadline=None, derandomize=True, max_examples=10)
settings.register_profile("explore", deadline=None, max_examples=300, print_blob=True)
settings.load_profile("asyncgen")

LONGER = {
    "client",
    "corpus",
    "docs",
    "end_to_end",
    "engine",
    "export",
    "faults",
    "gateways",
    "legacy",
    "limits",
    "monitor",
    "quality",
    "storage",
    "torture",
}
"""Where a test starts processes or computes for a second or more: on a machine that is busy ten times over, this
takes longer than a hang is given."""

# A shell lets what it starts in the background ignore Ctrl-C, and nohup the end of the terminal: the programs that
# are tested are not to inherit that.
for _number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)

# What whoever starts them has set for other programs would decide what is sent, and how it is printed.
_FOR_OTHERS = re.compile(
    r"OPENAI_.*|(https?|all|no|ftp)_proxy|(no|force)_color|clicolor(_force)?|columns|lines|cdpath|bash_env",
    re.IGNORECASE,
)
for _name in filter(_FOR_OTHERS.fullmatch, list(os.environ)):
    del os.environ[_name]

# Tests run as in an environment that was activated: printed commands are called by their name.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

# The plugins ask for the current loop before synchronous tests too, which would make one that nobody closes.
asyncio.set_event_loop(None)


def pytest_report_header() -> str:
    """Say which data the tests run on."""
    return f"corpus: {'the own one' if REAL_CORPUS is None else f'the own one, and MEDEC in {REAL_CORPUS}'}"


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of an asynchronous test; with the marker `virtual_clock` one whose time stands still but jumps."""
    if item.get_closest_marker("virtual_clock") is not None:
        return {"virtual clock": partial(JumpingLoop, tick=0.0, work=0.0)}
    return {"real clock": asyncio.new_event_loop}


def by_worker(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """The tests in an order of which each worker begins with an equal part, of what waits and what computes mixed.

    Many that wait at once would leave the cores idle. One worker has the real model and Ray, one all networks and
    gateways; the other whole processes are divided by their files, but for the worker that has most to wait.
    """
    waiting: list[list[pytest.Item]] = [[] for _ in range(workers)]
    processes, computing = [], []
    for item in items:
        if "test_local_model" in item.nodeid or "test_cluster" in item.nodeid:
            waiting[0].append(item)
        elif "/network/" in item.nodeid or "/gateways/" in item.nodeid:
            waiting[1].append(item)
        else:
            (processes if "/end_to_end/" in item.nodeid else computing).append(item)
    others = [begin for worker, begin in enumerate(waiting) if worker != 1]
    for number, (_, file) in enumerate(groupby(processes, attrgetter("path"))):
        others[number % len(others)].extend(file)
    order: list[pytest.Item] = []
    for worker, begin in enumerate(waiting, 1):
        missing = max(len(items) * worker // workers - len(order) - len(begin), 0)
        order += mixed(begin, computing[:missing])
        computing = computing[missing:]
    return order + computing


def mixed(*kinds: list[pytest.Item]) -> list[pytest.Item]:
    """Files of several kinds of tests, of each kind as much by any place."""
    placed: list[tuple[float, list[pytest.Item]]] = []
    for kind in kinds:
        before = 0
        for _, file in groupby(kind, attrgetter("path")):
            tests = list(file)
            placed.append((before / len(kind), tests))
            before += len(tests)
    return [item for _, tests in sorted(placed, key=itemgetter(0)) for item in tests]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let each worker begin with tests that wait, and give long ones their time."""
    workers: int = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        items[:] = by_worker(items, workers)
    for item in items:
        if LONGER.intersection(item.path.parts) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(90))
    # What is there now stays to the end: collections of garbage need not look at thousands of tests each time.
    # They come as seldom as in a run.
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    gc.enable()
    cpu_seconds.begin()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--cpu N`."""
    parser.addoption(
        "--cpu", type=int, metavar="N", default=0, help="print the N tests that took most CPU seconds"
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what took most."""
    if config.option.cpu:
        terminalreporter.section(f"most {cpu_seconds.PROPERTY}")
        reports = [report for some in terminalreporter.stats.values() for report in some]
        tests = [report for report in reports if isinstance(report, pytest.TestReport)]
        for line in cpu_seconds.table(tests, config.option.cpu):
            terminalreporter.write_line(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Take back the handlers of signals that a command in this process leaves: the next test may want its own."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    result = yield
    for number, handler in before.items():
        signal.signal(number, handler)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skip is a failure, unless it is expected."""
    report = yield
    cpu_seconds.note(report)
    refuse_unexpected(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """So is the skip of a whole file."""
    report = yield
    refuse_unexpected(report)
    return report


@pytest.fixture
def disk() -> Iterator[Disk]:
    """The real disk."""
    real = Disk()
    yield real
    real.close()


@pytest.fixture(scope="session")
def own_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the corpus that was written for this project; made when asked for, in half a second."""
    directory = tmp_path_factory.mktemp("corpus")
    write_corpus(directory)
    return directory


@pytest.fixture(scope="session")
def medec_directory(request: pytest.FixtureRequest) -> Path:
    """The MEDEC data where they are at hand, else the own corpus, which is made only then."""
    return REAL_CORPUS or request.getfixturevalue("own_corpus")


@pytest.fixture(scope="session")
def medec_pairs(medec_directory: Path) -> Path:
    """Pairs for a costly proof."""
    return medec_directory / PAIRS_NAME


@pytest.fixture(scope="session")
def medec_csv(medec_directory: Path) -> Path:
    """The same choice for a file as MEDEC's authors publish it."""
    return medec_directory / CSV_NAME


@pytest.fixture(scope="session", params=["own"] if REAL_CORPUS is None else ["own", "real"])
def each_corpus(request: pytest.FixtureRequest) -> Path:
    """Each directory of data in turn, for cheap tests: the own corpus, then the MEDEC data if they are at hand."""
    if REAL_CORPUS and request.param == "real":
        return REAL_CORPUS
    directory: Path = request.getfixturevalue("own_corpus")
    return directory


@pytest.fixture(scope="session")
def each_medec_pairs(each_corpus: Path) -> Path:
    """The pairs of each corpus in turn."""
    return each_corpus / PAIRS_NAME


@pytest.fixture(scope="session")
def each_medec_csv(each_corpus: Path) -> Path:
    """The published file of each corpus in turn."""
    return each_corpus / CSV_NAME


@pytest.fixture
def start_ticking() -> Callable[[], None]:
    """Lets the virtual clock of the test move whenever it is read, as every real one does."""

    def start() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)
        loop.tick = TICK

    return start
