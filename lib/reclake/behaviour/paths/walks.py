"""The paths of a block as arrays: visits of nodes, one path after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reclake.behaviour.funnels.block import Block
from reclake.behaviour.sittings import Flags, Longs

NOWHERE = -1


@dataclass(frozen=True)
class Walks:
    """Paths of a block in the order of their customers; within a path visits in order of time and delivery."""

    node: Longs  # of each visit of a node: its code, from 1
    moment: Longs  # when the visit began, microseconds
    path: Longs  # the number of its path, from 0
    begins: Longs  # of each path: the place of its first visit
    ends: Longs  # and the place behind its last one
    customer: Longs  # of each path: whose it is, rising
    codes: Longs  # (paths, breakdowns): value at the first visit

    def __len__(self) -> int:
        return len(self.begins)

    @property
    def n_visits(self) -> int:
        """Visits of nodes in all paths."""
        return len(self.node)


def walks_of(
    block: Block, node: Longs, codes: Longs, *, collapse: bool, first_day: int | None = None, last_day: int | None = None
) -> Walks:
    """The paths of the sessions of a block, without events that are no node; a session of none of them is no path.

    Sessions are cut by all events of a device, also by those that are no node.

    Parameters
    ----------
    node
        Of each row of the block: the code of its node, 0 for none.
    codes
        (rows of the block, breakdowns): the value of each breakdown.
    collapse
        Whether a run of one node counts as one visit.
    first_day, last_day
        Only sessions that begin on these days are taken, where they are given.
    """
    session, _, session_day = block.sessions
    is_taken = (session != NOWHERE) & (node > 0)
    if first_day is not None:
        is_taken &= session_day >= first_day
    if last_day is not None:
        is_taken &= session_day <= last_day
    rows = np.flatnonzero(is_taken)
    session = session[rows]
    if np.any(session[1:] < session[:-1]):  # a customer used two devices in turn
        in_order = np.argsort(session, kind="stable")
        rows, session = rows[in_order], session[in_order]
    node = node[rows]
    is_first = _changes(session)
    if collapse:
        kept = is_first | _changes(node)
        rows, node, is_first = rows[kept], node[kept], is_first[kept]
    begins = np.flatnonzero(is_first)
    first = rows[begins]
    return Walks(
        node=node,
        moment=block.moment[rows],
        path=np.cumsum(is_first) - 1,
        begins=begins,
        ends=np.append(begins[1:], len(rows)) if len(begins) else begins,
        customer=block.customer[first],
        codes=codes[first],
    )


def _changes(values: Longs) -> Flags:
    """Whether each value differs from the one before it; the first one does."""
    changes: Flags = np.ones(len(values), dtype=np.bool_)
    changes[1:] = values[1:] != values[:-1]
    return changes
