"""The calls that records were made from: by their metadata and `calls.jsonl`, with costs."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from asyncgen.cost import Price, total_usage
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.record_calls import calls_of
from asyncgen.storage.whole_files import lines_of
from asyncgen.text import loads

PriceOf = Callable[[str], Price | None]
"""The price of a model by its name; None if unknown."""


class CallCosts:
    """The attempts of some rows, read once.

    Args:
        directory: of the run.
        indexes: of the rows.
        price_of: the price of a model.
        model: of the run, if the records do not say which one answered.
    """

    def __init__(self, directory: RunDirectory, indexes: Collection[int], price_of: PriceOf, model: str) -> None:
        self._price_of = price_of
        self._model = model
        self._steps: dict[int, dict[str, str]] = {}
        self._outcomes: dict[tuple[int, str], Counter[str]] = {}
        self._usages: dict[tuple[int, str], tuple[int, int, int]] = {}
        for line in lines_of(directory.disk, directory.calls):
            try:
                attempt = loads(line)
                index, request = attempt["index"], str(attempt.get("request"))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # torn by a crash
            if index in indexes:
                key = (index, request)
                self._steps.setdefault(index, {})[request] = str(attempt.get("step") or "")
                self._outcomes.setdefault(key, Counter())[str(attempt.get("outcome"))] += 1
                usage = _usage(attempt.get("usage"))
                if usage is not None:
                    self._usages[key] = usage

    def of_row(self, index: int, records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The calls of a row's records, each once; all calls of the row if its records do not name theirs.

        `cost` is in USD, None if unknown.
        """
        calls: dict[str, dict[str, Any]] = {}
        for record in records:
            for call in calls_of(record):
                request = str(call.get("request"))
                calls.setdefault(request, self._call(index, request, call))
        if not calls:
            for request, step in self._steps.get(index, {}).items():
                calls[request] = self._call(index, request, {"step": step, "model": self._model})
        return list(calls.values())

    def _call(self, index: int, request: str, call: Mapping[str, Any]) -> dict[str, Any]:
        model = str(call.get("model") or "")
        usage = self._usages.get((index, request)) or _usage(call.get("usage"))
        price = self._price_of(model)
        outcomes = self._outcomes.get((index, request), Counter())
        return {
            "step": str(call.get("step") or ""),
            "model": model,
            "finish": str(call.get("finish_reason") or ""),
            "tokens": None if usage is None else usage[:2],
            "attempts": ", ".join(
                name if number == 1 else f"{number} × {name}"  # noqa: RUF001 - the sign
                for name, number in outcomes.items()
            ),
            "cost": None if usage is None or price is None else round(price.cost(total_usage(*usage)), 8),
        }


def _usage(said: Any) -> tuple[int, int, int] | None:
    """Tokens of prompt and completion, and the cached tokens of the prompt."""
    if not isinstance(said, Mapping):
        return None
    prompt, completion, cached = (
        said.get(name) or 0 for name in ("prompt_tokens", "completion_tokens", "cached_tokens")
    )
    if not all(isinstance(number, int) for number in (prompt, completion, cached)):
        return None
    return prompt, completion, cached
