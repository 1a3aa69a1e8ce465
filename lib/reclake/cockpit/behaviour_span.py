"""Which days a report tells of, and from which as_of it reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from reclake.errors import UsageError
from reclake.look.reader import Reader
from reclake.tables import Table, gold
from reclake.tables.vocabulary import EARLIEST

from .published import rows_of

TABLES: tuple[Table, ...] = (
    gold.FUNNELS, gold.FUNNEL_LOSSES, gold.PATH_TRANSITIONS, gold.PATH_STEPS, gold.PATH_ROUTES, gold.RETENTION, gold.LIFECYCLE,
    gold.SALES, gold.FIRST_ORDERS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """The days that a report tells of, and the as_of whose rows it shows."""

    as_of: date
    first: date
    last: date
    window_first: date  # first day of which funnels and paths tell at the as_of
    sales_first: date  # first day whose sales are shown at the as_of

    @property
    def window_last(self) -> date:
        """The last day of which anything is told at the as_of."""
        return self.as_of - timedelta(days=1)

    @property
    def meets_window(self) -> bool:
        """Whether funnels and paths of the as_of tell of any of the days."""
        return self.first <= self.window_last and self.last >= self.window_first

    @property
    def n_days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def days_between(first: date, last: date) -> tuple[date, ...]:
    """Each day from the first to the last."""
    return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))


def span_of(rows: Reader, first: date | None, last: date | None, *, window_days: int, sales_days: int) -> Span:
    """The days that are asked for, of the newest as_of whose funnels reach back to the first of them.

    Sales reach `sales_days` back. Without days it is the `window_days` before the newest as_of; 0, all history, becomes four weeks.

    Raises
    ------
    UsageError
        When nothing about behaviour is published, or no row of an as_of after the last day.
    """
    held = as_ofs(rows)
    if not held:
        rows.require_published(gold.FUNNELS)
        raise UsageError(
            "there is nothing to report yet",
            "no table about behaviour has a row",
            "build them: reclake run; reclake status says why",
        )
    shown = timedelta(days=window_days or 28)

    def of(as_of: date, first: date, last: date) -> Span:
        return Span(as_of, first, last, as_of - shown if window_days else EARLIEST, as_of - timedelta(days=sales_days))

    if first is None or last is None:
        return of(held[-1], held[-1] - shown, held[-1] - timedelta(days=1))
    later = [as_of for as_of in held if as_of > last]
    if not later:
        raise UsageError(
            f"{last} is not told of yet",
            f"the newest as_of is {held[-1]}, the first day that does not count",
            f"name days before it, or build a later one: reclake run --as-of {last + timedelta(days=1)}",
        )
    reaching = [as_of for as_of in later if not window_days or as_of - shown <= first]
    return of(reaching[-1] if reaching else later[0], first, last)


def whole_periods(first: date, last: date) -> list[tuple[str, date]]:
    """Months, else weeks, else days, each with its first day, that together are the days from the first to the last.

    Examples
    --------
    >>> [f"{period} {start}" for period, start in whole_periods(date(2026, 1, 26), date(2026, 3, 2))]
    ['day 2026-01-26', 'day 2026-01-27', 'day 2026-01-28', 'day 2026-01-29', 'day 2026-01-30', 'day 2026-01-31', 'month 2026-02-01', \
'day 2026-03-01', 'day 2026-03-02']
    >>> [f"{period} {start}" for period, start in whole_periods(date(2026, 3, 1), date(2026, 3, 16))]
    ['day 2026-03-01', 'week 2026-03-02', 'week 2026-03-09', 'day 2026-03-16']
    """
    months: list[tuple[str, date]] = []
    month = first if first.day == 1 else _next_month(first)
    while _next_month(month) <= last + timedelta(days=1):
        months.append(("month", month))
        month = _next_month(month)
    if not months:
        return _whole_weeks(first, last)
    return [*_whole_weeks(first, months[0][1] - timedelta(days=1)), *months, *_whole_weeks(month, last)]


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def _whole_weeks(first: date, last: date) -> list[tuple[str, date]]:
    periods: list[tuple[str, date]] = []
    day = first
    while day <= last:
        n_days = 7 if day.weekday() == 0 and day + timedelta(days=6) <= last else 1
        periods.append(("week" if n_days == 7 else "day", day))
        day += timedelta(days=n_days)
    return periods


def as_ofs(rows: Reader) -> list[date]:
    """The as_ofs that any of the tables has rows of, in order."""
    held: set[date] = set()
    for table in TABLES:
        held |= {as_of for (as_of,) in rows_of(rows, table, "SELECT DISTINCT as_of_date FROM rows", "as_of_date")}
    return sorted(held)
