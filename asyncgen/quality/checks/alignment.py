"""Whether two passages have the same meaning word by word: equal words, synonyms, conversions, neutral marks.

The search walks both passages from their beginnings. A step takes the same word on both sides, two phrases of one
meaning, one amount in two units, or skips what carries no meaning of its own. All words are accounted for only if
both ends are reached; anything that no step takes leaves the passage open.
"""

from collections.abc import Iterator

from asyncgen.quality.checks.passage import Passage
from asyncgen.quality.checks.quantities import Quantity, may_begin, same_amount
from asyncgen.quality.checks.typing_errors import corrects

_FREE_MARKS = {",", ":", ";", "-"}
_FREE_PHRASES = {("too",), ("also",), ("as", "well")}
_LINKS = {"and", "but", "while", "whereas"}
_SUBJECTS = {
    "he",
    "she",
    "it",
    "they",
    "the",
    "a",
    "an",
    "his",
    "her",
    "there",
    "this",
    "these",
    "their",
    "we",
    "no",
}
_VERBS = {"is", "are", "was", "were", "has", "had", "have", "does", "did", "will"}
_LOOK_AHEAD = 4  # words in which the verb of a sentence is expected
_LONGEST_BRACKET = 8  # words, also of what the bracket repeats: longer ones are explanations
_NUMBERED = {"type", "stage", "grade", "class", "nerve", "cn", "phase", "factor", "category", "degree", "para"}
_ROMAN = {roman: str(value) for value, roman in enumerate("i ii iii iv v vi vii viii ix x xi xii".split(), 1)}  # noqa: SIM905
_LISTS_IN_DENIAL = (("or",), ("nor",), ("and", "no"), ("or", "no"), ("or", "any"), ("and", "not"))
_EXACT_TIME = 0.0006  # share: lets a year be twelve months
_LEAST_INITIALS = 2  # letters: any word begins with a single one


def aligned(was: Passage, became: Passage) -> bool:
    """Whether each passage accounts for every word of the other."""
    goal = (len(was.words), len(became.words))
    states, seen = [(0, 0)], {(0, 0)}
    later: list[tuple[int, int]] = []
    while states or later:
        if not states:
            # So far only equal words were compared, as that is cheap: now the other steps, from the last place on.
            i, j = later.pop()
            following = list(_steps(was, became, i, j))
        else:
            i, j = states.pop()
            if (i, j) == goal:
                return True
            later.append((i, j))
            same = i < goal[0] and j < goal[1] and _same_word(was, became, i, j)
            following = [(i + 1, j + 1)] if same else []
        for state in following:
            if state not in seen:
                seen.add(state)
                states.append(state)
    return False


def _steps(was: Passage, became: Passage, i: int, j: int) -> Iterator[tuple[int, int]]:
    """The steps from a state other than the same word on both sides."""
    if i < len(was.words):
        for end in _skips(was, i):
            yield end, j
    if j < len(became.words):
        for end in _skips(became, j):
            yield i, end
    if i < len(was.words) and j < len(became.words):
        yield from _separators(was, became, i, j)
        yield from _lists(was, became, i, j)
        yield from _amounts(was, became, i, j)
        yield from _meanings(was, became, i, j)
        if (after := _initials(was, i, became.written[j])) is not None:
            yield after, j + 1


def _skips(passage: Passage, place: int) -> Iterator[int]:
    """The ends of what may come or go: marks, articles, "too", a bracket that repeats what precedes it."""
    if length := _free(passage, place):
        yield place + length
    if passage.words[place] == "(" and (end := _repeats(passage, place)):
        yield end


def _amounts(was: Passage, became: Passage, i: int, j: int) -> Iterator[tuple[int, int]]:
    if not (may_begin(was.words[i]) and may_begin(became.words[j])):
        return  # true of most words, and reading the quantities of a passage is slower
    for end, quantity in was.quantities.get(i, ()):
        for other_end, other in became.quantities.get(j, ()):
            if same_exactly(quantity, other):
                yield end, other_end


def _meanings(was: Passage, became: Passage, i: int, j: int) -> Iterator[tuple[int, int]]:
    phrases = list(was.phrases(i, target=False))
    if phrases:
        for other_end, concepts in became.phrases(j, target=True):
            for end, own in phrases:
                if own & concepts:
                    yield end, other_end


def _same_word(was: Passage, became: Passage, i: int, j: int) -> bool:
    word, other = was.words[i], became.words[j]
    if word == other or (was.correctable and corrects(word, other)):
        return True
    if _ROMAN.get(word) == other or _ROMAN.get(other) == word:
        return i > 0 and was.words[i - 1] in _NUMBERED
    return False


def _free(passage: Passage, place: int) -> int:
    """How many words from a place on may be added or dropped."""
    if passage.words[place] in _FREE_MARKS or passage.is_article(place):
        return 1
    return next((len(one) for one in _FREE_PHRASES if passage.words[place : place + len(one)] == one), 0)


def same_exactly(was: Quantity, became: Quantity) -> bool:
    """Whether two quantities are one amount; times exactly, others within rounding."""
    if was.key == became.key:
        return True
    if not same_amount(was, became):
        return False
    return was.dimension != "time" or abs(was.amount - became.amount) <= _EXACT_TIME * was.amount


def _separators(was: Passage, became: Passage, i: int, j: int) -> Iterator[tuple[int, int]]:
    """Two sentences, or two clauses of one: ". She", "; she", ", and she"."""
    for end in _separator(was, i):
        for other_end in _separator(became, j):
            if (end, other_end) != (i + 1, j + 1) or was.words[i] != became.words[j]:
                yield end, other_end


def _separator(passage: Passage, place: int) -> Iterator[int]:
    words = passage.words
    link = place + 1 < len(words) and words[place + 1] in _LINKS
    end = place + 1 + link
    if (words[place] in {".", ";"} or (words[place] == "," and link)) and _begins_clause(words, end):
        yield end


def _begins_clause(words: tuple[str, ...], place: int) -> bool:
    ahead = words[place : place + _LOOK_AHEAD]
    return bool(ahead) and (ahead[0] in _SUBJECTS or not _VERBS.isdisjoint(ahead))


def _lists(was: Passage, became: Passage, i: int, j: int) -> Iterator[tuple[int, int]]:
    """The joints of a denied list: "no fever or chills", "neither fever nor chills"."""
    if was.words[i] not in {"or", "nor", "and"} or became.words[j] not in {"or", "nor", "and"}:
        return
    if not (was.is_denied(i) and became.is_denied(j)):
        return
    for one in _LISTS_IN_DENIAL:
        for other in _LISTS_IN_DENIAL:
            if was.words[i : i + len(one)] == one and became.words[j : j + len(other)] == other:
                yield i + len(one), j + len(other)


def _repeats(passage: Passage, place: int) -> int:
    """The end of a bracket that repeats what precedes it (abbreviation, words, other unit); else 0."""
    words = passage.words
    end = next((k for k in range(place + 1, min(len(words), place + _LONGEST_BRACKET + 2)) if words[k] == ")"), 0)
    if end <= place + 1:
        return 0
    inside = passage.written[place + 1 : end]
    content = Passage(passage.text[passage.spans[place + 1][0] : passage.spans[end - 1][1]])
    for begin in range(max(0, place - _LONGEST_BRACKET), place):
        if len(inside) == 1 and _initials(passage, begin, inside[0]) == place:
            return end + 1
        phrase = Passage(passage.text[passage.spans[begin][0] : passage.spans[place - 1][1]])
        if phrase.words != content.words and aligned(phrase, content):
            return end + 1
        if "(" not in phrase.words and phrase.words != content.words and aligned(content, phrase):
            return end + 1
    return 0


def _initials(passage: Passage, place: int, short: str) -> int | None:
    """The end of the words from a place on whose initials are an abbreviation; None if they are not."""
    if len(short) < _LEAST_INITIALS or not short.isupper() or not short.isalpha():
        return None
    for letter in short.lower():
        if (
            place < len(passage.words)
            and passage.words[place] in {"of", "and", "the", "/"}
            and letter != passage.words[place][0]
        ):
            place += 1
        if place >= len(passage.words) or passage.words[place][0] != letter or len(passage.words[place]) <= 1:
            return None
        place += 1
    return place
