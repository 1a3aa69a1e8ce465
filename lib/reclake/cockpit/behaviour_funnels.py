"""What the report about behaviour reads of funnels and of those who were lost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from reclake.look.reader import Reader
from reclake.tables import gold

from .behaviour_span import Span
from .published import at_as_of

_COUNTS = ("n_reached", "n_lost", "n_open", "n_excluded", "n_mature", "n_mature_reached")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a funnel; counts are of its units, and the median is the time since the step before."""

    name: str
    n_reached: int
    n_lost: int
    n_open: int
    n_excluded: int
    n_mature: int
    n_mature_reached: int
    seconds_median: float | None = None


@dataclass(frozen=True, slots=True)
class Entries:
    """Units that entered on some days, and how far they came."""

    first: date
    last: date
    n_entered: int
    n_customers: int | None  # None where days are added up: one customer may have entered on several
    steps: tuple[Step, ...]

    @property
    def n_days(self) -> int:
        """Days from the first to the last."""
        return (self.last - self.first).days + 1

    @property
    def n_converted(self) -> int:
        """Units that reached the last step."""
        return self.steps[-1].n_reached

    @property
    def mature_share(self) -> float | None:
        """The converted among those whose window is over; None while there are none."""
        last = self.steps[-1]
        return last.n_mature_reached / last.n_mature if last.n_mature else None


@dataclass(frozen=True, slots=True)
class Loss:
    """Where those who were lost at a step went, or how many of one value were lost beside how many were to be expected."""

    step: int
    step_name: str
    dimension: str
    value: str
    n_reached: int | None
    n_lost: int
    lost_share: float | None
    expected_lost: float | None
    excess_lost: float | None
    deviations: float | None


@dataclass(frozen=True, slots=True)
class Funnel:
    """One funnel: its entries on the days of the report, or, where these cannot be added up, in the whole window."""

    name: str
    entries: Entries
    window: Entries
    days: Mapping[date, tuple[int, int]]  # day of entry → entered, converted
    values: Mapping[tuple[str, str], Entries]  # dimension and value → entries of the window
    losses: tuple[Loss, ...]

    @property
    def is_of_window(self) -> bool:
        """Whether the entries are those of the whole window."""
        return self.entries is self.window


class _Key(NamedTuple):
    funnel: str
    period: str
    entry_date: date
    dimension: str
    value: str


def read_funnels(rows: Reader, span: Span, *, add_up: Collection[str]) -> tuple[Funnel, ...]:
    """Every funnel with rows of the as_of, by name.

    Parameters
    ----------
    add_up
        Funnels whose units enter on one day each, as sessions do: their days are added up to those of the report. A customer may
        enter on several days: other funnels are of the whole window.
    """
    steps = _steps(rows, span.as_of)
    losses = _losses(rows, span.as_of)
    funnels = []
    for name in sorted({key.funnel for key in steps}):
        of_funnel = {key: one for key, one in steps.items() if key.funnel == name}
        whole = [
            _entries(key, one, span.as_of) for key, one in of_funnel.items() if (key.period, key.dimension) == ("window", "all")
        ]
        if not whole:
            continue
        window = whole[0]
        days = {
            key.entry_date: one for key, one in of_funnel.items()
            if (key.period, key.dimension) == ("day", "all") and span.first <= key.entry_date <= span.last
        }  # fmt: skip
        funnels.append(
            Funnel(
                name=name,
                entries=_on_the_days(window, days, span) if name in add_up else window,
                window=window,
                days={day: (days[day][0]["n_entered"], days[day][-1]["n_reached"]) for day in sorted(days)},
                values={
                    (key.dimension, key.value): _entries(key, one, span.as_of)
                    for key, one in of_funnel.items()
                    if key.period == "window" and key.dimension != "all"
                },
                losses=tuple(loss for of, loss in losses if of == name),
            )
        )
    return tuple(funnels)


def _on_the_days(window: Entries, days: Mapping[date, Sequence[Mapping[str, Any]]], span: Span) -> Entries:
    """The entries of the report's days: those of the window, or its days added up."""
    if (span.first <= window.first and span.last >= window.last) or not days:
        return window
    steps = tuple(
        Step(of_step[0]["step_name"], **{name: sum(row[name] for row in of_step) for name in _COUNTS})
        for of_step in zip(*days.values(), strict=True)
    )
    first, last = max(span.first, window.first), min(span.last, window.last)  # of other days nothing is known
    return Entries(first, last, sum(one[0]["n_entered"] for one in days.values()), None, steps)


def _entries(key: _Key, of_steps: Sequence[Mapping[str, Any]], as_of: date) -> Entries:
    steps = tuple(
        Step(row["step_name"], **{name: row[name] for name in _COUNTS}, seconds_median=row["step_seconds_median"])
        for row in of_steps
    )
    return Entries(key.entry_date, as_of - timedelta(days=1), of_steps[0]["n_entered"], of_steps[0]["n_customers"], steps)


def _steps(rows: Reader, as_of: date) -> dict[_Key, list[Mapping[str, Any]]]:
    """The steps, in order, of each period, first day and breakdown value; of breakdowns those of the window."""
    names = (*_Key._fields, "step", "step_name", "n_entered", "n_customers", *_COUNTS, "step_seconds_median")
    sql = f"""
        SELECT {", ".join(names)} FROM rows
        WHERE as_of_date = ? AND (period = 'window' OR (period = 'day' AND dimension = 'all'))
        ORDER BY funnel, dimension, value, entry_date, step
    """
    rows_of_key: dict[_Key, list[Mapping[str, Any]]] = {}
    for row in _named(names, at_as_of(rows, gold.FUNNELS, sql, " ".join(names), as_of)):
        rows_of_key.setdefault(_Key(*(row[name] for name in _Key._fields)), []).append(row)
    return rows_of_key


def _losses(rows: Reader, as_of: date) -> list[tuple[str, Loss]]:
    names = ("funnel", *Loss.__slots__)
    sql = f"SELECT {', '.join(names)} FROM rows WHERE as_of_date = ? ORDER BY funnel, step, dimension, n_lost DESC, value"
    return [(name, Loss(*row)) for name, *row in at_as_of(rows, gold.FUNNEL_LOSSES, sql, " ".join(names), as_of)]


def _named(names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> Iterable[Mapping[str, Any]]:
    return (dict(zip(names, row, strict=True)) for row in rows)
