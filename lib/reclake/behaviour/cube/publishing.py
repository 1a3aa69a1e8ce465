"""What is published of the cells of one pair and month: small cells are joined, and sets of customers become bitmaps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import pyarrow as pa

from reclake.behaviour.bitmaps import Numbers, packed
from reclake.behaviour.dimensions import NONE

from .cells import PARTS

OTHERS = "(others)"  # both values of the cell that stands for those of too few people
_MOST = 10**18  # parts of a unit that the column of revenue holds

SCHEMA = pa.schema({
    "dimension_a": pa.string(), "value_a": pa.string(), "dimension_b": pa.string(), "value_b": pa.string(), "month": pa.int32(),
    "n_events": pa.int64(), "n_sessions": pa.int64(), "n_orders": pa.int64(), "n_buyers": pa.int64(),
    "revenue_amount": pa.decimal128(18, 4), "n_customers": pa.int64(), "customer_bitmap": pa.binary(),
})  # fmt: skip
DDL = (
    "dimension_a string, value_a string, dimension_b string, value_b string, month int, n_events long, n_sessions long, "
    "n_orders long, n_buyers long, revenue_amount decimal(18,4), n_customers long, customer_bitmap binary"
)
_COUNTS = ("n_events", "n_sessions", "n_orders")
_PEOPLE = ("customers", "buyers", "payers")


@dataclass
class Cell:
    """What one pair of values counts; parts of several blocks add up."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTS, 0))
    amount: int = 0  # in parts of a unit of the currency
    customers: list[Numbers] = field(default_factory=list)
    buyers: list[Numbers] = field(default_factory=list)
    payers: list[Numbers] = field(default_factory=list)  # who has an amount in the reporting currency, with a sale or without

    def add(self, other: Cell) -> None:
        """Take up what another one counts."""
        for name in _COUNTS:
            self.counts[name] += other.counts[name]
        self.amount += other.amount
        self.customers += other.customers
        self.buyers += other.buyers
        self.payers += other.payers


def published(table: pa.Table, *, least: int) -> pa.Table:
    """The rows of one pair and month as gold holds them.

    Cells of fewer than `least` customers are joined as `(others)`, in both values. If these are still fewer together, the
    smallest cell that stands alone joins them; where none does, they are left out. Revenue of fewer than `least` buyers or payers
    is null, and so is what the column cannot hold.
    """
    cells = _cells_of(table)
    head = table.slice(0, 1).to_pylist()[0]
    rows = [
        {name: head[name] for name in ("dimension_a", "dimension_b", "month")} | {"value_a": a, "value_b": b} | _row(cell, least)
        for (a, b), cell in sorted(joined(cells, least=least).items())
    ]
    return pa.Table.from_pylist(rows, SCHEMA)


def _cells_of(table: pa.Table) -> dict[tuple[str, str], Cell]:
    """The cells, each once, with `(none)` for a value that is not known."""
    cells: dict[tuple[str, str], Cell] = {}
    names = [name for name in table.column_names if name not in _PEOPLE]
    rows = table.select(names).to_pylist()
    lists = {name: _arrays(table, name) for name in _PEOPLE}
    for n, row in enumerate(rows):
        values = (NONE if row["value_a"] is None else row["value_a"], NONE if row["value_b"] is None else row["value_b"])
        part = Cell(
            {name: row[name] for name in _COUNTS},
            row["units"] * PARTS + row["parts"],
            **{name: [lists[name][n]] for name in _PEOPLE},
        )
        cells.setdefault(values, Cell()).add(part)
    return cells


def _arrays(table: pa.Table, name: str) -> list[Numbers]:
    """A column of lists as arrays."""
    column = table.column(name).combine_chunks()
    values = np.asarray(column.flatten().to_numpy(), dtype=np.int64)
    lengths = np.asarray(column.value_lengths().fill_null(0).to_numpy(), dtype=np.int64)
    return np.split(values, np.cumsum(lengths)[:-1]) if len(lengths) else []


def joined(cells: dict[tuple[str, str], Cell], *, least: int) -> dict[tuple[str, str], Cell]:
    """The cells of at least `least` customers, and one for the others together, as `published` says."""
    sizes = {values: len(_union(cell.customers)) for values, cell in cells.items()}
    # A cell whose own values are called so is one of the others: it could not be told apart from them.
    small = [values for values in cells if sizes[values] < least or values == (OTHERS, OTHERS)]
    alone = sorted(cells.keys() - set(small), key=lambda values: (sizes[values], values))
    if not small:
        return cells
    n_small = len(_union(numbers for values in small for numbers in cells[values].customers))
    if n_small < least:
        if not alone:
            return {}
        small.append(alone.pop(0))
    others = Cell()
    for values in sorted(small):
        others.add(cells[values])
    return {values: cells[values] for values in alone} | {(OTHERS, OTHERS): others}


def _union(parts: Iterable[Numbers]) -> Numbers:
    """The numbers of all parts, ascending, each once."""
    arrays: Sequence[Numbers] = list(parts)
    every = np.sort(np.concatenate(arrays)) if arrays else np.empty(0, dtype=np.int64)
    return every[np.append(True, every[1:] != every[:-1])] if len(every) else every


def _row(cell: Cell, least: int) -> dict[str, object]:
    customers, n_buyers, n_payers = _union(cell.customers), len(_union(cell.buyers)), len(_union(cell.payers))
    are_enough = all(n == 0 or n >= least for n in (n_buyers, n_payers))
    has_revenue = are_enough and abs(cell.amount) < _MOST
    return {
        **cell.counts,
        "n_buyers": n_buyers,
        "revenue_amount": Decimal(cell.amount).scaleb(-4) if has_revenue else None,
        "n_customers": len(customers),
        "customer_bitmap": packed(customers),
    }
