"""The texts of a reasoning as such: refused, cut off, repeated, left as in the prompt, or about what was given."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from asyncgen.quality.checks.change import clip
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.form import MARKUP, REFUSAL, SPECIAL_TOKEN
from asyncgen.quality.checks.vocabulary import word_set
from asyncgen.text import strings

_CHAT = re.compile(
    r"\bas an? (?:ai|artificial|language model)\b|\b(?:give|giving|provide|providing|offer) medical advice\b"
    r"|\blet me know\b|\bhope this helps\b|\bfeel free to (?:ask|reach)\b"
    r"|\bi(?: am|'m)? (?:cannot|can't|could not|unable|not able|do not have|don't have|do not know|don't know)\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\b(type|class|stage|grade|phase|factor) i(?= cannot be\b)", re.IGNORECASE)
"""A Roman number that would read as somebody who refuses."""
_CHATS = (REFUSAL, _CHAT, MARKUP, SPECIAL_TOKEN)
_TEMPLATE = re.compile(
    r"\A\W*(?:(?:key |decisive |first |second |third )?(?:finding|fact|item|point|observation|evidence)s?\W{0,2}"
    r"(?:\d{1,2}|[a-c]|one|two|three)?"
    r"|one (?:sentence|or two sentences)(?: that .*)?"
    r"|(?:your|the) (?:answer|text|summary|reason(?:ing)?|explanation|conclusion)(?: (?:goes )?here)?"
    r"|(?:same|see|as) (?:as )?above|lorem ipsum.*|x{3,}|\w*placeholder\w*|to be (?:filled|completed|determined)"
    r"|<[^<>]*>|\[[^\[\]]*\]|\{[^{}]*\})\W*\Z"
    r"|\b(?:insert|fill in) (?:\w+ ){0,4}here\b|(?-i:\bTODO\b|\bTBD\b)|\blorem ipsum\b",
    re.IGNORECASE | re.DOTALL,
)
_SOURCE = re.compile(
    r"\bplanted\b|\bground[- ]truth\b|\b(?:reference|gold|expert|solution|answer) (?:answer|key|label)\b"
    r"|\baccording to the (?:reference|prompt|instructions?|input|task|data ?set|annotat\w+|answer|key|label)\b"
    r"|\b(?:the|this) prompt(?= (?:says|states|asks|gives|given|itself|and|that|which)|[.,;:)]|\Z)"
    r"|\b(?:the|this) (?:data ?set|annotat(?:ion|or)s?|system message)\b|\bthese instructions\b"
    r"|\b(?:physicians?|doctors?|experts?|reviewers?|annotators?)(?: have| had)? "
    r"(?:verified (?:that|as|the (?:note|error|correction))|labell?ed|annotated|planted)\b"
    r"|\b(?:verified|labell?ed|annotated) (?:by (?:the )?(?:physicians?|doctors?|experts?|annotators?)"
    r"|as (?:correct|incorrect|wrong|erroneous|(?:an|the) error))\b"
    r"|\b(?:given|provided|supplied|told|known) (?:in the (?:prompt|input|task)|by the (?:prompt|user|task)|to me"
    r"|(?:as|to be) (?:in)?correct)\b|\bi (?:was|have been|am) (?:given|told|provided)\b"
    r"|\bthe (?:given|provided|supplied|stated|listed) (?:correct(?:ed|ion)|error|reference|label)\b"
    r"|\b(?:corrected|correct|error|erroneous|reference) (?:sentence|note|version) "
    r"(?:(?:that|which) )?(?:(?:was|is|were) )?(?:given|provided|supplied|says|reads|states)\b"
    r"|\b(?:error|corrected|correct|incorrect)_(?:sentence|type|note)\b"
    r"|\b(?:error|correction|label|sentence) (?:as|is|was) (?:given|provided|supplied)\b",
    re.IGNORECASE,
)
"""What tells that somebody knew the answer beforehand."""
_FUNCTION = word_set("""
    the of and is a to with for this that not as by are were has have had which because from at or but it she her
    his would should be been does did than before after until without while during there
""")
_LEAST_PROSE = 8  # words: fewer are a phrase, which needs no full stop
_LEAST_ENGLISH = 12  # words: without a function word they are in another language
_QUOTES = re.compile(r"sentence|quote", re.IGNORECASE)  # keys of what is repeated as it stands
_LEAST_AGAIN = 4  # words: fewer may be said twice
_LEAST_CIRCLE = 3  # times that the same three words stand in a text
_ENDS = re.compile(r"[.!?\u2026][\"'\u201d\u2019)\]]*\s*\Z|[\"\u201d)\]]\s*\Z")
_OPEN_END = re.compile(r"(?:[,;(-]|(?<![\w-])(?:the|an?|of|and|or|with|is|are|that|which|because|from|than))\s*\Z")
_WORD = re.compile(r"[^\W\d_]+")


def check_texts(fields: Mapping[str, Any], notes: str, label: str, *, english: bool = True) -> Iterator[Finding]:
    """Find texts that are no reasoning, and what speaks of more than the note; one finding of each kind at most.

    Args:
        fields: the reasoning.
        notes: the notes of its pair in lower case, in which the same words mean nothing.
        label: of the note.
        english: whether such reasonings are in English.
    """
    own = {str(key): value for key, value in fields.items() if not _QUOTES.search(str(key))}
    prose = [value for value in own.values() if isinstance(value, str)]
    listed = [text for value in own.values() if not isinstance(value, str) for text in strings(value)]
    texts = [*prose, *listed]
    whole, plain = (text.replace("\u2019", "'") for text in ("\n".join(texts), notes))
    whole = _NUMBERED.sub(r"\1 1", whole)
    chats = (pattern.search(whole) for pattern in _CHATS)
    said = next((chat[0] for chat in chats if chat and chat[0].lower() not in plain), None)
    said = said or next(filter(_TEMPLATE.search, texts), None) or next(filter(_goes_round, prose), None)
    said = said or (next(filter(is_foreign, prose), None) if english else None)
    said = said or _again(prose) or _again(listed) or _cut(prose, texts, notes)
    if said is not None:
        yield Finding("reasoning_form", "", f"{label}: {clip(said)}")
    if source := next((one[0] for one in _SOURCE.finditer(whole) if one[0].lower() not in plain), None):
        yield Finding("reasoning_source", "", f"{label}: {clip(source)}")


def is_foreign(text: str) -> bool:
    """Whether a text of some length has no word that every English one has."""
    words = _WORD.findall(text.lower())
    return len(words) >= _LEAST_ENGLISH and _FUNCTION.isdisjoint(words)


def _goes_round(text: str) -> bool:
    """Whether much of a text is the same three words."""
    words = _WORD.findall(text.lower())
    if len(words) < _LEAST_ENGLISH:
        return False
    most = max(Counter(zip(words, words[1:], words[2:], strict=False)).values())
    return most >= _LEAST_CIRCLE and most * 6 >= len(words)


def _again(texts: list[str]) -> str | None:
    """A text that half of the texts repeat, and more than one of them."""
    plain = [" ".join(_WORD.findall(text.lower())) for text in texts]
    long = Counter(words for words in plain if words.count(" ") + 1 >= _LEAST_AGAIN)
    if long.total() - len(long) < max(2, len(texts) / 2):
        return None
    return texts[plain.index(long.most_common(1)[0][0])]


def _cut(prose: list[str], texts: list[str], notes: str) -> str | None:
    """A text that ends within a sentence, as the others do not; nor does the note, where it is quoted."""
    long = [text for text in prose if len(text.split()) >= _LEAST_PROSE]
    most_end = sum(_ENDS.search(text) is not None for text in long) * 2 >= len(long)
    open_ends = [text for text in texts if len(text.split()) >= _LEAST_AGAIN and _OPEN_END.search(text)]
    unended = [text for text in long if most_end and not _ENDS.search(text)]
    return next((text for text in (*open_ends, *unended) if text.strip().lower() not in notes), None)
