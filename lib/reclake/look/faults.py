"""What a reader meets where a lake is not as it was published."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from reclake.errors import LakeDamaged, ReclakeError
from reclake.lake.commits import Size
from reclake.lake.published import Published
from reclake.tables import Table

from .delta_rs import FEWER_ROWS, arrow_type


def empty(table: Table, columns: Sequence[str]) -> pa.Table:
    """No rows of the columns."""
    declared = {f.name: arrow_type(f.type) for f in table.fields}
    return pa.Table.from_batches([], pa.schema([pa.field(name, declared[name]) for name in columns]))


def unreadable(table: Table, version: int | None, error: Exception) -> ReclakeError:
    """What a fault of the reader is told as; its message may quote a value, and only its kind is repeated."""
    message = str(error).lower()
    if "checksum" in message or "crc" in message:
        kind = "the checksum of a page does not fit its bytes"
    elif FEWER_ROWS in message:
        kind = FEWER_ROWS
    elif isinstance(error, FileNotFoundError) or "no such file" in message or "not found" in message:
        kind = "a data file is missing"
    elif "out of memory" in message:
        return ReclakeError(
            f"{table.name} does not fit the memory of this machine", "DuckDB ran out of memory", "ask for less with --where"
        )
    else:
        kind = f"a data file cannot be read: {type(error).__name__}"
    return LakeDamaged(
        f"{table.name} version {version} cannot be read", kind, "restore the table's folder from backup, or roll back"
    )


def require_undamaged(table: Table, size: Size, row: Published) -> None:
    """Stop where a version has other files or bytes than the manifest says: a log that was cut gives an older state.

    Raises
    ------
    LakeDamaged
        When it has.
    """
    if (size.n_files, size.n_bytes) != (row.n_files, row.n_bytes):
        raise LakeDamaged(
            f"{table.name} version {row.version} is not what was published",
            found=f"{size.n_files} files, {size.n_bytes} bytes; published were {row.n_files} files, {row.n_bytes} bytes",
            next_step="restore the table's folder from backup"
            + (", or roll back to an earlier manifest" if table.write != "append_new" else ""),
        )
