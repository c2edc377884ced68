"""nginx in front of the API, with settings of its own in a directory of its own."""

import os
from pathlib import Path

from tests.gateways.processes import ServerProcess, free_port
from tests.gateways.programs import program

_WRITABLE = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Nginx(ServerProcess):
    """One worker before the API.

    Args:
        directory: for its settings, logs and temporary files.
        api_port: where it sends what comes.
        http: settings of its `http` block.
        server: settings of its `server` block.
        listen: words after the port.
    """

    def __init__(
        self, directory: Path, api_port: int, *, http: str = "", server: str = "", listen: str = ""
    ) -> None:
        port = free_port()
        self._access = directory / "access.log"
        paths = "\n".join(f'  {name}_temp_path "{directory / name}";' for name in _WRITABLE)
        settings = directory / "nginx.conf"
        settings.write_text(
            f"""
{"user root;" if os.geteuid() == 0 else ""}
worker_processes 1;
pid "{directory / "nginx.pid"}";
events {{ worker_connections 1024; }}
http {{
{paths}
  log_format seen '$status $upstream_status $sent_http_content_encoding $connection';
  access_log "{self._access}" seen;
  {http}
  server {{
    listen 127.0.0.1:{port} {listen};
    {server}
    location / {{ proxy_pass http://127.0.0.1:{api_port}; }}
  }}
}}
""",
            "utf-8",
        )
        words = [
            program("nginx"),
            "-p",
            directory,
            "-c",
            settings,
            "-e",
            directory / "error.log",
            "-g",
            "daemon off;",
        ]
        super().__init__(words, port, directory / "nginx.log")

    def seen(self) -> list[list[str]]:
        """Each call: status, status of the API, encoding, number of the connection."""
        return [line.split() for line in self._access.read_text().splitlines()]
