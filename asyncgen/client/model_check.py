"""Look the model up before the first call: whether the server knows it, and until when it is available."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any

from asyncgen.client.error_body import read_error
from asyncgen.client.wire import Wire
from asyncgen.config import RunConfig
from asyncgen.config.shipped import listed_model
from asyncgen.errors import KeyOrQuotaError, Setting
from asyncgen.events import Notice

LONGEST = 5.0  # seconds: many servers lack the route, and one that hangs there may still answer calls


async def check_model(wire: Wire, config: RunConfig) -> list[Notice]:
    """Look the model up at each endpoint; returns notices for the user.

    Raises:
        KeyOrQuotaError: the only endpoint does not know the model. Other errors are ignored.
    """
    found = [await wire.look_up(one.name, config.model, min(LONGEST, config.timeout)) for one in config.endpoints]
    answered = [one for one in found if one is not None]
    for one in answered if len(found) == 1 else ():
        if one.status == HTTPStatus.NOT_FOUND and "model_not_found" in read_error(one.body).all:
            raise KeyOrQuotaError(
                f"the server does not know the model {config.model!r} (status 404, model_not_found); check ",
                Setting("model"),
            )
    says = [one.body for one in answered if one.status == HTTPStatus.OK and isinstance(one.body, dict)]
    return list(_farewells(config.model, says))


def _farewells(model: str, says: list[dict[str, Any]]) -> Iterator[Notice]:
    listed = listed_model(model)
    ends = [end for body in says if (end := _shutdown(body)) is not None]
    if not ends and listed is not None and listed.shutdown is not None:
        ends = [listed.shutdown]
    if ends:
        end = min(ends)
        over = end < datetime.now(UTC).date()
        successor = (
            f"; its replacement is {listed.replacement}" if listed is not None and listed.replacement else ""
        )
        yield Notice(f"Model {model} {'was' if over else 'will be'} shut down on {end}{successor}", warning=True)


def _shutdown(body: Mapping[str, Any]) -> date | None:
    """The shutdown day, which servers give as a date or in seconds since the epoch."""
    value = body.get("shutdown_date")
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value).date()
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return datetime.fromtimestamp(value, UTC).date()
    except (ValueError, OverflowError, OSError):
        return None
    return None
