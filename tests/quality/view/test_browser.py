"""The page in a real browser: keyboard, filters, marks and their file, hostile texts, three widths, both themes.

Pictures of it are left in `$ASYNCGEN_SCREENSHOTS`, for people to look at.
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.monitor.browser import CONTRASTS, Page, find_browser, open_browser
from tests.quality.view.sample_run import SampleRun

BROWSER = find_browser()
pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="no browser here: install chromium, or set $CHROME to one"),
    # It starts cold and shares two cores with the other tests.
    pytest.mark.timeout(60),
]

SHOWN = "document.querySelector('main h2').textContent"
SAID = "document.getElementById('said').textContent"
MARK = "document.querySelector('main .badges').lastChild.textContent"
LISTED = "[...document.querySelectorAll('#list li:not([hidden]) .id')].map((one) => one.textContent)"
UNNAMED = """
[...document.querySelectorAll('button, select, input, [role=region], nav, main, form')].filter((one) =>
  !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length)).map((one) => one.outerHTML)
"""
SMALL = """
[...document.querySelectorAll('.bar button, form select, form input, #save')]
  .filter((one) => one.getClientRects().length).map((one) => one.getBoundingClientRect())
  .filter((box) => box.height < 40 || box.right > innerWidth || box.left < 0).length
"""


async def keep(name: str, page: Page) -> None:
    """Leave a picture where it is wanted."""
    if directory := os.environ.get("ASYNCGEN_SCREENSHOTS"):
        Path(directory, f"{name}.png").write_bytes(await page.picture())  # noqa: ASYNC240 - for people, and small


def change(file: Path, old: str, new: str) -> None:
    """Replace a part of the page."""
    file.write_text(file.read_text().replace(old, new))


@asynccontextmanager
async def opened(file: Path, width: int = 1440, *, dark: bool = False) -> AsyncIterator[Page]:
    """The page in a browser; nothing is fetched and nothing is complained about."""
    assert BROWSER is not None
    async with open_browser(BROWSER) as page:
        await page.show(file, width, dark=dark)
        yield page
        fetched = [one for one in page.requests if not one.startswith("blob:")]
        assert set(fetched) == {file.as_uri()}
        assert page.problems == []


async def choose(page: Page, name: str, value: str) -> None:
    """Choose a filter, as a person does."""
    await page.ask(
        f"(() => {{ const one = document.getElementById('{name}'); one.value = '{value}';"
        "one.dispatchEvent(new Event('input', { bubbles: true })); })()"
    )


async def save(page: Page, directory: Path) -> list[dict[str, Any]]:
    """Save the marks by the key, and read the file."""
    await page.do(
        "Browser.setDownloadBehavior", browserContextId=page.context, behavior="allow", downloadPath=str(directory)
    )
    await page.press("s")
    file = directory / "review.jsonl"
    while not (file.exists() and file.read_bytes().endswith(b"\n")):  # it may be there before its lines are
        await page.ask("0")
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_it_is_readable_on_a_phone_a_tablet_and_a_desk(page_file: Path, dark: bool) -> None:
    """Nothing is cut off, contrast is AA with everything unfolded and marked, and all can be named and touched."""
    async with opened(page_file, dark=dark) as page:
        for width in (360, 820, 1440):
            await page.show(page_file, width, dark=dark)
            for key in "arp":
                await page.press(key)
            await page.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            await keep(f"view-{width}-{'dark' if dark else 'light'}", page)
            assert await page.ask("document.documentElement.scrollWidth") <= width
            assert await page.ask(CONTRASTS) == []
            assert await page.ask(UNNAMED) == []
            assert await page.ask(SMALL) == 0
            background = await page.ask("getComputedStyle(document.body).backgroundColor")
            assert (background == "rgb(18, 22, 27)") == dark


async def test_a_keyboard_is_enough_and_the_file_has_the_marks(page_file: Path, tmp_path: Path) -> None:
    """Accept and reject go on to the next record, undo comes back; each mark has the hash of its record."""
    async with opened(page_file) as page:
        ids = await page.ask(LISTED)
        assert len(ids) == 13
        await page.press("a")
        assert await page.ask(SHOWN) == ids[1]
        assert f"{ids[0]} accepted." in await page.ask(SAID)
        await page.press("r")
        await page.press("r")
        await page.press("u")
        assert await page.ask(SHOWN) == ids[2]
        assert await page.ask(MARK) == "not marked"
        await page.press("p")
        assert await page.ask(MARK) == "✘ rejected"
        assert await page.ask("document.getElementById('reject').getAttribute('aria-pressed')") == "true"
        marks = {mark["note_id"]: mark for mark in await save(page, tmp_path)}
        assert {name: mark["mark"] for name, mark in marks.items()} == {ids[0]: "accepted", ids[1]: "rejected"}
        assert all(set(mark) == {"index", "note_id", "mark", "record"} for mark in marks.values())
        assert "asyncgen export" in await page.ask("document.getElementById('next').textContent")


async def test_marks_stay_in_the_browser_until_the_run_changes(page_file: Path, sample: SampleRun) -> None:
    """They are kept under the checksum of the run, whichever of its records a page shows."""
    async with opened(page_file) as page:
        await page.press("a")
        await page.show(page_file, 1440, dark=False)
        while await page.ask(MARK) != "✔ accepted":  # another process of the browser may read it a moment later
            await page.show(page_file, 1440, dark=False)
        assert "1 accepted, 0 rejected; not saved" in await page.ask(
            "document.getElementById('marked').textContent"
        )
        before = await page.ask("Object.keys(localStorage)[0]")
        change(page_file, before.split(":")[1], "0" * 32)
        await page.show(page_file, 1440, dark=False)
        assert await page.ask(MARK) == "not marked"


async def test_filters_and_search_narrow_the_list(page_file: Path) -> None:
    """By state, kind, mark and id; a marked record leaves the list of unmarked ones."""
    async with opened(page_file) as page:
        everything = await page.ask(LISTED)
        await choose(page, "by-state", "flagged")
        flagged = await page.ask(LISTED)
        assert 0 < len(flagged) < len(everything)
        kind = await page.ask("document.querySelector('#by-kind option:nth-child(2)').value")
        await choose(page, "by-kind", kind)
        assert 0 < len(await page.ask(LISTED)) <= len(flagged)
        await choose(page, "by-kind", "")
        await choose(page, "by-mark", "unmarked")
        current = await page.ask(SHOWN)
        await page.press("r")
        place = flagged.index(current)
        assert await page.ask(LISTED) == flagged[:place] + flagged[place + 1 :]
        assert await page.ask(SHOWN) == flagged[place + 1]
        await choose(page, "by-state", "")
        await choose(page, "by-mark", "")
        await page.press("/")
        last = everything[-1]
        await page.do("Input.insertText", text=last.upper())
        assert await page.ask(LISTED) == [last]
        assert await page.ask(SHOWN) == last
        await page.press("a")  # a letter of the search
        assert await page.ask(MARK) == "not marked"
        assert await page.ask(SAID) == "No record passes the filters."


async def test_keys_can_be_switched_off(page_file: Path) -> None:
    """For those whose reader or voice types them."""
    async with opened(page_file) as page:
        first = await page.ask(SHOWN)
        await page.ask("document.getElementById('keys').click()")
        await page.press("n")
        assert await page.ask(SHOWN) == first
        await page.ask("document.getElementById('following').click()")
        assert await page.ask(SHOWN) != first


async def test_hostile_texts_are_texts(page_file: Path) -> None:
    """They make no element and run nothing; what would turn the order of letters is shown as a code."""
    async with opened(page_file) as page:
        await page.press("/")
        await page.do("Input.insertText", text="onerror")
        assert "<img src=x" in await page.ask(SHOWN)
        assert "⟨U+202E⟩" in await page.ask(SHOWN)
        assert await page.ask("document.querySelectorAll('img').length") == 0
        assert await page.ask("document.title") == "out: asyncgen view"
        text = await page.ask("document.querySelector('.side:last-child .note').textContent")
        assert "for 3 days" in text
        assert "</script>" in text


async def test_what_a_hostile_page_would_do_is_forbidden(page_file: Path) -> None:
    """Neither text as markup, nor a script that is added, nor a fetch gets through."""
    assert BROWSER is not None
    async with open_browser(BROWSER) as page:
        await page.show(page_file, 1440, dark=False)
        refused = (
            "(() => { try { document.body.innerHTML = '<b>x</b>'; return ''; } catch (e) { return e.name; } })()"
        )
        assert await page.ask(refused) == "TypeError"
        await page.ask("fetch('data:text/plain,x').catch(() => { window.blocked = true; }); 0")
        await page.ask("document.body.append(Object.assign(document.createElement('img'), { src: 'x.png' }))")
        while not await page.ask("window.blocked === true"):
            pass
        assert any("Content Security Policy" in problem for problem in page.problems)


async def test_records_of_another_recipe_are_shown_with_their_fields(page_of_mails: Path) -> None:
    """And can be marked as well."""
    async with opened(page_of_mails, 360) as page:
        assert await page.ask(SHOWN) == "mail-1"
        said = await page.ask("document.querySelector('main').textContent")
        assert "Fields of the input" in said
        assert "headline" in said
        assert await page.ask("document.documentElement.scrollWidth") <= 360
        await page.press("a")
        assert await page.ask(SHOWN) == "mail-2"
