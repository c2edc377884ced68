"""Two forms of denying a finding: "there is no rash", "no rash is seen", "rash is absent"."""

import re
from collections.abc import Iterator

_SEEN = (
    r"(?:seen|present|noted|found|observed|evident|detected|visible|identified|apparent|appreciated|palpated|heard"
    r"|felt)"
)
_AT = r"(?:in|on|at|over|under|of|from|around|near|to)"
_PLACE = rf"(?P<place>(?: {_AT} [^,;:.]+)?)"
_WHAT = r"(?P<what>(?:(?!\b(?:but|which|who|is|are|was|were|no|not|has|had)\b)[^,;:.])+?)"
_BE = r"(?:(?P<now>is|are)|was|were)"
_WHO = r"(?:(?P<who>he|she)|patient)"
_FORMS = tuple(
    re.compile(form + r"\Z")
    for form in (
        rf"there {_BE} no {_WHAT}(?: {_SEEN})?{_PLACE}",
        rf"no {_WHAT}{_PLACE} {_BE} {_SEEN}",
        rf"no {_WHAT} {_BE} {_SEEN}{_PLACE}",
        rf"{_WHAT}{_PLACE} {_BE} (?:not {_SEEN}|absent)",
        rf"{_WHAT} {_BE} (?:not {_SEEN}|absent){_PLACE}",
        rf"no {_WHAT}{_PLACE}",
        rf"{_WHAT}{_PLACE} absent",
        rf"{_WHO} (?:(?P<now>has|feels|reports)|had|felt|reported) no {_WHAT}{_PLACE}",
        rf"{_WHO} (?:(?P<now>denies)|denied) {_WHAT}{_PLACE}",
        rf"{_WHO} (?:(?P<now>does)|did) not (?:have|report|feel) {_WHAT}{_PLACE}",
    )
)
_TEST = re.compile(
    r"(?P<test>(?:(?!\bno\b)[^,;:.])+?) (?:(?P<now>shows?|reveals?|demonstrates?)|showed|revealed|demonstrated)"
    rf" no {_WHAT}\Z"
)
_CLAUSE = re.compile(r"(?:^|(?<= [.;:,] )|(?<= and )|(?<= but ))[^.;:,]+?(?=$| [.;,]| and (?!\w+ [.;,])| but )")
_ARTICLES = re.compile(r"\b(?:an?|the|any) ")


def same_denial(was: tuple[str, ...], became: tuple[str, ...]) -> bool:
    """Whether two passages differ only in the form in which a clause denies a finding.

    "She denies" may become "there is no", which names nobody; "he denies" would be another person, and so might a
    pronoun where there was none.
    """
    before, after = list(_denied(was)), list(_denied(became))
    return any(one == other and who in {None, former} for former, one in before for who, other in after)


def _denied(words: tuple[str, ...]) -> Iterator[tuple[str | None, tuple[str, str, str, bool, str]]]:
    """Each clause that denies something: "he" or "she"; the denied thing, its place, and the text around it."""
    text = _ARTICLES.sub("", " ".join(words))
    for match in _CLAUSE.finditer(text):
        clause = match[0].strip()
        before, behind = text[: match.start()], text[match.end() :]
        for form in _FORMS:
            if (found := form.match(clause)) is not None:
                denial = before, _joined(found["what"]), found["place"].strip(), _is_now(found), behind
                yield found.groupdict().get("who"), denial
        if (found := _TEST.match(clause)) is not None:
            yield None, (before, _joined(found["what"]), f"on {found['test']}", _is_now(found), behind)


def _joined(what: str) -> str:
    """The denied thing with "or" and "and" unified: a list has "or" after a denial, "and" before one."""
    return re.sub(r"\b(?:or|nor)\b", "and", what)


def _is_now(found: re.Match[str]) -> bool:
    return "now" not in found.re.groupindex or found["now"] is not None
