"""nginx in front: limits, errors while the API is away, reloads, connections, certificates."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.test_interruptions import wait_until
from tests.gateways.conftest import ROWS, Through
from tests.gateways.nginx import Nginx
from tests.gateways.outcome import check_whole, finished, outcomes
from tests.gateways.processes import Api

pytestmark = [pytest.mark.gateways, pytest.mark.timeout(180)]

IN_FLIGHT = 16
BY_ADDRESS = "$binary_remote_addr"


@pytest.fixture
def nginx(started, tmp_path: Path) -> Callable[..., Nginx]:
    """Start nginx before an API."""

    def start(api: Api, **settings: str) -> Nginx:
        return started(Nginx(tmp_path, api.port, **settings))

    return start


@pytest.mark.parametrize("status", [429, 503])
def test_a_limit_of_requests_that_names_no_time_is_kept(api, nginx, through, without_gateway, status):
    """`limit_req`: a bare page, no Retry-After. Few calls are refused, and none counts against its pair."""
    zone = f"limit_req_zone {BY_ADDRESS} zone=z:1m rate=100r/s; limit_req_status {status};"
    front = nginx(api(), http=zone, server="limit_req zone=z burst=10 nodelay;")
    job: Through = through(front.port, "--concurrency", "auto")

    check_whole(job.run(), job, without_gateway)

    assert 0 < outcomes(job.calls())[status] < ROWS / 10


@pytest.mark.parametrize("concurrency", ["auto", "64"])
def test_a_limit_of_connections_is_kept(api, nginx, through, without_gateway, concurrency):
    """`limit_conn`: a bare 503 to whatever is more than 8 at once."""
    front = nginx(api(), http=f"limit_conn_zone {BY_ADDRESS} zone=c:1m;", server="limit_conn c 8;")
    job: Through = through(front.port, "--concurrency", concurrency)

    check_whole(job.run(), job, without_gateway)

    assert 0 < outcomes(job.calls())[503] < ROWS / 2


def test_few_calls_are_sent_while_the_api_is_down(api, nginx, through, without_gateway):
    """502 to all that is sent: what was in flight, then one probe at a time."""
    behind = api()
    job: Through = through(nginx(behind).port)
    process = job.start()
    wait_until(lambda: job.answers() >= ROWS / 3)
    behind.kill()
    time.sleep(2)  # the outage
    behind.start()

    check_whole(finished(process), job, without_gateway)

    assert 0 < outcomes(job.calls())[502] <= 2 * IN_FLIGHT


def test_few_calls_are_sent_while_the_api_hangs(api, nginx, through, without_gateway):
    """504 after a second to all that is sent: what was in flight, then one probe at a time."""
    behind = api()
    job: Through = through(nginx(behind, server="proxy_read_timeout 1s;").port)
    process = job.start()
    wait_until(lambda: job.answers() >= ROWS / 3)
    behind.signal(signal.SIGSTOP)
    time.sleep(2.5)  # the outage
    behind.signal(signal.SIGCONT)

    check_whole(finished(process), job, without_gateway)

    assert 0 < outcomes(job.calls())[504] <= 2 * IN_FLIGHT


def test_a_reload_every_second_costs_at_most_what_was_just_being_sent(api, nginx, through, without_gateway):
    """Each reload closes all idle connections."""
    front = nginx(api(median=0.25))
    job: Through = through(front.port)
    ended = threading.Event()

    def reload() -> None:
        while not ended.wait(1):
            front.signal(signal.SIGHUP)

    reloading = threading.Thread(target=reload)
    reloading.start()
    try:
        done = job.run()
    finally:
        ended.set()
        reloading.join()

    check_whole(done, job, without_gateway)
    assert outcomes(job.calls())[None] <= IN_FLIGHT


def test_answers_that_the_gateway_has_packed_are_read(api, nginx, through, without_gateway):
    """All of them."""
    front = nginx(api(median=0), server="gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any;")
    job: Through = through(front.port)

    check_whole(job.run(), job, without_gateway)

    assert {encoding for _, _, encoding, _ in front.seen()} == {"gzip"}


def test_hardly_a_call_is_lost_on_connections_that_the_gateway_closes_after_a_second(
    api, nginx, through, without_gateway
):
    """Every pause that the API asks for leaves all of them idle for just that second."""
    pauses = "[faults]\nrate_limit = 0.02\nretry_after_s = 1.0\n"
    front = nginx(api(pauses), server="keepalive_timeout 1s;")
    job: Through = through(front.port, "--concurrency", "256")

    check_whole(job.run(), job, without_gateway)

    # None, but for a machine so busy that it is late by the quarter of a second between the two ends.
    assert outcomes(job.calls())[None] < ROWS / 15
    assert len({connection for *_, connection in front.seen()}) > 1


def test_a_certificate_of_a_private_authority_is_trusted_when_it_is_named(
    api, nginx, through, without_gateway, tmp_path
):
    """With SSL_CERT_FILE the whole run; without it no call, 77, and the name of the variable."""
    authority = certificates(tmp_path)
    tls = f'ssl_certificate "{tmp_path}/server.pem"; ssl_certificate_key "{tmp_path}/server.key";'
    front = nginx(api(median=0), listen="ssl", server=tls)
    job: Through = through(front.port, scheme="https")

    refused = job.run()
    assert refused.returncode == 77
    assert "SSL_CERT_FILE" in refused.stderr
    assert front.seen() == []

    check_whole(job.run(env={"SSL_CERT_FILE": str(authority)}), job, without_gateway)


def certificates(directory: Path) -> Path:
    """A certificate for 127.0.0.1 in `server.pem`, and the authority that has signed it."""

    def openssl(*words: str | Path) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=directory)

    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    openssl("req", "-x509", *new, "-subj", "/CN=Private", "-keyout", "ca.key", "-out", "ca.pem")
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("req", *new, "-subj", "/CN=127.0.0.1", "-keyout", "server.key", "-out", "server.csr")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
    openssl("x509", "-req", "-in", "server.csr", *signed, "-out", "server.pem")
    return directory / "ca.pem"
