"""Who of each cohort fills which cell, as arrays: a customer's intervals are a row of bits, and cells are sums over customers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from .settings import CohortsOfPeriod
from .sittings import Flags, Longs

FIRST, RECURRING = "first", "recurring"
BOUNDED, UNBOUNDED, BRACKET, STICKINESS = "bounded", "unbounded", "bracket", "stickiness"
DAYS = {"day": 0, "week": 7, "month": 31}  # most days of an interval of which stickiness is told
PARTS = 10_000  # of a unit of the currency
MOST_UNITS = 10**14  # of a customer's day; what is beyond it no column of revenue holds, and a block's sum stays exact


def brackets_of(followed: CohortsOfPeriod) -> list[tuple[int, int]]:
    """First and last interval of each bracket.

    Examples
    --------
    >>> brackets_of(CohortsOfPeriod(shown=1, intervals=7, brackets=(0, 1, 3, 7)))
    [(0, 0), (1, 1), (2, 3), (4, 7)]
    """
    ends = followed.brackets
    return [(before + 1, end) for before, end in zip((-1, *ends[:-1]), ends, strict=True)]


def intervals_of(day: Longs, period: str) -> Longs:
    """The numbers of `calendar.interval_of`, of days since 1970-01-01."""
    if period == "month":
        return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 12 * 1970
    return day if period == "day" else (day + 3) // 7


@dataclass(frozen=True)
class Lives:
    """The intervals of one activity and period that are shown, a row per customer."""

    since: int  # the number of the first column
    first: Longs  # of each customer: the first interval of all
    last: Longs
    n_days: Longs  # (customers, shown): active days
    units: Longs  # (customers, shown)
    parts: Longs
    spends: Flags
    beyond: Flags

    @staticmethod
    def of(rows: Mapping[str, Longs], period: str, *, newest: int, shown: int) -> Lives:
        """Rows of one activity, in order of customer; a day stands once."""
        customer, interval = rows["customer"], intervals_of(rows["day"], period)
        begins = np.flatnonzero(np.append(True, customer[1:] != customer[:-1]))
        place = np.cumsum(np.append(False, customer[1:] != customer[:-1]))
        since, size = newest - shown + 1, (len(begins), shown)
        kept = np.flatnonzero(interval >= since)
        cell = place[kept] * shown + interval[kept] - since

        def summed(values: Longs) -> Longs:
            sums = np.zeros(size[0] * size[1], dtype=np.int64)
            np.add.at(sums, cell, values[kept])
            return sums.reshape(size)

        def some(values: Longs) -> Flags:
            return np.bincount(cell[values[kept] != 0], minlength=size[0] * size[1]).reshape(size) > 0

        return Lives(
            since,
            np.minimum.reduceat(interval, begins),
            np.maximum.reduceat(interval, begins),
            np.bincount(cell, minlength=size[0] * size[1]).reshape(size),
            summed(rows["units"]),
            summed(rows["parts"]),
            some(rows["spends"]),
            some(rows["beyond"]),
        )


def of_first(lives: Lives, order: Longs) -> Flags:
    """(customers, shown): whether the customer is new in the interval."""
    members = np.zeros(lives.n_days.shape, dtype=np.bool_)
    column = lives.first[order] - lives.since
    is_shown = np.flatnonzero(column >= 0)
    members[is_shown, column[is_shown]] = True
    return members


def counts_of(
    lives: Lives, kind: str, members: Flags, order: Longs, starts: Longs, period: str, followed: CohortsOfPeriod
) -> Iterator[tuple[str, Longs]]:
    """Measure → (values, shown, cells): members of the cohort that begins in each interval who fill the cell."""
    shown, longest = followed.shown, followed.intervals
    n_days = lives.n_days[order]
    acts = n_days > 0
    size = (len(starts), shown)

    bounded = np.zeros((*size, longest + 1), dtype=np.int64)
    for k in range(min(longest + 1, shown)):
        both = members[:, : shown - k] & acts[:, k:]
        bounded[:, : shown - k, k] = np.add.reduceat(both, starts, axis=0, dtype=np.int64)
    yield BOUNDED, bounded

    so_far = np.zeros((len(acts), shown + 1), dtype=np.int32)
    np.cumsum(acts, axis=1, out=so_far[:, 1:])
    ends = brackets_of(followed)
    brackets = np.zeros((*size, len(ends)), dtype=np.int64)
    for place, (first, last) in enumerate(ends):
        if first < shown:
            behind = np.minimum(np.arange(first, shown) + last - first + 1, shown)
            within = (so_far[:, behind] > so_far[:, first:shown]) & members[:, : shown - first]
            brackets[:, : shown - first, place] = np.add.reduceat(within, starts, axis=0, dtype=np.int64)
    yield BRACKET, brackets

    value = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))
    customer, cohort = np.nonzero(members)
    cell = value[customer] * shown + cohort
    until = np.minimum(lives.last[order][customer] - lives.since - cohort, longest)
    yield UNBOUNDED, _histogram(cell, until, (*size, longest + 1))
    if kind == RECURRING and (most := DAYS[period]):
        yield STICKINESS, _histogram(cell, n_days[customer, cohort] - 1, (*size, most))


def _histogram(cell: Longs, of: Longs, shape: tuple[int, int, int]) -> Longs:
    return np.bincount(cell * shape[2] + of, minlength=shape[0] * shape[1] * shape[2]).reshape(shape)


def money_of(lives: Lives, members: Flags, followed: CohortsOfPeriod) -> dict[str, Longs]:
    """What the members spend in each bounded cell: exact sums, how many of them spend, and of how many it cannot be told."""
    shown, n_cells = followed.shown, followed.intervals + 1
    names = {"n_spenders": lives.spends, "units": lives.units, "parts": lives.parts, "n_beyond": lives.beyond}
    sums = {name: np.zeros((shown, n_cells), dtype=np.int64) for name in names}
    for name, of in names.items():
        for k in range(min(n_cells, shown)):
            spent = np.where(members[:, : shown - k], of[:, k:], 0)
            sums[name][: shown - k, k] = spent.sum(axis=0, dtype=np.int64)
    return sums
