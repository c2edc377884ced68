"""The report in a real browser: three widths, both themes, paper, and a keyboard.

Pictures of it are left in `$ASYNCGEN_SCREENSHOTS`, for people to look at.
"""

import os
from pathlib import Path

import pytest

from asyncgen.storage.disk import Disk

from .browser import CONTRASTS, Page, find_browser, open_browser
from .test_report import page_of

BROWSER = find_browser()
pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="no browser here: install chromium, or set $CHROME to one"),
    # It starts cold and shares two cores with the other tests.
    pytest.mark.timeout(180),
]

OVERLAPS = """
[...document.querySelectorAll('.chart .x, .chart .gaps')].flatMap((labels) => {
  const boxes = [...labels.children].map((one) => one.getBoundingClientRect()).filter((box) => box.width);
  return boxes.slice(1).filter((box, place) => box.left < boxes[place].right).map(() => labels.textContent);
})
"""
CUT_OFF = """
[...document.querySelectorAll('.chart .y span, dd, h1, h2, h3, .bars th, figcaption p')].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width && (box.left < 0 || box.right > innerWidth);
}).map((one) => one.textContent)
"""


@pytest.fixture
def page_file(night: Path, disk: Disk, tmp_path: Path) -> Path:
    """The report of the bad night."""
    path = tmp_path / "report.html"
    path.write_text(page_of(night, disk))
    return path


async def _keep(name: str, page: Page) -> None:
    directory = os.environ.get("ASYNCGEN_SCREENSHOTS")
    if directory:
        Path(directory, f"{name}.png").write_bytes(await page.picture())  # noqa: ASYNC240 - for people, and small


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_it_is_readable_on_a_phone_a_tablet_and_a_desk(page_file: Path, dark: bool):
    """Nothing is cut off or overlaps, contrast is AA, nothing is fetched, and nothing is complained about."""
    assert BROWSER is not None
    async with open_browser(BROWSER) as page:
        for width in (360, 820, 1440):
            await page.show(page_file, width, dark=dark)
            await _keep(f"{width}-{'dark' if dark else 'light'}", page)
            assert await page.ask("document.documentElement.scrollWidth") <= width
            assert await page.ask(CUT_OFF) == []
            assert await page.ask(OVERLAPS) == []
            assert await page.ask(CONTRASTS) == []
            background = await page.ask("getComputedStyle(document.body).backgroundColor")
            assert (background == "rgb(18, 22, 27)") == dark
    assert set(page.requests) == {page_file.as_uri()}
    assert page.problems == []


async def test_paper_is_white_whatever_the_theme(page_file: Path):
    """And nothing is wider than the sheet."""
    assert BROWSER is not None
    async with open_browser(BROWSER) as page:
        await page.show(page_file, 720, dark=True, paper=True)
        await _keep("paper", page)
        assert await page.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert await page.ask("document.documentElement.scrollWidth") <= 720
        assert await page.ask(CONTRASTS) == []


async def test_a_keyboard_is_enough(page_file: Path):
    """The first stop leads past the navigation; stops are visible; Enter unfolds the numbers of a chart."""
    assert BROWSER is not None
    async with open_browser(BROWSER) as page:
        await page.show(page_file, 1440, dark=False)
        await page.press("Tab")
        assert await page.ask("document.activeElement.className") == "skip"
        assert await page.ask("document.activeElement.getBoundingClientRect().left") >= 0
        for _ in range(40):
            if await page.ask("document.activeElement.tagName") == "SUMMARY":
                break
            await page.press("Tab")
        assert await page.ask("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        assert await page.ask("document.activeElement.parentElement.open") is False
        await page.press("Enter")
        assert await page.ask("document.activeElement.parentElement.open") is True
        table = "document.activeElement.parentElement.querySelector('table')"
        assert await page.ask(f"{table}.getBoundingClientRect().height") > 100
