"""Where requests go is said before the first one, and nothing secret with it."""

import pytest

from asyncgen.cli.addresses import address_lines, shown_address
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
