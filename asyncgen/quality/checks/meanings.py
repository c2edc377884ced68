"""The index of the lexicon: which phrases may replace each other."""

from collections.abc import Iterable, Iterator
from functools import cache

from asyncgen.quality.checks.lexicon import lexicon_lines
from asyncgen.quality.checks.note_words import split_words

Phrase = tuple[str, ...]
Group = list[str]
_FORMS = 5  # base, third person, past, -ing, participle
_NUMBERS = {"is": "are", "was": "were", "has": "have"}
_VOWELS = "aeiou"


class Meanings:
    """The concepts of each phrase; two phrases have the same meaning if they share one.

    `sources` are the phrases of an original, `targets` those of a paraphrase: these also include ambiguous
    abbreviations, which may replace their words, but not be written out. `members` has the phrases of each
    concept, `lengths` the word counts of the phrases that begin with a word, `words` all words.
    """

    def __init__(self) -> None:
        self.sources: dict[Phrase, frozenset[int]] = {}
        self.targets: dict[Phrase, frozenset[int]] = {}
        sources: dict[Phrase, set[int]] = {}
        targets: dict[Phrase, set[int]] = {}
        self.members: list[list[Phrase]] = []
        for concept, group in enumerate(_all_groups()):
            self.members.append([])
            for text in group:
                phrase = normal_phrase(text.removesuffix("?"))
                self.members[-1].append(phrase)
                targets.setdefault(phrase, set()).add(concept)
                if not text.endswith("?"):
                    sources.setdefault(phrase, set()).add(concept)
        self.sources = {phrase: frozenset(concepts) for phrase, concepts in sources.items()}
        self.targets = {phrase: frozenset(concepts) for phrase, concepts in targets.items()}
        # By first word, the lengths of the phrases that it begins: most words begin none.
        self.lengths: dict[str, tuple[int, ...]] = {}
        for phrase in self.targets:
            known = self.lengths.get(phrase[0], ())
            if len(phrase) not in known:
                self.lengths[phrase[0]] = tuple(sorted((*known, len(phrase)), reverse=True))
        self.words = frozenset(word for phrase in self.targets for word in phrase)


@cache
def meanings() -> Meanings:
    """The index; built once, which takes a few milliseconds."""
    return Meanings()


def normal_phrase(text: str) -> Phrase:
    """The words of a phrase, without hyphens, in American spelling."""
    return tuple(normal_word(word) for word in split_words(text).words if word != "-")


@cache
def drug_names() -> dict[Phrase, str]:
    """The generic name by each name of a drug."""
    return {normal_phrase(name): group[0] for group in _groups("drugs") for name in group}


@cache
def finite_verbs() -> frozenset[str]:
    """The third persons and pasts of the lexicon's verbs."""
    irregular = _irregular()
    verbs = {verb.split()[0] for group in _groups("verbs") for verb in group} | irregular.keys()
    return frozenset(form for verb in verbs for form in (irregular.get(verb) or _regular(verb))[1:3])


def _irregular() -> dict[str, list[str]]:
    return {line.split()[0]: line.split() for line in lexicon_lines("irregular_verbs")}


def _all_groups() -> Iterator[Group]:
    for name in ("abbreviations", "phrases", "drugs"):
        yield from _groups(name)
    for group in _groups("nouns"):
        yield group
        yield [plural(noun) for noun in group if " of " not in noun and " in " not in noun]
    irregular = _irregular()
    for group in _groups("verbs"):
        forms = [_verb_forms(verb, irregular) for verb in group]
        for form in range(_FORMS):
            yield [word for verb in forms for word in _both_numbers(verb[form], form)]


def _groups(name: str) -> Iterator[Group]:
    for line in lexicon_lines(name):
        yield line.lower().split(" = ")


def _both_numbers(text: str, form: int) -> Iterable[str]:
    first, _, rest = text.partition(" ")
    yield text
    if rest and form and first in _NUMBERS:
        yield f"{_NUMBERS[first]} {rest}"


def plural(noun: str) -> str:
    """The regular plural of a noun; of its last word."""
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun[:-2] + "es" if noun.endswith("is") else noun + "es"
    if noun.endswith("y") and noun[-2] not in _VOWELS:
        return noun[:-1] + "ies"
    if noun.endswith("man"):
        return noun[:-3] + "men"
    return noun + "s"


def _verb_forms(verb: str, irregular: dict[str, list[str]]) -> list[str]:
    first, _, rest = verb.partition(" ")
    forms = irregular.get(first) or _regular(first)
    return [f"{form} {rest}".strip() for form in forms]


def _regular(verb: str) -> list[str]:
    if verb.endswith("e"):
        return [verb, verb + "s", verb + "d", verb[:-1] + "ing", verb + "d"]
    if verb.endswith("y") and verb[-2] not in _VOWELS:
        return [verb, verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing", verb[:-1] + "ied"]
    third = verb + "es" if verb.endswith(("s", "x", "ch", "sh", "ss")) else verb + "s"
    return [verb, third, verb + "ed", verb + "ing", verb + "ed"]


# Spelling

_LATIN = (("ae", "e"), ("oe", "e"))
_ENDINGS = tuple(
    tuple(pair.split("/"))
    for pair in [
        "isation/ization",
        "isations/izations",
        "ising/izing",
        "ised/ized",
        "ises/izes",
        "ise/ize",
        "our/or",
        "ours/ors",
        "oured/ored",
        "ouring/oring",
        "oural/oral",
        "ourable/orable",
    ]
)
_LEAST_SPELT = 5  # letters: "four" is not a spelling of "for"


@cache
def _spelt() -> tuple[dict[str, str], dict[str, str]]:
    """American by British word, correct by misspelt word."""
    pairs = [line.split() for line in lexicon_lines("spellings")]
    wrong = [line.split() for line in lexicon_lines("misspellings")]
    return {british: american for american, british in pairs}, {
        misspelt: right for right, *others in wrong for misspelt in others
    }


@cache
def normal_word(word: str) -> str:
    """A word in American spelling."""
    if len(word) < _LEAST_SPELT or not word.isalpha():
        return _spelt()[0].get(word, word)
    if (american := _spelt()[0].get(word)) is not None:
        return american
    for latin, modern in _LATIN:
        word = word.replace(latin, modern)
    word = _spelt()[0].get(word, word)
    for british, american in _ENDINGS:
        if word.endswith(british) and len(word) - len(british) > 1:
            return word[: -len(british)] + american
    return word


def right_word(word: str) -> str | None:
    """The correct form of a misspelt word, if it is known."""
    return _spelt()[1].get(word)
