"""The form of an answer: text that a chat model puts around or before a note, or in its place."""

import re
from collections import Counter
from collections.abc import Iterator

from asyncgen.quality.checks.additions import stem
from asyncgen.quality.checks.change import Change, clip
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.note_words import is_content
from asyncgen.text import THINKING_MARK

_PREAMBLE = re.compile(
    r"(?:sure|certainly|of course|absolutely|okay|ok|great|understood)\b[\s,.!:]"
    r"|(?:here(?:'s| is| are)|below (?:is|are)|the following is|this is (?:the|a|my))\b"
    r"|(?:the |my |your )?(?:paraphrased?|revised|modified|rewritten|updated|edited|changed|corrected|new)\s*"
    r"(?:clinical |correct |medical )?(?:note|version|text|paraphrase)?\s*(?:is )?[:\n]"
    r"|(?:\*\*|#+\s*)?(?:note|output|answer|result|response|paraphrase|clinical note)(?:\*\*)?:"
    r"|i(?:'ve| have|'ll| will)\b",
    re.IGNORECASE,
)
# Each of the next three begins with how any match of it begins: most places of a note are left at once.
_AFTERWORD = re.compile(
    r"(?=[\n.!?\"')\]*(]|\b[lhfi]|\A)(?:(?:^|\n|[.!?\"')\]*]\s+|\()(?:\*\*|\*)?"
    r"(?:(?:changes?|modifications?|explanation|note|summary)(?: made)?:"
    r"|(?:the |one )?(?:only )?(?:change|modification|edit)s?(?: made)? (?:is|was|were|are)\b"
    r"|i(?:'ve| have)? (?:changed|replaced|modified|rephrased|reworded|substituted|made|kept|converted)\b"
    r"|(?:this|the) (?:paraphrase|version|revised note|note above|above note)\b)"
    r"|\blet me know\b|\bhope this helps|\bfeel free to\b|\bis there anything else\b"
    r"|\bif you (?:need|would like) (?:any|me)\b)",
    re.IGNORECASE,
)
REFUSAL = re.compile(
    r"\b(?=[iacun])(?:i(?:'m| am) (?:sorry|unable|not able|afraid)"
    r"|i (?:can(?:not|'t| not)|won't|will not|must decline)"
    r"|as an ai\b|as a language model|i apologi[sz]e"
    r"|(?:can(?:not|'t)|unable to|not able to) (?:assist|help|comply)(?: you)? with (?:that|this|your)\b"
    r"|against (?:my|our) (?:guidelines|policy))",
    re.IGNORECASE,
)
MARKUP = re.compile(
    r"</?\s*(?:note|original_note|paraphrased_note|text|output|answer|p|br|b|i|div)\s*/?>"
    r"|\*\*[^*\n]+\*\*|^#{1,6}\s|^\s*\{\s*\"\w+\"\s*:|\\n|&(?:amp|lt|gt|quot|nbsp|deg);|~~",
    re.IGNORECASE | re.MULTILINE,
)
SPECIAL_TOKEN = re.compile(r"<\|[A-Za-z][\w ]{0,40}\|>|</s>|<eos>|<end_of_turn>|<turn\|>|\[/INST\]")
_PLACEHOLDER = re.compile(
    r"(?=[{<\[(.\u2026_]|\b[trx])(?:\{\s*\w*note\w*\s*\}|\{\{|<(?:insert|your|fill|placeholder)[^>]*>"
    r"|\[(?:insert|your|rest|remainder|unchanged|continued|continue|same|omitted|patient|name|date|age|redacted"
    r"|details|paraphrased|truncated|\.\.\.|\u2026|x+)[^\]]*\]"
    r"|\((?:the )?(?:rest|remainder|remaining)[^)]*\)|\b(?:the )?(?:rest|remainder) of the note\b"
    r"|\.\.\.|\u2026|\bTODO\b|\bX{3,}\b|_{3,})",
    re.IGNORECASE,
)
_GARBLED = re.compile(
    r"[\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\u00c2[\u00a0-\u00bf]|\u00e2\u20ac|\u00c3[\u0080-\u00bf]"
    r"|[\u0400-\u052f\u0590-\u06ff\u0900-\u0dff\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
_FENCE = re.compile(r"```|\"\"\"|'''")
_QUOTES = {'"': '"', "\u201c": "\u201d", "'": "'", "`": "`"}
_HEAD = 300  # characters in which a lead-in ends
_LEAST_TAIL = 3  # words: fewer may be lost in a normal rewording
_PHRASE = 5  # words: a shorter phrase may recur by chance
_LEAST_AGAIN = 3  # repeated phrases: fewer may be style


def check_form(change: Change) -> Iterator[Finding]:
    """Find what the original does not have too."""
    original, revised = (words.text.replace("\u2019", "'") for words in (change.original, change.revised))
    head = revised.lstrip()[:_HEAD]
    if (match := _PREAMBLE.match(head.lstrip("*#`\"' \n"))) and not _PREAMBLE.match(original.lstrip()):
        yield Finding("preamble", "", clip(match[0]))
    elif lead_in := _lead_in(change):
        yield Finding("preamble", "", clip(lead_in))
    for kind, pattern in (
        ("afterword", _AFTERWORD),
        ("refusal", REFUSAL),
        ("thinking", THINKING_MARK),
        ("special_token", SPECIAL_TOKEN),
        ("markup", MARKUP),
        ("placeholder", _PLACEHOLDER),
        ("garbled", _GARBLED),
        ("fence", _FENCE),
    ):
        found = pattern.findall(revised)
        known = pattern.findall(original) if found else []
        new = [text for text in found if text not in known] or found[len(known) :]
        if new:
            yield Finding(kind, "", clip(new[0].strip()))
    stripped = revised.strip()
    if _quoted(stripped) and not _quoted(original.strip()):
        yield Finding("fence", "", clip(stripped[:10] + " … " + stripped[-10:]))
    yield from _cut_off(change)
    yield from _repeated(change)


def _quoted(text: str) -> bool:
    return len(text) > 1 and _QUOTES.get(text[0]) == text[-1]


def _lead_in(change: Change) -> str:
    """Words before the note in a paragraph of their own."""
    first = change.hunks[0] if change.hunks else None
    if first is None or first.i2 or not change.original.words:
        return ""
    end = change.revised.spans[first.j2][0] if first.j2 < len(change.revised.spans) else 0
    inserted = change.revised.text[:end]
    return inserted.strip() if "\n" in inserted.strip(" ") else ""


def _cut_off(change: Change) -> Iterator[Finding]:
    """The last words are missing, or the last one is incomplete."""
    last = change.hunks[-1] if change.hunks else None
    words, marks = change.original.words, ".!?\"')"
    end = len(words) - sum(1 for word in words[-2:] if word in marks)
    if last is None or last.i2 < end:
        return
    lost = [word for word in last.was if word[0].isalnum() and word in change.lost]
    gained = [word for word in last.became if word[0].isalnum()]
    stops = change.revised.text.rstrip()[-1:] in marks
    open_end = change.original.text.rstrip()[-1:] in marks and not stops
    begun = gained and any(word.startswith(gained[-1]) and word != gained[-1] for word in lost)
    # The active voice of "was removed by the surgeon" has lost no content word.
    came = set(map(stem, change.gained))
    told = any(is_content(word) and stem(word) not in came for word in lost)
    shorter = told and len(lost) - len(gained) >= _LEAST_TAIL and (open_end or not gained)
    if (begun and not stops) or shorter or (open_end and lost and not gained):
        yield Finding("cut_off", *change.shown(last))


def _repeated(change: Change) -> Iterator[Finding]:
    """Phrases that occur more than once, and did not in the original."""
    if sum(len(hunk.became) for hunk in change.hunks) < _PHRASE:
        return
    before, after = (_phrases(words.words) for words in (change.original, change.revised))
    again = [phrase for phrase, number in after.items() if number > max(1, before[phrase])]
    if len(again) >= _LEAST_AGAIN:
        yield Finding("repeated", "", clip(" ".join(again[0])))


def _phrases(words: tuple[str, ...]) -> Counter[tuple[str, ...]]:
    return Counter(words[i : i + _PHRASE] for i in range(len(words) - _PHRASE + 1))
