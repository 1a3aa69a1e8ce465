"""One pass over histories: batches in, counts of all funnels out, in bounded memory.

A block holds whole customers. One customer with more events than a block may hold, a till or a kiosk, is read in parts: what
entered on days whose windows end within the part is decided and counts, and only the days behind are kept for the next part.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from .block import Block, Clock
from .decided import Decided, decided_of, joined
from .definition import Funnel
from .tally import Values, tallied

N_ROWS = 262_144  # rows of a block
MOST_ROWS = 2_097_152  # rows of one customer that are held before a part of them is decided
_SESSION_DAYS = 3  # a session lies on two days at most, and the day before may cut it


@dataclass(frozen=True)
class Plan:
    """What is counted."""

    funnels: Sequence[Funnel]
    clock: Clock
    as_of: int  # the first moment that does not count, microseconds
    n_rows: int = N_ROWS
    most_rows: int = MOST_ROWS

    @property
    def days_ahead(self) -> int:
        """Days behind that of an entry which its window may reach."""
        return max((one.window.total_seconds for one in self.funnels), default=0) // 86_400 + 2


def counted(batches: Iterable[pa.RecordBatch], plan: Plan) -> Iterator[pa.RecordBatch]:
    """The counts of all batches, which come in order of customer, time and ingest order."""
    stream = _Stream(plan)
    held: list[pa.RecordBatch] = []
    n_held, enough = 0, plan.n_rows
    for batch in batches:
        held.append(batch)
        n_held += len(batch)
        if n_held >= enough:
            rest = yield from stream.take(pa.Table.from_batches(held))
            held, n_held = rest.to_batches(), len(rest)
            enough = max(plan.n_rows, n_held + n_held // 4)  # what waits is not looked through for every batch
    if n_held:
        rest = yield from stream.take(pa.Table.from_batches(held))  # a customer that was read in parts may end in it
        yield from stream.end(rest)


@dataclass
class _Stream:
    plan: Plan
    parts: dict[tuple[str, int], list[Decided]] = field(default_factory=dict)  # of the customer that is read in parts
    values: dict[str, Values] = field(default_factory=dict)
    from_day: int | None = None  # the first day of that customer whose entries are not decided

    def take(self, table: pa.Table) -> Generator[pa.RecordBatch, None, pa.Table]:
        """Counts what is complete; returns what has to wait."""
        customer = np.asarray(table.column("customer").to_numpy())
        changes = np.flatnonzero(customer[1:] != customer[:-1]) + 1
        if not len(changes):
            return self._in_parts(table)
        if self.parts:
            yield from self.end(table.slice(0, changes[0]))
            table, changes = table.slice(changes[0]), changes - changes[0]
        if changes[-1] > 0:
            yield from self.end(table.slice(0, changes[-1]))
        return table.slice(changes[-1]).combine_chunks()

    def _in_parts(self, table: pa.Table) -> pa.Table:
        """One customer alone: entries whose windows have passed are decided, the days behind wait."""
        if len(table) < self.plan.most_rows:
            return table
        day = np.asarray(table.column("day").to_numpy())
        until = int(day[-1]) - self.plan.days_ahead
        if until < (int(day[0]) if self.from_day is None else self.from_day):
            return table
        self._decide(Block(table.combine_chunks(), self.plan.clock), last_day=until)
        self.from_day = until + 1
        return table.slice(int(np.searchsorted(day, until + 1 - _SESSION_DAYS))).combine_chunks()

    def end(self, table: pa.Table) -> Iterator[pa.RecordBatch]:
        """Counts all of the table, and what was decided of its customer before."""
        self._decide(Block(table.combine_chunks(), self.plan.clock))
        tables: list[pa.Table] = []
        for funnel in self.plan.funnels:
            decided = {
                period: parts[0] if len(parts) == 1 else joined(parts)
                for (name, period), parts in self.parts.items()
                if name == funnel.name
            }
            tables += tallied(funnel, decided, self.values[funnel.name], as_of=self.plan.as_of)
        if tables:
            yield from pa.concat_tables(tables).combine_chunks().to_batches()
        self.parts, self.values, self.from_day = {}, {}, None

    def _decide(self, block: Block, *, last_day: int | None = None) -> None:
        known = {name: block.words(f"dim_{name}") for name in {one for funnel in self.plan.funnels for one in funnel.breakdowns}}
        for n, funnel in enumerate(self.plan.funnels):
            values = Values(tuple(funnel.breakdowns), tuple(known[name][1] for name in funnel.breakdowns))
            columns = [known[name][0] for name in funnel.breakdowns]
            codes = np.stack(columns, axis=1) if columns else np.empty((len(block), 0), dtype=np.int64)
            mask = block.longs(f"mask_{n}")
            found = decided_of(block, funnel, mask, codes, first_day=self.from_day, last_day=last_day)
            found, self.values[funnel.name] = _in_words_of(self.values.get(funnel.name), values, found)
            for period, decided in found.items():
                self.parts.setdefault((funnel.name, period), []).append(decided)
            self._condense(funnel)

    def _condense(self, funnel: Funnel) -> None:
        """Parts of a customer that reach into the same period are joined, so that no more is held than there are units."""
        for key, parts in self.parts.items():
            if key[0] == funnel.name and len(parts) > 1:
                self.parts[key] = [joined(parts)]


def _in_words_of(before: Values | None, values: Values, found: dict[int, Decided]) -> tuple[dict[int, Decided], Values]:
    """The rows with codes of one list of words for all parts of a customer."""
    if before is None:
        return found, values
    words, moved = [], []
    for known, new in zip(before.words, values.words, strict=True):
        place = {word: n for n, word in enumerate(known)}
        moved.append(np.array([place.setdefault(word, len(place)) for word in new], dtype=np.int64))
        words.append(list(place))
    renamed = {}
    for period, rows in found.items():
        codes = rows.codes.copy()
        for i, of in enumerate(moved):
            codes[:, i] = of[rows.codes[:, i]]
        renamed[period] = Decided(**{**{name: getattr(rows, name) for name in Decided.__dataclass_fields__}, "codes": codes})
    return renamed, Values(before.names, tuple(words))
