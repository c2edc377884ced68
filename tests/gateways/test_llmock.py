"""llmock, a server for tests of clients: its own faults and bodies, without a gateway."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gateways.conftest import Through
from tests.gateways.outcome import check_whole, outcomes
from tests.gateways.processes import ServerProcess, free_port
from tests.gateways.programs import python_program

pytestmark = [pytest.mark.gateways, pytest.mark.timeout(180)]

FAULTS = ("--error-rate-429", "0.01", "--error-rate-500", "0.1", "--error-rate-503", "0.01")


@pytest.fixture
def llmock(started, tmp_path: Path) -> Callable[..., ServerProcess]:
    """Start it with flags."""

    def start(*flags: str) -> ServerProcess:
        port = free_port()
        words = [python_program("llmock"), "serve", "--host", "127.0.0.1", "--port", str(port), *flags]
        return started(ServerProcess(words, port, tmp_path / "llmock.log", seconds=60))

    return start


def test_its_faults_change_no_byte(llmock, through):
    """429 and 503 with Retry-After and 500 by chance, against a run without any."""
    sound: Through = through(llmock().port)
    sound.run()
    golden = sound.outputs()
    job: Through = through(llmock(*FAULTS).port)
    job.output_dir = sound.output_dir.with_name("faulty")

    check_whole(job.run(), job, golden)

    assert outcomes(job.calls())[500] > 0
