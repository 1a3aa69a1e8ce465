"""Histories in bounded memory: batches in, tables of whole customers out, and one customer of very many rows in parts.

A till or a kiosk can hold more rows than a process should. It is read day by day: what begins on days that are complete is
decided, and only the days behind are kept for the next part.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

N_ROWS = 262_144  # rows of a part
MOST_ROWS = 2_097_152  # rows of one customer that are held before a part of them is decided
_SESSION_DAYS = 3  # a session lies on two days at most, and the day before may cut it


def whole_customers(batches: Iterable[pa.RecordBatch], n_rows: int) -> Iterator[pa.Table]:
    """All batches, which come in order of customer, as tables of about so many rows that end with a customer."""
    held: list[pa.RecordBatch] = []
    n_held, enough = 0, n_rows
    for batch in batches:
        held.append(batch)
        n_held += len(batch)
        if n_held >= enough:
            table = pa.Table.from_batches(held).combine_chunks()
            customer = np.asarray(table.column("customer").to_numpy())
            changes = np.flatnonzero(customer[1:] != customer[:-1]) + 1
            if len(changes):
                yield table.slice(0, changes[-1])
                table = table.slice(changes[-1]).combine_chunks()
            held, n_held = table.to_batches(), len(table)
            enough = max(n_rows, 2 * n_held)  # a customer of very many rows is not looked through for every batch
    if n_held:
        yield pa.Table.from_batches(held)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is held."""

    days_ahead: int  # days behind that of a beginning which what begins there may reach
    n_rows: int = N_ROWS
    most_rows: int = MOST_ROWS


@dataclass(frozen=True, slots=True)
class Part:
    """Rows in order of customer, time and ingest order."""

    table: pa.Table
    first_day: int | None  # what begins before it was decided in an earlier part
    last_day: int | None  # what begins after it is decided in a later part
    is_last: bool  # whether its customers end in it


def parts_of(batches: Iterable[pa.RecordBatch], size: Size) -> Iterator[Part]:
    """All batches, which come in order of customer, time and ingest order, as parts."""
    cut = _Cut(size)
    held: list[pa.RecordBatch] = []
    n_held, enough = 0, size.n_rows
    for batch in batches:
        held.append(batch)
        n_held += len(batch)
        if n_held >= enough:
            rest = yield from cut.take(pa.Table.from_batches(held))
            held, n_held = rest.to_batches(), len(rest)
            enough = max(size.n_rows, n_held + n_held // 4)  # what waits is not looked through for every batch
    if n_held:
        rest = yield from cut.take(pa.Table.from_batches(held))  # a customer that was read in parts may end in it
        yield cut.last(rest)


@dataclass
class _Cut:
    size: Size
    from_day: int | None = None  # the first day that is not decided of the customer that is read in parts

    def take(self, table: pa.Table) -> Generator[Part, None, pa.Table]:
        """What is complete; returns what has to wait."""
        customer = np.asarray(table.column("customer").to_numpy())
        changes = np.flatnonzero(customer[1:] != customer[:-1]) + 1
        if not len(changes):
            return (yield from self._of_one_customer(table))
        if self.from_day is not None:
            yield self.last(table.slice(0, changes[0]))
            table, changes = table.slice(changes[0]), changes - changes[0]
        if changes[-1] > 0:
            yield self.last(table.slice(0, changes[-1]))
        return table.slice(changes[-1]).combine_chunks()

    def _of_one_customer(self, table: pa.Table) -> Generator[Part, None, pa.Table]:
        if len(table) < self.size.most_rows:
            return table
        day = np.asarray(table.column("day").to_numpy())
        until = int(day[-1]) - self.size.days_ahead
        if until < (int(day[0]) if self.from_day is None else self.from_day):
            return table
        yield Part(table.combine_chunks(), self.from_day, until, is_last=False)
        self.from_day = until + 1
        return table.slice(int(np.searchsorted(day, until + 1 - _SESSION_DAYS))).combine_chunks()

    def last(self, table: pa.Table) -> Part:
        """The rows with which their customers end."""
        part = Part(table.combine_chunks(), self.from_day, None, is_last=True)
        self.from_day = None
        return part
