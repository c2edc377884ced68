"""Translate errors of aiohttp into those of httpx2, which say whether the request was sent, and judge them."""

import errno
import os
import socket
import ssl
from dataclasses import replace

import aiohttp
import httpx2
from aiohttp.http_exceptions import (
    BadHttpMessage,
    BadStatusLine,
    ContentEncodingError,
    LineTooLong,
    PayloadEncodingError,
)

from asyncgen.client.classify import Action, Failure
from asyncgen.client.proxies import Proxy

NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError)
"""Errors before anything of the request was sent."""
_FIRST_SERVER_ERROR = 500
_ENCODINGS = ("zstd", "gzip", "deflate")
_NO_WAY = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EACCES, errno.EADDRNOTAVAIL}
_OLD_TLS = {
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "UNSUPPORTED_PROTOCOL",
}  # OpenSSL's names, of the alert and of the answer
_ALERTS = ("SSLV3_ALERT_", "TLSV1_", "TLSV13_")  # how OpenSSL's names of alerts begin
_WANTS_CERTIFICATE = "TLSV13_ALERT_CERTIFICATE_REQUIRED"  # comes in place of an answer, not of a connection
_TLS_ALERT = ("\x15\x03", r"\x15\x03")  # raw, and as the parser in C quotes it


class UnreadableError(httpx2.ReadError):
    """An answer cannot be read: `kind` is the failure's, `found` is what came instead."""

    def __init__(self, kind: str, found: str) -> None:
        super().__init__(f"{kind}: {found}")
        self.kind = kind
        self.found = found


class BodyTooLargeError(UnreadableError):
    """The decoded body of an answer exceeds the limit in bytes."""

    def __init__(self, most: int) -> None:
        super().__init__("too_large_answer", f"more than {most} bytes")


class SchemeError(httpx2.ConnectError):
    """http:// was used for an https:// server, or the reverse: `found` is what the server speaks."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


class TlsRefusedError(httpx2.ConnectError):
    """The server speaks TLS, and ends the connection with an alert."""


class ProxyRefusedError(httpx2.ProxyError):
    """The proxy does not connect: `status` is its answer, None if it cannot be reached; `why` is added then."""

    def __init__(self, proxy: Proxy, status: int | None, why: str = "") -> None:
        super().__init__(f"{proxy} answered {status}" if status else f"{proxy} cannot be reached{why}")
        self.status = status


def translated(error: BaseException, request: httpx2.Request | None, proxy: Proxy | None) -> httpx2.TransportError:
    """An error of aiohttp, as one of httpx2."""
    if proxy is not None:
        if isinstance(error, aiohttp.ClientHttpProxyError):
            return ProxyRefusedError(proxy, error.status)
        if isinstance(error, aiohttp.ClientProxyConnectionError):
            return ProxyRefusedError(proxy, None)
        # Its name and its TLS fail as a server's would.
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return ProxyRefusedError(proxy, None, ": its name was not found")
        if isinstance(error, aiohttp.ClientConnectorSSLError) and f"{error.host}:{error.port}" == proxy.place:
            return ProxyRefusedError(proxy, None, " by TLS: if it speaks HTTP alone, begin it with http://")
    if _refuses_tls(error):
        return TlsRefusedError("alert", request=request)
    of_tls = isinstance(error, aiohttp.ClientConnectorSSLError) and not isinstance(error, ssl.CertificateError)
    if of_tls and not _wants_old_tls(error.__cause__):
        return SchemeError("no TLS")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL):
        return httpx2.ConnectError(type(error).__name__, request=request)
    # The request was sent: an answer may have been made, and be billed.
    return _unreadable(error) or httpx2.ReadError(type(error).__name__, request=request)


def unanswered(error: BaseException | None) -> Failure:
    """Judge an error of httpx2 that was raised in place of an answer."""
    if isinstance(error, UnreadableError):
        return Failure(error.kind, Action.ASK_AGAIN, code=error.found, unsaid=True)
    if isinstance(error, SchemeError):
        return Failure("scheme", Action.STOP_IF_REPEATED, code=f"the server speaks {error.found}")
    if isinstance(error, TlsRefusedError):
        return Failure("tls", Action.STOP_IF_REPEATED)
    if isinstance(error, ProxyRefusedError):
        if error.status is not None and error.status < _FIRST_SERVER_ERROR:
            return Failure("proxy", Action.STOP_IF_REPEATED, error.status)
        return Failure("connection", Action.RETRY, code=str(error))
    # If no connection was made, nothing was asked and nothing is billed.
    return replace(_connection_failure(error), unsaid=not isinstance(error, NOT_SENT))


def _connection_failure(error: BaseException | None) -> Failure:
    """A failure without any answer: an untrusted certificate stops the run, anything else may pass."""
    cause = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):  # aiohttp's is one too, without OpenSSL's words
            refused = cause.__cause__ if isinstance(cause, aiohttp.ClientError) else cause
            return Failure("certificate", Action.STOP, code=getattr(refused, "verify_message", None))
        if _wants_old_tls(cause):
            return Failure("connection", Action.RETRY, code="it speaks only an old version of TLS")
        if isinstance(cause, socket.gaierror):
            return Failure("connection", Action.RETRY, code="the name was not found")
        if isinstance(cause, aiohttp.ConnectionTimeoutError):
            return Failure("connection", Action.RETRY, code="nothing answers there (a firewall?)")
        if isinstance(cause, ConnectionRefusedError):
            return Failure("connection", Action.RETRY, code="the connection was refused")
        if isinstance(cause, OSError) and cause.errno in _NO_WAY and isinstance(error, NOT_SENT):
            return Failure("connection", Action.RETRY, code=os.strerror(cause.errno).lower())
        if isinstance(cause, ConnectionResetError) and isinstance(error, NOT_SENT):
            # As servers do that want another version of TLS, or a certificate of the client.
            return Failure("connection", Action.RETRY, code="it was closed while it was opened (TLS?)")
        cause = cause.__cause__ or cause.__context__
    return Failure("connection", Action.RETRY)


def _refuses_tls(error: BaseException) -> bool:
    """Whether the server has ended a connection with an alert that has no kind of its own."""
    found = (one for one in (error, error.__cause__) if isinstance(one, ssl.SSLError))
    alert = next((name for one in found if (name := getattr(one, "reason", None))), "")
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return alert.startswith(_ALERTS) and alert not in _OLD_TLS
    return alert == _WANTS_CERTIFICATE  # after another one in place of an answer, the same request may pass


def _wants_old_tls(error: BaseException | None) -> bool:
    return isinstance(error, ssl.SSLError) and getattr(error, "reason", None) in _OLD_TLS  # aiohttp's have none


def _unreadable(error: BaseException) -> httpx2.TransportError | None:
    """Why aiohttp could not parse an answer; None: it was cut off."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, BadStatusLine):
            alert = any(mark in f"{cause.line} {cause.message}" for mark in _TLS_ALERT)
            return SchemeError("TLS") if alert else UnreadableError("no_http", "no HTTP")
        if isinstance(cause, LineTooLong):
            return UnreadableError("large_header", "longer than is read")
        if isinstance(cause, ContentEncodingError) and (
            # Not because the answer was cut off: a decoder refused it, or is missing.
            isinstance(error, aiohttp.ClientResponseError) or cause.__context__ is not None
        ):
            return UnreadableError("encoding", next((name for name in _ENCODINGS if name in str(cause)), "br"))
        if isinstance(cause, BadHttpMessage) and not isinstance(
            cause, PayloadEncodingError
        ):  # which may be cut off
            return UnreadableError("bad_http", "malformed headers")
        cause = cause.__cause__ or cause.__context__
    return None
