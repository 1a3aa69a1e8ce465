"""One pass over rows of whole customers: what each cell of each pair of dimensions counts of them.

Counts of several blocks add up, as all rows of a customer lie in one block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reclake.behaviour.columns import coded, ddl_of, longs
from reclake.behaviour.parts import whole_customers
from reclake.behaviour.sittings import Flags, Longs, session_starts

N_ROWS = 262_144  # rows of a block, if its last customer ends there
PARTS = 10_000  # an amount is a whole number of these parts of a unit of the currency

SCHEMA = pa.schema({
    "dimension_a": pa.string(), "value_a": pa.string(), "dimension_b": pa.string(), "value_b": pa.string(), "month": pa.int32(),
    "n_events": pa.int64(), "n_sessions": pa.int64(), "n_orders": pa.int64(), "units": pa.int64(), "parts": pa.int64(),
    "customers": pa.list_(pa.int64()), "buyers": pa.list_(pa.int64()), "payers": pa.list_(pa.int64()),
})  # fmt: skip
DDL = ddl_of(SCHEMA)


@dataclass(frozen=True)
class Plan:
    """What is counted."""

    pairs: Sequence[tuple[str, str]]
    timezone: str
    gap_minutes: int
    n_rows: int = N_ROWS

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Those of the pairs, each once."""
        return tuple(sorted({name for pair in self.pairs for name in pair}))


def counted(batches: Iterable[pa.RecordBatch], plan: Plan) -> Iterator[pa.RecordBatch]:
    """The cells of all batches, which come in order of customer and time; a cell may stand in several of them."""
    for table in whole_customers(batches, plan.n_rows):
        yield from _cells(table, plan)


def _cells(table: pa.Table, plan: Plan) -> Iterator[pa.RecordBatch]:
    """The cells of whole customers."""
    block = _Block.of(table.combine_chunks(), plan)
    for a, b in plan.pairs:
        yield from block.cells(a, b).to_batches()


@dataclass(frozen=True)
class _Block:
    """Rows as numbers."""

    numbers: Longs  # of each customer, ascending
    customer: Longs  # of each row its place in `numbers`
    month: Longs  # of each row a code
    months: list[Any]  # what the codes stand for: the first day, from 1970-01-01
    session: Longs  # of each row its session, or -1
    order: Longs  # of each row that sells its order, or -1
    amount: Longs  # of each row, in parts of a unit
    is_event: Flags
    codes: dict[str, Longs]
    words: dict[str, list[Any]]

    @staticmethod
    def of(table: pa.Table, plan: Plan) -> _Block:
        customer = longs(table, "customer")
        changes = np.append(True, customer[1:] != customer[:-1])
        place = np.cumsum(changes) - 1
        month, months = coded(table, "month")
        order, _ = coded(table, "order")
        has_order = np.asarray(pc.is_valid(table.column("order")).to_numpy(), dtype=np.bool_)
        by_name = {name: coded(table, f"dim_{name}") for name in plan.dimensions}
        return _Block(
            numbers=customer[changes],
            customer=place,
            month=month,
            months=months,
            session=_sessions(table, place, plan),
            order=np.where(has_order & (longs(table, "is_sale") == 1), order, -1),
            amount=longs(table, "amount"),
            is_event=~has_order,
            codes={name: codes for name, (codes, _) in by_name.items()},
            words={name: words for name, (_, words) in by_name.items()},
        )

    def cells(self, a: str, b: str) -> pa.Table:
        """One row per month and pair of values that some row has."""
        n_a, n_b = len(self.words[a]), len(self.words[b])
        code = (self.month * n_a + self.codes[a]) * n_b + self.codes[b]
        cells = _distinct(code)
        place, n = np.searchsorted(cells, code), len(cells)
        sells = self.order >= 0
        units, parts = np.divmod(self.amount, PARTS)
        rest, value_b = np.divmod(cells, n_b)
        month, value_a = np.divmod(rest, n_a)
        columns = {
            "dimension_a": pa.repeat(pa.scalar(a), n),
            "value_a": pa.array(self.words[a], pa.string()).take(pa.array(value_a)),
            "dimension_b": pa.repeat(pa.scalar(b), n),
            "value_b": pa.array(self.words[b], pa.string()).take(pa.array(value_b)),
            "month": pa.array(self.months, pa.int32()).take(pa.array(month)),
            "n_events": np.bincount(place[self.is_event], minlength=n),
            "n_sessions": _n_of(place, self.session, self.session >= 0, n),
            "n_orders": _n_of(place, self.order, sells, n),
            "units": _sums(place, units, n),
            "parts": _sums(place, parts, n),
            "customers": self._lists(place, np.ones(len(place), dtype=np.bool_), n),
            "buyers": self._lists(place, sells, n),
            "payers": self._lists(place, self.amount != 0, n),  # whose money the revenue is: a fee alone is no sale
        }
        return pa.table(columns, schema=SCHEMA)

    def _lists(self, place: Longs, chosen: Flags, n: int) -> pa.ListArray:
        """Of each cell the numbers of its customers, ascending."""
        size = len(self.numbers)
        cell, customer = np.divmod(_distinct(place[chosen] * size + self.customer[chosen]), size)
        offsets = np.append(0, np.cumsum(np.bincount(cell, minlength=n)))
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(self.numbers[customer], pa.int64()))


def _sessions(table: pa.Table, customer: Longs, plan: Plan) -> Longs:
    """Of each row the number of its session in the block: what one customer did in one visit of one device."""
    known = np.flatnonzero(np.asarray(pc.is_valid(table.column("unit")).to_numpy(), dtype=np.bool_))
    unit, moment, day = longs(table, "unit"), longs(table, "moment"), longs(table, "day")
    in_order = known[np.lexsort((unit[known], customer[known]))]
    of_unit, of_customer = unit[in_order], customer[in_order]
    changes = (of_unit[1:] != of_unit[:-1]) | (of_customer[1:] != of_customer[:-1])
    whose = np.cumsum(np.append(False, changes)) if len(in_order) else of_unit
    starts = session_starts(whose, moment[in_order], day[in_order], gap_minutes=plan.gap_minutes, timezone=plan.timezone)
    session = np.full(len(customer), -1, dtype=np.int64)
    session[in_order] = np.cumsum(starts) - 1
    return session


def _distinct(codes: Longs) -> Longs:
    """The numbers in order, each once."""
    in_order = np.sort(codes)
    return in_order[np.append(True, in_order[1:] != in_order[:-1])] if len(in_order) else in_order


def _n_of(place: Longs, what: Longs, chosen: Flags, n: int) -> Longs:
    """How many different ones lie in each cell."""
    size = int(what.max()) + 1 if len(what) and what.max() >= 0 else 1
    return np.bincount(_distinct(place[chosen] * size + what[chosen]) // size, minlength=n)


def _sums(place: Longs, values: Longs, n: int) -> Longs:
    """Exact sums by cell."""
    sums = np.zeros(n, dtype=np.int64)
    np.add.at(sums, place, values)
    return sums
