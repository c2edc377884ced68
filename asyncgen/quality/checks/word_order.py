"""Whether one passage is the other reordered: a part moved, a list reordered, active and passive voice.

Each rule takes the words as a whole: a moved part moves in one piece, and everything else keeps its place. So
"louder on standing, softer on squatting" cannot become "softer on standing, louder on squatting".
"""

from collections import Counter
from collections.abc import Iterator

from asyncgen.quality.checks.meanings import finite_verbs
from asyncgen.quality.checks.note_words import is_content
from asyncgen.quality.checks.vocabulary import CLASSES, DENIES, word_set
from asyncgen.quality.checks.voice import in_active_voice

Words = tuple[str, ...]

_SAYS_NOTHING = word_set("a an the , : -")
_JOINTS = {"and", "or", ","}
_ENDS = {".", ";", ":"}
_LONGEST_ITEM = 8  # words: a longer item is a clause
_LONGEST_FRONT = 10  # words: a longer part is a clause
_LEAST_SENTENCE = 3  # words: subject, verb, object
_MOST_DIFFERENT = 5  # content words: an agent, and the forms of a verb
_FRONTS = word_set("""
    for over during on in at since after before upon within until throughout following yesterday today currently
    initially recently with from by because despite when while if as to
""")
"""The beginnings of a part that may be first or last in a sentence."""
_TIMES_AGO = {"ago", "earlier", "later"}
_BE_OR_HAVE = word_set("is are was were be been being has have had")
_BOUNDARIES = _BE_OR_HAVE | word_set("""
    with of in on by for to from include includes shows show showed reveals revealed denies denied no without
    reports reported between both either neither not due any takes received receives given that than at
""")
"""Words after which a list begins."""
_BINDING = word_set("followed then before after but except with without which who that")
"""Words that bind a part of a list to its neighbour."""
_SHARED = word_set("laterality severity opposite certainty")
"""Kinds of words that may apply to the next part too: "left knee and hip"."""
_CLAUSE = word_set("but which who while when if")
_NOUNS = word_set("""
    use drinks rest place treat stops look limp spread fall falls plan cause drop rise need visit bruise drain hit
""")
"""Verbs that are nouns as often."""
_LEAST_PAST = 5  # letters: shorter words in -ed are adjectives or nouns


def same_in_another_order(was: Words, became: Words) -> bool:
    """Whether two passages differ only in order or voice, ignoring articles and commas."""
    lost, gained = Counter(was) - Counter(became), Counter(became) - Counter(was)
    if sum(map(is_content, (*lost, *gained))) > _MOST_DIFFERENT:
        return False
    was, became = (side[:-1] if side[-1:] == (".",) else side for side in (was, became))
    return _list_turned(was, became) or _reordered(was, became) or _reordered(became, was)


def _reordered(one: Words, other: Words) -> bool:
    wanted = _bare(other)
    return any(_bare(words) == wanted for made in (_front_moved, in_active_voice) for words in made(one))


def _bare(words: Words) -> Words:
    return tuple([word for word in words if word not in _SAYS_NOTHING])


def _front_moved(words: Words) -> Iterator[Words]:
    """Move a part from the front of a sentence to its end."""
    for begin, end in _sentences(words):
        sentence = words[begin:end]
        for length in range(1, min(_LONGEST_FRONT, len(sentence) - 2) + 1):
            front, rest = sentence[:length], sentence[length:]
            fits = front[0] in _FRONTS or front[-1] in _TIMES_AGO
            if fits and rest[0] not in {"of", "and", "or"} and not _has_clauses(rest):
                yield words[:begin] + rest + front + words[end:]


def _sentences(words: Words) -> Iterator[tuple[int, int]]:
    begin = 0
    for place in range(len(words) + 1):
        if place == len(words) or words[place] in _ENDS:
            if place - begin >= _LEAST_SENTENCE:
                yield begin, place
            begin = place + 1


def _has_clauses(words: Words) -> bool:
    """Whether a new clause may begin inside, so that the last part belongs only to that one."""
    for place, word in enumerate(words):
        if word in _CLAUSE:
            return True
        behind = words[place + 1 : place + 4]
        if word == "," and behind[:1] in {("and",), ("but",)}:
            behind = words[place + 2 :]
        elif word != "and":
            continue
        if any(map(_may_be_verb, behind)):
            return True
    return False


def _may_be_verb(word: str) -> bool:
    if word in _BE_OR_HAVE or (word in finite_verbs() and word not in _NOUNS):
        return True
    return len(word) >= _LEAST_PAST and word.endswith("ed")


def _list_turned(was: Words, became: Words) -> bool:
    """Whether only the parts of one list were reordered, each in one piece."""
    if len(was) != len(became):
        was, became = (tuple(word for word in side if word != ",") for side in (was, became))
    if was == became or Counter(was) != Counter(became):
        return False
    first, last = _list_at(was, became)
    items, others = _items(was[first:last]), _items(became[first:last])
    return (
        len(items) > 1
        and sorted(items) == sorted(others)
        and len({_shared_kinds(item) for item in items}) == 1
        and not any(word in DENIES or word in _BINDING for item in items for word in item)
        and not _is_answered(was[last:])
    )


def _list_at(was: Words, became: Words) -> tuple[int, int]:
    """The differing list: from the word after which it begins to the next mark or verb."""
    different = [place for place, (one, other) in enumerate(zip(was, became, strict=True)) if one != other]
    first, last = different[0], different[-1] + 1
    while first > 0 and was[first - 1] not in _BOUNDARIES and was[first - 1] not in _ENDS:
        first -= 1
    while last < len(was) and was[last] not in _BE_OR_HAVE and was[last] not in _ENDS and was[last] != ",":
        last += 1
    return first, last


def _items(words: Words) -> list[Words]:
    """The parts of a list, in order; none if one is long, or parts are joined in two ways."""
    if len({word for word in words if word in {"and", "or"}}) != 1:
        return []
    items: list[Words] = [()]
    for word in words:
        if word in _JOINTS:
            items.append(())
        elif word not in _SAYS_NOTHING:
            items[-1] = (*items[-1], word)
    items = [item for item in items if item]
    return [] if any(len(item) > _LONGEST_ITEM for item in items) else items


def _shared_kinds(item: Words) -> frozenset[str]:
    return frozenset(kind for word in item for kind, values in CLASSES if kind in _SHARED and word in values)


def _is_answered(words: Words) -> bool:
    """Whether a second list assigns something to each part: "sodium and potassium are 140 and 4.2"."""
    numbers = (words[place][0].isdigit() for place, word in enumerate(words[1:]) if word == "and")
    return "respectively" in words or any(numbers)
