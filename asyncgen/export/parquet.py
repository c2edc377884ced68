"""Parquet files, in row groups of a thousand examples; pyarrow comes with the extra `export`."""

from typing import Any

from asyncgen.errors import BadDataError, Setting, UsageError
from asyncgen.export.columns import Columns, NoTypeError
from asyncgen.export.formats import Record
from asyncgen.storage.staging import Staged

ROWS_A_GROUP = 1000  # examples: a few megabytes in memory, and groups worth compressing


class ParquetSink:
    """Writes records in columns of one type each.

    Args:
        staged: the file.
        schema: Arrow's, of `schema_of_pairs` or `schema_of`.
    """

    def __init__(self, staged: Staged, schema: Any) -> None:
        import pyarrow as pa  # noqa: PLC0415 - an extra, and slow
        import pyarrow.parquet as pq  # noqa: PLC0415

        self._schema = schema
        self._table: Any = pa.Table
        self._writer: Any = pq.ParquetWriter(staged, schema, compression="zstd")
        self._records: list[Record] = []

    def write(self, record: Record) -> None:
        """Append a record."""
        self._records.append(record)
        if len(self._records) == ROWS_A_GROUP:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the footer."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._records:
            self._writer.write_table(self._table.from_pylist(self._records, schema=self._schema))
            self._records = []


def schema_of_pairs() -> Any:
    """Arrow's schema of the format `parquet` of notes with labels."""
    import pyarrow as pa  # noqa: PLC0415

    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    return pa.schema(
        [
            ("messages", pa.list_(message)),
            ("original_note_id", pa.string()),
            ("verdict", pa.string()),
            ("error_type", pa.string()),
        ]
    )


def schema_of(columns: Columns) -> Any:
    """Arrow's schema of lines.

    Raises:
        BadDataError: a column has no type that holds all its values.
    """
    import pyarrow as pa  # noqa: PLC0415

    try:
        return pa.schema(columns.described(pa.type_for_alias, pa.list_, pa.struct))
    except NoTypeError as problem:
        raise BadDataError(f"{problem}; ", Setting("format", "hf"), " takes them as they are") from None


def require_pyarrow() -> None:
    """Refuse to start without pyarrow.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415
    except ImportError:
        needs = " needs pyarrow: pip install 'asyncgen[export]'"
        raise UsageError(Setting("format", "parquet"), needs) from None
