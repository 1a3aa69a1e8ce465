"""Chains of steps: from every start, how far it leads and where each step is taken, for all units of a block at once.

A chain starts at an event of the first step. From one start the earliest event of each next step is the best one, as the
window is counted from the start. So a chain is a walk from place to place, and all walks of a block advance together: one
binary search per step among the places of that step. The work is linear in the events, whatever one unit holds; no pair of
events is compared, as a join of a step with the next one would (methods: ClickHouse windowFunnel, StarRocks window_funnel).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]
NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Lines:
    """Events in order of group, time and ingest order; chains never leave their group.

    `steps` holds a bit per step that the event matches, the first step in the lowest.
    """

    group: Longs
    moment: Longs  # microseconds
    steps: Longs

    def __len__(self) -> int:
        return len(self.group)

    def chosen(self, rows: Any) -> Lines:
        """Some of them, in their order."""
        return Lines(self.group[rows], self.moment[rows], self.steps[rows])


@dataclass(frozen=True, slots=True)
class Chains:
    """One chain per start: places[i, k] is where chain i takes its step k, or NOWHERE; depth[i] steps are taken."""

    places: Longs
    depth: Longs

    @property
    def starts(self) -> Longs:
        """Where they begin."""
        return self.places[:, 0]


def chains_of(lines: Lines, *, mode: str, n_steps: int, deadline: Longs) -> Chains:
    """The chain of every start.

    Parameters
    ----------
    mode
        ordered: other events may lie between. strict: any other event of the group ends the chain. fixed: another event of a
        step ends it. dedup: a repeat of a step that was taken ends it. increase: moments strictly rise. any: steps in any
        order, from any event of a step.
    deadline
        Of each line as a start: the last moment that counts, in microseconds.
    """
    if mode == "fixed":
        # What is no step is not looked at; between the others nothing may lie.
        of_steps = np.flatnonzero(lines.steps)
        return _moved(_adjacent(lines.chosen(of_steps), n_steps, deadline[of_steps]), of_steps)
    if mode == "strict":
        return _adjacent(lines, n_steps, deadline)
    if mode == "any":
        return _unordered(lines, n_steps, deadline)
    return _ordered(lines, mode, n_steps, deadline)


def _matching(lines: Lines, step: int) -> Flags:
    matches: Flags = (lines.steps >> step) & 1 == 1
    return matches


def _first_from(places: Longs, at: Longs, n: int) -> Longs:
    """The first of the places, which rise, that does not lie before each `at`; n where there is none."""
    found = np.searchsorted(places, at)
    return np.append(places, n)[found]


def _reachable(lines: Lines, starts: Longs, at: Longs, deadline: Longs) -> Flags:
    """Whether each place lies in the start's group and window."""
    n = len(lines)
    inside = np.minimum(at, n - 1)
    is_inside: Flags = (at < n) & (lines.group[inside] == lines.group[starts]) & (lines.moment[inside] <= deadline[starts])
    return is_inside


def _ordered(lines: Lines, mode: str, n_steps: int, deadline: Longs) -> Chains:
    n = len(lines)
    starts = np.flatnonzero(_matching(lines, 0))
    places = np.full((len(starts), n_steps), NOWHERE, dtype=np.int64)
    places[:, 0] = starts
    later = _next_moments(lines) if mode == "increase" else np.empty(0, dtype=np.int64)
    going = np.arange(len(starts))  # the chains that may still advance
    taken = 1
    for step in range(1, n_steps):
        here = places[going, step - 1]
        after = later[here] if mode == "increase" else here + 1
        found = _first_from(np.flatnonzero(_matching(lines, step)), after, n)
        advances = _reachable(lines, places[going, 0], found, deadline)
        if mode == "dedup":
            repeats = np.flatnonzero(lines.steps & taken)
            # An event that is both the next step and a repeat advances the chain.
            advances &= found <= _first_from(repeats, here + 1, n)
        taken |= 1 << step
        going, found = going[advances], found[advances]
        places[going, step] = found
    return Chains(places, (places != NOWHERE).sum(axis=1))


def _adjacent(lines: Lines, n_steps: int, deadline: Longs) -> Chains:
    """Chains whose steps are taken by neighbours."""
    starts = np.flatnonzero(_matching(lines, 0))
    places = np.full((len(starts), n_steps), NOWHERE, dtype=np.int64)
    places[:, 0] = starts
    going = np.arange(len(starts))
    for step in range(1, n_steps):
        found = places[going, 0] + step
        advances = _reachable(lines, places[going, 0], found, deadline)
        going, found = going[advances], found[advances]
        matches = _matching(lines, step)[found]
        going, found = going[matches], found[matches]
        places[going, step] = found
    return Chains(places, (places != NOWHERE).sum(axis=1))


def _unordered(lines: Lines, n_steps: int, deadline: Longs) -> Chains:
    """Distinct steps in the window of any event of a step; place k is where the k-th of them is first taken."""
    n = len(lines)
    starts = np.flatnonzero(lines.steps)
    places = np.full((len(starts), n_steps), n, dtype=np.int64)
    for step in range(n_steps):
        found = _first_from(np.flatnonzero(_matching(lines, step)), starts, n)
        places[:, step] = np.where(_reachable(lines, starts, found, deadline), found, n)
    places.sort(axis=1)
    places[places == n] = NOWHERE
    return Chains(places, (places != NOWHERE).sum(axis=1))


def _next_moments(lines: Lines) -> Longs:
    """Of each line the first one of its group's later moments, or of the next group."""
    n = len(lines)
    begins = np.flatnonzero((np.diff(lines.moment) != 0) | (np.diff(lines.group) != 0)) + 1
    return _first_from(begins, np.arange(1, n + 1), n)


def _moved(chains: Chains, rows: Longs) -> Chains:
    """The chains of chosen lines, placed among all of them."""
    taken = chains.places != NOWHERE
    return Chains(np.where(taken, rows[np.where(taken, chains.places, 0)], NOWHERE), chains.depth)


def is_excluded(lines: Lines, chains: Chains, *, excluding: Flags, after: int, before: int, deadline: Longs) -> Flags:
    """Whether an excluding event lies between two steps of each chain.

    It lies behind step `after`, and before step `before`; where that step is not taken, within the window. Chains that do not
    reach step `after` are not excluded.
    """
    n = len(lines)
    reached = chains.places[:, after] != NOWHERE
    begin = np.where(reached, chains.places[:, after], 0)
    found = _first_from(np.flatnonzero(excluding), begin + 1, n)
    in_window = _reachable(lines, chains.starts, found, deadline)
    end = chains.places[:, before]
    lies_between: Flags = reached & np.where(end == NOWHERE, in_window, found < end)
    return lies_between
