"""The one reader of whoever only looks: published rows at the versions of one manifest, without Spark where that can be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from reclake.errors import UsageError
from reclake.lake.commits import CommitLog
from reclake.lake.published import Published, current_of, last_of
from reclake.tables import Table, ops

from .conditions import Condition, all_of, parameters_of, quoted
from .engine import Engine, Snapshot, engine_of
from .faults import require_undamaged, unreadable
from .in_duckdb import Rows, execute

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# No file of its own, as what does not fit the memory would lie on the disk in clear; and nothing is fetched.
_DUCKDB: dict[str, str | bool | int | float | list[str]] = {
    "temp_directory": "",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
Row = dict[str, Any]
Order = Sequence[tuple[str, bool]]  # columns, and whether each is descending


class Reader:
    """The tables below a lake's root.

    A published version is compared with its row of the manifest before it is read, and every page with its checksum.
    Rows hold plain values: times are UTC without a zone to the microsecond, amounts are decimals, null is None.

    Parameters
    ----------
    spark
        Gives the session that reads where delta-rs cannot; asked only then.
    manifest_id
        The manifest whose versions are read; the newest for None.
    """

    def __init__(self, root: str, *, spark: Callable[[], SparkSession], manifest_id: int | None = None) -> None:
        self.root = root.rstrip("/")
        self._spark = spark
        self._asked = manifest_id
        self._snapshots: dict[tuple[str, int], Snapshot] = {}

    @cached_property
    def _database(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(config=_DUCKDB)

    @cached_property
    def _engine(self) -> Engine:
        return engine_of(self.root, self._spark)

    def path(self, table: Table) -> str:
        """Where the table lies."""
        return f"{self.root}/{table.layer}/{table.noun}"

    @cached_property
    def log(self) -> CommitLog:
        """What the tables' logs say of their commits."""
        return CommitLog(self._engine.files)

    def exists(self) -> bool:
        """Whether anything was ever written to the lake."""
        return any(self.newest(table) is not None for table in (ops.PUBLISHED_VERSIONS, ops.CLAIMS, ops.LEDGER))

    def newest(self, table: Table) -> int | None:
        """The newest version, published or not; None if the table does not exist."""
        return self.log.newest(self.path(table))

    @cached_property
    def published(self) -> Mapping[str, Published]:
        """Table or model → what the manifest says of it."""
        return self.published_in(self._asked)

    @cached_property
    def manifest_id(self) -> int:
        """The number of the manifest; 0 before the first."""
        return self._asked if self._asked is not None else last_of(self._last_rows(None))

    def published_in(self, manifest_id: int | None) -> dict[str, Published]:
        """The same in an earlier manifest, or in the newest for None."""
        return current_of(self._last_rows(manifest_id))

    def _last_rows(self, manifest_id: int | None) -> dict[str, Published]:
        names = Published.__slots__
        where = () if manifest_id is None else (Condition("manifest_id", "<=", (manifest_id,)),)
        fields = ", ".join(f"'{name}': {quoted(name)}" for name in names)
        sql = f"SELECT arg_max({{{fields}}}, manifest_id) FROM rows WHERE {all_of(where)} GROUP BY name"
        rows = self.query(ops.PUBLISHED_VERSIONS, sql, columns=names, parameters=parameters_of(where))
        return {row["name"]: Published(**row) for (row,) in rows}

    def version(self, table: Table) -> int | None:
        """The version that is read: what is published, or the newest of what runs note themselves; None without one."""
        if table in ops.WRITTEN:
            return self.newest(table)
        row = self.published.get(table.name)
        return row.version if row else None

    def require_published(self, table: Table) -> None:
        """Stop where there is nothing to read yet.

        Raises
        ------
        UsageError
            When no manifest names the table.
        """
        if table not in ops.WRITTEN and self.version(table) is None:
            raise UsageError(f"{table.name} is not published yet", "no manifest names it", "reclake status says why")

    def snapshot(self, table: Table) -> Snapshot | None:
        """The version that is read, checked against the manifest; None without one.

        Raises
        ------
        LakeDamaged
            When it is not what was published.
        """
        if (version := self.version(table)) is None:
            return None
        if (table.name, version) not in self._snapshots:
            snapshot = self._engine.snapshot(table, self.path(table), version)
            if table not in ops.WRITTEN:
                require_undamaged(table, snapshot.size, self.published[table.name])
            self._snapshots[table.name, version] = snapshot
        return self._snapshots[table.name, version]

    def rows(
        self,
        table: Table,
        columns: Sequence[str] | None = None,
        where: Sequence[Condition] = (),
        order: Order = (),
        limit: int | None = None,
    ) -> list[Row]:
        """Rows that meet all conditions, in order; nulls first, and last where a column is descending."""
        names = list(columns) if columns is not None else [f.name for f in table.fields]
        sql = f"SELECT {', '.join(map(quoted, names))} FROM rows WHERE {all_of(where)}{_ordered(order)}"
        if limit is not None:
            sql += f" LIMIT {int(limit)}"
        read = [*names, *(c.column for c in where), *(name for name, _ in order)]
        found = self.query(table, sql, columns=read, where=where, parameters=parameters_of(where))
        return [dict(zip(names, row, strict=True)) for row in found]

    def count(self, table: Table, where: Sequence[Condition] = ()) -> int:
        """How many rows meet all conditions."""
        day = [table.day_column] if table.day_column else [table.fields[0].name]
        read = [c.column for c in where] or day
        sql = f"SELECT count(*) FROM rows WHERE {all_of(where)}"
        ((n_rows,),) = self.query(table, sql, columns=read, where=where, parameters=parameters_of(where))
        return int(n_rows)

    def batches(
        self, table: Table, columns: Sequence[str] | None = None, where: Sequence[Condition] = ()
    ) -> Iterator[pa.RecordBatch]:
        """The rows that meet all conditions as Arrow batches, in no order."""
        names = list(columns) if columns is not None else [f.name for f in table.fields]
        sql = f"SELECT {', '.join(map(quoted, names))} FROM rows WHERE {all_of(where)}"
        with self._asked_of(table, [*names, *(c.column for c in where)], where) as connection:
            yield from execute(connection, sql, parameters_of(where)).to_arrow_reader(32_768)

    def query(
        self,
        table: Table,
        sql: str,
        *,
        columns: Sequence[str],
        where: Sequence[Condition] = (),
        parameters: Sequence[Any] = (),
        beside: Mapping[str, tuple[Table, Sequence[str]]] | None = None,
    ) -> list[tuple[Any, ...]]:
        """What SQL of this program says of the table's `rows`; a table that does not exist has none.

        Parameters
        ----------
        columns
            The columns that the SQL names.
        where
            Conditions of the SQL on the day column, by which files are left out: those of `beside` as well.
        beside
            Name in the SQL → another table and its columns.
        """
        with self._asked_of(table, columns, where, beside) as connection:
            return execute(connection, sql, parameters).fetchall()

    @contextmanager
    def _asked_of(
        self,
        table: Table,
        columns: Sequence[str],
        where: Sequence[Condition],
        beside: Mapping[str, tuple[Table, Sequence[str]]] | None = None,
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that knows the table as `rows`; a fault while it is asked is told as one of the table."""
        relations = {"rows": (table, columns), **(beside or {})}
        frames = {of: self._rows_of(one, list(dict.fromkeys(read)), where) for of, (one, read) in relations.items()}
        with self._database.cursor() as connection:
            try:
                for of, frame in frames.items():
                    frame.put(connection, of)
                yield connection
            except (OSError, pa.ArrowException, duckdb.Error) as error:
                raise unreadable(table, self.version(table), error) from error

    def _rows_of(self, table: Table, columns: Sequence[str], where: Sequence[Condition]) -> Rows:
        bounds = [condition for condition in where if condition.column == table.day_column]
        day_is_read = (lambda day: all(c.is_met_by(day) for c in bounds)) if bounds else None
        return Rows(table, self.snapshot(table), columns, day_is_read)


def _ordered(order: Order) -> str:
    """ORDER BY as Spark sorts."""
    parts = [f"{quoted(name)} {'DESC NULLS LAST' if is_descending else 'ASC NULLS FIRST'}" for name, is_descending in order]
    return f" ORDER BY {', '.join(parts)}" if parts else ""
