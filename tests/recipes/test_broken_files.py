"""Mistakes in recipe files: each is one clear line that names file and line, before anything is asked."""

import os
import re

import pytest

from asyncgen.errors import BadDataError, UsageError
from asyncgen.recipes.recipe_file import RecipeFile

from .broken_files import BROKEN, RIGHT, write


def test_the_file_that_the_mistakes_are_made_in_is_right(tmp_path):
    """Or they would prove nothing."""
    file = RecipeFile(write(tmp_path, RIGHT))

    assert [[step.name for step in wave] for wave in file.waves] == [["summary"], ["judge"]]
    assert file.fields == {"subject", "text"}


@pytest.mark.parametrize(("old", "new", "line", "said"), BROKEN, ids=[f"{new[:40]!r}" for _, new, _, _ in BROKEN])
def test_each_mistake_is_one_line_that_names_its_place(tmp_path, old, new, line, said):
    """File, line, and what is right."""
    assert old in RIGHT
    path = write(tmp_path, RIGHT.replace(old, new, 1))

    with pytest.raises(BadDataError) as caught:
        RecipeFile(path)

    message = str(caught.value)
    assert said in message
    assert "\n" not in message
    assert re.match(rf"the recipe file {re.escape(str(path))}, line {line}: ", message), message


def test_there_are_at_least_sixty_mistakes():
    """Different ones."""
    assert len({(old, new) for old, new, _, _ in BROKEN}) == len(BROKEN) >= 60


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no [[step]]"),
        ('[[step]]\nname = "a"\nuser = "{x}"', "there is no [[output]]"),
        ("step = []", "there is no [[step]]"),
        ("step = [1]", "write [[step]] above the keys of each step"),
    ],
)
def test_a_file_without_steps_or_outputs_says_so(tmp_path, text, said):
    """An empty file, too."""
    with pytest.raises(BadDataError, match=re.escape(said)):
        RecipeFile(write(tmp_path, text))


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path):
    """The first is for the command line, the second for the data."""
    with pytest.raises(UsageError, match="cannot read the recipe file"):
        RecipeFile(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"name = '\xe4'")
    with pytest.raises(BadDataError, match=r"latin\.toml: line 1 is not UTF-8; write it as UTF-8 first"):
        RecipeFile(tmp_path / "latin.toml")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (RIGHT.encode("utf-16"), "mine.toml: this is text in UTF-16: write it as UTF-8 first (iconv -f UTF-16"),
        (RIGHT.encode("utf-16-le"), "mine.toml: this is text in UTF-16LE: write it as UTF-8 first"),
        (b'{\n"name": "mails", "step": []}', "mine.toml: this is JSON, and a recipe file is TOML"),
        (
            b'{"reasoning_system": "s",\n"reasoning_user": "u"}',
            "mine.toml: this is JSON, and a recipe file is TOML; prompts in JSON go to prompt_file",
        ),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is(tmp_path, content, said):
    """It has no line that is wrong."""
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(BadDataError, match=re.escape(said)):
        RecipeFile(tmp_path / "mine.toml")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('system = "Answer in JSON."', 'system-file = "pipe"'),
        ("schema = { type", 'schema = "pipe" # { type'),
    ],
)
def test_a_pipe_beside_it_is_refused_and_not_waited_for(tmp_path, old, new):
    """It is read more than once."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(
        BadDataError, match=r"line \d+: cannot read .*/pipe: a pipe or a device can be read only once"
    ):
        RecipeFile(write(tmp_path, RIGHT.replace(old, new, 1)))


def test_a_recipe_in_a_pipe_is_refused_and_not_waited_for(tmp_path):
    """As from Python, where no flag has been read."""
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(
        UsageError, match=r"cannot read the recipe file .*: a pipe or a device can be read only once"
    ):
        RecipeFile(tmp_path / "pipe.toml")


def test_an_address_of_a_file_beside_it_is_named_as_it_is_written(tmp_path):
    """A path has one slash less."""
    address = "https://example.com/s.txt"
    text = RIGHT.replace('system = "Answer in JSON."', f'system-file = "{address}"', 1)
    with pytest.raises(BadDataError, match=f"cannot read {address}: it is an address: give a file"):
        RecipeFile(write(tmp_path, text))


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n", b"\r"])
def test_the_ends_of_lines_in_a_system_file_do_not_count(tmp_path, line_break):
    """Nor in the fingerprint: a checkout on another system resumes the run."""
    (tmp_path / "s.txt").write_bytes(b"Be kind." + line_break + b"Be brief.")
    path = write(tmp_path, RIGHT.replace('system = "Answer in JSON."', 'system-file = "s.txt"', 1))

    assert RecipeFile(path).steps["summary"].system == "Be kind.\nBe brief."


def test_a_schema_file_may_begin_with_a_byte_order_mark(tmp_path):
    """As recipe, prompt file and rows may."""
    path = write(tmp_path, RIGHT.replace("schema = { type", 'schema = "marked.json" # { type', 1))
    (tmp_path / "marked.json").write_text(
        '{"type": "object", "properties": {"best": {"enum": [0, 1]}}, "required": ["best"]}', "utf-8-sig"
    )

    schema = RecipeFile(path).steps["judge"].schema

    assert schema is not None
    assert schema.fits({"best": 1})


def test_a_flag_that_calls_a_step_a_field_is_refused(tmp_path):
    """As the file that says so is."""
    with pytest.raises(BadDataError, match="summary is both a field and a step"):
        RecipeFile(write(tmp_path, RIGHT), {"summary": "body"})


def test_a_flag_for_a_field_that_there_is_not_names_those_that_there_are(tmp_path):
    """A typing error, most likely."""
    with pytest.raises(UsageError, match="the recipe mails has no field letter; it has subject, text"):
        RecipeFile(write(tmp_path, RIGHT), {"letter": "body"})
