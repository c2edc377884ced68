"""Names of servers, and name servers that do not answer."""

import asyncio
import socket
import threading

import pytest

from asyncgen.client.resolver import Resolver


def test_a_silent_name_server_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor Ctrl-C: a loop that is closed waits for all threads of its own."""
    answers = threading.Event()

    async def give_up() -> None:
        asked, loop = asyncio.Event(), asyncio.get_running_loop()

        def silent(*_args: object, **_options: object) -> list[object]:
            loop.call_soon_threadsafe(asked.set)
            answers.wait()
            return []

        monkeypatch.setattr(socket, "getaddrinfo", silent)
        lookup = asyncio.ensure_future(Resolver().resolve("api.example.test"))
        await asked.wait()
        lookup.cancel()

    asyncio.run(give_up())
    assert not answers.is_set()
    answers.set()


async def test_names_are_found_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by the system itself."""
    found = await Resolver().resolve("localhost", 80, socket.AF_INET)
    assert {(address["host"], address["port"]) for address in found} == {("127.0.0.1", 80)}

    def unknown(*_args: object, **_options: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(socket.gaierror):
        await Resolver().resolve("api.example.test")
