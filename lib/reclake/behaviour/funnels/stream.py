"""One pass over histories: batches in, counts of all funnels out, in bounded memory.

A block holds whole customers. One customer with more events than a block may hold, a till or a kiosk, is read in parts: what
entered on days whose windows end within the part is decided and counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from reclake.behaviour.parts import MOST_ROWS, N_ROWS, Part, Size, parts_of

from .block import Block, Clock
from .chains import Longs
from .decided import Decided, decided_of, joined
from .definition import Funnel
from .tally import Values, tallied


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


# What is given back of a funnel's deciding chains by period, with the words of its breakdowns and the digests of the customers.
Tell = Callable[[Funnel, dict[int, Decided], Values, Longs], Iterable[pa.Table]]


def counted(batches: Iterable[pa.RecordBatch], plan: Plan) -> Iterator[pa.RecordBatch]:
    """The counts of all batches, which come in order of customer, time and ingest order."""
    return passed(batches, plan, lambda funnel, decided, values, _: tallied(funnel, decided, values, as_of=plan.as_of))


def passed(batches: Iterable[pa.RecordBatch], plan: Plan, tell: Tell) -> Iterator[pa.RecordBatch]:
    """What `tell` makes of the customers of all batches, block by block."""
    stream = _Stream(plan, tell)
    for part in parts_of(batches, Size(plan.days_ahead, plan.n_rows, plan.most_rows)):
        customers = stream.decide(part)
        if part.is_last:
            yield from stream.end(customers)


@dataclass
class _Stream:
    plan: Plan
    tell: Tell
    parts: dict[tuple[str, int], list[Decided]] = field(default_factory=dict)  # of the customer that is read in parts
    values: dict[str, Values] = field(default_factory=dict)

    def end(self, customers: Longs) -> Iterator[pa.RecordBatch]:
        """Counts what was decided of customers that have ended, by their digests."""
        tables: list[pa.Table] = []
        for funnel in self.plan.funnels:
            decided = {
                period: parts[0] if len(parts) == 1 else joined(parts)
                for (name, period), parts in self.parts.items()
                if name == funnel.name
            }
            tables += self.tell(funnel, decided, self.values[funnel.name], customers)
        if tables:
            yield from pa.concat_tables(tables).combine_chunks().to_batches()
        self.parts, self.values = {}, {}

    def decide(self, part: Part) -> Longs:
        """Decide what becomes of the units that enter in the part; returns the digests of its customers."""
        block = Block(part.table, self.plan.clock)
        known = {name: block.words(f"dim_{name}") for name in {one for funnel in self.plan.funnels for one in funnel.breakdowns}}
        for n, funnel in enumerate(self.plan.funnels):
            values = Values(tuple(funnel.breakdowns), tuple(known[name][1] for name in funnel.breakdowns))
            columns = [known[name][0] for name in funnel.breakdowns]
            codes = np.stack(columns, axis=1) if columns else np.empty((len(block), 0), dtype=np.int64)
            mask = block.longs(f"mask_{n}")
            found = decided_of(block, funnel, mask, codes, first_day=part.first_day, last_day=part.last_day)
            found, self.values[funnel.name] = _in_words_of(self.values.get(funnel.name), values, found)
            for period, decided in found.items():
                self.parts.setdefault((funnel.name, period), []).append(decided)
            self._condense(funnel)
        return block.customers

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
