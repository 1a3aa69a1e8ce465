"""Questions of two dimensions, answered from gold.behaviour_cube without Spark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from reclake.behaviour.bitmaps import n_in_any
from reclake.behaviour.dimensions import BY_NAME
from reclake.errors import UsageError
from reclake.tables import gold

from .conditions import Condition
from .reader import Reader, Row

_COUNTS = ("n_events", "n_sessions", "n_orders")
_MEASURES = ("n_customers", "n_buyers", *_COUNTS, "revenue_amount", "currency")


def pairs(reader: Reader, *, as_of: date) -> list[Row]:
    """The pairs that can be asked for, with the meaning of both dimensions."""
    where = [Condition("as_of_date", "=", (as_of,))]
    sql = "SELECT DISTINCT dimension_a, dimension_b FROM rows WHERE as_of_date = ? ORDER BY ALL"
    columns = ["as_of_date", "dimension_a", "dimension_b"]
    return [
        {"by": a, "and_by": b, "meaning": f"{_meaning(a)} / {_meaning(b)}"}
        for a, b in reader.query(gold.BEHAVIOUR_CUBE, sql, columns=columns, where=where, parameters=[as_of])
    ]


def _meaning(name: str) -> str:
    known = BY_NAME.get(name)
    return name if known is None else f"{known.english} {known.chinese}"


def answer(
    reader: Reader,
    *,
    as_of: date,
    by: tuple[str, str],
    first: date | None = None,
    last: date | None = None,
    is_series: bool = False,
) -> list[Row]:
    """A row per pair of values, the most customers first; of a series a row per month too, the newest month first.

    Over several months a customer counts once. Buyers cannot be counted over months, and are null there. `n_months` says of how
    many months a row is: in the others the cell has no row, or is in `(others)`.

    Parameters
    ----------
    by
        The two dimensions, in the order in which they are shown.
    first, last
        The first days of the first and of the last month; all that are shown for None.

    Raises
    ------
    UsageError
        When the pair is not declared.
    """
    a, b = sorted(by)
    where = [Condition(name, "=", (value,)) for name, value in {"as_of_date": as_of, "dimension_a": a, "dimension_b": b}.items()]
    where += [Condition("month_date", ">=", (first,))] if first else []
    where += [Condition("month_date", "<=", (last,))] if last else []
    months = {row["month_date"] for row in reader.rows(gold.BEHAVIOUR_CUBE, ["month_date"], where)}
    if not months:
        _require_declared(reader, by, as_of=as_of)
    is_joined = len(months) > 1 and not is_series
    values = {by[0]: "value_a", by[1]: "value_b"} if (a, b) == by else {by[0]: "value_b", by[1]: "value_a"}
    columns = ["month_date", *values.values(), *_MEASURES, *(["customer_bitmap"] if is_joined else [])]
    order = (("month_date", True), ("value_a", False), ("value_b", False))
    rows = reader.rows(gold.BEHAVIOUR_CUBE, columns, where, order)
    if is_joined:
        return _of_all_months(rows, values)
    shown = {**({"month_date": "month_date"} if is_series else {}), **values, **{name: name for name in _MEASURES}}
    answers = [{name: row[of] for name, of in shown.items()} for row in rows]
    return sorted(answers, key=lambda row: (-row["month_date"].toordinal() if is_series else 0, -row["n_customers"]))


def _of_all_months(rows: Iterable[Row], values: Mapping[str, str]) -> list[Row]:
    """A row per pair of values."""
    cells: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        cells.setdefault(tuple(row[of] for of in values.values()), []).append(row)
    answers = [dict(zip(values, cell, strict=True)) | _summed(months) for cell, months in cells.items()]
    return sorted(answers, key=lambda row: -row["n_customers"])


def _summed(rows: list[Row]) -> Row:
    """The months of one cell as one row; revenue is that of the months that tell it, and says of how many."""
    amounts = [row["revenue_amount"] for row in rows if row["revenue_amount"] is not None]
    return {
        "n_months": len(rows),
        "n_customers": n_in_any(row["customer_bitmap"] for row in rows),
        "n_buyers": rows[0]["n_buyers"] if len(rows) == 1 else None,
        **{name: sum(row[name] for row in rows) for name in _COUNTS},
        "revenue_amount": sum(amounts) if amounts else None,
        "n_revenue_months": len(amounts),
        "currency": rows[0]["currency"],
    }


def _require_declared(reader: Reader, by: tuple[str, str], *, as_of: date) -> None:
    """Stop at a pair that the cube does not hold.

    Raises
    ------
    UsageError
        Naming what stands beside the one or the other dimension.
    """
    held = {frozenset((row["by"], row["and_by"])) for row in pairs(reader, as_of=as_of)}
    if frozenset(by) in held:
        return
    beside = {name: sorted(other for pair in held if name in pair for other in pair - {name}) for name in by}
    possible = "; ".join(f"{name} stands beside {', '.join(others) or 'nothing'}" for name, others in beside.items())
    raise UsageError(
        f"the cube holds no pair of {by[0]} and {by[1]}",
        possible,
        "ask for one of these, or declare the pair in conf/cubes and run again",
    )
