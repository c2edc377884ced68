"""A server's sentence, without what it quotes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.client.scrub import API_NAMES, CUT, scrub

NOTE = "Jane Roe, born 04/12/1961, was seen by Dr. Okafor for substernal chest pain radiating to the left arm."
SYSTEM = "You rewrite clinical notes. Change exactly one thing and keep every number as it is."


@pytest.mark.parametrize(
    "quoted",
    [
        NOTE,
        NOTE.upper(),
        json.dumps(NOTE),
        json.dumps(json.dumps(NOTE)),
        "".join(f"\\u{ord(letter):04x}" for letter in NOTE),
        NOTE.replace(" ", "%20").replace(",", "%2C"),
        NOTE.replace(" ", "_"),
        NOTE.replace(" ", ""),
        NOTE.replace(" ", "  \n "),
        "Jane Roe",
        "ROE, JANE ROE",
        "04/12/1961",
        "substernal",
        "seen by Dr. Okafor",
        " ... ".join(NOTE[start : start + 20] for start in range(0, len(NOTE), 20)),
    ],
)
def test_nothing_of_a_note_is_left(quoted: str) -> None:
    """Whole, in pieces, in capitals, escaped once and twice, without blanks; names and dates of birth too."""
    said = f"Invalid temperature: {quoted} refused. Use max_completion_tokens."
    shown = scrub(said, [NOTE], [SYSTEM])
    squeezed = "".join(letter for letter in shown.lower() if letter.isalnum())
    for canary in ("janeroe", "1961", "substernal", "okafor", "radiating", "chestpain"):
        assert canary not in squeezed
    assert CUT in shown
    assert "temperature" in shown
    assert "max_completion_tokens" in shown


def test_what_is_said_in_the_servers_own_words_stays() -> None:
    """It is what the user has to read."""
    said = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
    assert scrub(said, [NOTE], [SYSTEM]) == said


@pytest.mark.parametrize(
    "key",
    [
        "sk-proj-abcdefghijklmnop",
        "key abcdefgh-12345",
        "key ABCDEFGHIJ",
        "Bearer abcdefgh12345678",
        "AIzaSyA1234567890abcdefg",
        "a" * 40,
    ],
)
def test_what_looks_like_a_key_is_cut(key: str) -> None:
    """Servers quote the key that they refuse."""
    said = scrub(f"Incorrect API key provided: {key}. You can find yours in the console.", [])
    assert key not in said
    assert said.startswith("Incorrect API key provided: ")


def test_of_the_system_prompt_only_a_longer_piece_counts() -> None:
    """Five words in a row; single words of it are the language that everybody speaks."""
    assert scrub("Change one thing.", [], [SYSTEM]) == "Change one thing."
    assert "keep every" not in scrub("You said: exactly one thing and keep every number", [], [SYSTEM])


@given(st.text(min_size=1), st.text(), st.text())
def test_a_text_that_is_quoted_never_comes_through_whole(note: str, before: str, after: str) -> None:
    """Whatever letters: eight in a row of the note are not shown."""
    shown = scrub(f"{before} {note} {after}", [note])
    run = "".join(letter.lower()[:1] for letter in note if letter.isalnum())
    squeezed = "".join(letter.lower()[:1] for letter in shown if letter.isalnum())
    own = "".join(letter.lower()[:1] for letter in before + after if letter.isalnum())
    named = {name.replace("_", "") for name in API_NAMES}  # they are never cut
    assert len(run) < 8 or run not in squeezed or run in own or any(name in run or run in name for name in named)
