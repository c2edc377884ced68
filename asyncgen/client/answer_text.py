"""Separate the answer in a message from the thinking before it and the special tokens around it. Pure.

Models and servers mark thinking in many ways. If a mark is not closed, or closed without being opened, the
beginning of the answer is unknown: the text then counts as no answer.
"""

import re
from collections.abc import Mapping
from typing import Any

from asyncgen.text import THINKING_MARK, THINKING_TAGS

_BAR = "\uff5c"  # DeepSeek's tokens have a fullwidth bar
_ANGLED_END = (
    r"<(?:\|(?:im_end|eot_id|end_of_turn|endoftext|end)\||end_of_turn|end_of_utterance|turn\||/s"
    rf"|{_BAR}end\u2581of\u2581sentence{_BAR})>"
)
_END_OF_TURN = rf"(?:{_ANGLED_END}|\[\|endofturn\|\])"
_ANSWERING = (  # begins the turn of the model
    r"<\|im_start\|>assistant\b|<\|start_header_id\|>assistant<\|end_header_id\|>|<start_of_turn>model\b|<\|assistant\|>"
    rf"|<{_BAR}Assistant{_BAR}>|\[/INST\]|\[\|assistant\|\]"
)
# Behind a token in front of an answer: where a sentence goes on, the answer is about the token.
_NO_SENTENCE = r"(?! [a-z]|[,:;.)`])"
# A model may repeat a token thousands of times: each run of one that asks for the rest of the text asks once.
_LEAD = re.compile(
    rf"\s*(?:(?:(?:<s>)?\[INST\]{_NO_SENTENCE}\s*)++(?![\s\S]*\[/INST\]\s*[^\s<\[])"
    rf"|(?:(?:{_END_OF_TURN}\s*)?<assistant>{_NO_SENTENCE}\s*)++(?=[\s\S]*</assistant>\s*\Z)"
    rf"|(?:(?:{_END_OF_TURN}\s*)?(?:{_ANSWERING})|<s>|<bos>|<unk>|<\|begin_of_text\|>|\[BOS\]){_NO_SENTENCE}\s*)+"
    r"|assistant\n\n(?=\S)"  # Llama 3, of which a server has left out the tokens alone
)
_ANGLED_TURN = (
    r"<(?:\|(?:im_start|start_header_id|begin_of_text|start|user|assistant|system)\||start_of_turn|\|turn"
    rf"|{_BAR}User{_BAR})>"
)


def _next_turn(end: str, turn: str) -> re.Pattern[str]:
    """The first of these tokens in a text.

    It tells a model that has begun another turn from an answer about templates, which has a beginning before the
    end, or words behind it.
    """
    return re.compile(rf"{end}(?:\s*{end})*\s*(?P<begins>{turn}|<s>\s*(?:\[INST\]|\Z)|\[INST\])|{end}|{turn}")


_NEXT_TURN = _next_turn(_ANGLED_END, _ANGLED_TURN)  # all begin alike, which makes the search ten times as fast
_NEXT_TURN_OF_EXAONE = _next_turn(_END_OF_TURN, rf"(?:{_ANGLED_TURN}|\[\|(?:user|assistant|system)\|\])")
_BLOCKS = (
    # DeepSeek R1, Qwen3 and others; Magistral's older template; Kimi; Cohere.
    re.compile(
        rf"\s*<\s*({THINKING_TAGS})(?:\s[^>]*)?>(?P<inside>.*?)</\s*(?:\1|think|thinking)\s*>",
        re.DOTALL | re.IGNORECASE,
    ),
    re.compile(r"\s*\[(think)\](?P<inside>.*?)\[/\1\]", re.DOTALL | re.IGNORECASE),
    re.compile(r"\s*◁think▷(?P<inside>.*?)◁/think▷", re.DOTALL),
    re.compile(r"\s*<\|START_THINKING\|>(?P<inside>.*?)<\|END_THINKING\|>", re.DOTALL),
    re.compile(r"\s*<\|channel>thought\b(?P<inside>.*?)<channel\|>", re.DOTALL),  # Gemma 4
    re.compile(r"\s*<\|open\|>think<\|sep\|>(?P<inside>.*?)<\|close\|>think<\|sep\|>", re.DOTALL),  # Kimi K3
    re.compile(r"\s*<\|begin_of_thought\|>(?P<inside>.*?)<\|end_of_thought\|>", re.DOTALL),  # Sky-T1
    re.compile(r"\s*<unused94>(?:thought\b)?(?P<inside>.*?)<unused95>", re.DOTALL),  # MedGemma
    re.compile(r"\s*<\|inner_prefix\|>(?P<inside>.*?)<\|inner_suffix\|>", re.DOTALL),  # Apertus
    re.compile(r"\s*<\|(think(?:ing)?)\|>(?P<inside>.*?)<\|/\1\|>", re.DOTALL),
    re.compile(  # Solar
        r"\s*(?:<\|begin\|>assistant)?<\|think\|>(?P<inside>.*?)(?:<\|end\|>\s*)?(?:<\|begin\|>assistant)?<\|content\|>",
        re.DOTALL,
    ),
    re.compile(  # HyperCLOVA X
        r"\s*(?:<\|im_start\|>)?(?:assistant)?/think\n(?P<inside>.*?)<\|im_end\|>\s*<\|im_start\|>assistant\b",
        re.DOTALL,
    ),
    re.compile(r"\s*&lt;(think(?:ing)?)&gt;(?P<inside>.*?)&lt;/\1&gt;", re.DOTALL | re.IGNORECASE),  # escaped
    # Open WebUI; Granite; a fence.
    re.compile(r'\s*<details\b[^>]*\btype="reasoning"[^>]*>(?P<inside>.*?)</details>', re.DOTALL | re.IGNORECASE),
    re.compile(r"\s*Here is my thought process:(?P<inside>.*?)\bHere is my response:", re.DOTALL),
    re.compile(
        r"\s*```(?:think(?:ing)?|thoughts?|reasoning)[ \t]*\n(?P<inside>.*?)\n```[ \t]*(?:\n|$)", re.DOTALL
    ),
    # gpt-oss without a parser; the second without its tokens.
    re.compile(r"\s*analysis(?=[A-Z])(?P<inside>.*?)assistantfinal", re.DOTALL),
    re.compile(
        r"\s*(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)<\|message\|>(?P<inside>.*?)<\|end\|>",
        re.DOTALL,
    ),
)
_FINAL = re.compile(
    r"\s*(?:<\|start\|>assistant)?<\|channel\|>final(?:\s*<\|constrain\|>\w+)?<\|message\|>"
    r"|\s*<\|(?:START_RESPONSE|begin_of_solution|open\|>response<\|sep|content|begin\|>assistant<\|content)\|>"
)
_ENCLOSED = re.compile(r"\s*<(answer|response)>(.*)</\1>\s*", re.DOTALL | re.IGNORECASE)  # the second: ERNIE
_BRACKETS = "<[◁&"  # the first character of a mark
_WORDS = re.compile(
    r"\s*(?:Here is my thought process:|analysis(?=[A-Z])|```(?:think|thought|reasoning)|(?:assistant)?/think\n)"
)
_TOKEN = re.compile(
    rf"<\|[A-Za-z][\w ]{{0,40}}\|>|<{_BAR}[^{_BAR}<>]{{1,40}}{_BAR}>"
    r"|</s>|<eos>|<end_of_turn>|<turn\|>|<\|close\|>\w{1,20}"
    r"|<\|?endoftext\|?>|\[/INST\]|\[\|(?:endofturn|user|assistant|system)\|\]"
    # Behind a word, a blank and no full stop the answer names it, or it is an abbreviation.
    r"|(?<![\w,] )(?:\[(?:EOS|EOT|PAD|SEP)\]|</assistant>|(?<!\w)<unk>"
    r"|<(?:EOS|eod|eot|eoa|pad|end_of_(?:text|utterance))>)"
)
_NAMED_IN_BRACKETS = ("[EOS]", "[EOT]", "[PAD]", "[SEP]")
# Words behind one of these: the answer is about tokens, or a list of them.
_AMONG_WORDS = re.compile(r"\[(?:BOS|CLS|EOS|EOT|PAD|SEP)\]\s*[^\s<\[]")
_BOX, _BOX_END = "<|begin_of_box|>", "<|end_of_box|>"  # GLM
# No set: a part may have a list for its type.
_THINKING_PARTS = ("thinking", "reasoning", "reasoning_text", "redacted_thinking")


def text_of(content: Any) -> str | None:
    """The text of a message's content: of a list of parts, those that are not thinking; None: no text."""
    if isinstance(content, dict):
        content = [content]
    if isinstance(content, list):
        return "".join(map(_text_of_part, content)) or None
    return content if isinstance(content, str) else None


def _text_of_part(part: Any) -> str:
    """The text of one part, a string or `{"type": "text", "text": …}`; empty: thinking, or no text."""
    if isinstance(part, dict) and part.get("type") not in _THINKING_PARTS:
        part = part.get("text")
        part = part.get("value") if isinstance(part, dict) else part
    return part if isinstance(part, str) else ""


def refuses(content: Any) -> bool:
    """Whether a part of a message's content is a refusal."""
    return isinstance(content, list) and any(
        isinstance(part, dict) and part.get("type") == "refusal" for part in content
    )


def thinking_of(message: Mapping[str, Any]) -> str:
    """The thinking that a server returns beside the content: `reasoning_content`, `reasoning`, or parts of it."""
    for name in ("reasoning_content", "reasoning"):
        value = message.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    parts = message.get("content")
    found = []
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict) and part.get("type") in _THINKING_PARTS:
            inside = part.get("thinking") or part.get("text")
            found.append(inside if isinstance(inside, str) else text_of(inside) or "")
    return "\n".join(found).strip()


def split_thinking(text: str) -> tuple[str, str] | None:
    """The answer and the thinking before it; None if the thinking is not closed, or only its end is present."""
    if not (any(bracket in text for bracket in _BRACKETS) or _WORDS.match(text)):
        return text, ""  # the common case: each of the patterns costs more than this check
    thinking = []
    rest = text
    while found := next(filter(None, (block.match(rest, _begin(rest)) for block in _BLOCKS)), None):
        thinking.append(found["inside"].strip())
        rest = rest[found.end() :]
    if final := _FINAL.match(rest, _begin(rest)):
        rest = rest[final.end() :]
    elif thinking and (enclosed := _ENCLOSED.fullmatch(without_special_tokens(rest))):
        rest = enclosed[2].rstrip()
    if any(_has_mark(rest, bracket) for bracket in _BRACKETS) or _WORDS.match(rest, _begin(rest)):
        return None
    return (rest.lstrip() if thinking else rest), "\n".join(thinking)


def _has_mark(text: str, bracket: str) -> bool:
    """Whether a thinking mark begins with this bracket; much faster than searching for the pattern."""
    at = text.find(bracket)
    while at >= 0:
        if THINKING_MARK.match(text, at):
            return True
        at = text.find(bracket, at + 1)
    return False


def _begin(text: str) -> int:
    """Where a text begins behind the special tokens in front of it."""
    lead = _LEAD.match(text)
    return lead.end() if lead else 0


def without_special_tokens(text: str) -> str:
    """The text without the special tokens of a chat template around it, another turn, and a box that ends it.

    The search starts at the end: one pattern for all tokens would be tried at each blank of the text.
    """
    begin = _begin(text)
    next_turn = _NEXT_TURN_OF_EXAONE if "[|" in text else _NEXT_TURN
    turn = next_turn.search(text, begin)
    if turn and turn["begins"]:
        text = text[: turn.start()].rstrip()
    kept, rest = text, text.rstrip()
    about_roles = text.find("<assistant>", begin) >= 0
    about_tokens = rest.endswith(_NAMED_IN_BRACKETS) and _AMONG_WORDS.search(rest, begin)
    while (
        rest
        and not (about_roles and rest.endswith("</assistant>"))
        and not (about_tokens and rest.endswith(_NAMED_IN_BRACKETS))
        and _TOKEN.fullmatch(rest, at := max(rest.rfind("<"), rest.rfind("[")))
    ):
        boxed = rest.endswith(_BOX_END)
        rest = rest[:at].rstrip()
        if boxed:
            before, _, inside = rest.rpartition(_BOX)
            rest = before + inside
        kept = rest
    struck_out = "<s>" in kept[:begin] and "</s>" in kept  # HTML
    return kept if struck_out else kept[begin:]
