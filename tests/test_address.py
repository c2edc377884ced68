"""Which addresses are this machine, and which are Azure's."""

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.address import host_and_port, is_azure, is_loopback, is_this_machine, lacks_api_version, place_of


@given(st.integers(0x7F000001, 0x7FFFFFFE), st.sampled_from([str, hex, "0{:o}".format, "0x{:X}".format]))
def test_every_number_of_the_loopback_net_is_this_machine(number: int, write: Callable[[int], str]) -> None:
    """However it is written: as one decimal, hexadecimal or octal number, or as four of them."""
    octets = number.to_bytes(4, "big")
    assert is_this_machine(write(number))
    assert is_this_machine(".".join(write(octet) for octet in octets))
    assert is_this_machine(f"::ffff:{'.'.join(map(str, octets))}")


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "::1",
        "0:0:0:0:0:0:0:1",
        "::",
        "0",
        "0.0.0.0",
        "LOCALHOST",
        "localhost.",
        "a.b.LocalHost",
        "\uff11\uff12\uff17.0.0.1",
    ],
)
def test_this_machine_has_many_names(host: str) -> None:
    """As typed by people, printed by servers, and taken by connect()."""
    assert is_this_machine(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "128.0.0.1",
        "10.0.0.1",
        "127.0.0.1.example.com",
        "127.example.com",
        "localhost.example.com",
        "notlocalhost",
        "127.0.0.1.2",
        "127.0.0.256",
        "0x80000001",
        "::2",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
    ],
)
def test_what_only_looks_like_this_machine_is_elsewhere(host: str) -> None:
    """It needs a key, and goes through the proxy."""
    assert not is_this_machine(host)


@pytest.mark.parametrize(
    ("addresses", "here"), [(["127.0.1.1"], True), (["127.0.1.1", "10.0.0.7"], False), (["::1"], True)]
)
def test_the_own_name_is_this_machine_if_it_stays_here(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str], *, here: bool
) -> None:
    """Debian gives it 127.0.1.1; where it is an address of the network, packets may leave."""
    name = f"box-{'-'.join(addresses)}".replace(":", "x")  # one for each: answers are kept
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]
    monkeypatch.setattr("asyncgen.address.gethostname", lambda: f"{name}.Example.com")
    monkeypatch.setattr("asyncgen.address.getaddrinfo", lambda *_: found)
    assert is_this_machine(f"{name}.example.com".upper()) is here
    assert not is_this_machine(f"other.{name}")


def test_an_address_is_loopback_by_its_host() -> None:
    """Not by its path or its user."""
    assert is_loopback("http://0x7f.1:8000/v1")
    assert not is_loopback("http://api.example.com/localhost")
    assert not is_loopback("http://localhost@api.example.com/")


@pytest.mark.parametrize(
    ("url", "azure"),
    [
        ("https://me.openai.azure.com/openai/v1", True),
        ("https://ME.OpenAI.Azure.com/openai/deployments/d?api-version=2024-10-21", True),
        ("https://me.cognitiveservices.azure.com/openai/v1", True),
        ("https://gateway.example.com/openai/deployments/d?api-version=1", True),
        ("https://openai.azure.com.example.com/v1", False),
        ("https://api.openai.com/v1", False),
    ],
)
def test_azure_is_known_by_host_or_query(url: str, *, azure: bool) -> None:
    """There the key goes into a header of its own, too."""
    assert is_azure(url) is azure


@pytest.mark.parametrize(
    ("url", "lacks"),
    [
        ("https://me.openai.azure.com", True),
        ("https://me.openai.azure.com/openai/deployments/d", True),
        ("https://me.services.ai.azure.com/api/projects/p", True),
        ("https://gateway.example.com/openai/deployments/d", True),
        ("https://me.openai.azure.com/openai/v1", False),
        ("https://me.services.ai.azure.com/api/projects/p/openai/v1/", False),
        ("https://me.openai.azure.com/openai/deployments/d?api-version=2024-10-21", False),
        ("https://api.openai.com/v1", False),
    ],
)
def test_an_address_of_azure_without_its_version_is_known(url: str, *, lacks: bool) -> None:
    """There it answers that there is no such resource."""
    assert lacks_api_version(url) is lacks


def test_what_is_shown_of_an_address_holds_no_query() -> None:
    """Nor a user: both may be secrets."""
    assert place_of("https://user:sekret@api.example:8443/v1/?code=sekret#x") == "https://api.example:8443/v1"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://user:sekret@api.example/v1", "api.example:443"),
        ("http://127.0.0.1/v1", "127.0.0.1:80"),
        ("http://[::1]:8202/v1", "[::1]:8202"),
    ],
)
def test_a_connection_goes_to_a_host_and_a_port(url: str, place: str) -> None:
    """Written as in an address, so that the end of an IPv6 host is seen."""
    assert host_and_port(urlsplit(url)) == place
