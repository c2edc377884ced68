"""Parquet files, in row groups of a thousand examples; pyarrow comes with the extra `export`."""

from typing import Any

from asyncgen.errors import BadDataError, Setting, UsageError
from asyncgen.export.formats import Record
from asyncgen.storage.staging import Staged

ROWS_A_GROUP = 1000  # examples: a few megabytes in memory, and groups worth compressing
_AS_THEY_ARE = (Setting("format", "hf"), " takes them as they are")


class ParquetSink:
    """Writes records of the format `parquet`.

    Raises:
        UsageError: pyarrow is not installed.
    """

    def __init__(self, staged: Staged) -> None:
        require_pyarrow()
        import pyarrow as pa  # noqa: PLC0415 - an extra, and slow
        import pyarrow.parquet as pq  # noqa: PLC0415

        message = pa.struct([("role", pa.string()), ("content", pa.string())])
        self._schema: Any = pa.schema(
            [
                ("messages", pa.list_(message)),
                ("original_note_id", pa.string()),
                ("verdict", pa.string()),
                ("error_type", pa.string()),
            ]
        )
        self._table: Any = pa.Table
        self._writer: Any = pq.ParquetWriter(staged, self._schema, compression="zstd")
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


class LinesParquetSink:
    """Writes records; the first thousand determine the columns and their types.

    Raises:
        UsageError: pyarrow is not installed.
    """

    def __init__(self, staged: Staged) -> None:
        require_pyarrow()
        self._staged = staged
        self._writer: Any = None
        self._records: list[Record] = []

    def write(self, record: Record) -> None:
        """Append a record.

        Raises:
            BadDataError: it has other columns or types than those before.
        """
        self._records.append(record)
        if len(self._records) == ROWS_A_GROUP:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the footer."""
        self._flush()
        if self._writer is not None:
            self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        if not self._records:
            return
        columns = None if self._writer is None else set(self._writer.schema.names)
        other = next((key for record in self._records for key in record if columns and key not in columns), None)
        if other is not None:
            raise BadDataError(f"a line has {other}, and none of the first {ROWS_A_GROUP:,} has; ", *_AS_THEY_ARE)
        schema = None if self._writer is None else self._writer.schema
        try:
            table = pa.Table.from_pylist(self._records, schema=schema)
        except (pa.ArrowInvalid, pa.ArrowTypeError):  # its message may quote a value
            raise BadDataError("lines differ in the types of their values; ", *_AS_THEY_ARE) from None
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._staged, table.schema, compression="zstd")
        self._writer.write_table(table)
        self._records = []


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
