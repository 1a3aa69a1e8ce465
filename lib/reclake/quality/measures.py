"""What the gate counts itself: rows, repeated keys, missing and non-finite values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from reclake.lake.schema import spark_schema
from reclake.tables import Field, Table

_BLANKS = " \t\r\n\u00a0\u3000"


@dataclass(frozen=True, slots=True)
class Measured:
    """Counts of one frame."""

    n_rows: int
    n_flawed: int  # rows with a flaw
    n_repeated: int  # rows beyond the first of their key
    n_matching: Mapping[str, int]  # rows that a condition finds


def differences(found: StructType, table: Table) -> list[str]:
    """Where a frame's columns are not the declared ones: names, order, types."""
    declared = spark_schema(table)
    missing = [name for name in declared.names if name not in found.names]
    unexpected = [name for name in found.names if name not in declared.names]
    if missing or unexpected or len(set(found.names)) != len(found.names):
        return [f"missing {missing}, undeclared {unexpected}"]
    if found.names != declared.names:
        return ["in another order"]
    return [
        f"{field.name} is {field.dataType.simpleString()}, not {declared[field.name].dataType.simpleString()}"
        for field in found
        if field.dataType != declared[field.name].dataType
    ]


def flaws(table: Table) -> dict[str, Column]:
    """By rule, whether a row is against it: never null.

    Required columns hold a value, required strings of the key not just blanks, and numbers are neither NaN nor infinite.
    """
    found: dict[str, Column] = {}
    for field in table.fields:
        column = F.col(field.name)
        if field.required:
            found[f"{field.name} is not null"] = column.isNull()
        if field.required and field.type == "string" and field.name in table.key:
            found[f"{field.name} is not blank"] = F.coalesce(_normalised(field) == "", F.lit(False))
        if field.type in ("double", "float"):
            found[f"{field.name} is finite"] = F.coalesce(F.isnan(column) | (F.abs(column) == float("inf")), F.lit(False))
    return found


def n_own_checks(table: Table, conditions: Sequence[str]) -> int:
    """Checks besides the suite: columns, floor, key, flaws, and that each condition finds rows."""
    return 3 + len(flaws(table)) + len(conditions)


def measure(frame: DataFrame, table: Table, *, conditions: Sequence[str]) -> Measured:
    """One pass over the frame: grouped by the normalised key, so that repeats and everything else are counted together.

    Two keys that differ only in blanks around them are one. In a key column that may be null, null is a value.
    """
    declared = {field.name: field for field in table.fields}
    is_flawed = reduce(lambda one, other: one | other, flaws(table).values(), F.lit(False))
    matching = {f"matching_{number}": condition for number, condition in enumerate(conditions)}
    by_key = frame.groupBy(*[_normalised(declared[name]).alias(name) for name in table.key]).agg(
        F.count("*").alias("n_rows"),
        F.count_if(is_flawed).alias("n_flawed"),
        *[F.count_if(F.expr(condition)).alias(name) for name, condition in matching.items()],
    )
    summed = [F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in ("n_rows", "n_flawed", *matching)]
    counts = by_key.agg(F.count("*").alias("n_keys"), *summed).collect()[0]
    return Measured(
        n_rows=counts["n_rows"],
        n_flawed=counts["n_flawed"],
        n_repeated=counts["n_rows"] - counts["n_keys"],
        n_matching={condition: counts[name] for name, condition in matching.items()},
    )


def count_rows(frame: DataFrame, against: Mapping[str, Column]) -> dict[str, int]:
    """By rule, the rows against it; one aggregation."""
    names = {f"rule_{number}": rule for number, rule in enumerate(against)}
    counts = frame.agg(*[F.count_if(against[rule]).alias(name) for name, rule in names.items()]).collect()[0]
    return {rule: counts[name] for name, rule in names.items()}


def _normalised(field: Field) -> Column:
    return F.btrim(F.col(field.name), F.lit(_BLANKS)) if field.type == "string" else F.col(field.name)
