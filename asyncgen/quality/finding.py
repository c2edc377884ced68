"""What a check finds in an example, and the names of all kinds."""

from dataclasses import dataclass

KINDS = {
    # the change
    "unchanged": "the note is the original, but for case, blanks or punctuation",
    "many_places": "changed in more than one sentence",
    "rewritten": "less than half of the original's words are left: another text",
    "length": "much longer or shorter than the original",
    "omission": "words with content are gone, and nothing stands for them",
    "addition": "words with content were added",
    # numbers
    "number": "a number changed, went or came (conversions are understood)",
    "dose": "an amount, a rate or how often changed",
    "unit": "a unit changed or went, the number did not",
    # wording
    "laterality": "left, right, both or one side changed",
    "site": "upper, lower, medial, anterior, proximal … changed to their opposites",
    "negation": "something is denied that was not, or no longer denied",
    "opposite": "a word became its opposite: increased, positive, normal, before, hyper-, …",
    "severity": "mild, moderate, severe or acute, chronic changed",
    "certainty": "suspected became certain, or the other way round",
    "person": "sex or relative changed",
    "route": "oral, intravenous, topical … changed",
    "drug": "one drug became another, by the endings of their names",
    # the pair
    "leak": "words of the pair's error stand in the CORRECT note",
    "answer_lost": "the words that make the note correct are gone",
    # form
    "empty": "the note is empty",
    "preamble": "something stands before the note",
    "afterword": "something stands behind the note",
    "fence": "markdown or quotation marks around the note",
    "markup": "tags, markdown or JSON in the note",
    "refusal": "the model refused",
    "cut_off": "the end of the note is missing",
    "placeholder": "a placeholder stands for text",
    "repeated": "a sentence or phrase is repeated",
    "garbled": "damaged characters, or another script",
    # the file
    "duplicate": "nearly the same as another example, whose original is not",
    # reasoning
    "reasoning_missing": "no reasoning where the others have it",
    "reasoning_keys": "reasoning without a key that the prompt asks for",
    "reasoning_empty": "reasoning with an empty value",
    "reasoning_other": "reasoning about another note",
    "reasoning_verdict": "reasoning that says the opposite of the label",
}
"""Kind of a finding, and what it says."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A kind of `KINDS`, and the words that show it: what they were, what they became (both may be empty)."""

    kind: str
    was: str = ""
    became: str = ""
