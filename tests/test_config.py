"""The configuration: what is refused and with which words, and what must never be seen in it."""

import math
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from asyncgen.address import endpoint_name, is_loopback
from asyncgen.config import DEFAULT_BASE_URL, EndpointConfig, RunConfig, check_base_url, resolve_api_key
from asyncgen.config.shipped import shipped
from asyncgen.errors import UsageError


def config(**changes: Any) -> RunConfig:
    """A valid configuration, with changes."""
    paths = {"input_jsonl": Path("/in.jsonl"), "output_dir": Path("/out"), "prompt_file": Path("/prompts.json")}
    served = {name: changes.pop(name) for name in OF_THE_ENDPOINT if name in changes}
    return RunConfig(**{"endpoints": (EndpointConfig(**served),), **paths, **changes})


OF_THE_ENDPOINT = ("base_url", "api_key", "rpm", "tpm", "preset_rpm", "preset_tpm", "concurrency")
COUNTS = ["num_pairs", "batch_size", "save_every", "concurrency", "max_attempts"]
RATES = ["rpm", "tpm"]


# Numbers


@pytest.mark.parametrize("name", [*COUNTS, *RATES])
@pytest.mark.parametrize("value", [0, -1, -1000])
def test_a_number_below_one_is_refused_by_its_name(name: str, value: int) -> None:
    """As a caller from Python knows it; the command line makes a flag of it."""
    with pytest.raises(UsageError, match=f"^{name} must be at least 1, not {value}$") as caught:
        config(**{name: value})
    assert caught.value.settings == (name,)


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("value", [0.5, math.nan, math.inf, -math.inf])
def test_a_rate_that_is_none_is_refused(name: str, value: float) -> None:
    """Half a request a minute, `nan` and `inf`, which argparse lets through."""
    with pytest.raises(UsageError, match=f"^{name} must be"):
        config(**{name: value})


@pytest.mark.parametrize("name", ["timeout", "patience"])
@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_a_time_that_is_not_above_zero_is_refused(name: str, value: float) -> None:
    """The message says that seconds are meant."""
    with pytest.raises(UsageError, match=f"^{name} must be a number of seconds above 0, not {value:g}$"):
        config(**{name: value})


@pytest.mark.parametrize("share", [0, -0.5, 1.001, 12.5, math.nan, math.inf])
def test_a_share_outside_of_what_there_is_is_refused(share: float) -> None:
    """The message shows how one is written."""
    with pytest.raises(UsageError, match=r"^share must be above 0 and at most 1, such as 1/8, 0\.125 or 12\.5%"):
        config(share=share)


def test_the_smallest_numbers_are_accepted() -> None:
    """One of each, and a thousandth of a second."""
    smallest = config(**dict.fromkeys([*COUNTS, *RATES], 1), timeout=0.001, patience=0.001)
    assert (smallest.num_pairs, smallest.endpoints[0].rpm, smallest.timeout) == (1, 1, 0.001)


def test_what_may_be_left_out_may_be_none() -> None:
    """All pairs, no pace."""
    bare = config()
    [only] = bare.endpoints
    assert (bare.num_pairs, only.rpm, only.tpm, only.base_url) == (None, None, None, DEFAULT_BASE_URL)


@pytest.mark.parametrize(("concurrency", "slots"), [(1, 1024), (128, 1024), (129, 1032), (1000, 8000)])
def test_the_window_grows_with_the_concurrency(concurrency: int, slots: int) -> None:
    """Eight pairs a call, and never fewer than 1,024."""
    assert config(concurrency=concurrency).window_slots == slots


def test_a_configuration_is_frozen() -> None:
    """Nothing changes it at run time."""
    with pytest.raises(FrozenInstanceError):
        config().num_pairs = 2  # type: ignore[misc]


# Secrets


def test_no_text_of_a_configuration_shows_the_key() -> None:
    """Tracebacks and logs print it."""
    secret = config(api_key="sk-secret")
    for text in (repr(secret), str(secret), f"{secret}", f"{[secret]}"):
        assert "sk-secret" not in text
        assert "/in.jsonl" in text


@pytest.mark.parametrize(
    "url", ["https://user:secret@api.example/v1", "https://:secret@api.example", "http://user@api.example"]
)
def test_an_address_with_user_information_is_refused_without_quoting_it(url: str) -> None:
    """It would end up in logs; the message says where a key belongs."""
    with pytest.raises(UsageError, match="OPENAI_API_KEY") as caught:
        config(base_url=url)
    assert "secret" not in str(caught.value)


def test_the_key_comes_from_the_flag_then_from_the_environment() -> None:
    """Empty when there is none."""
    environment = {"OPENAI_API_KEY": "from the environment"}
    assert resolve_api_key("from the flag", environment) == "from the flag"
    assert resolve_api_key(None, environment) == resolve_api_key("", environment) == "from the environment"
    assert resolve_api_key(None, {}) == ""


# Addresses


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.openai.com/v1",
        "localhost:8000",
        "ftp://api.openai.com",
        "file:///etc/passwd",
        "https://",
        "https:///v1",
        "http://[::1/v1",
        "http://api.example:port/v1",
        "http://api.example:99999/v1",
        "https://.openai.azure.com/openai/v1",  # of a resource whose variable is not set
        "https://api..example/v1",
        f"https://{64 * 'a'}.example/v1",
        "http://192.168.1.300:8000/v1",
        "https://256.1.1.1/v1",
        "https://http://api.example/v1",
        "https://${HOST}/v1",
        "http://{host}:8000/v1",
        "http://*:8000/v1",
        "https://my–host.example/v1",  # noqa: RUF001 - as a text processor makes it
    ],
)
def test_what_is_no_http_address_is_refused(url: str) -> None:
    """Before anything is sent there; a host without scheme is the common slip, a bad port the next."""
    with pytest.raises(UsageError, match=r"^base_url must be an http:// or https:// address"):
        config(base_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "http://localhost:8000",
        "http://[::1]:8000/v1",
        "http://[fe80::1%eth0]:8000/v1",
        "http://my_server:8000/v1",
        "http://127.1:8000/v1",
        "http://123456789012:8000/v1",  # the name of a container
        "http://web.1:8000/v1",
        "https://http/v1",
        "https://bücher.example./v1",
        "HTTPS://api.example/a/b?x=1",
    ],
)
def test_an_http_address_is_accepted(url: str) -> None:
    """With a port, a path or an IPv6 host."""
    check_base_url(EndpointConfig(base_url=url))
    assert config(base_url=url).endpoints[0].base_url == url


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.openai.com/v1", "api.openai.com/v1"),
        ("https://API.OpenAI.com/v1/", "api.openai.com/v1"),
        ("https://api.example:8443/v1", "api.example:8443/v1"),
        ("https://api.example/v1?api-key=secret#top", "api.example/v1"),
        ("http://api.example", "api.example"),
        ("http://127.0.0.1:40001/v1", "loopback/v1"),
        ("http://127.0.0.1:40002/v1/", "loopback/v1"),
        ("http://127.1.2.3/v1", "loopback/v1"),
        ("http://localhost:8000/v1", "loopback/v1"),
        ("http://[::1]:8000/v1", "loopback/v1"),
    ],
)
def test_an_endpoint_is_known_again_by_its_name(url: str, name: str) -> None:
    """Host and path, no query and no key; on loopback the port does not count."""
    assert endpoint_name(url) == name


@pytest.mark.parametrize(
    "url", ["https://127.example.com/v1", "https://127.0.0.1.example.com/v1", "https://localhost.example.com"]
)
def test_a_host_name_that_only_begins_like_loopback_is_elsewhere(url: str) -> None:
    """It needs a key, and its name is its own."""
    assert not is_loopback(url)
    assert not endpoint_name(url).startswith("loopback")


def test_shipped_files_are_found() -> None:
    """In a checkout as in the installed package."""
    assert shipped("prompts", "medec_safe.json").is_file()
    assert shipped("profiles", "default.toml").is_file()


@pytest.mark.parametrize("address", ["ftp://x", "https://me:secret@x.org/v1", "http://x.org/v1"])
def test_what_is_wrong_with_an_endpoint_names_its_endpoint(address: str) -> None:
    """OPENAI_API_KEY is of no use there."""
    named = EndpointConfig(name="a", base_url=address, api_key="key", key_name="KEY_OF_A")
    with pytest.raises(UsageError, match="endpoint a: base_url ") as refused:
        config(endpoints=(named,))
    assert "OPENAI_API_KEY" not in str(refused.value)
