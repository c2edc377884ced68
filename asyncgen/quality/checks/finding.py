"""The findings of the checks, and the names of all kinds."""

from collections.abc import Iterable
from dataclasses import dataclass

from asyncgen.quality.checks.vocabulary import word_set


@dataclass(frozen=True, slots=True)
class FindingKind:
    """The weight of a kind when rows are ranked, and its description."""

    weight: int
    says: str


KINDS = {
    # the change
    "unchanged": FindingKind(1, "the note is the original, but for case, blanks or punctuation"),
    "many_places": FindingKind(1, "changed in more than one sentence"),
    "rewritten": FindingKind(5, "less than half of the words are the same: another text"),
    "length": FindingKind(1, "much longer or shorter than the original"),
    "omission": FindingKind(3, "words with content are gone, and nothing stands for them"),
    "addition": FindingKind(3, "words with content were added"),
    # numbers
    "number": FindingKind(3, "a number changed, went or came (conversions are understood)"),
    "dose": FindingKind(3, "an amount, a rate or how often changed"),
    "unit": FindingKind(3, "a unit changed or went, the number did not"),
    # wording
    "laterality": FindingKind(3, "left, right, both or one side changed"),
    "site": FindingKind(3, "upper, lower, medial, anterior, proximal … changed to their opposites"),
    "negation": FindingKind(3, "something is denied that was not, or no longer denied"),
    "opposite": FindingKind(3, "a word became its opposite: increased, positive, normal, before, hyper-, …"),
    "severity": FindingKind(3, "mild, moderate, severe or acute, chronic changed"),
    "certainty": FindingKind(3, "suspected became certain, or the other way round"),
    "person": FindingKind(3, "sex or relative changed"),
    "route": FindingKind(3, "oral, intravenous, topical … changed"),
    "drug": FindingKind(3, "one drug became another"),
    "code": FindingKind(3, "a short code became another: IgG, hepatitis B, CN VII, C3"),
    # the pair
    "leak": FindingKind(5, "words of the pair's error stand in the CORRECT note"),
    "answer_lost": FindingKind(3, "the words that make the note correct are gone"),
    # form
    "empty": FindingKind(5, "the note is empty"),
    "preamble": FindingKind(1, "something stands before the note"),
    "afterword": FindingKind(1, "something stands behind the note"),
    "fence": FindingKind(1, "markdown or quotation marks around the note"),
    "thinking": FindingKind(5, "what the model thought stands in the note"),
    "special_token": FindingKind(3, "a token of a chat template stands in the note"),
    "markup": FindingKind(1, "tags, markdown or JSON in the note"),
    "refusal": FindingKind(5, "the model refused"),
    "cut_off": FindingKind(3, "the end of the note is missing"),
    "placeholder": FindingKind(3, "a placeholder stands for text"),
    "repeated": FindingKind(3, "a sentence or phrase is repeated"),
    "garbled": FindingKind(3, "damaged characters, or another script"),
    # the file
    "duplicate": FindingKind(5, "nearly the same as another example, whose original is not"),
    # reasoning
    "reasoning_missing": FindingKind(1, "no reasoning where the others have it"),
    "reasoning_keys": FindingKind(1, "reasoning without a key that the prompt asks for"),
    "reasoning_empty": FindingKind(1, "reasoning with an empty value"),
    "reasoning_other": FindingKind(3, "reasoning about another note"),
    "reasoning_verdict": FindingKind(3, "reasoning that says the opposite of the label"),
    "reasoning_side": FindingKind(3, "reasoning that argues for the error, or against its correction"),
    "reasoning_error": FindingKind(3, "reasoning that names another error, type or correction than the pair has"),
    "reasoning_form": FindingKind(
        3, "reasoning that is refused, cut off, repeated, left blank or of another shape"
    ),
    "reasoning_source": FindingKind(3, "reasoning that speaks of what the model was told"),
    "reasoning_quote": FindingKind(3, "reasoning that quotes what stands in neither note"),
    "reasoning_number": FindingKind(3, "reasoning with a number that stands in neither note"),
    "reasoning_finding": FindingKind(
        3, "reasoning with a finding that stands in neither note, or is denied there"
    ),
    "reasoning_comparison": FindingKind(1, "reasoning that speaks of another version of the note"),
    # checks of a recipe file
    "schema": FindingKind(3, "an answer that does not fit its schema"),
    "max_words": FindingKind(1, "an answer of more words than max-words"),
    "min_words": FindingKind(1, "an answer of fewer words than min-words"),
    "matches": FindingKind(1, "an answer in which nothing matches what must be there"),
    "not_matches": FindingKind(1, "an answer in which something matches what must not be there"),
    "differs_from": FindingKind(1, "an answer that repeats what it is to differ from"),
    "contains": FindingKind(1, "an answer without the text that it is to contain"),
}
CHECKS = frozenset({"schema", "max_words", "min_words", "matches", "not_matches", "differs_from", "contains"})
"""Kinds whose finding names the step that gave the answer."""
MEANING = word_set("""
    length omission addition number dose unit laterality site negation opposite severity certainty person route
    drug code answer_lost
""")
"""Kinds that say that the meaning changed; a proven paraphrase has none of them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A kind of `KINDS`, and the words that show it: before and after (both may be empty)."""

    kind: str
    was: str = ""
    became: str = ""


def in_words(findings: Iterable[Finding]) -> str:
    """The findings in words, for a model that should do better."""
    return "; ".join(
        KINDS[one.kind].says + (f': "{one.was}" became "{one.became}"' if one.was or one.became else "")
        for one in findings
        if one.kind not in CHECKS
    )
