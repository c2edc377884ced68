"""A real browser without a window, spoken to over its own protocol."""

import base64
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

# Texts whose contrast is below 4.5 (AA).
CONTRASTS = """
(() => {
  const number = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, place) => sum + v * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = number(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const one of document.querySelectorAll('body *')) {
    const text = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!text || one.closest('svg') || !one.getClientRects().length) continue;
    const [a, b] = [light(number(getComputedStyle(one).color)), light(behind(one))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) found.push([one.tagName, one.className, one.textContent.slice(0, 30), contrast]);
  }
  return found;
})()
"""
_CODES = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowDown": 40}


def find_browser() -> str | None:
    """A browser by `$CHROME` or by name; None where there is none."""
    named = os.environ.get("CHROME")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """A tab; `requests` are the addresses it has fetched, `problems` what the browser complained about.

    `context` is the name of its storage.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, context: str = "") -> None:
        self._socket = socket
        self.context = context
        self._ids = count(1)
        self.requests: list[str] = []
        self.problems: list[str] = []

    async def do(self, method: str, **params: Any) -> Any:
        """Carry out a command; its result."""
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        while True:
            message = await self._socket.receive_json()
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    async def show(self, path: Path, width: int, *, dark: bool, paper: bool = False) -> None:
        """Open a file at a width, in a theme."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.do("Emulation.setEmulatedMedia", media="print" if paper else "screen", features=[scheme])
        await self.do(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        for domain in ("Page", "Network", "Log", "Runtime"):
            await self.do(f"{domain}.enable")
        await self.do("Page.navigate", url=path.as_uri())
        while (message := await self._socket.receive_json()).get("method") != "Page.loadEventFired":
            self._note(message)

    async def ask(self, expression: str) -> Any:
        """The value of an expression in the page."""
        answer = await self.do("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def press(self, key: str) -> None:
        """Press a key, by its name or its character."""
        code = _CODES.get(key) or ord(key.upper())
        types = "\r" if key == "Enter" else "" if key in _CODES else key
        for kind in ("keyDown", "keyUp"):
            text = {"text": types} if types and kind == "keyDown" else {}
            await self.do("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **text)

    async def picture(self) -> bytes:
        """A picture of the whole page (PNG)."""
        shot = await self.do("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def _note(self, message: dict[str, Any]) -> None:
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            case "Log.entryAdded":
                self.problems.append(message["params"]["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.problems.append(str(message["params"]))


@cache
def _browser(command: str) -> tuple[subprocess.Popen[bytes], str, "tempfile.TemporaryDirectory[str]"]:
    """The browser of this process, started when first needed: it, its address, and where its files are."""
    profile = tempfile.TemporaryDirectory(prefix="asyncgen-browser-", ignore_cleanup_errors=True)
    process = subprocess.Popen(
        [
            command,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-software-rasterizer",
            "--disable-extensions",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile.name}",
            "about:blank",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    said = Path(profile.name, "DevToolsActivePort")
    while not said.exists() or len(lines := said.read_text().splitlines()) < 2:
        assert process.poll() is None, "the browser ended at once"
        time.sleep(0.02)
    return process, f"127.0.0.1:{lines[0]}{lines[1]}", profile


def end_browser() -> None:
    """End it, if it was started."""
    if _browser.cache_info().currsize:
        command = find_browser()
        assert command is not None
        process, _, profile = _browser(command)
        process.terminate()
        process.wait()
        profile.cleanup()
        _browser.cache_clear()


@asynccontextmanager
async def open_browser(command: str) -> AsyncIterator[Page]:
    """A tab in the browser, with cookies and storage of its own: nothing of it is left for the next one."""
    _, address, _ = _browser(command)
    async with aiohttp.ClientSession() as session, session.ws_connect(f"ws://{address}") as socket:
        browser = Page(socket)
        context = (await browser.do("Target.createBrowserContext"))["browserContextId"]
        tab = await browser.do("Target.createTarget", url="about:blank", browserContextId=context)
        at = address.partition("/")[0]
        async with session.ws_connect(f"ws://{at}/devtools/page/{tab['targetId']}", max_msg_size=0) as page:
            one = Page(page, context)
            await one.do("Emulation.setFocusEmulationEnabled", enabled=True)  # the window has other tabs
            yield one
        await browser.do("Target.disposeBrowserContext", browserContextId=context)
