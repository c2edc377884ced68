"""Words that turn the meaning: sides, sites, negation, opposites, severity, certainty, persons, routes, drugs.

A class of words has exclusive values ("left", "right", "bilateral"). A finding needs that one value went and
another one of its class came, or that such a word alone was put in, taken out or moved: a reworded sentence
that has the same values is fine.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from asyncgen.quality.change import Change, Hunk
from asyncgen.quality.finding import Finding


def _class(values: Mapping[str, str]) -> dict[str, str]:
    """Value by word, from the words by value."""
    return {word: value for value, words in values.items() for word in words.split()}


_CLASSES: tuple[tuple[str, dict[str, str]], ...] = (
    ("laterality", _class({"left": "left l't leftward", "right": "right rightward", "both": "bilateral bilaterally both",
                           "one": "unilateral unilaterally"})),
    ("laterality", _class({"same": "ipsilateral", "other": "contralateral"})),
    ("site", _class({"upper": "upper superior", "lower": "lower inferior"})),
    ("site", _class({"in": "medial medially", "out": "lateral laterally"})),
    ("site", _class({"front": "anterior ventral anteriorly", "back": "posterior dorsal posteriorly"})),
    ("site", _class({"near": "proximal proximally", "far": "distal distally"})),
    ("site", _class({"in": "internal", "out": "external"})),
    ("site", _class({"arm": "arm arms", "leg": "leg legs"})),
    ("site", _class({"hand": "hand hands", "foot": "foot feet"})),
    ("site", _class({"shoulder": "shoulder shoulders", "hip": "hip hips", "knee": "knee knees", "ankle": "ankle ankles",
                     "elbow": "elbow elbows", "wrist": "wrist wrists"})),
    ("opposite", _class({
        "up": "increased increase increases increasing elevated elevation high higher raised rising greater",
        "down": "decreased decrease decreases decreasing reduced reduction low diminished falling declining less fewer",
    })),
    ("opposite", _class({"more": "more greater > \u2265", "less": "less fewer < \u2264"})),
    ("opposite", _class({"over": "above over", "under": "below under"})),
    ("opposite", _class({"better": "improved improves improving improvement better",
                         "worse": "worsened worsens worsening worse deteriorated"})),
    ("opposite", _class({"positive": "positive", "negative": "negative"})),
    ("opposite", _class({"normal": "normal unremarkable", "abnormal": "abnormal"})),
    ("opposite", _class({"present": "present presence", "absent": "absent absence"})),
    ("opposite", _class({"before": "before preceding", "after": "after following afterwards"})),
    ("opposite", _class({"start": "started initiated begun commenced starts begins began",
                         "stop": "stopped discontinued ceased withheld held stops"})),
    ("opposite", _class({"relieved": "relieved alleviated relieves relieve eased eases ease relief",
                         "worsened": "aggravated exacerbated aggravates exacerbates exacerbate"})),
    ("opposite", _class({"systolic": "systolic", "diastolic": "diastolic"})),
    ("opposite", _class({"sudden": "sudden suddenly abrupt abruptly", "gradual": "gradual gradually slowly"})),
    ("severity", _class({"mild": "mild mildly slight slightly minimal", "moderate": "moderate moderately",
                         "severe": "severe severely profound marked markedly"})),
    ("severity", _class({"acute": "acute acutely", "subacute": "subacute", "chronic": "chronic chronically longstanding"})),
    ("severity", _class({"benign": "benign", "malignant": "malignant"})),
    ("severity", _class({"stable": "stable", "unstable": "unstable"})),
    ("severity", _class({"constant": "constant persistent continuous", "sometimes": "intermittent occasional episodic"})),
    ("certainty", _class({"maybe": "suspected suspicion possible possibly probable probably likely presumed may might",
                          "sure": "confirmed confirms definite definitive certain proven diagnosed diagnosis"})),
    ("person", _class({"male": "man male boy he him his himself gentleman men",
                       "female": "woman female girl she her hers herself lady women"})),
    ("person", _class({"mother": "mother", "father": "father", "parents": "parents"})),
    ("person", _class({"brother": "brother", "sister": "sister", "son": "son", "daughter": "daughter",
                       "uncle": "uncle", "aunt": "aunt", "husband": "husband", "wife": "wife"})),
    ("person", _class({"maternal": "maternal", "paternal": "paternal"})),
    ("route", _class({"oral": "oral orally po", "intravenous": "intravenous intravenously iv",
                      "intramuscular": "intramuscular intramuscularly im", "topical": "topical topically",
                      "subcutaneous": "subcutaneous subcutaneously", "inhaled": "inhaled", "rectal": "rectal rectally",
                      "intranasal": "intranasal intranasally", "sublingual": "sublingual sublingually"})),
)
_ALONE = {"laterality", "severity", "site"}
"""Kinds of which a word alone that comes or goes is a finding too."""

_DENIES = frozenset(
    "no not n't never without none neither nor cannot denies denied deny denying negative negatives non".split()
)
_DENIES_WEAKLY = frozenset(
    "absent absence lacks lacking lack unable fails failed free normal unremarkable afebrile unknown "
    "benign clear intact noncontributory nonsmoker nondrinker abstains refuses declines negative only unchanged".split()
)
_SAME_PHRASE = 3  # words
_LIST = {"or", "nor"}
_DENYING_PREFIXES = ("un", "non", "in", "im", "ir", "il", "a", "dis", "anti")
_OPPOSITE_PREFIXES = (
    ("hyper", "hypo"), ("tachy", "brady"), ("macro", "micro"), ("intra", "extra"), ("pre", "post"),
    ("ante", "post"), ("supra", "infra"), ("poly", "oligo"), ("endo", "exo"), ("homo", "hetero"), ("ab", "ad"),
    ("hemi", "para"), ("leuko", "thrombo"), ("leuko", "erythro"), ("nephro", "neuro"),
)  # fmt: skip
_DRUG = re.compile(
    r"\w{2,}(?:cillin|mycin|micin|floxacin|cycline|sporin|cef\w*|olol|pril|sartan|statin|conazole|prazole|tidine|"
    r"dipine|zepam|zolam|setron|triptan|gliptin|glitazone|gliflozin|formin|glutide|parin|xaban|gatran|grel|"
    r"mab|nib|vir|vudine|caine|dronate|terol|asone|olone|onide|lukast|thiazide|semide|tropium|oxetine|"
    r"pramine|triptyline|azepine|barbital|phylline|mustine|rubicin|platin|taxel|profen|oxicam|coxib|quine|amine)"
)
_NO_SIDE = re.compile(
    r"left\s+(?:the|a|an|his|her|for|to|untreated|home|work|against|ama)\b|right\s+(?:now|away|after|before)\b",
    re.IGNORECASE,
)


def check_wording(change: Change) -> Iterator[Finding]:
    """The classes, then negation, prefixes and drugs; a kind is given once."""
    seen: set[str] = set()
    for finding in (*_classes(change), *_negation(change), *_prefixes(change), *_drugs(change)):
        if finding.kind not in seen:
            seen.add(finding.kind)
            yield finding


def _classes(change: Change) -> Iterator[Finding]:
    for kind, values in _CLASSES:
        touched = [hunk for hunk in change.hunks if _valued(values, hunk.was) or _valued(values, hunk.became)]
        if not touched:
            continue
        lost, gained = set(_valued(values, change.lost)), set(_valued(values, change.gained))
        turned = (lost - gained and gained - lost) or any(_replaced(values, hunk) for hunk in touched)
        alone = kind in _ALONE and len(touched) == 1 and _alone(values, touched[0]) and not _verb(change, touched[0])
        if turned or alone or _moved(values, touched):
            yield Finding(kind, *change.shown(*touched))


def _valued(values: Mapping[str, str], words: Iterable[str]) -> list[str]:
    """The values of those words that are of a class."""
    return [values[plain] for word in words if (plain := word.removesuffix("'s")) in values]


def _replaced(values: Mapping[str, str], hunk: Hunk) -> bool:
    """Whether a hunk has words of a class on both sides, and other ones."""
    was, became = set(_valued(values, hunk.was)), set(_valued(values, hunk.became))
    return bool(was and became and not was & became)


def _moved(values: Mapping[str, str], hunks: list[Hunk]) -> bool:
    """Whether words of a class alone stand for others: "left … right" that became "right … left"."""
    alone = [hunk for hunk in hunks if all(word in values for word in (*hunk.was, *hunk.became))]
    was = [values[word] for hunk in alone for word in hunk.was]
    became = [values[word] for hunk in alone for word in hunk.became]
    return len(alone) > 1 and was != became and len(was) == len(became)


def _alone(values: Mapping[str, str], hunk: Hunk) -> bool:
    """Whether nothing but a word of a class was put in or taken out."""
    return (not hunk.was or not hunk.became) and all(word in values for word in (*hunk.was, *hunk.became))


def _verb(change: Change, hunk: Hunk) -> bool:
    """Whether the word that came or went is no side: "left the hospital", "right away"."""
    words, place = (change.original, hunk.i1) if hunk.was else (change.revised, hunk.j1)
    return _NO_SIDE.match(words.text, words.spans[place][0]) is not None


def _negation(change: Change) -> Iterator[Finding]:
    """Denials that went or came, weighed against words that deny in another way."""
    lost, gained = _denials(change.lost), _denials(change.gained)
    touched = [
        hunk for hunk in change.hunks if any(_denies(word) for word in (*hunk.was, *hunk.became))
    ]
    if not touched:
        return
    weak = sum(_weak(change.gained).values()) - sum(_weak(change.lost).values())
    balance = gained - lost
    listed = _LIST & (change.lost.keys() | change.gained.keys())
    if balance < 0:
        turned = weak <= 0 and not (listed and _denials(Counter(change.window[1].lower().split())))
    elif balance > 0:
        turned = weak >= 0 and not (listed and _denials(Counter(change.window[0].lower().split())))
    else:
        alone = [hunk for hunk in touched if all(map(_denies, (*hunk.was, *hunk.became)))]
        # "has not had" and "has had no" are the same; over more words, something else is denied.
        apart = max(hunk.i1 for hunk in touched) - min(hunk.i2 for hunk in touched)
        turned = len(alone) > 1 and len(change.hunks) == len(alone) and apart > _SAME_PHRASE
    if turned:
        yield Finding("negation", *change.shown(*touched))


def _denies(word: str) -> bool:
    return word in _DENIES or word.endswith("n't")


def _denials(words: Counter[str]) -> int:
    return sum(number for word, number in words.items() if _denies(word))


def _weak(words: Counter[str]) -> Counter[str]:
    return Counter(
        {
            word: number
            for word, number in words.items()
            if word in _DENIES_WEAKLY or (word.startswith(("un", "non")) and len(word) > 6)  # noqa: PLR2004
        }
    )


def _prefixes(change: Change) -> Iterator[Finding]:
    """A word that became itself with a denying prefix, or with the opposite one."""
    for was, became in ((was, became) for was in change.lost for became in change.gained):
        if not (was[0].isalpha() and became[0].isalpha()):
            continue
        shorter, longer = sorted((was, became), key=len)
        if len(shorter) > 3 and any(longer == prefix + shorter for prefix in _DENYING_PREFIXES):  # noqa: PLR2004
            if not _denials(change.lost) + _denials(change.gained):
                yield Finding("negation", was, became)
        elif any(
            {was, became} == {one + rest, other + rest}
            for one, other in _OPPOSITE_PREFIXES
            for rest in (was.removeprefix(one), was.removeprefix(other))
        ):
            yield Finding("opposite", was, became)


def _drugs(change: Change) -> Iterator[Finding]:
    was = sorted(word for word in change.lost if _DRUG.fullmatch(word))
    became = sorted(word for word in change.gained if _DRUG.fullmatch(word))
    if was and became:
        yield Finding("drug", ", ".join(was), ", ".join(became))
