"""Where requests go is said before the first one, and nothing secret with it."""

import pytest

from asyncgen.api.call_text import call_text
from asyncgen.api.settings import Settings
from asyncgen.cli.addresses import address_lines, shown_address
from asyncgen.cli.command_line import command
from asyncgen.cli.shell_words import quote
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.config.shipped import shipped

SAMPLES = shipped("samples", "pairs.jsonl")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_every_endpoint_has_a_line_of_its_own() -> None:
    """With its name, where it has one; without what a query may hold."""
    urls = {"a": "https://a.example/v1/", "b": "https://b.example:8443/v1?api-version=1&key=secret"}
    endpoints = tuple(EndpointConfig(name=name, base_url=url) for name, url in urls.items())
    config = RunConfig(input_jsonl=SAMPLES, output_dir=SAMPLES, prompt_file=SAMPLES, endpoints=endpoints)
    assert address_lines(config) == [
        "Address: https://a.example/v1 (endpoint a)",
        "Address: https://b.example:8443/v1 (endpoint b)",
    ]


def test_a_proxy_in_between_is_said_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is used for this machine."""
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://me:secret@proxy.example:3128")
    there = EndpointConfig(base_url="https://api.example/v1")
    here = EndpointConfig(base_url="http://127.0.0.1:8000/v1")
    assert shown_address(there) == "https://api.example/v1 through the proxy proxy.example:3128 (HTTPS_PROXY)"
    assert shown_address(here) == "http://127.0.0.1:8000/v1"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/v1?api-version=2024-10-21", "https://a.example/v1?api-version=2024-10-21"),
        (
            "https://a.example/v1?key=sekret&API-Version=1&b=sekret#x",
            "https://a.example/v1?key=…&API-Version=1&b=…#x",
        ),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
    ],
)
def test_a_command_is_shown_without_the_secrets_of_its_address(url: str, shown: str) -> None:
    """Some gateways take the key in the query; it is not for the screen, nor for the files of the run."""
    assert command("asyncgen", "run", "--base-url", url, "-q") == f"asyncgen run --base-url {quote(shown)} -q"
    assert command("asyncgen", f"--base-url={url}") == f"asyncgen {quote(f'--base-url={shown}')}"
    settings = Settings(input_jsonl="in.jsonl", output_dir="out", base_url=url)
    assert f"base_url={shown!r}" in call_text("run", settings)
