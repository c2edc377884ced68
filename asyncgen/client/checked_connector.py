"""aiohttp's pool of connections, without those on which something unasked has come.

A server or a balancer may write to an idle connection: that it has been idle for too long, or an answer twice.
Read after the next request, it would be taken for the answer to that one, and each later request of the connection
would get the answer of the one before.

Two equal lengths of a body, as proxies send them that add their own, are read as one (RFC 9110, 8.6).
"""

import re
import select
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

_LENGTH = re.compile(rb"\r\ncontent-length:([^\r\n]*)", re.IGNORECASE)


class _Reader(ResponseHandler):
    """Reads answers; aiohttp's parser refuses those with two lengths, equal or not."""

    given_out = False
    """Whether its connection has been given out before."""
    _unread: "select.poll | None" = None

    @property
    def has_unread(self) -> bool:
        """Whether something has come that the loop, busy since, has not read yet."""
        if self._unread is None:
            found = None if self.transport is None else self.transport.get_extra_info("socket")
            if found is None:
                return False
            self._unread = select.poll()  # unlike `select`, for sockets of any number
            self._unread.register(found.fileno(), select.POLLIN)
        return bool(self._unread.poll(0))

    def data_received(self, data: bytes) -> None:
        super().data_received(_with_one_length(data) if data.startswith(b"HTTP/") else data)


def _with_one_length(data: bytes) -> bytes:
    """The beginning of an answer, with one length where it has several equal ones."""
    end = data.find(b"\r\n\r\n")
    lengths = b",".join(_LENGTH.findall(data, 0, max(end, 0))).split(b",")
    if len(lengths) == 1 or len({length.strip() for length in lengths}) > 1:
        return data
    return b"%b\r\nContent-Length:%b%b" % (_LENGTH.sub(b"", data[:end]), lengths[0], data[end:])


class CheckedConnector(aiohttp.TCPConnector):
    """Gives out an idle connection only if nothing has come on it since its last answer.

    A new one is given out whatever has come: a server may greet it with a refusal.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = partial(_Reader, loop=self._loop)  # type: ignore[assignment] # invariant

    async def connect(self, *args: Any, **options: Any) -> Connection:
        """Take a connection out of the pool, or open one."""
        while True:
            connection = await super().connect(*args, **options)
            protocol = connection.protocol
            assert isinstance(protocol, _Reader)
            if not protocol.given_out:
                protocol.given_out = True
                return connection
            if not (protocol.should_close or protocol.has_unread):
                return connection
            connection.close()
