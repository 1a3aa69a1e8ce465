"""A block of histories as arrays, and its events in the order in which one funnel looks for chains."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reclake.behaviour.columns import coded, longs
from reclake.behaviour.kinds import KINDS, ORDER
from reclake.behaviour.sittings import Flags, Longs, midnights, session_starts

from .chains import Lines
from .definition import Funnel, Window

_SECOND = 1_000_000  # microseconds
ORDER_KIND = KINDS.index(ORDER) + 1


@dataclass(frozen=True)
class Clock:
    """What belongs to the business's time."""

    timezone: str
    gap_minutes: int


@dataclass(frozen=True)
class Grouped:
    """The events that one funnel looks at, in order of unit, time and ingest order."""

    rows: Longs  # where each lies in the block
    lines: Lines  # groups are units, cut by the linked value where there is one
    key: Longs  # (n, 2): which unit of its customer it belongs to, the same in every block
    day: Longs  # business day that counts as that of an entry: its own, of a session that of its start


class Block:
    """Rows of whole customers, or a part of one, in order of customer, time and ingest order."""

    def __init__(self, table: pa.Table, clock: Clock) -> None:
        self.clock = clock
        self._table = table
        self.moment = self.longs("moment")
        self.day = self.longs("day")
        hashed = self.longs("customer")
        self.customer = np.cumsum(np.append(False, hashed[1:] != hashed[:-1])) if len(hashed) else hashed

    def __len__(self) -> int:
        return len(self.moment)

    @property
    def customers(self) -> Longs:
        """The digest of each customer, by number. Parts of one customer number it alike: it is alone in each."""
        hashed = self.longs("customer")
        return hashed[np.append(True, hashed[1:] != hashed[:-1])] if len(hashed) else hashed

    def longs(self, name: str) -> Longs:
        """A column of whole numbers; 0 for null."""
        return longs(self._table, name)

    @cached_property
    def kind(self) -> Longs:
        """Place of the kind in KINDS, from 1."""
        return self.longs("kind")

    @cached_property
    def channel(self) -> Longs:
        """Place of the channel among them, from 1; 0 where it is not known."""
        return self.longs("channel")

    def is_known(self, name: str) -> Flags:
        """Whether a column has a value."""
        return np.asarray(pc.is_valid(self._table.column(name)).to_numpy(), dtype=np.bool_)

    def words(self, name: str) -> tuple[Longs, list[str | None]]:
        """A column of texts as places in a list of them; of null it has one too."""
        return coded(self._table, name)

    def deadline(self, window: Window) -> Longs:
        """Of each row as a start: the last moment that counts."""
        if window.natural_day:
            return midnights(self.day + 1, self.clock.timezone) - 1
        return self.moment + window.total_seconds * _SECOND

    @cached_property
    def sessions(self) -> tuple[Longs, Longs, Longs]:
        """Of each row: the number of its session in the block, that session's start, and the day of that; -1 without a device."""
        devices = np.flatnonzero(self.is_known("unit"))
        unit = self.longs("unit")[devices]
        in_order = devices[np.lexsort((unit, self.customer[devices]))]
        unit, customer = self.longs("unit")[in_order], self.customer[in_order]
        whose = np.cumsum(np.append(False, (unit[1:] != unit[:-1]) | (customer[1:] != customer[:-1]))) if len(unit) else unit
        is_start = session_starts(
            whose, self.moment[in_order], self.day[in_order], gap_minutes=self.clock.gap_minutes, timezone=self.clock.timezone
        )
        number = np.cumsum(is_start) - 1
        begins = in_order[is_start]
        found = np.full((3, len(self)), -1, dtype=np.int64)
        found[0, in_order] = number
        found[1, in_order] = self.moment[begins][number]
        found[2, in_order] = self.day[begins][number]
        return found[0], found[1], found[2]

    def grouped(self, funnel: Funnel, mask: Longs) -> Grouped:
        """The events that the funnel looks at: all of a unit for mode strict, else those of steps and exclusions."""
        rows = np.flatnonzero(self._is_looked_at(funnel, mask))
        keys = np.zeros((len(rows), 2), dtype=np.int64)
        day = self.day[rows]
        sorted_by: list[Longs] = []
        if funnel.unit == "session":
            number, begin, begin_day = (of[rows] for of in self.sessions)
            keys[:, 0], keys[:, 1], day = self.longs("unit")[rows], begin, begin_day
            sorted_by.append(number)
        elif funnel.unit == "customer_product":
            keys[:, 0] = self.longs("linked_product_id")[rows]
            sorted_by.append(keys[:, 0])
        if funnel.linked:
            sorted_by.append(self.longs(f"linked_{funnel.linked}")[rows])
        customer = self.customer[rows]
        order = np.lexsort((*reversed(sorted_by), customer)) if sorted_by else np.arange(len(rows))
        group = _numbered(customer[order], *(by[order] for by in sorted_by))
        rows = rows[order]
        return Grouped(rows, Lines(group, self.moment[rows], mask[rows] & (1 << len(funnel.steps)) - 1), keys[order], day[order])

    def _is_looked_at(self, funnel: Funnel, mask: Longs) -> Flags:
        looked_at: Any = np.ones(len(self), dtype=np.bool_) if funnel.mode == "strict" else mask != 0
        if funnel.mode == "strict" and ORDER not in {one.event for step in funnel.steps for one in step.any_of}:
            looked_at = looked_at & (self.kind != ORDER_KIND)  # an order line is no event of a funnel that does not name it
        if funnel.unit == "session":
            looked_at = looked_at & self.is_known("unit")
        linked = "product_id" if funnel.unit == "customer_product" else None
        for name in filter(None, (linked, funnel.linked)):
            looked_at = looked_at & self.is_known(f"linked_{name}")
        return np.asarray(looked_at, dtype=np.bool_)


def _numbered(*keys: Longs) -> Longs:
    """Numbers that rise by one where any of the keys changes."""
    if not len(keys[0]):
        return np.empty(0, dtype=np.int64)
    changes = np.zeros(len(keys[0]) - 1, dtype=np.bool_)
    for key in keys:
        changes |= key[1:] != key[:-1]
    return np.cumsum(np.append(False, changes))
