"""Names for readers that know no manifest: views on published versions, and tables of the newest ones, in a metastore."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from reclake.errors import UsageError
from reclake.tables import Table

from .schema import spark_schema
from .store import Store

_LAKE = "reclake.lake"  # a property of the database: whose tables stand in it
_VERSION, _MANIFEST = "reclake.version", "reclake.manifest"  # properties of each view: what it shows


class Catalog:
    """One database of views, which follow the manifest, and one of tables, which follow the newest commit.

    Its statements are made of declarations, settings, and the names and numbers of the manifest alone.
    """

    def __init__(self, store: Store, *, database: str) -> None:
        self._store = store
        self._spark = store.spark
        self.database = database
        self.newest_database = f"{database}_newest"

    def create(self) -> None:
        """Create the two databases where they are missing.

        Raises
        ------
        UsageError
            When one of them belongs to another lake: its readers would be given other rows under the same names. When
            it was made by somebody else: what stands in it is not known.
        """
        said = {
            self.database: "Views on the published versions: renewed by reclake register",
            self.newest_database: "Tables as last committed, published or not: for checks, not for reports",
        }
        for database, comment in said.items():
            # Asked first: a metastore logs an error for one that is there.
            if not self._spark.catalog.databaseExists(database):
                self._spark.sql(
                    f"CREATE DATABASE IF NOT EXISTS {_name(database)} COMMENT {_text(comment)} "
                    f"WITH DBPROPERTIES ({_text(_LAKE)} = {_text(self._store.root)})"
                )
            told = self._spark.sql(f"DESCRIBE DATABASE EXTENDED {_name(database)}").where("info_name = 'Properties'").first()
            properties = told["info_value"] if told else ""
            if f"({_LAKE}," not in properties:
                raise UsageError(
                    f"database {database} of the metastore was not made by reclake",
                    found=f"it lacks the property {_LAKE}",
                    next_step=f"set bi.database to a name of its own, or DROP DATABASE {database} CASCADE if nobody needs it",
                )
            if f"({_LAKE},{self._store.root})" not in properties:
                raise UsageError(
                    f"database {database} of the metastore belongs to another lake",
                    found=f"properties {properties}; this lake is {self._store.root}",
                    next_step="set bi.database to a name of its own",
                )

    def require_free(self, nouns: Collection[str]) -> None:
        """Stop before any view moves where one of them could not be made.

        Raises
        ------
        UsageError
            When a table stands under the name of a view.
        """
        tables = self._spark.sql(f"SHOW TABLES IN {_name(self.database)}").where("NOT isTemporary").collect()
        if taken := sorted({row["tableName"] for row in tables} & set(nouns) - self.names()):
            named = ", ".join(f"{self.database}.{noun}" for noun in taken)
            raise UsageError(
                "a table stands where a view belongs",
                found=f"{named}: made by a reader of the metastore, not by reclake",
                next_step="; ".join(f"DROP TABLE {self.database}.{noun}" for noun in taken) + ", or rename it",
            )

    def names(self) -> set[str]:
        """Names of all views in the database, those of its readers included."""
        views = self._spark.sql(f"SHOW VIEWS IN {_name(self.database)}").where("NOT isTemporary")
        return {row["viewName"] for row in views.collect()}

    def show(self, table: Table, *, version: int, manifest_id: int) -> None:
        """Let the table's view read a version."""
        self._show(table, self._rows(table, version), {_VERSION: str(version), _MANIFEST: str(manifest_id)})

    def show_rows(self, table: Table, rows: Sequence[Mapping[str, Any]], *, manifest_id: int) -> None:
        """Let a view hold a few rows itself, of numbers and strings: what is stored in no table of its readers."""
        # Typed as one array, as no other rows of a query bring comments along, and ALTER VIEW takes them from the query.
        columns = ", ".join(f"{_name(f.name)}: {f.type} COMMENT {_text(f.doc)}" for f in table.fields)
        values = ", ".join(f"struct({', '.join(_literal(row[f.name]) for f in table.fields)})" for row in rows)
        query = f"SELECT inline(CAST(array({values}) AS ARRAY<STRUCT<{columns}>>))"
        self._show(table, query, {_MANIFEST: str(manifest_id)})

    def _show(self, table: Table, query: str, shown: Mapping[str, str]) -> None:
        """Make the table's view. One that exists is altered in one step: readers find it at any time."""
        view = f"{_name(self.database)}.{_name(table.noun)}"
        properties = ", ".join(f"{_text(key)} = {_text(value)}" for key, value in shown.items())
        if table.noun in self.names() and self._columns(view) == _declared(table):
            self._spark.sql(f"ALTER VIEW {view} AS {query}")
            self._spark.sql(f"ALTER VIEW {view} SET TBLPROPERTIES ({properties})")
            return
        columns = ", ".join(f"{_name(f.name)} COMMENT {_text(f.doc)}" for f in table.fields)
        self._spark.sql(
            f"CREATE OR REPLACE VIEW {view} ({columns}) COMMENT {_text(table.grain)} TBLPROPERTIES ({properties}) AS {query}"
        )

    def hide_all_but(self, nouns: Collection[str]) -> None:
        """Drop the views of what is not published any more. One that names no manifest is a reader's own, and stays."""
        for name in self.names() - set(nouns):
            view = f"{_name(self.database)}.{_name(name)}"
            if any(row["key"] == _MANIFEST for row in self._spark.sql(f"SHOW TBLPROPERTIES {view}").collect()):
                self._spark.sql(f"DROP VIEW IF EXISTS {view}")

    def add_newest(self, table: Table) -> None:
        """Name the table itself. Its rows, columns and comments are what its folder says at each reading."""
        name = f"{_name(self.newest_database)}.{_name(table.noun)}"
        self._spark.sql(f"CREATE TABLE IF NOT EXISTS {name} USING delta LOCATION {_text(self._store.path(table))}")

    def _rows(self, table: Table, version: int) -> str:
        """The version's rows as a query; columns that were declared since it was written are null."""
        stored = self._store.columns(table, version=version)
        columns = (_name(f.name) if f.name in stored else f"CAST(NULL AS {f.type}) AS {_name(f.name)}" for f in table.fields)
        return f"SELECT {', '.join(columns)} FROM delta.{_name(self._store.path(table))} VERSION AS OF {version}"  # noqa: S608

    def _columns(self, view: str) -> list[tuple[str, str, str]]:
        """Name, type and comment as the metastore has them: a view whose version cannot be read any more has them, too."""
        return [(row["col_name"], row["data_type"], row["comment"]) for row in self._spark.sql(f"DESCRIBE {view}").collect()]


def _declared(table: Table) -> list[tuple[str, str, str]]:
    return [(f.name, f.dataType.simpleString(), f.metadata["comment"]) for f in spark_schema(table)]


def _name(text: str) -> str:
    return "`" + text.replace("`", "``") + "`"


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _literal(value: str | int) -> str:
    return _text(value) if isinstance(value, str) else f"{value}L"
