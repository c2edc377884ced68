"""The formats of an export: an entry of `FORMATS` for each, by the rules of its reader.

Of notes with labels:

- `openai`: fine-tuning files have `messages` and no other key.
- `trl-messages`, `trl-prompt-completion`: TRL's conversational types "language modeling" and "prompt-completion".
- `alpaca`: `instruction`, `input`, `output`, and `system` if the template has one.
- `sharegpt`: `conversations` of `from` (system, human, gpt) and `value`.
- `parquet`, `hf`: `messages`, and beside them what an evaluation needs.

No column is named `label`: TRL reads that beside messages as a boolean preference.

Of the lines of a recipe: see `line_shapes`. Nothing slow is imported here: the command's help names the formats.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncgen.export.line_shapes import (
    Shape,
    alpaca_line,
    chat_line,
    completion_line,
    openai_line,
    preference_line,
    sharegpt_line,
    whole_line,
)

if TYPE_CHECKING:
    from asyncgen.export.examples import Example
    from asyncgen.export.template import Turn

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format: what it holds, its file name, and how a trainer loads it.

    Args:
        shapes: the lines of a recipe that it can hold.
        of_line: the record of such a line; raises `UnfitError`.
        of_note: the record of a note with a label; None: it cannot hold these.
        suffix: of the file's name; empty: a folder of JSON lines.
        is_parquet: whether the file is Parquet, and not JSON lines.
        least_uploaded: the examples that OpenAI takes at least, by its guide to fine-tuning; None: a trainer loads
            the file.
        with_template: the columns to which TRL applies a chat template if they are messages.
    """

    shapes: tuple[Shape, ...]
    of_line: Callable[[Mapping[str, Any]], Record]
    of_note: "Callable[[Turn, Example], Record] | None" = None
    suffix: str = ".jsonl"
    is_parquet: bool = False
    least_uploaded: int | None = None
    with_template: tuple[str, ...] = ()

    @property
    def is_folder(self) -> bool:
        """Whether a folder is written, whose card describes the files in it."""
        return not self.suffix

    def loading(self, card: Path, files: Mapping[str, Path]) -> str:
        """The line of Python that loads the export.

        Args:
            card: its path.
            files: the file of each side.
        """
        if self.least_uploaded is not None:
            first = str(next(iter(files.values())))
            return f'openai.OpenAI().files.create(file=open({first!r}, "rb"), purpose="fine-tune")'
        if self.is_folder:
            return f"datasets.load_dataset({str(card.parent)!r})"
        data_files = {side: str(path) for side, path in files.items()}
        return f'datasets.load_dataset("{"parquet" if self.is_parquet else "json"}", data_files={data_files!r})'


def messages(turn: "Turn") -> list[dict[str, str]]:
    """The chat: system if there is one, user, assistant."""
    said = (("system", turn.system), ("user", turn.user), ("assistant", turn.answer))
    return [{"role": role, "content": content} for role, content in said if content is not None]


def _messages(turn: "Turn", _: "Example") -> Record:
    return {"messages": messages(turn)}


def _prompt_completion(turn: "Turn", _: "Example") -> Record:
    *prompt, completion = messages(turn)
    return {"prompt": prompt, "completion": [completion]}


def _alpaca(turn: "Turn", _: "Example") -> Record:
    record = {"instruction": turn.instruction, "input": turn.input, "output": turn.answer}
    return record if turn.system is None else record | {"system": turn.system}


def _sharegpt(turn: "Turn", _: "Example") -> Record:
    names = {"system": "system", "user": "human", "assistant": "gpt"}
    return {
        "conversations": [{"from": names[one["role"]], "value": one["content"]} for one in messages(turn)],
    }


def _annotated(turn: "Turn", example: "Example") -> Record:
    return {
        "messages": messages(turn),
        "original_note_id": example.note_id,
        "verdict": example.label,
        "error_type": example.error_type,
    }


_TALKS = (Shape.CHAT, Shape.COMPLETION)
FORMATS = {
    "openai": Format(shapes=_TALKS, of_line=openai_line, of_note=_messages, least_uploaded=10),
    "trl-messages": Format(shapes=_TALKS, of_line=chat_line, of_note=_messages),
    "trl-prompt-completion": Format(
        shapes=_TALKS,
        of_line=completion_line,
        of_note=_prompt_completion,
        with_template=("prompt", "completion"),
    ),
    "trl-preference": Format(
        shapes=(Shape.PREFERENCE,), of_line=preference_line, with_template=("chosen", "rejected")
    ),
    "alpaca": Format(shapes=_TALKS, of_line=alpaca_line, of_note=_alpaca),
    "sharegpt": Format(shapes=_TALKS, of_line=sharegpt_line, of_note=_sharegpt),
    "parquet": Format(
        shapes=tuple(Shape), of_line=whole_line, of_note=_annotated, suffix=".parquet", is_parquet=True
    ),
    "hf": Format(shapes=tuple(Shape), of_line=whole_line, of_note=_annotated, suffix=""),
}


def formats_of(shape: Shape) -> tuple[str, ...]:
    """The formats in which lines of a shape can be written."""
    return tuple(name for name, one in FORMATS.items() if shape in one.shapes)
