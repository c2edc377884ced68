"""Parquet: nested values as JSON, times as ISO 8601; pyarrow comes with the extra `parquet`."""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, BinaryIO

import orjson

from asyncgen.errors import UsageError
from asyncgen.storage.input_formats.pieces import Piece, Refused, UnreadableInputError

ROWS = 256  # decoded at once; more would hold many long notes in memory
_DAMAGED = "this Parquet file is damaged or cut off: write or download it again"


def read_parquet(file: BinaryIO) -> Iterator[Piece]:
    """The rows as JSON lines, one in each piece.

    Raises:
        UsageError: pyarrow is not installed.
        UnreadableInputError: it is damaged, or two columns have one name.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra, and slow
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError:
        raise UsageError("a Parquet input needs pyarrow: pip install 'asyncgen[parquet]'") from None
    try:
        # Read no more of a row group than is decoded: pandas writes a million rows into one.
        table = pq.ParquetFile(
            file, pre_buffer=False, buffer_size=1 << 20, coerce_int96_timestamp_unit="us"
        )  # in nanoseconds, Spark's year 9999 would become another one
        schema = _in_microseconds(pa, pa.struct(list(table.schema_arrow)))
        _check_names(table.schema_arrow.names)
        batches = table.iter_batches(batch_size=ROWS, use_threads=False)
        for batch in batches:
            values = pa.StructArray.from_arrays(batch.columns, fields=list(batch.schema))
            yield from map(_line, _rows(pa, values.cast(schema, safe=False)))
    except (pa.ArrowException, OSError):
        raise UnreadableInputError(_DAMAGED) from None


def _check_names(names: list[str]) -> None:
    double = next((name for name, number in Counter(names).items() if number > 1), None)
    if double is not None:
        raise UnreadableInputError(f"it has the column {double} more than once: rename one of them")


def _in_microseconds(pa: Any, kind: Any) -> Any:
    """The type with times in microseconds, as in Python: nanoseconds would need pandas, and differ with it."""
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_in_microseconds(pa, field.type)) for field in kind])
    if pa.types.is_large_list(kind):
        return pa.large_list(_in_microseconds(pa, kind.value_type))
    if pa.types.is_list(kind):
        return pa.list_(_in_microseconds(pa, kind.value_type))
    if getattr(kind, "unit", None) != "ns":
        return kind
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    return pa.time64("us") if pa.types.is_time(kind) else pa.duration("us")


def _rows(pa: Any, values: Any) -> Iterable[dict[str, Any] | Refused]:
    """The rows of a batch; one by one if Python cannot hold a value in it."""
    try:
        rows: list[dict[str, Any]] = values.to_pylist()
    except (OverflowError, ValueError):
        return (_row(pa, value) for value in values)
    return rows


def _row(pa: Any, value: Any) -> dict[str, Any] | Refused:
    row = {}
    for name, cell in value.items():
        try:
            row[name] = cell.as_py()
        except UnicodeDecodeError:
            return Refused(f"the text in {name} is not UTF-8")
        except (OverflowError, ValueError):
            text = _in_words(pa, cell)
            if text is None:
                return Refused(f"{name} holds a time outside the years 1 to 9999")
            row[name] = text
    return row


def _in_words(pa: Any, time: Any) -> str | None:
    """A time that Python cannot hold, as Arrow writes it; None: it cannot either."""
    try:
        text: str = time.cast(pa.string()).as_py()
    except pa.ArrowException:
        return None
    return None if text.startswith("<") else text  # "<value out of range: …>"


def _line(row: dict[str, Any] | Refused) -> Piece:
    if isinstance(row, Refused):
        return row
    try:
        return orjson.dumps(row, default=_plain, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return Refused("a value that JSON cannot hold, such as a whole number of more than 64 bits")


def _plain(value: Any) -> Any:
    """The JSON value for a type that JSON does not have."""
    if isinstance(value, Decimal):
        return str(value)  # a float would be a different number
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        try:
            return value.decode()  # older writers do not mark texts
        except UnicodeDecodeError:
            return b64encode(value).decode()
    raise TypeError
