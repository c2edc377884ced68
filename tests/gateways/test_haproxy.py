"""HAProxy in front: an API that goes and comes, its queues, and its own death."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.test_interruptions import wait_until
from tests.gateways.conftest import ROWS, Through
from tests.gateways.haproxy import Haproxy
from tests.gateways.outcome import check_whole, finished, outcomes
from tests.gateways.processes import Api

pytestmark = [pytest.mark.gateways, pytest.mark.timeout(180)]

IN_FLIGHT = 16


@pytest.fixture
def haproxy(started, tmp_path: Path) -> Callable[..., Haproxy]:
    """Start HAProxy before an API."""

    def start(api: Api, **settings: str) -> Haproxy:
        return started(Haproxy(tmp_path, api.port, **settings))

    return start


def test_few_calls_are_sent_while_no_server_is_available(api, haproxy, through, without_gateway):
    """Its checks take the API out (503 without a time) and in again."""
    behind = api()
    front = haproxy(behind, server="check inter 200ms fall 1 rise 1")
    job: Through = through(front.port)
    process = job.start()
    wait_until(lambda: job.answers() >= ROWS / 3)
    behind.kill()
    time.sleep(2)  # the outage
    behind.start()

    check_whole(finished(process), job, without_gateway)

    counts = outcomes(job.calls())
    assert 0 < counts.total() - counts[200] <= 2 * IN_FLIGHT


def test_calls_that_waited_too_long_in_its_queue_are_asked_again(api, haproxy, through, without_gateway):
    """Four calls at the API, and 503 to those that waited for 0.3 s."""
    front = haproxy(api(), queue="300ms", server="maxconn 4")
    job: Through = through(front.port, "--concurrency", "auto")

    check_whole(job.run(), job, without_gateway)

    assert outcomes(job.calls())[503] < ROWS / 3


def test_connections_that_wait_for_a_place_stop_no_run(api, haproxy, through, without_gateway):
    """Eight connections are served; all others wait in silence for as long as those are open."""
    behind = api()
    front = haproxy(behind, frontend="maxconn 8")
    job: Through = through(front.port, "--concurrency", "12")

    check_whole(job.run(), job, without_gateway)

    assert behind.counts["answers"] == ROWS


def test_a_gateway_that_is_killed_and_comes_back_costs_what_was_in_flight(api, haproxy, through, without_gateway):
    """SIGKILL, two seconds without anybody on the port, and a new process."""
    front = haproxy(api())
    job: Through = through(front.port)
    process = job.start()
    wait_until(lambda: job.answers() >= ROWS / 3)
    front.kill()
    time.sleep(2)  # the outage
    front.start()

    check_whole(finished(process), job, without_gateway)

    assert 0 < outcomes(job.calls())[None] <= 2 * IN_FLIGHT
