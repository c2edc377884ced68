"""Caddy in front: a private authority of its own making, and errors without a body."""

import time
from pathlib import Path

import pytest

from tests.end_to_end.test_interruptions import wait_until
from tests.gateways.conftest import ROWS, Through
from tests.gateways.outcome import check_whole, finished, outcomes
from tests.gateways.processes import Api, ServerProcess, free_port
from tests.gateways.programs import program

pytestmark = [pytest.mark.gateways, pytest.mark.timeout(180)]

IN_FLIGHT = 16


class Caddy(ServerProcess):
    """Caddy with the certificates that it makes for itself, and the authority that signs them."""

    def __init__(self, directory: Path, api_port: int) -> None:
        port = free_port()
        settings = directory / "Caddyfile"
        settings.write_text(
            f"""{{
  admin off
  auto_https disable_redirects
  skip_install_trust
}}
https://127.0.0.1:{port} {{
  tls internal
  reverse_proxy 127.0.0.1:{api_port}
}}
""",
            "utf-8",
        )
        self.authority = directory / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        words = [program("caddy"), "run", "--config", settings, "--adapter", "caddyfile"]
        home = {"HOME": str(directory), "XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
        super().__init__(words, port, directory / "caddy.log", home)
        wait_until(self.authority.exists)


def test_few_calls_are_sent_while_the_api_is_down(api, started, through, without_gateway, tmp_path):
    """Over TLS and through 502 without a word, as Caddy says that nobody answers behind it."""
    behind: Api = api()
    front = started(Caddy(tmp_path, behind.port))
    job: Through = through(front.port, scheme="https")
    process = job.start(env={"SSL_CERT_FILE": str(front.authority)})
    wait_until(lambda: job.answers() >= ROWS / 3)
    behind.kill()
    time.sleep(2)  # the outage
    behind.start()

    check_whole(finished(process), job, without_gateway)

    assert 0 < outcomes(job.calls())[502] <= 2 * IN_FLIGHT
