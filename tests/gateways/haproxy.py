"""HAProxy in front of the API."""

from pathlib import Path

from tests.gateways.processes import ServerProcess, free_port
from tests.gateways.programs import program


class Haproxy(ServerProcess):
    """One process before the API.

    Args:
        directory: for its settings and log.
        api_port: where it sends what comes.
        queue: how long a call may wait for a place.
        frontend: a setting of the frontend.
        server: words after the address of the API.
    """

    def __init__(
        self, directory: Path, api_port: int, *, queue: str = "30s", frontend: str = "", server: str = ""
    ) -> None:
        port = free_port()
        settings = directory / "haproxy.cfg"
        settings.write_text(
            f"""
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
  timeout queue {queue}
frontend front
  bind 127.0.0.1:{port}
  {frontend}
  default_backend api
backend api
  server one 127.0.0.1:{api_port} {server}
""",
            "utf-8",
        )
        super().__init__([program("haproxy"), "-db", "-f", settings], port, directory / "haproxy.log")
