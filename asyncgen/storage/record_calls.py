"""The row and the calls that a record was made from, by its fields and metadata, whatever the recipe. Pure."""

from collections.abc import Mapping
from typing import Any

from asyncgen.rows import ID_FIELDS

# In an answered request (`custom_id`), `id` is the server's.
_ID_FIELDS = tuple(dict.fromkeys(("original_note_id", "custom_id", *ID_FIELDS)))


def id_in(record: Mapping[str, Any]) -> Any:
    """The id of the row; None without a field of a usual name."""
    return next((record[name] for name in _ID_FIELDS if record.get(name) is not None), None)


def calls_of(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The calls in the metadata of a record, or in the record itself; empty if it names none.

    A line of the Batch API's output names one, whose hash is its `request_id`.
    """
    response = record.get("response")
    if isinstance(response, dict) and "request_id" in response:
        return [_of_response(response)]
    metadata = record.get("metadata")
    calls = metadata.get("calls") if isinstance(metadata, dict) else record.get("calls")
    return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def _of_response(response: Mapping[str, Any]) -> dict[str, Any]:
    found = response.get("body")
    body = found if isinstance(found, dict) else {}
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    return {
        "step": "request",
        "request": response["request_id"],
        "model": body.get("model"),
        "finish_reason": first.get("finish_reason"),
        "usage": body.get("usage"),
    }
