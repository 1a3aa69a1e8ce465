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


def as_ofs(rows: Reader) -> list[date]:
    """The as_ofs that any of the tables has rows of, in order."""
    held: set[date] = set()
    for table in TABLES:
        held |= {as_of for (as_of,) in rows_of(rows, table, "SELECT DISTINCT as_of_date FROM rows", "as_of_date")}
    return sorted(held)
