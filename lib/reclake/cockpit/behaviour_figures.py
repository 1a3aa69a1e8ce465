"""The figures of the report about behaviour, read from the published tables of gold at one as_of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from reclake.look.reader import Reader
from reclake.tables import Table, gold

from .behaviour_funnels import Funnel, read_funnels
from .behaviour_paths import Paths, read_paths
from .behaviour_span import TABLES, Span, days_between, whole_periods
from .published import at_as_of

N_COHORTS = 12  # newest cohorts that are shown at least
ANY, ORDER = "any", "order"
_LIFE_WEEKS = 12


@dataclass(frozen=True, slots=True)
class Sold:
    """What was sold and came back on the days of the report: of one day or one value of a dimension, in one currency."""

    value: Any
    currency: str
    n_orders: int
    n_lines: int
    revenue: Decimal | None
    n_returns: int
    returned: Decimal | None


@dataclass(frozen=True, slots=True)
class FirstOrders:
    """Customers by month and channel of their first order, and how many ordered again within 30, 60 and 90 days."""

    month: date
    channel: str
    n_customers: int
    within: Mapping[int, tuple[int, int, int, float | None]]  # days → repeat, open, mature, share of the mature


@dataclass(frozen=True, slots=True)
class Cohort:
    """One cohort: its first day, its size, and by interval how many were active and the revenue against its own interval's.

    None where the interval is not over.
    """

    start: date
    n_customers: int
    n_active: tuple[int | None, ...]
    revenue: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Cohorts:
    """The newest cohorts of one activity, the oldest first."""

    activity: str
    period: str
    n_left_out: int
    cohorts: tuple[Cohort, ...]


@dataclass(frozen=True, slots=True)
class Life:
    """The life cycle of one activity: customers by week and state, and moves from state to state on the days of the report."""

    activity: str
    n_left_out: int
    weeks: Mapping[date, Mapping[str, int | None]]  # None of a week that is not over
    moves: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class BehaviourFigures:
    """All that the report shows."""

    span: Span
    has_rows: Mapping[str, bool | None]  # by table: whether it has rows of the as_of; None of one that is not published
    funnels: tuple[Funnel, ...]
    paths: tuple[Paths, ...]
    sold: Mapping[str, tuple[Sold, ...]]  # by day, channel, category and kind of customer
    first_orders: tuple[FirstOrders, ...]
    retention: tuple[Cohorts, ...]
    lives: tuple[Life, ...]


def read_behaviour(rows: Reader, span: Span, *, add_up: Collection[str]) -> BehaviourFigures:
    """The figures of one manifest.

    Parameters
    ----------
    add_up
        Funnels of whose units each enters on one day alone.
    """
    as_of = span.as_of
    return BehaviourFigures(
        span=span,
        has_rows={table.name: _has_rows(rows, table, as_of) for table in TABLES},
        funnels=read_funnels(rows, span, add_up=add_up) if span.meets_window else (),
        paths=read_paths(rows, as_of) if span.meets_window else (),
        sold={by: _sold(rows, span, by) for by in ("start_date", "channel", "category", "customer_kind")},
        first_orders=_first_orders(rows, as_of),
        retention=tuple(cohorts for activity in (ORDER, ANY) if (cohorts := _cohorts(rows, span, activity)).cohorts),
        lives=tuple(life for activity in (ANY, ORDER) if (life := _life(rows, span, activity)).weeks),
    )


def _has_rows(rows: Reader, table: Table, as_of: date) -> bool | None:
    if table.name not in rows.published:
        return None
    return bool(at_as_of(rows, table, "SELECT 1 FROM rows WHERE as_of_date = ? LIMIT 1", "", as_of))


def _sold(rows: Reader, span: Span, by: str) -> tuple[Sold, ...]:
    """The days of the report added up by one dimension, of whole orders but for categories.

    Months and weeks that lie within the days are read whole: of single days most values are too few people to have a row.
    """
    names = ("n_orders", "n_lines", "revenue_amount", "n_returns", "return_amount")
    # A sum of amounts that the column cannot hold is null, as in gold, and no error.
    sums = ", ".join(
        f"TRY_CAST(sum({n}) AS DECIMAL(18,4))" if n.endswith("amount") else f"CAST(sum({n}) AS BIGINT)" for n in names
    )
    category = "category <> '(all)'" if by == "category" else "category = '(all)'"
    order = by if by == "start_date" else f"5 DESC NULLS LAST, {by}"
    days = [("day", day) for day in days_between(span.first, span.last)]
    read = days if by == "start_date" else whole_periods(span.first, span.last)
    chosen = ", ".join(f"('{period}', DATE '{start}')" for period, start in read)
    sql = f"""
        SELECT {by}, currency, {sums} FROM rows
        WHERE as_of_date = ? AND (period, start_date) IN ({chosen}) AND {category}
        GROUP BY {by}, currency ORDER BY currency, {order}
    """
    columns = f"period start_date currency category {by} {' '.join(names)}"
    return tuple(Sold(*row) for row in at_as_of(rows, gold.SALES, sql, columns, span.as_of))


def _first_orders(rows: Reader, as_of: date) -> tuple[FirstOrders, ...]:
    of_days = [name.format(n) for n in (30, 60, 90) for name in ("n_repeat_{}", "n_open_{}", "n_mature_{}", "repeat_{}_share")]
    columns = ["month_date", "channel", "n_customers", *of_days]
    sql = f"SELECT {', '.join(columns)} FROM rows WHERE as_of_date = ? ORDER BY month_date, n_customers DESC, channel"
    return tuple(
        FirstOrders(month, channel, n, {days: (*numbers[place : place + 4],) for days, place in ((30, 0), (60, 4), (90, 8))})
        for month, channel, n, *numbers in at_as_of(rows, gold.FIRST_ORDERS, sql, " ".join(columns), as_of)
    )


def _cohorts(rows: Reader, span: Span, activity: str) -> Cohorts:
    """Weekly cohorts of those who were new; by day in a lake that is younger than three weeks."""
    columns = "start_date n_customers from_interval n_active revenue_ratio period is_open n_left_out activity cohort_kind measure dimension"
    sql = """
        SELECT period, start_date, any_value(n_customers), list(n_active ORDER BY from_interval),
               list(revenue_ratio ORDER BY from_interval), max(n_left_out)
        FROM rows
        WHERE as_of_date = ? AND activity = ? AND cohort_kind = 'first' AND measure = 'bounded' AND dimension = 'all' AND period IN ('day', 'week')
              AND start_date <= ?
        GROUP BY period, start_date ORDER BY start_date
    """
    cells = at_as_of(rows, gold.RETENTION, sql, columns, span.as_of, activity, span.last)
    period = "week" if len([row for row in cells if row[0] == "week"]) >= 3 else "day"
    of_period = [row for row in cells if row[0] == period]
    n_shown = max(N_COHORTS, len([row for row in of_period if row[1] >= span.first]))
    cohorts = tuple(
        Cohort(start, n, tuple(n_active), tuple(revenue)) for _, start, n, n_active, revenue, _ in of_period[-n_shown:]
    )
    return Cohorts(activity, period, max((row[-1] for row in of_period), default=0), cohorts)


def _life(rows: Reader, span: Span, activity: str) -> Life:
    weekly = """
        SELECT start_date, state, CAST(sum(n_customers) AS BIGINT), max(n_left_out) FROM rows
        WHERE as_of_date = ? AND activity = ? AND state_kind = 'interval' AND period = 'week' AND start_date <= ?
        GROUP BY start_date, state QUALIFY dense_rank() OVER (ORDER BY start_date DESC) <= ? ORDER BY start_date
    """
    columns = "start_date state n_customers n_left_out activity state_kind period"
    weeks: dict[date, dict[str, int | None]] = {}
    n_left_out = 0
    for start, state, n, left_out in at_as_of(
        rows, gold.LIFECYCLE, weekly, columns, span.as_of, activity, span.last, max(_LIFE_WEEKS, span.n_days // 7)
    ):
        weeks.setdefault(start, {})[state] = n
        n_left_out = max(n_left_out, left_out)
    daily = """
        SELECT start_date, from_state, state, n_customers FROM rows
        WHERE as_of_date = ? AND activity = ? AND state_kind = 'daily' AND start_date BETWEEN ? AND ?
    """
    columns = "start_date from_state state n_customers activity state_kind"
    moves: dict[tuple[str, str], int] = {}
    for _, before, after, n in at_as_of(rows, gold.LIFECYCLE, daily, columns, span.as_of, activity, span.first, span.last):
        if before != after:
            moves[before, after] = moves.get((before, after), 0) + n
    return Life(activity, n_left_out, weeks, moves)
