"""What is counted of the paths of a block, under keys that add up over blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reclake.behaviour.sittings import Flags, Longs

from .definition import Paths, Way
from .sums import N_CUSTOMERS, N_PATHS, N, Whose, counts_by
from .walks import NOWHERE, Walks

# What a row counts.
PATHS = "paths"  # paths and their customers; those with a goal have converted
NODES = "nodes"  # visits of a node
EDGES = "edges"  # from a node to the next one
SECONDS = "seconds"  # the same by whole seconds in between
STEPS = "steps"  # ways that are at a node in a step
ROUTES = "routes"  # walks of several nodes

# Fields of a key: a node takes 6 bits, a step as well, the number of a way 5; a value stands above them.
NODE_BITS, STEP_BITS, WAY_BITS = 6, 6, 5
VALUE_BITS = NODE_BITS + STEP_BITS + WAY_BITS
SECOND_BITS = 20  # of more than a day, and a visit lies on two
_SECOND = 1_000_000  # microseconds
_OUTSIDE = 0  # the code of what lies before and behind a path


@dataclass(frozen=True)
class Counted:
    """Keys and their counts."""

    measure: str
    dimension: int  # 0 for none, else the place of the breakdown, from 1
    n_nodes: int  # of routes; else 0
    keys: Longs
    counts: Longs  # (keys, 4), as sums.counts_by gives them


def tallied(walks: Walks, definition: Paths) -> Iterator[Counted]:
    """All counts of the paths of a block."""
    if not len(walks):
        return
    goal_at = _last_goal(walks, definition)
    for dimension in range(len(definition.breakdowns) + 1):
        value = walks.codes[:, dimension - 1] if dimension else np.zeros(len(walks), dtype=np.int64)
        for measure, counted in _by_value(walks, definition, value << VALUE_BITS, goal_at):
            if measure == STEPS:
                counted[1][:, N_PATHS] = 0  # ways are counted, of which a path can have several
            yield Counted(measure, dimension, 0, *counted)
    yield Counted(SECONDS, 0, 0, *_seconds(walks))
    for n_nodes, counted in _routes(walks, definition, goal_at):
        yield Counted(ROUTES, 0, n_nodes, *counted)


def _last_goal(walks: Walks, definition: Paths) -> Longs:
    """Of each path: the place of its last visit of the goal; NOWHERE without one."""
    at = np.where(walks.node == definition.code_of(definition.goal), np.arange(walks.n_visits), NOWHERE)
    return np.maximum.reduceat(at, walks.begins)


def _by_value(walks: Walks, definition: Paths, value: Longs, goal_at: Longs) -> Iterator[tuple[str, tuple[Longs, Longs]]]:
    """What is counted by values of a breakdown; `value` is that of each path, shifted to its place in keys."""
    of_paths = Whose(np.arange(len(walks)), walks.customer)
    of_visits = Whose(walks.path, walks.customer[walks.path])
    value_of_visits = value[walks.path]
    yield PATHS, counts_by(value, of_paths, converts=goal_at != NOWHERE)
    yield NODES, counts_by(value_of_visits | walks.node, of_visits)

    came_from = np.append(_OUTSIDE, walks.node[:-1])
    came_from[walks.begins] = _OUTSIDE
    yield EDGES, counts_by(value_of_visits | came_from << NODE_BITS | walks.node, of_visits)
    yield EDGES, counts_by(value | walks.node[walks.ends - 1] << NODE_BITS | _OUTSIDE, of_paths)

    for number, way in enumerate(definition.ways):
        key = value | number << (NODE_BITS + STEP_BITS)
        if number == 0:
            place = np.arange(walks.n_visits) - walks.begins[walks.path]
            early = np.flatnonzero(place < way.n_steps)
            step = (place[early] + 1) << NODE_BITS
            yield STEPS, counts_by(key[walks.path[early]] | step | walks.node[early], of_visits.chosen(early))
            yield STEPS, _ended(key, walks.ends - walks.begins, of_paths, way.n_steps)
        else:
            yield from ((STEPS, counted) for counted in _anchored(walks, way, definition.code_of(way.anchor), key))


def _anchored(walks: Walks, way: Way, anchor: int, key: Longs) -> Iterator[tuple[Longs, Longs]]:
    """Ways from or to an anchor."""
    at = np.flatnonzero(walks.node == anchor)
    path = walks.path[at]
    if way.occurrence != "all" and len(at):
        differs = path[1:] != path[:-1]
        chosen = np.append(True, differs) if way.occurrence == "first" else np.append(differs, True)
        at, path = at[chosen], path[chosen]
    whose = Whose(path, walks.customer[path])
    forward = way.direction == "from"
    left = walks.ends[path] - at - 1 if forward else at - walks.begins[path]
    keys, items = [], []
    for step in range(1, way.n_steps + 1):
        going = np.flatnonzero(left >= step)
        node = walks.node[at[going] + (step if forward else -step)]
        keys.append(key[path[going]] | step << NODE_BITS | node)
        items.append(going)
    # Keys of two steps differ, so items of one key rise.
    yield counts_by(np.concatenate(keys), whose.chosen(np.concatenate(items)))
    yield _ended(key[path], left, whose, way.n_steps)


def _ended(key: Longs, left: Longs, whose: Whose, n_steps: int) -> tuple[Longs, Longs]:
    """The ways that are over, by step: in each step all that were over before are counted again.

    Parameters
    ----------
    key
        Of each way, without step and node.
    left
        How many steps each way has.
    """
    first = left + 1  # the step in which nothing is left
    ends = np.flatnonzero(first <= n_steps)
    if not len(ends):
        return np.empty(0, dtype=np.int64), np.empty((0, 4), dtype=np.int64)
    keys, which = np.unique(key[ends], return_inverse=True)
    customer = whose.customer[ends]
    # A customer is on such a way from the first step on in which one of their ways is over.
    pair = which * (int(customer.max()) + 1) + customer
    order = np.lexsort((first[ends], pair))
    is_first = np.append(True, pair[order][1:] != pair[order][:-1])
    size = (len(keys), n_steps + 1)
    n = np.zeros(size, dtype=np.int64)
    n_customers = np.zeros(size, dtype=np.int64)
    np.add.at(n, (which, first[ends]), 1)
    np.add.at(n_customers, (which[order][is_first], first[ends][order][is_first]), 1)
    n, n_customers = n.cumsum(axis=1)[:, 1:], n_customers.cumsum(axis=1)[:, 1:]
    steps = np.arange(1, n_steps + 1) << NODE_BITS
    of_steps = (keys[:, None] | steps | _OUTSIDE).ravel()
    counts = np.zeros((len(of_steps), 4), dtype=np.int64)
    counts[:, N], counts[:, N_CUSTOMERS] = n.ravel(), n_customers.ravel()
    some: Flags = counts[:, N] > 0
    return of_steps[some], counts[some]


def _seconds(walks: Walks) -> tuple[Longs, Longs]:
    """Transitions between two nodes by the whole seconds that they took."""
    to = np.ones(walks.n_visits, dtype=np.bool_)
    to[walks.begins] = False
    at = np.flatnonzero(to)
    edge = walks.node[at - 1] << NODE_BITS | walks.node[at]
    passed = np.minimum((walks.moment[at] - walks.moment[at - 1]) // _SECOND, (1 << SECOND_BITS) - 1)
    keys = np.sort(edge << SECOND_BITS | passed)
    begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else keys
    counts = np.zeros((len(begins), 4), dtype=np.int64)
    counts[:, N] = np.diff(np.append(begins, len(keys)))
    return keys[begins], counts


def _routes(walks: Walks, definition: Paths, goal_at: Longs) -> Iterator[tuple[int, tuple[Longs, Longs]]]:
    """Routes by their number of nodes: keys are numbers whose digits, of as many values as there are nodes, are the codes."""
    base = len(definition.names) + 1
    at, key = np.arange(walks.n_visits), walks.node
    whose = Whose(walks.path, walks.customer[walks.path])
    last = walks.ends[walks.path] - 1
    goal = goal_at[walks.path]
    for n_nodes in range(2, definition.longest_route + 1):
        longer = last[at] >= at + n_nodes - 1
        at = at[longer]
        key = key[longer] * base + walks.node[at + n_nodes - 1]
        if n_nodes in definition.route_lengths and len(at):
            yield n_nodes, counts_by(key, whose.chosen(at), converts=goal[at] >= at + n_nodes - 1)
