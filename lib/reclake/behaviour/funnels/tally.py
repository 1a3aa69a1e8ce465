"""Counts of a block: what became of its units, by period, breakdown and step. Counts of several blocks add up."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from reclake.behaviour.columns import ddl_of
from reclake.behaviour.dimensions import ALL, NOT_KNOWN
from reclake.behaviour.kinds import KINDS

from .chains import NOWHERE, Longs
from .decided import ELSEWHERE, PERIODS, WINDOW, Decided
from .definition import Funnel

CONVERTED, OPEN, LOST, EXCLUDED = "converted", "open", "lost", "excluded"
FATES = (CONVERTED, OPEN, LOST, EXCLUDED)
WENT_LEFT, WENT_ELSEWHERE = "left", "other_channel"

# What a row counts.
UNITS = "units"  # by furthest step, fate and maturity
CUSTOMERS = "customers"  # distinct ones that entered
LOST_CUSTOMERS = "lost_customers"  # distinct ones with a unit that was lost at a step
# Since the step before, since entry: units by whole seconds, and once more with the exact sum and no seconds.
STEP_SECONDS, TOTAL_SECONDS = "step_seconds", "total_seconds"
TIMED_CUSTOMERS = "timed_customers"  # distinct ones with a unit that took a step
NEXT = "next"  # lost units by what followed
LATER = "later"  # lost units by whether something followed in another channel
MIXED = "mixed"  # mature units by all breakdowns at once

VALUES = ("value", "value_2", "value_3")  # of the first, second and third breakdown
SCHEMA = pa.schema({
    "funnel": pa.string(), "period": pa.string(), "first_day": pa.int32(), "dimension": pa.string(),
    "value": pa.string(), "value_2": pa.string(), "value_3": pa.string(), "measure": pa.string(), "step": pa.int32(),
    "fate": pa.string(), "is_mature": pa.bool_(), "seconds": pa.int64(), "n": pa.int64(), "microseconds": pa.int64(),
})  # fmt: skip
DDL = ddl_of(SCHEMA)


@dataclass(frozen=True)
class Values:
    """The values of a funnel's breakdowns in a block: names, and per breakdown the words that codes stand for."""

    names: tuple[str, ...]
    words: tuple[list[str | None], ...]


def tallied(funnel: Funnel, decided: dict[int, Decided], values: Values, *, as_of: int) -> Iterator[pa.Table]:
    """The counts of the deciding chains.

    Parameters
    ----------
    as_of
        The first moment that does not count, in microseconds.
    """
    for period, rows in decided.items():
        if not len(rows):
            continue
        fate = fates(rows, len(funnel.steps), as_of=as_of)
        for n, dimension in enumerate((ALL, *values.names)):
            code = np.zeros(len(rows), dtype=np.int64) if n == 0 else rows.codes[:, n - 1]
            words: list[str | None] = [ALL] if n == 0 else values.words[n - 1]
            place = _Place(funnel.name, PERIODS[period], dimension, words, rows.period, code)
            yield from _counts(place, rows, fate, as_of=as_of)
            if n == 0 or period == WINDOW:  # a median of one value on one day would count too few to say anything
                yield from _times(place, rows, fate)
        if period == WINDOW:
            yield from _losses(funnel, rows, fate, values, as_of=as_of)


def fates(rows: Decided, n_steps: int, *, as_of: int) -> Longs:
    """Of each unit its place in FATES: excluded before converted, and open while the latest entry's window is."""
    is_open = rows.latest >= as_of
    fate = np.where(is_open, FATES.index(OPEN), FATES.index(LOST))
    fate = np.where(rows.depth == n_steps, FATES.index(CONVERTED), fate)
    return np.where(rows.excluded, FATES.index(EXCLUDED), fate)


@dataclass(frozen=True)
class _Place:
    """Where counts belong: period and value of a breakdown, per unit."""

    funnel: str
    period: str
    dimension: str
    words: list[str | None]
    first_day: Longs
    code: Longs

    def parts(self, of: Longs | None, by: dict[str, Longs]) -> dict[str, Longs]:
        """What is counted by: the place, and what is named; `of` chooses some units."""
        parts = {"first_day": self.first_day, "code": self.code, **by}
        return parts if of is None else {name: one[of] for name, one in parts.items()}

    def table(self, measure: str, groups: dict[str, Longs], n: Longs, **more: Any) -> pa.Table:
        """The groups as rows of SCHEMA."""
        filled: dict[str, Any] = {"funnel": self.funnel, "period": self.period, "dimension": self.dimension, "measure": measure}
        filled |= {name: groups[name] for name in ("first_day", "step", "seconds") if name in groups}
        filled["value"] = words_of(self.words, groups["code"])
        if "fate" in groups:
            filled["fate"] = words_of(list(FATES), groups["fate"])
        if "is_mature" in groups:
            filled["is_mature"] = groups["is_mature"].astype(np.bool_)
        return as_table(filled | {"n": n} | more, len(n))


def words_of(words: Sequence[str | None], codes: Longs) -> pa.Array:
    """The words that codes stand for."""
    return pa.array([NOT_KNOWN if word is None else word for word in words], pa.string()).take(pa.array(codes))


def as_table(filled: dict[str, Any], n_rows: int) -> pa.Table:
    """A table of SCHEMA; what is one value stands in every row, and what is not named is null."""
    columns = []
    for field in SCHEMA:
        value = filled.get(field.name)
        if value is None:
            columns.append(pa.nulls(n_rows, field.type))
        elif isinstance(value, str | int):
            columns.append(pa.repeat(pa.scalar(value, field.type), n_rows))
        else:
            columns.append(value if isinstance(value, pa.Array) else pa.array(value, field.type))
    return pa.Table.from_arrays(columns, schema=SCHEMA)


@dataclass(frozen=True)
class _Coded:
    """Combinations of small numbers as one number each, the last part counting fastest."""

    names: tuple[str, ...]
    least: tuple[int, ...]
    sizes: tuple[int, ...]
    codes: Longs

    @staticmethod
    def of(parts: dict[str, Longs]) -> _Coded:
        least = tuple(int(one.min()) for one in parts.values())
        sizes = tuple(int(one.max()) - low + 1 for one, low in zip(parts.values(), least, strict=True))
        codes = np.zeros(len(next(iter(parts.values()))), dtype=np.int64)
        for one, low, size in zip(parts.values(), least, sizes, strict=True):
            codes = codes * size + (one - low)
        return _Coded(tuple(parts), least, sizes, codes)

    def parts(self, codes: Longs) -> dict[str, Longs]:
        found: dict[str, Longs] = {}
        for name, low, size in reversed(list(zip(self.names, self.least, self.sizes, strict=True))):
            codes, rest = np.divmod(codes, size)
            found[name] = rest + low
        return {name: found[name] for name in self.names}


def grouped(parts: dict[str, Longs]) -> tuple[dict[str, Longs], Longs]:
    """Distinct combinations of the parts, and how often each stands."""
    if not len(next(iter(parts.values()))):
        return parts, np.empty(0, dtype=np.int64)
    coded = _Coded.of(parts)
    codes, n = _counts_of(coded.codes, math.prod(coded.sizes))
    return coded.parts(codes), n


def _counts_of(codes: Longs, size: int) -> tuple[Longs, Longs]:
    """Distinct numbers below `size`, and how often each stands."""
    if size <= 4 * len(codes) + 4096:
        n = np.bincount(codes, minlength=size)
        codes = np.flatnonzero(n)
        return codes, n[codes]
    in_order = np.sort(codes)
    begins = _changes(in_order)
    return in_order[begins], np.diff(np.append(begins, len(codes)))


def _changes(in_order: Longs) -> Longs:
    """Where another number begins."""
    return np.flatnonzero(np.append(True, in_order[1:] != in_order[:-1]))


def distinct(parts: dict[str, Longs], whose: Longs) -> tuple[dict[str, Longs], Longs]:
    """Distinct combinations of the parts, and how many different ones of `whose` each has."""
    if not len(whose):
        return parts, np.empty(0, dtype=np.int64)
    coded = _Coded.of({**parts, "whose": whose})
    in_order = np.sort(coded.codes)  # np.unique of numpy 2.4 hashes, which takes ten times as long
    once = in_order[_changes(in_order)] // coded.sizes[-1]
    codes, n = _counts_of(once, math.prod(coded.sizes[:-1]))
    within = _Coded(coded.names[:-1], coded.least[:-1], coded.sizes[:-1], codes)
    return within.parts(codes), n


def summed(parts: dict[str, Longs], microseconds: Longs) -> tuple[dict[str, Longs], Longs, Longs]:
    """Distinct combinations of the parts, how often each stands, and the exact sum over each."""
    if not len(microseconds):
        return parts, microseconds, microseconds
    coded = _Coded.of(parts)
    size = math.prod(coded.sizes)
    codes, n = _counts_of(coded.codes, size)
    place = np.searchsorted(codes, coded.codes)
    # Sums of floats are exact below 2^53, which whole seconds and the rest of a block keep to, each for itself.
    seconds, rest = np.divmod(microseconds, 1_000_000)
    total = np.bincount(place, weights=seconds).astype(np.int64) * 1_000_000 + np.bincount(place, weights=rest).astype(np.int64)
    return coded.parts(codes), n, total


def _counts(place: _Place, rows: Decided, fate: Longs, *, as_of: int) -> Iterator[pa.Table]:
    """Units, and distinct customers."""
    is_mature = (rows.latest < as_of).astype(np.int64)
    yield place.table(UNITS, *grouped(place.parts(None, {"step": rows.depth, "fate": fate, "is_mature": is_mature})))
    yield place.table(CUSTOMERS, *distinct(place.parts(None, {}), rows.customer))
    lost = np.flatnonzero(fate == FATES.index(LOST))
    yield place.table(LOST_CUSTOMERS, *distinct(place.parts(lost, {"step": rows.depth}), rows.customer[lost]))


def _times(place: _Place, rows: Decided, fate: Longs) -> Iterator[pa.Table]:
    """Times between steps, of units that are not excluded: how many took how many whole seconds, and exact sums."""
    kept = fate != FATES.index(EXCLUDED)
    for step in range(1, rows.times.shape[1]):
        took = np.flatnonzero(kept & (rows.times[:, step] != NOWHERE))
        for measure, before in ((STEP_SECONDS, step - 1), (TOTAL_SECONDS, 0)):
            passed = rows.times[took, step] - rows.times[took, before]
            parts = place.parts(took, {})
            yield place.table(measure, *grouped({**parts, "seconds": passed // 1_000_000}), step=step + 1)
            groups, n, total = summed(parts, passed)
            yield place.table(measure, groups, n, step=step + 1, microseconds=total)
        yield place.table(TIMED_CUSTOMERS, *distinct(place.parts(took, {}), rows.customer[took]), step=step + 1)


def _losses(funnel: Funnel, rows: Decided, fate: Longs, values: Values, *, as_of: int) -> Iterator[pa.Table]:
    """Where the lost went, and the mature units by all breakdowns at once."""
    lost = fate == FATES.index(LOST)
    filled: dict[str, Any] = {"funnel": funnel.name, "period": PERIODS[WINDOW]}
    groups, n = grouped({"step": rows.depth[lost], "following": rows.following[lost]})
    went = words_of([WENT_ELSEWHERE, WENT_LEFT, None, *KINDS], groups["following"] - ELSEWHERE)
    yield as_table({**filled, "measure": NEXT, "dimension": "next_event", "value": went, "step": groups["step"], "n": n}, len(n))
    groups, n = grouped({"step": rows.depth[lost], "later": rows.elsewhere[lost].astype(np.int64)})
    later = words_of(["no_other_channel", WENT_ELSEWHERE], groups["later"])
    yield as_table({**filled, "measure": LATER, "dimension": "later", "value": later, "step": groups["step"], "n": n}, len(n))
    mature = (rows.latest < as_of) & ~rows.excluded
    codes = {f"code_{i}": rows.codes[mature, i] for i in range(len(values.names))}
    groups, n = grouped({"step": rows.depth[mature], **codes})
    texts = {name: words_of(values.words[i], groups[f"code_{i}"]) for i, name in zip(range(len(codes)), VALUES, strict=False)}
    yield as_table({**filled, "measure": MIXED, "step": groups["step"], "n": n, **texts}, len(n))
