"""Cut out of a server's sentence what it quotes of a request, so that it can be shown. Pure.

Servers quote prompts in their errors: whole, in pieces, escaped, in capitals, without blanks. Removed is whatever
also occurs in the texts of the row: two words in a row, eight letters or digits in a row (whatever is between
them), any number; of the other texts (system prompt, template) five words or 24 characters; and anything that
looks like a key. The API's own names are kept: the user must be able to read them.
"""

import html
import re
from collections.abc import Iterable
from urllib.parse import unquote

CUT = "…"
PRIVATE_WORDS, PRIVATE_RUN = 2, 8  # a name or a date is this short; see above
OTHER_WORDS, OTHER_RUN = 5, 24  # shorter matches are ordinary English; see above
_WORD = re.compile(r"[^\W_]+(?:_+[^\W_]+)*")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})|\\([nrtbf\"'/\\])")
_A_WORD = r"(?-i: [a-z]+[:.,]?(?:\s|$))"  # "API key provided: …"
_KEY = re.compile(
    rf"\b(?:sk|gsk|pk|rk|key(?!{_A_WORD})|AIza|xai|r8|hf|Bearer)[-_ ]?[A-Za-z0-9*_\-.]{{8,}}"
    r"|\b[A-Za-z0-9+/_=-]{32,}",
    re.IGNORECASE,
)
API_NAMES = frozenset(
    {
        "json_object",
        "json_schema",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "model",
        "parameter",
        "reasoning_effort",
        "response_format",
        "seed",
        "service_tier",
        "stop",
        "stream",
        "supported",
        "temperature",
        "top_p",
        "unsupported",
    }
)


def scrub(sentence: str, private: Iterable[str], other: Iterable[str] = ()) -> str:
    """The sentence without what it quotes; `…` marks where something was cut.

    Args:
        sentence: the server's.
        private: texts of the row and answers to it.
        other: texts shared by many rows.
    """
    said = _unescaped(sentence)
    said = _KEY.sub(CUT, said)
    hidden = bytearray(len(said))
    for text in private:
        _hide(said, _unescaped(text), hidden, PRIVATE_WORDS, PRIVATE_RUN, numbers=True)
    for text in other:
        _hide(said, _unescaped(text), hidden, OTHER_WORDS, OTHER_RUN, numbers=False)
    shown = "".join(CUT if hidden[place] else letter for place, letter in enumerate(said))
    return " ".join(re.sub(rf"{CUT}(?:[\W_]*{CUT})*", CUT, shown).split())


def quotes(name: str, private: Iterable[str]) -> bool:
    """Whether a server's name (a code, a request id) contains part of these texts."""
    said = _unescaped(name)
    hidden = bytearray(len(said))
    for text in private:
        _hide(said, _unescaped(text), hidden, PRIVATE_WORDS, PRIVATE_RUN, numbers=True)
    return any(hidden)


def _hide(said: str, text: str, hidden: bytearray, words: int, run: int, *, numbers: bool) -> None:
    """Mark in `hidden` what also occurs in the text."""
    known = [found.group().lower() for found in _WORD.finditer(text)]
    pairs = {tuple(known[place : place + words]) for place in range(len(known) - words + 1)}
    digits = {word for word in known if any(letter.isdigit() for letter in word)} if numbers else set()
    found = list(_WORD.finditer(said))
    lowered = [word.group().lower() for word in found]
    for place, word in enumerate(lowered):
        if word in digits:
            hidden[found[place].start() : found[place].end()] = b"\1" * len(word)
        if tuple(lowered[place : place + words]) in pairs:
            start, end = found[place].start(), found[place + words - 1].end()
            hidden[start:end] = b"\1" * (end - start)
    _hide_runs(
        said, text, hidden, run, {(one.start(), one.end()) for one in found if one.group().lower() in API_NAMES}
    )


def _hide_runs(said: str, text: str, hidden: bytearray, run: int, spared: set[tuple[int, int]]) -> None:
    """Mark letters and digits that follow each other in both texts, whatever stands between them."""
    places = [place for place, letter in enumerate(said) if letter.isalnum()]
    squeezed = "".join(said[place].lower()[:1] for place in places)
    known = "".join(letter.lower()[:1] for letter in text if letter.isalnum())
    for at in range(len(squeezed) - run + 1):
        first, last = places[at], places[at + run - 1]
        if squeezed[at : at + run] in known and not any(start <= first and last < end for start, end in spared):
            hidden[first : last + 1] = b"\1" * (last + 1 - first)


def _unescaped(text: str) -> str:
    """The text without the escapes of JSON (also twice), HTML and URLs."""
    for _ in range(2):
        text = _ESCAPE.sub(_letter, text)
    return html.unescape(unquote(text) if "%" in text else text)


def _letter(found: re.Match[str]) -> str:
    digits = found.group(1) or found.group(2)
    return (
        chr(int(digits, 16)) if digits else {"n": "\n", "r": "\r", "t": "\t"}.get(found.group(3), found.group(3))
    )
