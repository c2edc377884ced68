"""Recognise text that was probably meant for a placeholder: misspelt, or of another template language. Pure."""

import re
from collections.abc import Iterator

_BLANK = r"[^\S\n]*[\u200b\ufeff]?[^\S\n]*"
_LIKE_ONE = re.compile(
    # { text }, {{text}}, {text!r}, {text-a}
    rf"\{{{{1,2}}{_BLANK}([A-Za-z_](?a:\w)*)(?:[^\s{{}}\w;][^\s{{}}]*)?{_BLANK}\}}{{1,2}}"
    r"|\{([A-Za-z_](?a:\w)*)\b(?![^{}\n]*\})",  # {text, which nothing closes
)
_OTHER_LANGUAGE = re.compile(
    r"\{\{-?(?=\s|\w+[\s.|])\s*([A-Za-z_]\w*)[\w.]*\s*(?:\|[^{}\n]*)?-?\}\}"
    r"|\{%-?\s*(?:if|elif|else|endif|for|endfor|set|block|endblock|include|macro|raw)\b[^{}\n]*%\}"  # Jinja
    r"|\{\[[A-Za-z_][\w.]*\]\}"  # {[judge.best]}, without what it is a place in
    r"|\{\{[#/^>][^{}\n]*\}\}",  # {{#each tags}}: Handlebars, Mustache
    re.ASCII,
)
_LIKE_ITEMS = re.compile(r"\{\s*\*\s*([A-Za-z_]\w*)[\w.-]*\s*\}", re.ASCII)  # {*tags}
_IN_MORE = re.compile(r"\{\{\{([A-Za-z_]\w*)\}\}\}(?!\})", re.ASCII)  # {{{text}}}


def like_placeholders(text: str) -> Iterator[tuple[str, str]]:
    """What is almost a placeholder, each with its name."""
    for found in _LIKE_ONE.finditer(text):
        yield found[0], found[1] or found[2]


def of_other_languages(text: str) -> Iterator[tuple[str, str]]:
    """What Jinja, Mustache and Handlebars would replace, each with its name; empty: it names none."""
    for found in _OTHER_LANGUAGE.finditer(text):
        yield found[0], found[1] or ""


def like_items(text: str) -> Iterator[tuple[str, str]]:
    """What would be the items of a list as an item of one by itself, each with its name."""
    for found in _LIKE_ITEMS.finditer(text):
        yield found[0], found[1]


def in_more(text: str) -> Iterator[tuple[str, str]]:
    """Placeholders in three braces (Handlebars), of which two stay beside the value; each with its name."""
    for found in _IN_MORE.finditer(text):
        yield found[0], found[1]
