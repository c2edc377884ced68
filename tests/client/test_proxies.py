"""Which proxy of the environment counts."""

import pytest

from asyncgen.client.proxies import proxy_of
from asyncgen.errors import UsageError


@pytest.fixture(autouse=True)
def _no_other_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http", "https", "all", "no"):
        for variable in (f"{name}_proxy", f"{name.upper()}_PROXY"):
            monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize(
    ("variable", "value", "place"),
    [
        ("HTTPS_PROXY", "http://user:sekret@proxy.example:3128", "proxy.example:3128"),
        ("https_proxy", "proxy.example:3128", "proxy.example:3128"),
        ("ALL_PROXY", "http://proxy.example", "proxy.example:80"),
        ("HTTPS_PROXY", "https://proxy.example", "proxy.example:443"),
    ],
)
def test_a_proxy_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, place: str
) -> None:
    """By host, port and the variable that sets it."""
    monkeypatch.setenv(variable, value)
    proxy = proxy_of("https://api.example.com/v1")
    assert str(proxy) == f"the proxy {place} ({variable.upper()})"
    assert "sekret" not in repr(proxy)


@pytest.mark.parametrize(
    "bypass", ["*", "example.com", ".example.com", "a, api.example.com", "api.example.com:8443"]
)
def test_the_user_names_who_is_asked_directly(monkeypatch: pytest.MonkeyPatch, bypass: str) -> None:
    """By name, by the end of it, with a port, or all."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", bypass)
    assert proxy_of("https://api.example.com:8443/v1") is None
    assert (proxy_of("https://api.example.org/v1") is None) is (bypass == "*")


@pytest.mark.parametrize(
    ("bypass", "url", "direct"),
    [
        ("10.0.0.0/8", "http://10.1.2.3:9/v1", True),
        ("example.com, 10.0.0.0/8 ", "http://10.1.2.3/v1", True),
        ("10.1.2.3/8", "http://10.9.9.9/v1", True),
        ("10.0.0.0/8", "http://11.1.2.3/v1", False),
        ("10.0.0.0/8", "http://10.corp.test/v1", False),
        ("10.0.0.0/99", "http://10.1.2.3/v1", False),
        ("fd00::/8", "http://[fd00::1]:8000/v1", True),
        ("fd00::/8", "http://[fe00::1]:8000/v1", False),
        ("[fd00::1]", "http://[fd00::1]:8000/v1", True),
        ("[fd00::1]:8000", "http://[fd00::1]:8000/v1", True),
        ("[fd00::1]:8001", "http://[fd00::1]:8000/v1", False),
        ("fd00:0::1", "http://[fd00::1]:8000/v1", True),
        ("*.corp.test", "http://llm.corp.test/v1", True),
        ("*.corp.test", "http://llm.corp.example/v1", False),
        ("llm.corp.test:80", "http://llm.corp.test/v1", True),
        ("llm.corp.test:443", "https://llm.corp.test/v1", True),
        ("llm.corp.test:443", "http://llm.corp.test/v1", False),
        ("corp.test", "http://llm.corp.test./v1", True),
        ("LLM.corp.test.", "http://llm.corp.test/v1", True),
        ("*", "http://10.1.2.3/v1", True),
        ("", "http://10.1.2.3/v1", False),
        (",", "http://10.1.2.3/v1", False),
    ],
)
def test_servers_are_named_as_curl_and_httpx_let_one(
    monkeypatch: pytest.MonkeyPatch, bypass: str, url: str, *, direct: bool
) -> None:
    """By a network, with a star, in brackets, with the usual port: rows must not go through the proxy then."""
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", bypass)
    assert (proxy_of(url) is None) is direct


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("socks5://u:sekret@127.0.0.1:1080", r"HTTPS_PROXY is a SOCKS proxy \(127.0.0.1:1080\).*NO_PROXY"),
        ("ftp://proxy", "not an address of an HTTP proxy"),
        ("http://proxy:port", "not an address"),
        ("http://", "not an address of an HTTP proxy"),
        ("http://proxy..example:3128", "not an address of an HTTP proxy"),
        ("http://10.0.0.256:3128", "not an address of an HTTP proxy"),
        ("http://.example:3128", "not an address of an HTTP proxy"),
        ("http://u:sekret€@proxy:3128", "HTTPS_PROXY holds a name or password for proxy:3128 with characters"),
        ("http://u:sekret%E2%82%AC%C4%B1@proxy", "HTTPS_PROXY holds a name or password for proxy:80 with"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused(monkeypatch: pytest.MonkeyPatch, value: str, said: str) -> None:
    """With what to do, and without its password; an address on this machine needs none."""
    monkeypatch.setenv("HTTPS_PROXY", value)
    with pytest.raises(UsageError, match=said) as caught:
        proxy_of("https://api.example.com/v1")
    assert "sekret" not in str(caught.value)
    assert proxy_of("https://localhost:8000/v1") is None
