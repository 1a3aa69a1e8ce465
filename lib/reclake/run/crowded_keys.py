"""Values of key columns that cover an odd share of a delivery: a word for none, or a device that many share. No value is told."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, Row
from pyspark.sql import functions as F

from reclake.quality.verdict import Finding
from reclake.tables import Table, silver

from .settings import RunSettings

# What stands for a person or device: of one value in most records of a delivery somebody should know.
_KEYS = {
    silver.EVENT_RECORDS.name: ("device_id", "login_account_id"),
    silver.ORDER_RECORDS.name: ("account_id",),
    silver.ACCOUNT_RECORDS.name: ("device_id",),
}
# A sketch of 1,024 values: what covers a hundredth of the rows is in it, and counted to within half a hundredth.
_MOST_COMMON = "approx_top_k({key}, 1, 1024) FILTER (WHERE {key} IS NOT NULL)"
_SHOWN_DAYS = 3


def counts_of_keys(table: Table) -> dict[str, Column]:
    """Key column → how often its most common value stands in a group, approximately; none for most tables."""
    return {key: F.expr(_MOST_COMMON.format(key=key)).alias(key) for key in _KEYS.get(table.name, ())}


def crowded_keys(limits: RunSettings, counted: Sequence[Row], keys: Sequence[str]) -> list[Finding]:
    """One per source and key column of which one value covers an odd share of a delivery; no value is told."""
    crowded: dict[tuple[str, str], list[Row]] = {}
    for row in counted:
        for key in keys:
            n_most = row[key][0]["count"] if row[key] else 0
            if n_most >= limits.min_key_records and n_most > limits.max_key_share * row["n"]:
                crowded.setdefault((row["source"], key), []).append(row)
    found = []
    for (source, key), rows in crowded.items():
        days = [f"{row[key][0]['count'] / row['n']:.0%} of the {row['n']:,} records of {row['delivery_day']}" for row in rows]
        more = f", and as much of {len(days) - _SHOWN_DAYS} more days" if len(days) > _SHOWN_DAYS else ""
        told = f"{', '.join(days[:_SHOWN_DAYS])}{more}: a word for none, or a device that many share?"
        found.append(
            Finding.failed(
                f"{key} of source {source}: one value covers at most {limits.max_key_share:.0%} of a delivery",
                n_bad=sum(row[key][0]["count"] for row in rows),
                n_rows=sum(row["n"] for row in rows),
                message=told,
            )
        )
    return found
