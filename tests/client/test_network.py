"""What lies between here and the server: proxies, TLS and its certificates, addresses where nobody listens."""

import errno
import os
import ssl
from collections.abc import Callable
from pathlib import Path

import aiohttp
import httpx2
import openai
import pytest
from aiohttp.client_reqrep import ConnectionKey

from asyncgen.client.classify import Action
from asyncgen.client.transport_errors import ProxyRefusedError, SchemeError, translated, unanswered
from asyncgen.errors import KeyOrQuotaError

from .raw_server import BODY, cause_of, connecting, open_client, serving, whole

pytestmark = pytest.mark.usefixtures("lacking")


async def test_nobody_listening_is_an_error_of_connection(unused_port: Callable[[], int]) -> None:
    """At once."""
    client = open_client(f"http://127.0.0.1:{unused_port()}/v1")
    with pytest.raises(openai.APIConnectionError):
        await client.create(BODY)
    await client.close()


@pytest.mark.parametrize(("bypass", "asked"), [("", True), (".example.test", False), ("*", False)])
async def test_the_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, bypass: str, *, asked: bool
) -> None:
    """But for hosts that it is not for; its password is sent to it."""
    async with serving(whole(b"{}")) as (proxy, _):
        monkeypatch.setenv("http_proxy", f"http://user:sekret@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", bypass)
        client = open_client("http://api.example.test/v1")
        if asked:
            await client.create(BODY)
        else:
            with pytest.raises(openai.APIConnectionError):
                await client.create(BODY)
        await client.close()
    assert len(proxy.heads) == asked
    assert all(b"proxy-authorization: basic dxnlcjpzzwtyzxq=" in head.lower() for head in proxy.heads)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7F000001",
        "2130706433",
        "0177.0.0.1",
        "0.0.0.0",
        "localhost",
        "LocalHost",
        "localhost.",
        "model.localhost",
        "[::ffff:127.0.0.1]",
    ],
)
async def test_this_machine_is_asked_without_a_proxy_however_it_is_spelled(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """A proxy that keeps all it sees has seen nothing."""
    async with serving(whole(b"{}")) as (proxy, _), serving(whole(b"{}")) as (server, _):
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        client = open_client(f"http://{host}:{server.port}/v1")
        await client.create(BODY)
        await client.close()
    assert (proxy.heads, len(server.heads)) == ([], 1)


async def test_a_proxy_that_refuses_is_told_from_a_server_that_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its own status; a dead one is named, and neither shows its password."""
    async with connecting(b"HTTP/1.1 407 Wants a password\r\nContent-Length: 0\r\n\r\n") as port:
        for address, status in ((f"127.0.0.1:{port}", 407), ("127.0.0.1:1", None)):
            monkeypatch.setenv("https_proxy", f"user:sekret@{address}")
            cause = await cause_of("https://api.example.test/v1")
            assert isinstance(cause, ProxyRefusedError)
            assert cause.status == status
            assert address in str(cause)
            assert "sekret" not in str(cause)


async def test_a_proxy_that_has_no_address_or_no_tls_is_told_from_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever is behind one must not look for the fault at the server."""
    async with connecting(b"HTTP/1.1 400 No\r\n\r\n", end=b"") as port:
        for address, why in (
            (
                "http://proxy.invalid:3128",
                "the proxy proxy.invalid:3128 (HTTPS_PROXY) cannot be reached: its name",
            ),
            (f"https://127.0.0.1:{port}", f"the proxy 127.0.0.1:{port} (HTTPS_PROXY) cannot be reached by TLS"),
        ):
            monkeypatch.setenv("https_proxy", address)
            cause = await cause_of("https://api.example.test/v1")
            failure = unanswered(cause)
            assert (failure.kind, failure.unsaid) == ("connection", False)
            assert why in failure.code


async def test_a_connection_that_is_closed_in_the_handshake_says_so() -> None:
    """Servers do it that want another version of TLS, or a certificate of the client."""
    async with connecting(b"", end=b"") as port:
        cause = await cause_of(f"https://127.0.0.1:{port}/v1")
    assert unanswered(cause).code == "it was closed while it was opened (TLS?)"


@pytest.mark.parametrize("number", [errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EACCES])
async def test_why_no_connection_is_made_is_named(number: int) -> None:
    """With a reason, the run ends as where the connection is refused, if no call is answered."""
    error = httpx2.ConnectError("no")
    error.__cause__ = OSError(number, os.strerror(number))
    failure = unanswered(error)
    assert (failure.kind, failure.code, failure.unsaid) == ("connection", os.strerror(number).lower(), False)


def test_an_address_where_packets_are_dropped_is_named() -> None:
    """By a firewall, or a private network that is not connected: as where nobody listens, no row is to blame."""
    error = aiohttp.ConnectionTimeoutError("Connection timeout to host http://api.example.test/v1")
    raised = translated(error, None, None)
    raised.__cause__ = error
    failure = unanswered(raised)
    assert (failure.kind, failure.code, failure.unsaid) == (
        "connection",
        "nothing answers there (a firewall?)",
        False,
    )


async def test_a_server_with_an_old_version_of_tls_speaks_tls() -> None:
    """Its alert is no reason to send the key without encryption."""
    async with connecting(b"\x15\x03\x01\x00\x02\x02\x46", end=b"") as port:  # protocol_version
        cause = await cause_of(f"https://127.0.0.1:{port}/v1")
    failure = unanswered(cause)
    assert (failure.kind, failure.code) == ("connection", "it speaks only an old version of TLS")


async def test_an_alert_is_no_sign_of_a_server_without_tls() -> None:
    """The advice to take http:// would send the key without encryption."""
    for alert in (b"\x28", b"\x70"):  # handshake_failure, unrecognized_name
        async with connecting(b"\x15\x03\x03\x00\x02\x02" + alert, end=b"") as port:
            cause = await cause_of(f"https://127.0.0.1:{port}/v1")
        failure = unanswered(cause)
        assert (failure.kind, failure.action, failure.unsaid) == ("tls", Action.STOP_IF_REPEATED, False)


def test_a_wanted_certificate_of_the_client_is_named() -> None:
    """TLS 1.3 tells it only in place of the first answer."""
    for alert, kind in (
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "tls"),
        ("TLSV1_ALERT_INTERNAL_ERROR", "connection"),
    ):
        error = aiohttp.ClientOSError(1, alert)
        error.__cause__ = cause = ssl.SSLError(1, alert)
        cause.reason = alert
        assert unanswered(translated(error, None, None)).kind == kind


async def test_what_is_wrong_with_a_certificate_is_named() -> None:
    """Expired, or of another name: no file of authorities helps."""
    error = httpx2.ConnectError("no")
    error.__cause__ = refused = ssl.SSLCertVerificationError()
    refused.verify_message = "certificate has expired"
    failure = unanswered(error)
    assert (failure.kind, failure.code) == ("certificate", "certificate has expired")
    key = ConnectionKey("api.example.test", 443, True, True, None, None, None)
    error.__cause__ = of_aiohttp = aiohttp.ClientConnectorCertificateError(key, refused)
    of_aiohttp.__cause__ = refused
    failure = unanswered(error)
    assert (failure.kind, failure.code) == ("certificate", "certificate has expired")


async def test_the_other_scheme_is_named() -> None:
    """A plain server that is asked for TLS, and an alert of TLS in answer to a plain request."""
    async with connecting(b"HTTP/1.1 400 No\r\n\r\n", end=b"") as port:
        cause = await cause_of(f"https://127.0.0.1:{port}/v1")
    assert isinstance(cause, SchemeError)
    assert cause.found == "no TLS"
    async with serving(b"\x15\x03\x01\x00\x02\x02F") as (_, client):
        with pytest.raises(openai.APIConnectionError) as caught:
            await client.create(BODY)
    assert isinstance(caught.value.__cause__, SchemeError)
    assert caught.value.__cause__.found == "TLS"


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_are_not_there_are_named(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is sent, and not as trouble with the connection."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv(variable, "/nonexistent/ca.pem")
    with pytest.raises(KeyOrQuotaError, match=f"{variable} names /nonexistent/ca.pem"):
        open_client("https://api.example.test/v1")


def test_of_several_directories_of_certificates_one_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a list, as PATH is."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", f"/nonexistent/certs{os.pathsep}{tmp_path}")
    open_client("https://api.example.test/v1")
    monkeypatch.setenv("SSL_CERT_DIR", f"/nonexistent/certs{os.pathsep}/nonexistent/others")
    with pytest.raises(KeyOrQuotaError, match="SSL_CERT_DIR names /nonexistent/certs"):
        open_client("https://api.example.test/v1")


def test_a_file_without_certificates_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone has saved an HTML page as a certificate."""
    path = tmp_path / "ca.pem"
    path.write_text("<html>")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(KeyOrQuotaError, match="SSL_CERT_FILE"):
        open_client("https://api.example.test/v1")


@pytest.fixture
def unused_port() -> Callable[[], int]:
    """A port of this machine on which nobody listens."""
    import socket  # noqa: PLC0415

    def find() -> int:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            port: int = bound.getsockname()[1]
            return port

    return find
