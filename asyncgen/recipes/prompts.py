"""The user's prompt file: the parts in use, checked."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from asyncgen.chat import ResponseSchema, Sampling
from asyncgen.errors import BadDataError, Setting, UsageError
from asyncgen.recipes.near_placeholders import like_placeholders, of_other_languages
from asyncgen.recipes.prompt_keys import misspelt, repeated, unused
from asyncgen.recipes.prompt_template import Template
from asyncgen.recipes.request_fields import check_params, sampling_of
from asyncgen.recipes.text_file import read_text_file
from asyncgen.storage.file_kinds import why_no_text
from asyncgen.text import loads, why_not_json

_PLACEHOLDER = re.compile(r"\{[A-Za-z_]\w*\}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Prompt:
    """System text and user template of one step."""

    system: str
    user: Template


class PromptFile:
    """A decoded prompt file, from which the steps of a recipe take what they need.

    `used` collects the parts that were taken, by key: what the fingerprint of a run covers. `unknown` collects
    text that looks like a placeholder and is not, as `key: {name}`; `ignored` the entries of `generation_params`
    that are not sent, with the reason; `doubtful` near misses of known keys; `in_more` placeholders of which more
    than the name is replaced in other languages, as `key: {{name}}`; `with_nul` the keys of prompts with NUL
    characters; `doubts` phrases about keys that have no effect, or not what was probably meant.

    Args:
        content: as decoded.
        path: its path, for messages.
        params: fields for the requests of all steps, which override those of the file; the value None leaves a
            field out.
        more: whether fields beside temperature, top_p and max_tokens are accepted.
    """

    def __init__(
        self,
        content: Mapping[str, Any],
        path: Path,
        params: Mapping[str, Any] | None = None,
        *,
        more: bool = True,
    ) -> None:
        self._content = content
        self._path = path
        self._params = params or {}
        self._more = more
        self.ignored: list[str] = []
        self.used: dict[str, Any] = {}
        self.unknown: list[str] = []
        self.in_more: list[str] = []
        self.doubtful: list[str] = []
        self.with_nul: list[str] = []
        self.doubts: list[str] = []

    @classmethod
    def load(cls, path: Path, params: Mapping[str, Any] | None = None, *, more: bool = True) -> "PromptFile":
        """Read a prompt file (JSON object, UTF-8, with or without a byte order mark).

        Raises:
            UsageError: it cannot be read.
            BadDataError: it is not a JSON object.
        """
        try:
            data = read_text_file(path).removeprefix(b"\xef\xbb\xbf")
        except OSError as error:
            there = "; the shipped one is called medec_safe" if isinstance(error, FileNotFoundError) else ""
            raise UsageError(f"cannot read the prompt file {path}: {error.strerror}{there}") from error
        try:
            content = loads(data)
        except ValueError as error:
            why = _why_not_json(data, error, path)
            raise BadDataError(f"the prompt file {path} is not valid JSON", *why) from None
        if not isinstance(content, dict):
            raise BadDataError(f"the prompt file {path} must hold a JSON object with the prompts by key")
        file = cls(content, path, params, more=more)
        file.doubts += [f"of the key {key} only the last counts" for key in repeated(data)]
        return file

    def prompt(self, key: str, *, allowed: tuple[str, ...], needed: str, optional: bool = False) -> Prompt | None:
        """Take `<key>_system` and `<key>_user`.

        Args:
            key: the step's name in the file.
            allowed: the placeholders that are replaced in the user prompt.
            needed: the placeholder without which the step makes no sense.
            optional: whether the file may lack both keys; the result is then None.

        Raises:
            BadDataError: a key is missing or not text, or the needed placeholder does not occur.
        """
        names = (f"{key}_system", f"{key}_user")
        if optional and not any(self._content.get(name) for name in names):
            return None
        system, user = (self._text(name) for name in names)
        template = Template.parse(user, allowed)
        if needed not in template.names:
            raise BadDataError(f"the prompt file {self._path}: {names[1]} lacks the placeholder {{{needed}}}")
        self.unknown += [f"{names[1]}: {name}" for name in _left(template, allowed)]
        self.in_more += [f"{names[1]}: {found}" for found in dict.fromkeys(_around(user, allowed))]
        return Prompt(system, template)

    def check_keys(
        self, keys: Iterable[str], steps: Mapping[str, Iterable[str]], optional: Iterable[str] = ()
    ) -> None:
        """Look for misspelt keys, of the file and of the objects under some of its keys, and for unused ones.

        Args:
            keys: those of the file.
            steps: those in the objects by step, which are under these keys.
            optional: those that the file may lack.

        Raises:
            BadDataError: a key is a near miss of one that is missing.
        """
        self.doubtful += misspelt(self._content, self._path, keys, steps, optional)
        self.doubts += unused(self._content, keys, steps)

    def remark(self, key: str) -> Any:
        """The value under a key that is neither sent nor part of the fingerprint; None without it."""
        return self._content.get(key)

    def addition(self, key: str, name: str) -> Template | None:
        """Text that is added to a prompt in some cases, with one placeholder; None if the file has none.

        It is not part of the fingerprint: a run that began without it may resume with it.

        Raises:
            BadDataError: it is not text, or empty.
        """
        text = self._content.get(key)
        if text is not None and not (isinstance(text, str) and text.strip()):
            raise BadDataError(f"the prompt file {self._path} has no text under the key {key}")
        if text is None:
            return None
        template = Template.parse(text, (name,))
        if not template.names:
            self.doubts.append(f"{key} lacks {{{name}}}")
        return template

    def open_prompt(self, key: str) -> Prompt:
        """Take `<key>_system` and `<key>_user`, in which every `{name}` is a placeholder.

        Raises:
            BadDataError: a key is missing or not text, or there is no placeholder.
        """
        system, user = self._text(f"{key}_system"), self._text(f"{key}_user")
        names = tuple(dict.fromkeys(name[1:-1] for name in _PLACEHOLDER.findall(user)))
        if not names:
            raise BadDataError(f"the prompt file {self._path}: {key}_user has no placeholder such as {{text}}")
        return Prompt(system, Template.parse(user, names))

    def sampling(self, key: str, default: Sampling) -> Sampling:
        """Take `generation_params.<key>`; what it leaves out comes from `default`.

        Raises:
            BadDataError: a value does not fit its field.
        """
        file = self._content.get("generation_params") or {}
        own = file.get(key) if isinstance(file, dict) else None
        where = f"the prompt file {self._path}: generation_params.{key}"
        said = check_params(own if isinstance(own, dict) else {}, where)
        self.ignored += [f"generation_params.{key}.{name}" for name in said.ignored]
        fields = {"temperature": default.temperature, "top_p": default.top_p, "max_tokens": default.max_tokens}
        fields |= {name: value for name, value in said.fields.items() if self._more or name in fields}
        fields |= self._params
        sampling = sampling_of(fields)
        used: list[Any] = [sampling.temperature, sampling.top_p, sampling.max_tokens]
        self.used[f"generation_params.{key}"] = [*used, dict(sampling.more)] if sampling.more else used
        return sampling

    def required_keys(self, step: str) -> tuple[str, ...]:
        """Take the keys that must not be empty in the step's answer, a JSON object.

        They are `required_keys.<step>`, or else what its schema requires.

        Raises:
            BadDataError: it is not a list of names.
        """
        lists = self._content.get("required_keys", {})
        names = lists.get(step, []) if isinstance(lists, dict) else None
        if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
            raise BadDataError(
                f"the prompt file {self._path}: required_keys must be an object with lists of names, such as "
                f'{{"{step}": ["…"]}}'
            )
        if names:
            self.used[f"required_keys.{step}"] = names
            return tuple(names)
        schema = self.response_schema(step)
        required = None if schema is None else schema.schema.get("required")
        return tuple(filter(_is_text, required)) if isinstance(required, list) else ()

    def response_schema(self, step: str) -> ResponseSchema | None:
        """Take `response_schemas.<step>`: the JSON schema of the step's answers; None if there is none.

        Raises:
            BadDataError: it is not the schema of an object.
        """
        schemas = self._content.get("response_schemas") or {}
        if not isinstance(schemas, dict):
            raise BadDataError(f"the prompt file {self._path}: response_schemas must hold JSON schemas by step")
        schema = schemas.get(step)
        if schema is None:
            return None
        if not isinstance(schema, dict) or schema.get("type") != "object":
            raise BadDataError(
                f'the prompt file {self._path}: response_schemas.{step} must be a JSON schema of "type": "object"'
            )
        # As text, in the order of the file: the order of the properties is that of the answer.
        self.used[f"response_schemas.{step}"] = orjson.dumps(schema).decode()
        return ResponseSchema(step, schema)

    def _text(self, name: str) -> str:
        value = self._content.get(name)
        if not isinstance(value, str) or not value.strip():
            problem = "lacks the key" if value is None else "has no text under the key"
            raise BadDataError(f"the prompt file {self._path} {problem} {name}")
        self.used[name] = value
        if "\0" in value:
            self.with_nul.append(name)
        return value


def _why_not_json(data: bytes, error: ValueError, path: Path) -> Iterator[str | Setting]:
    """Where a file stops being JSON and why, or what it is instead."""
    other = why_no_text(data)
    if other:
        yield f": {other}"
    elif not data.strip():
        yield ": it is empty"
    elif _is_recipe(data):
        yield from (": this is a recipe file, which goes to ", Setting("recipe", str(path)))
    elif isinstance(error, json.JSONDecodeError):
        yield f": line {error.lineno}, column {error.colno}: {why_not_json(data.decode())}"


def _is_recipe(data: bytes) -> bool:
    try:
        return "step" in tomllib.loads(data.decode())
    except (ValueError, RecursionError):
        return False


def _left(template: Template, allowed: tuple[str, ...]) -> dict[str, None]:
    """What is left in a prompt that looks like a placeholder."""
    text = "\n".join(template.pieces[::2])
    like = [found for found, name in like_placeholders(text) if name in allowed]
    others = [found for found, _ in of_other_languages(text)]
    return dict.fromkeys([*_PLACEHOLDER.findall(text), *like, *others])


def _around(text: str, allowed: tuple[str, ...]) -> Iterator[str]:
    """Placeholders in second braces, or behind a sign, which are sent beside the value."""
    names = "|".join(map(re.escape, allowed))
    for found in re.finditer(rf"\{{\{{(?:{names})\}}\}}|\$\{{(?:{names})\}}", text):
        yield found[0]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
