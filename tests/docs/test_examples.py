"""Each recipe of the gallery has a page beside it, whose commands run and print what it shows."""

from pathlib import Path

import pytest

from asyncgen.config.shipped import shipped

from .examples import GALLERY, as_it_is, environment, pages, without_numbers

REWRITE = "python -m tests.docs.examples"
README = (GALLERY / "README.md").read_text("utf-8")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_page_of_the_gallery_shows_what_its_commands_print_and_write(tmp_path: Path, page: Path) -> None:
    """But for times and rates, which are others each time."""
    (tmp_path / "configs").symlink_to(shipped())
    shown = page.read_text("utf-8")
    assert without_numbers(shown) == without_numbers(as_it_is(shown, tmp_path, environment())), REWRITE


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_page_runs_its_recipe_and_shows_what_goes_in_and_comes_out(page: Path) -> None:
    """With the sample rows, and no key."""
    text = page.read_text("utf-8")
    assert text.startswith(f"# {page.stem}\n")
    assert "--simulate" in text
    assert "<!-- first line of configs/samples/" in text
    assert "<!-- first line of out/" in text


def test_the_list_of_the_gallery_links_each_page() -> None:
    """It is where a reader comes from."""
    assert [page.name for page in pages() if f"]({page.name})" not in README] == []
