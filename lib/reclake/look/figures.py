"""What customers bought and whether they came back, as tables for people; from gold, at one as_of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from reclake.tables import Table, gold

from .conditions import Condition
from .reader import Reader, Row

DIMENSIONS = ("channel", "category", "customer_kind")
PERIODS = ("day", "week", "month")
MEASURES = ("bounded", "unbounded", "bracket", "stickiness")
_SUMMED = ("n_orders", "n_lines", "revenue_amount", "n_returns", "return_amount", "n_guest_orders")


def sales(reader: Reader, *, as_of: date, period: str, by: str | None, last: int) -> list[Row]:
    """Orders, revenue and returns of the `last` newest periods, in all or by one dimension.

    Customers are in gold.sales itself: one who ordered on two channels would be counted twice in a sum over them.
    """
    category = "category <> '(all)'" if by == "category" else "category = '(all)'"
    shown = ["start_date", "is_open", *([by] if by else []), "currency"]
    sums = ", ".join(f"CAST(sum({name}) AS {_type_of(gold.SALES, name)}) AS {name}" for name in _SUMMED)
    sql = f"""
        SELECT {", ".join(shown)}, {sums} FROM rows
        WHERE as_of_date = ? AND period = ? AND {category}
        GROUP BY {", ".join(shown)}
        QUALIFY dense_rank() OVER (ORDER BY start_date DESC) <= ?
        ORDER BY start_date DESC, revenue_amount DESC, {", ".join(shown)}
    """
    rows = _asked(reader, gold.SALES, sql, ["category", "period", *shown, *_SUMMED], as_of, period, last)
    return [dict(zip((*shown, *_SUMMED), row, strict=True)) for row in rows]


def _type_of(table: Table, column: str) -> str:
    (type_,) = (field.type for field in table.fields if field.name == column)
    return "BIGINT" if type_ == "long" else type_


def first_orders(reader: Reader, *, as_of: date) -> list[Row]:
    """Months and channels of first orders, newest first, and how many customers ordered again."""
    names = [field.name for field in gold.FIRST_ORDERS.fields if field.name != "as_of_date"]
    where = [Condition("as_of_date", "=", (as_of,))]
    return reader.rows(gold.FIRST_ORDERS, names, where, (("month_date", True), ("n_customers", True), ("channel", False)))


def best_customers(reader: Reader, *, as_of: date, n: int) -> list[Row]:
    """The customers of the greatest spend, with the names of what they buy most."""
    for table in (gold.CUSTOMER_PRODUCTS, gold.PRODUCTS):
        reader.require_published(table)
    columns = ["customer_id", "tier", "spend_amount", "currency", "n_orders"]
    where = [Condition("as_of_date", "=", (as_of,)), Condition("n_orders", ">", (0,))]
    best = reader.rows(gold.CUSTOMER_SEGMENTS, columns, where, (("spend_amount", True), ("customer_id", False)), n)
    # Null is no number, and stands last.
    sql = """
        SELECT rows.customer_id, string_agg(coalesce(product_name, rows.product_id), ', ' ORDER BY rank)
        FROM rows LEFT JOIN products ON products.product_id = rows.product_id
        WHERE as_of_date = ? AND list_contains(?, rows.customer_id) GROUP BY rows.customer_id
    """
    bought = dict(
        reader.query(
            gold.CUSTOMER_PRODUCTS,
            sql,
            columns=["customer_id", "rank", "product_id", "as_of_date"],
            where=[Condition("as_of_date", "=", (as_of,))],
            parameters=[as_of, [row["customer_id"] for row in best]],
            beside={"products": (gold.PRODUCTS, ["product_id", "product_name"])},
        )
    )
    return [{**row, "buys": bought.get(row["customer_id"])} for row in best]


def cohorts(
    reader: Reader,
    *,
    as_of: date,
    activity: str,
    period: str,
    cohort_kind: str,
    measure: str,
    cell: str,
    last: int,
    by: str | None = None,
) -> list[Row]:
    """A row per cohort, newest first, and a column per cell: the share of active customers, or another column of the table.

    Broken down by a dimension there is a row per cohort and value, the largest first.
    """
    sql = f"""
        SELECT start_date, value, n_customers, from_interval, to_interval, {cell} FROM rows
        WHERE as_of_date = ? AND activity = ? AND period = ? AND cohort_kind = ? AND measure = ? AND dimension = ?
        QUALIFY dense_rank() OVER (ORDER BY start_date DESC) <= ?
        ORDER BY start_date DESC, n_customers DESC, value, from_interval
    """
    read = [
        "start_date", "n_customers", "from_interval", "to_interval", "activity", "period", "cohort_kind", "measure", "dimension", "value",
        cell,
    ]  # fmt: skip
    rows: dict[tuple[date, str], Row] = {}
    asked = (as_of, activity, period, cohort_kind, measure, by or "all", last)
    for start, value, n_customers, first, to, told in _asked(reader, gold.RETENTION, sql, read, *asked):
        named = {by: value} if by else {}
        row = rows.setdefault((start, value), {"start_date": start, **named, "n_customers": n_customers})
        row[_cell(measure, first, to)] = told
    return list(rows.values())


def _cell(measure: str, first: int, last: int | None) -> str:
    if measure == "unbounded":
        return f"{first}+"
    return str(first) if last in (first, None) else f"{first}-{last}"


def lives(reader: Reader, *, as_of: date, activity: str, period: str, state_kind: str, last: int) -> list[Row]:
    """A row per period, newest first, and a column per state: how many customers are in it."""
    sql = """
        SELECT start_date, is_open, state, CAST(sum(n_customers) AS BIGINT) FROM rows
        WHERE as_of_date = ? AND activity = ? AND period = ? AND state_kind = ?
        GROUP BY start_date, is_open, state
        QUALIFY dense_rank() OVER (ORDER BY start_date DESC) <= ?
        ORDER BY start_date DESC
    """
    read = ["start_date", "is_open", "state", "n_customers", "activity", "period", "state_kind"]
    counted = _asked(reader, gold.LIFECYCLE, sql, read, as_of, activity, period, state_kind, last)
    states = [state for state in _STATES if any(row[2] == state for row in counted)]
    counts = {(start, state): n for start, _, state, n in counted}
    # In a day on which nobody is in a state, it has no row: nobody is 0. What is open has no count at all.
    open_ = {start: is_open for start, is_open, *_ in counted}
    return [
        {"start_date": start, "is_open": is_open}
        | {state: counts.get((start, state), None if is_open else 0) for state in states}
        for start, is_open in open_.items()
    ]


_STATES = (
    "new", "returning", "resurrecting", "current", "reactivated", "resurrected", "at_risk_wau", "at_risk_mau", "dormant",
)  # fmt: skip


def left_out(reader: Reader, table: Table, *, as_of: date, activity: str) -> int:
    """How many customers with the activity are not counted, as they may not be profiled; in whole groups."""
    rows = _asked(
        reader,
        table,
        "SELECT max(n_left_out) FROM rows WHERE as_of_date = ? AND activity = ?",
        ["activity", "n_left_out"],
        as_of,
        activity,
    )
    return int(rows[0][0] or 0)


def _asked(
    reader: Reader, table: Table, sql: str, columns: Sequence[str], as_of: date, *parameters: Any
) -> list[tuple[Any, ...]]:
    """What SQL says of the rows of one as_of; its first parameter is the as_of."""
    where = [Condition("as_of_date", "=", (as_of,))]
    return reader.query(table, sql, columns=[*columns, "as_of_date"], where=where, parameters=[as_of, *parameters])
