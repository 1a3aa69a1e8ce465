"""Tiny frames in, whole rows out."""

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from reclake.lake.schema import spark_schema
from reclake.tables import Table

Row = Mapping[str, Any]


def frame(spark: SparkSession, table: Table, *rows: Row) -> DataFrame:
    """A frame of the table's schema; columns that a row does not name are null."""
    schema = spark_schema(table)
    if unknown := {name for row in rows for name in row} - set(schema.names):
        raise ValueError(f"{table.name} has no columns {sorted(unknown)}")
    return spark.createDataFrame([tuple(row.get(name) for name in schema.names) for row in rows], schema)


def _sortable(row: Row) -> str:
    return repr(sorted((name, repr(value)) for name, value in row.items()))


def in_order(*rows: Row) -> list[dict[str, Any]]:
    """Rows as a bag: dicts in a fixed order."""
    return sorted((dict(row) for row in rows), key=_sortable)


def contents(built: DataFrame, *columns: str) -> list[dict[str, Any]]:
    """The frame's rows as a bag; only `columns` if named."""
    chosen = built.select(*columns) if columns else built
    return in_order(*(row.asDict(recursive=True) for row in chosen.collect()))


def family(spark, tables, **rows):
    """What a builder takes of a family: noun → frame, of the rows given by noun; the others hold none."""
    assert rows.keys() <= {table.noun for table in tables}
    return {table.noun: frame(spark, table, *rows.get(table.noun, ())) for table in tables}
