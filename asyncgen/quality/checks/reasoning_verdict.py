"""The verdict of a reasoning on its note, in the words of its conclusion: right, wrong, or none."""

import re
from collections.abc import Mapping

from asyncgen.medec.pair import CORRECT

_HOW = r"(?:(?!not\b|no\b|n't)\w+\s){0,2}"  # "therefore", "medically", "thus clinically"
_IS = rf"\b(?:is|are|was|were|seems?|appears?|remains?|looks?)\s(?:to be\s)?{_HOW}"
_RIGHTLY = r"(?:correct|accurate|right|sound|valid|appropriate|acceptable|justified|safe|reasonable|error[- ]free)"
_GOOD = rf"(?:{_RIGHTLY}|consistent|coherent|indicated|supported)"
_BAD = (
    r"(?:incorrect|wrong|erroneous|inaccurate|flawed|mistaken|invalid|unsound|inappropriate|unacceptable"
    r"|unjustified|unsafe|inconsistent|incompatible|contraindicated|unsupported|implausible|harmful|dangerous|misguided"
    r"|in error|at odds|unfounded|misdiagnosed)"
)
_WHOLE = r"(?:note|statement|diagnosis|plan|treatment)"
_SAYS_WRONG = re.compile(
    rf"\b{_WHOLE}\s(?:is|was)\s(?:therefore\s|thus\s|medically\s|clinically\s)?"
    r"(?:incorrect|wrong|erroneous|inaccurate|flawed)\b"
    r"|\bnote (?:contains|has|holds) (?:an?|one|the) (?:\w+\s)?error\b",
    re.IGNORECASE,
)
"""Wherever it stands in a reasoning."""
_SAYS_RIGHT = re.compile(
    r"\b(?:note)\s(?:is|was)\s(?:therefore\s|thus\s|medically\s|clinically\s|entirely\s)?"
    r"(?:correct|accurate|right|sound|valid)\b|\bnote (?:contains|has|holds) no (?:\w+\s)?error\b",
    re.IGNORECASE,
)
_CONCLUSION = re.compile(r"conclusion|verdict|final|assessment_result|judge?ment", re.IGNORECASE)
_NEGATED_GOOD = (
    rf"(?:\bnot|n't|\bnever|\bneither|\bcannot be|\bhardly|\bfar from)\s(?:\w+\s){{0,3}}?{_GOOD}\b"
    r"|\b(?:does|do|did)(?: not|n't)\s(?:\w+\s){0,2}?(?:fit|match|hold|follow|agree|support|make sense)"
)
_FAULT = r"(?:error|mistake|inaccuracy|flaw|misstatement|contradiction|inconsistency)"
_WRONG = re.compile(
    rf"{_IS}{_BAD}\b|{_NEGATED_GOOD}"
    rf"|\b(?:contains?|has|holds?|includes?|shows?|there is|with)\s(?:an?|one|the|at least one)\s"
    rf"(?:\w+\s){{0,2}}{_FAULT}"
    r"|\b(?:wrong|incorrect|erroneous|inappropriate)\s(?:choice|diagnosis|drug|treatment|plan|test|agent|statement"
    r"|organism|step|management|sentence)"
    r"|\b(?:should|must|needs? to|ought to)\s(?:instead\s)?(?:have been|be (?:corrected|changed|replaced|revised"
    r"|withheld|stopped|avoided|rejected))"
    r"|\bfails? to\b|\bcontradicts?\b|\bconflicts? with\b|\bgoes against\b|\ba medical error\b",
    re.IGNORECASE,
)
_RIGHT = re.compile(
    rf"{_IS}{_RIGHTLY}\b|\bno\s(?:\w+\s){{0,2}}{_FAULT}s?\b|\bfree (?:of|from)\s(?:\w+\s){{0,2}}{_FAULT}s?\b"
    rf"|\bwithout (?:an?\s)?(?:\w+\s)?{_FAULT}s?\b|\bnothing (?:is )?(?:wrong|to correct)\b|\bcorrectly\b"
    r"|\bstands as (?:it is|written)\b"
    r"|\b(?:an?|the) (?:\w+\s)?(?:correct|appropriate|right|sound|reasonable|accurate)\s"
    r"(?:choice|diagnosis|drug|treatment|plan|test|agent|statement|organism|step|management|note)"
    r"(?! (?:is|was|would|should|for|here)\b)",  # "the correct diagnosis is another one"
    re.IGNORECASE,
)
_SUPPORTED = re.compile(
    rf"{_IS}{_GOOD}\b|\b(?:fits?|matches|agrees with|supports?) (?:well )?(?:with )?(?:the|all|these)\b"
    r"|\bso\s|\bas the note\b|\bfollows guidelines\b",
    re.IGNORECASE,
)
"""May be said of findings too, and argues for the note if nothing else is said of it."""
_NONE = re.compile(r"\b(?:nothing|no|none|neither|nor)\b[^.;]*\Z", re.IGNORECASE)
_REJECTING = re.compile(
    rf"\b{_BAD}\b|\bin(?:correct|appropriate|accurate)ly\b|\b(?:not|no|never|cannot|neither|nor|without|rather"
    r"|instead|should|must|ought|fails?|lacks?|less|unlikely|contradicts?|conflicts?|against|error|mistake"
    r"|replaced?|delays?|risks?|harms?|worsen|unnecessary|avoid|but|however|although|despite|whereas|yet|while|omitted|misread|miss(?:es|ed)|wrongly)\b|n't",
    re.IGNORECASE,
)
_UNDECIDED = re.compile(
    r"\b(?:may|might|could) (?:or may not |or might not )?be (?:correct|incorrect|right|wrong|accurate|inaccurate"
    r"|erroneous)\b|\bmay or may not\b"
    r"|\b(?:cannot|can't|can not|could not|unable to|not possible to|impossible to|hard to|difficult to) (?:be )?"
    r"(?:determined?|sa(?:y|id)|assess(?:ed)?|judged?|tell|told|decided?|concluded?)\s(?:whether|if)\b"
    r"|\b(?:unclear|uncertain|unsure|not sure|not clear|debatable) (?:whether|if) "
    r"(?:the (?:note|plan|diagnosis)|it|this)\b"
    r"|\b(?:either|both) (?:answer|option|reading|choice|diagnosis)s? (?:is|are|could|may|might)\b"
    r"|\bwhether (?:the note|it) is (?:correct|incorrect|right|wrong)\b[^.]*\b(?:unclear|uncertain|open|depends)",
    re.IGNORECASE,
)


def wrong_verdict(fields: Mapping[str, str], label: str) -> str | None:
    """The words that contradict a label, or leave open what it says; None: there are none.

    A conclusion is read closely: "not appropriate", "contains an error", "was the right choice". Elsewhere only
    what is said of the whole note counts, for what speaks for and against it is weighed there.

    Args:
        fields: the texts of a reasoning by key.
        label: of its note, CORRECT or INCORRECT.
    """
    plain = _SAYS_WRONG if label == CORRECT else _SAYS_RIGHT
    for key, text in fields.items():
        if (said := plain.search(text)) is not None:
            return said[0]
        if _CONCLUSION.search(key) and (said := _in_conclusion(text, label)) is not None:
            return said[0]
    return None


def _in_conclusion(text: str, label: str) -> re.Match[str] | None:
    if (undecided := _UNDECIDED.search(text)) is not None:
        return undecided
    right = _RIGHT.search(text)
    if label == CORRECT:
        wrong, for_it = _WRONG.search(text), right or _SUPPORTED.search(text)
        if wrong is None or _NONE.search(text, 0, wrong.start()) is not None:
            return None
        # "The note is correct: the drug is contraindicated": what is wrong there is something else.
        return wrong if for_it is None or _covers(wrong, for_it) else None
    return right if _REJECTING.search(text) is None or (right and _is_denial_of_faults(right[0])) else None


def _covers(wrong: re.Match[str], right: re.Match[str]) -> bool:
    """Whether what sounds right is part of what says wrong: "is not correct"."""
    return wrong.start() <= right.start() and right.end() <= wrong.end()


def _is_denial_of_faults(said: str) -> bool:
    """Whether the words that say right are a denial themselves, which a rejection would be taken for."""
    return re.match(r"no |free|without|nothing", said, re.IGNORECASE) is not None
