"""What one unit did in one period of entries: the chain that decides, and what followed it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from .block import Block, Grouped
from .chains import NOWHERE, Chains, Flags, Lines, Longs, chains_of, is_excluded
from .definition import Funnel

DAY, WEEK, WINDOW = range(3)
PERIODS = ("day", "week", "window")
LEFT, ELSEWHERE = -1, -2  # what follows beside a kind of event: nothing, or something in another channel


@dataclass(frozen=True)
class Decided:
    """One row per unit and period: the earliest of the unit's longest chains from an entry in the period."""

    customer: Longs  # number in the block
    key: Longs  # (n, 2): which unit of the customer
    period: Longs  # the first day of the period, from 1970-01-01
    depth: Longs  # steps taken
    rank: Longs  # moment of the start, then place in the block: which of two chains is the earlier
    latest: Longs  # the last moment that counts for the latest entry
    excluded: Flags
    times: Longs  # (n, steps): moment of each step; NOWHERE if it is not taken
    codes: Longs  # (n, breakdowns): value at entry, as a place in the block's list of values
    following: Longs  # kind of the customer's next event in the window, or LEFT, or ELSEWHERE
    elsewhere: Flags  # whether an event in another channel followed in the window

    def __len__(self) -> int:
        return len(self.depth)

    def chosen(self, rows: Longs | Flags) -> Decided:
        """Some of the rows."""
        return Decided(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


def decided_of(
    block: Block, funnel: Funnel, mask: Longs, codes: Longs, *, first_day: int | None = None, last_day: int | None = None
) -> dict[int, Decided]:
    """By period: what decides for every unit.

    Parameters
    ----------
    codes
        (rows of the block, breakdowns): the value of each breakdown.
    first_day, last_day
        Only starts on these days are looked at, where they are given.
    """
    grouped = block.grouped(funnel, mask)
    deadline = block.deadline(funnel.window)[grouped.rows]
    lines = grouped.lines
    chains = chains_of(lines, mode=funnel.mode, n_steps=len(funnel.steps), deadline=deadline)
    own_day = block.day[grouped.rows[chains.starts]]
    is_asked = np.ones(len(own_day), dtype=np.bool_)
    if first_day is not None:
        is_asked &= own_day >= first_day
    if last_day is not None:
        is_asked &= own_day <= last_day
    chains = Chains(chains.places[is_asked], chains.depth[is_asked])
    day = grouped.day[chains.starts]
    periods = {DAY: day, WEEK: day - (day + 3) % 7, WINDOW: np.zeros_like(day)}  # 1970-01-01 was a Thursday
    found: dict[int, Decided] = {}
    for period, of_start in periods.items():
        best, latest = _best(lines, chains, of_start, deadline)
        rows = _told(block, grouped, funnel, mask, codes, Chains(chains.places[best], chains.depth[best]), deadline)
        decided = Decided(period=of_start[best], latest=latest, **rows)
        # Several linked values belong to one unit.
        found[period] = joined([decided]) if funnel.linked else decided
    return found


def _best(lines: Lines, chains: Chains, period: Longs, deadline: Longs) -> tuple[Longs, Longs]:
    """Of each group and period: which chain decides, and the deadline of the latest entry."""
    n = len(chains.depth)
    if not n:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    group = lines.group[chains.starts]
    begins = np.flatnonzero(np.append(True, (group[1:] != group[:-1]) | (period[1:] != period[:-1])))
    # The deepest, and of these the first: both in one number.
    score = (chains.depth << 40) | (n - 1 - np.arange(n))
    best = n - 1 - (np.maximum.reduceat(score, begins) & (1 << 40) - 1)
    return best, np.maximum.reduceat(deadline[chains.starts], begins)


def _told(
    block: Block, grouped: Grouped, funnel: Funnel, mask: Longs, codes: Longs, chains: Chains, deadline: Longs
) -> dict[str, Any]:
    """What is kept of each deciding chain but its period."""
    lines, starts = grouped.lines, grouped.rows[chains.starts]
    excluded = np.zeros(len(starts), dtype=np.bool_)
    for n, one in enumerate(funnel.exclude):
        after, before = funnel.between(one)
        excluding = (mask[grouped.rows] >> (len(funnel.steps) + n)) & 1 == 1
        excluded |= is_excluded(lines, chains, excluding=excluding, after=after, before=before, deadline=deadline)
    is_taken = chains.places != NOWHERE
    last = grouped.rows[chains.places[np.arange(len(starts)), chains.depth - 1]]
    following, elsewhere = _after(block, last, deadline[chains.starts])
    return dict(
        customer=block.customer[starts],
        key=grouped.key[chains.starts],
        depth=chains.depth,
        rank=np.stack([block.moment[starts], starts], axis=1),
        excluded=excluded,
        times=np.where(is_taken, lines.moment[np.where(is_taken, chains.places, 0)], NOWHERE),
        codes=codes[starts],
        following=following,
        elsewhere=elsewhere,
    )


def _after(block: Block, last: Longs, until: Longs) -> tuple[Longs, Flags]:
    """What the customer did next in the window, and whether anything of it in another channel."""
    n = len(block)
    after = np.minimum(last + 1, n - 1)

    def counts(at: Longs) -> Flags:
        inside = np.minimum(at, n - 1)
        is_counted: Flags = (at < n) & (block.customer[inside] == block.customer[last]) & (block.moment[inside] <= until)
        return is_counted

    is_followed = counts(last + 1)
    is_same = block.channel[after] == block.channel[last]
    following = np.where(is_followed, np.where(is_same, block.kind[after], ELSEWHERE), LEFT)
    changes = np.flatnonzero(block.channel[1:] != block.channel[:-1]) + 1
    other = np.append(changes, n)[np.searchsorted(changes, last + 1)]
    return following, counts(other)


def joined(parts: list[Decided]) -> Decided:
    """Rows of one unit and period as one: the longest chain, of these the earliest; the latest entry of all."""
    every = Decided(**{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Decided)})
    if not len(every):
        return every
    unit = (every.customer, every.key[:, 0], every.key[:, 1], every.period)
    order = np.lexsort((every.rank[:, 1], every.rank[:, 0], -every.depth, *reversed(unit)))
    is_new = np.zeros(len(order), dtype=np.bool_)
    is_new[0] = True
    for key in unit:
        is_new[1:] |= key[order][1:] != key[order][:-1]
    begins = np.flatnonzero(is_new)
    latest = np.maximum.reduceat(every.latest[order], begins)
    first = every.chosen(order[begins])
    return Decided(**{**{one.name: getattr(first, one.name) for one in fields(Decided)}, "latest": latest})
