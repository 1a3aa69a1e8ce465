"""Rows of a table, as they are listed, and what its declaration says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from reclake import tables
from reclake.errors import UsageError
from reclake.run.dictionary import kept
from reclake.tables import Table, silver

from .conditions import Condition, readable
from .reader import Order, Reader

Rows = list[dict[str, Any]]
# Columns that say how a row came about: beside --columns, a listing for people leaves them out.
_TECHNICAL = frozenset({
    "file_digest", "position", "batch_id", "content_hash", "details", "input_digests", "input_versions", "content_digest", "code_digest",
    "settings_digest", "suite_digest", "first_file_digest", "first_position", "token", "sequence", "raw", "header", "line", "source", "product_code",
})  # fmt: skip
# What people ask of these tables first; the other columns follow, the key before the rest.
_TELLING = {
    "gold.customer_segments": ("as_of_date", "customer_id", "tier", "segment", "spend_amount", "n_orders", "recency_days"),
    "gold.contact_list": (
        "as_of_date",
        "contact_purpose",
        "priority",
        "customer_id",
        "contact_channel",
        "value_at_risk_amount",
        "reason",
    ),
    "ops.contact_exports": ("recorded_at", "contact_purpose", "as_of_date", "receiver", "n_customers", "exported_by", "reason"),
    "ops.people_exports": ("recorded_at", "figure", "as_of_date", "receiver", "n_customers", "exported_by", "reason"),
    "gold.recommendations": ("as_of_date", "customer_id", "rank", "product_id", "product_name", "score"),
    "gold.model_metrics": (
        "as_of_date",
        "model_name",
        "metric",
        "value",
        "lower",
        "upper",
        "is_promoted",
        "segment_kind",
        "segment",
        "scenario",
    ),
    "gold.product_relations": (
        "as_of_date",
        "relation",
        "product_id",
        "rank",
        "related_product_id",
        "score",
        "n_together",
        "lift",
    ),
    "gold.due_again": ("as_of_date", "customer_id", "product_id", "is_due", "last_bought_on", "usual_gap_days", "due_ratio"),
    "silver.order_lines": ("event_date", "account_id", "product_id", "product_name", "quantity", "line_amount"),
    "silver.events": ("occurred_at", "event_type", "product_id", "product_name", "account_id"),
    "silver.interactions": ("event_date", "account_id", "product_id", "product_name"),
    "ops.gate_results": ("checked_at", "table", "verdict", "n_failed", "n_expectations", "n_rows"),
    "ops.ledger": ("recorded_at", "table", "day", "kind", "version", "n_rows"),
    "ops.published_versions": ("published_at", "manifest_id", "name", "version", "kind", "n_rows"),
    "ops.maintenance": ("recorded_at", "table", "outcome", "n_files_before", "n_files_after"),
    "ops.untaken_files": ("listed_at", "source", "file_name", "state", "reason"),
    "ops.waivers": ("recorded_at", "table", "action", "expires_at", "reason"),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """The first rows, and how many there are beyond them."""

    rows: Rows
    n_more: int = 0
    first: tuple[str, ...] = ()  # the columns that a listing for people begins with, and has; all for none

    def for_people(self) -> Rows:
        """The same with the columns that people read first."""
        return [{name: row[name] for name in self.first if name in row} for row in self.rows] if self.first else self.rows


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked of a table's rows, checked before anything is opened."""

    table: Table
    where: tuple[Condition, ...] = ()
    columns: tuple[str, ...] = ()  # none: those that people read
    order: tuple[tuple[str, bool], ...] = ()  # none: newest first
    limit: int = 20


def show(reader: Reader, asked: Asked) -> Listing:
    """Published rows, newest first unless another order is asked for; a product's name stands beside its id.

    Raw records, and columns that reach a person, are left out.

    Raises
    ------
    UsageError
        When nothing of the table is published.
    LakeDamaged
        When the version is not what was published.
    """
    table = asked.table
    reader.require_published(table)
    order = asked.order or newest_first(table)
    listing = first_rows(reader, table, asked.columns or readable(table), asked.where, order, asked.limit)
    return replace(with_product_names(reader, listing), first=asked.columns or read_by_people(table))


def first_rows(
    reader: Reader, table: Table, columns: Sequence[str], where: Sequence[Condition], order: Order, limit: int
) -> Listing:
    """The first rows in order; the rest is counted only if there is one."""
    rows = reader.rows(table, columns, where, order, limit + 1)
    n_more = reader.count(table, where) - limit if len(rows) > limit else 0
    return Listing(rows[:limit], n_more)


def newest_first(table: Table) -> tuple[tuple[str, bool], ...]:
    """By the table's day, or the time at which a row was noted, newest first; then by its key."""
    shown = readable(table)
    days = [table.day_column, "valid_from" if table.is_validity else None, _noted_at(table)]
    first = [name for name in days if name in shown][:1]
    return (*((str(name), True) for name in first), *((name, False) for name in table.key if name in shown and name not in first))


def _noted_at(table: Table) -> str | None:
    """The column that says when a row was written, of tables without days."""
    times = [f.name for f in table.fields if f.type == "timestamp"]
    return next((name for name in ("recorded_at", "checked_at", "published_at", "listed_at") if name in times), None)


def read_by_people(table: Table) -> tuple[str, ...]:
    """The columns that say something to people, the key first; a product's name beside its id."""
    names = readable(table)
    telling = _TELLING.get(table.name, ())
    ids = [name for name in table.key if name in names and name not in _TECHNICAL]
    rest = [name for name in names if name not in _TECHNICAL]
    named = {"product_id": ["product_id", "product_name"]}
    ordered = dict.fromkeys(one for name in (*telling, *ids, *rest) for one in named.get(name, [name]))
    return tuple(ordered) or tuple(names)


def with_product_names(reader: Reader, listing: Listing) -> Listing:
    """The rows with `product_name` beside `product_id`, as the newest products say; null for one that they do not know."""
    if not listing.rows or "product_id" not in listing.rows[0] or "product_name" in listing.rows[0]:
        return listing
    names = product_names(reader, {row["product_id"] for row in listing.rows})
    rows = []
    for row in listing.rows:
        named: dict[str, Any] = {}
        for name, value in row.items():
            named[name] = value
            if name == "product_id":
                named["product_name"] = names.get(value)
        rows.append(named)
    return replace(listing, rows=rows)


def product_names(reader: Reader, product_ids: Collection[str | None]) -> Mapping[str, str]:
    """Product → its name now; only those that are asked for and known."""
    wanted = tuple(sorted(one for one in product_ids if one))
    if not wanted or reader.version(silver.PRODUCTS) is None:
        return {}
    where = (Condition("product_id", "in", wanted), Condition("valid_to", "=", (None,)))
    rows = reader.rows(silver.PRODUCTS, ("product_id", "product_name"), where)
    return {row["product_id"]: row["product_name"] for row in rows if row["product_name"]}


def at_as_of(table: Table, as_of: date) -> tuple[Condition, ...]:
    """The rows that answer for an as_of: those of that day, or those that are valid then.

    Raises
    ------
    UsageError
        When the table has no such rows.
    """
    if "as_of_date" in {f.name for f in table.fields}:
        return (Condition("as_of_date", "=", (as_of,)),)
    if table.is_validity:
        return (Condition("valid_from", "<", (as_of,)), Condition("valid_to", ">=", (as_of,), or_null=True))
    raise UsageError(
        f"--as-of cannot be used with {table.name}",
        f"its rows are {table.grain.removeprefix('one row ')}, not per as_of_date",
        f"use --where {table.day_column}=DAY" if table.day_column else "leave it out",
    )


def describe(table: Table) -> dict[str, Any]:
    """One table's declaration; needs no lake."""
    return {
        "table": table.name,
        "grain": table.grain,
        "key": list(table.key),
        "stage": table.stage,
        "write": table.write,
        "reads": [f"{i.table.name} ({i.days.reads.value})" for i in table.reads],
        "read_by": [reader.name for reader in tables.readers_of(table.name)],
        "rows_stay": kept(table),
        "columns": [
            {
                "column": f.name,
                "type": f.type,
                "unit": f.unit,
                "privacy": f.privacy.value,
                "required": f.required,
                "meaning": f.doc,
            }
            for f in table.fields
        ],
    }


def plain(value: Any) -> Any:
    """A value as JSON holds it: what JSON does not know as text."""
    return value if value is None or isinstance(value, bool | int | float | list) else str(value)


def plain_rows(rows: Sequence[Mapping[str, Any]]) -> Rows:
    """Rows as JSON holds them."""
    return [{name: plain(value) for name, value in row.items()} for row in rows]
