"""What DuckDB is given: the rows of tables, and the values of a query; neither makes it import pandas.

DuckDB imports pandas to see whether a bound value is one of pandas, and Arrow's datasets, which import pandas as well, to register
what gives streams. That is a third of the seconds of a command that only looks (docs/decisions/0049-looking-without-spark.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from reclake.tables import Table

from .conditions import quoted
from .delta_rs import DayIsRead
from .faults import empty

if TYPE_CHECKING:
    from .engine import Snapshot

HELD_BYTES = 8 << 20  # of Parquet, at most, that DuckDB holds whole


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that a query may read as often as it likes: DuckDB's optimizer joins a table with itself to do without a window.

    A stream that was read once would give it nothing the second time, without a word.
    """

    table: Table
    snapshot: Snapshot | None  # None where the table does not exist
    columns: Sequence[str]
    day_is_read: DayIsRead | None

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """A new stream of the rows, in the form that all readers of Arrow know."""
        if self.snapshot is None:
            return empty(self.table, self.columns).__arrow_c_stream__(requested_schema)
        return self.snapshot.batches(self.columns, self.day_is_read).__arrow_c_stream__(requested_schema)

    def put(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Let the connection know the rows by this name: held whole where they are few, else as a stream for each reading."""
        if self.snapshot is not None and self.snapshot.size_of(self.day_is_read).n_bytes > HELD_BYTES:
            connection.register(name, self)
            return
        connection.register("stream", self.__arrow_c_stream__())
        connection.execute(f"CREATE TEMP TABLE {quoted(name)} AS SELECT * FROM stream")
        connection.unregister("stream")


def execute(connection: duckdb.DuckDBPyConnection, sql: str, values: Sequence[Any]) -> duckdb.DuckDBPyConnection:
    """Run the SQL with its values: they stand in the call of a prepared statement, where nothing but values can stand."""
    if not values:
        return connection.execute(sql)
    connection.execute(f"PREPARE asked AS {sql}")
    return connection.execute(f"EXECUTE asked({', '.join(map(literal, values))})")


def literal(value: Any) -> str:
    """The value as SQL; a text by its bytes, so that no quotation mark in it ends it.

    Examples
    --------
    >>> literal("x'"), literal(date(2026, 3, 1)), literal([1, None])
    ("decode(unhex('7827'))", "DATE '2026-03-01'", '[1, NULL]')
    """
    match value:
        case None:
            return "NULL"
        case bool() | int():
            return str(value)
        case Decimal() if value.is_finite():
            return f"{value:f}"
        case float() | Decimal():
            return f"DOUBLE '{float(value)!r}'"
        case datetime():
            moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            return f"TIMESTAMP '{moment.isoformat(' ')}'"
        case date():
            return f"DATE '{value.isoformat()}'"
        case str():
            return f"decode(unhex('{value.encode().hex()}'))"
        case list() | tuple():
            return f"[{', '.join(map(literal, value))}]"
    raise TypeError(f"no value of a query: {type(value).__name__}")
