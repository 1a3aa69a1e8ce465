"""What the report about behaviour reads of paths: transitions, steps and routes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from reclake.look.reader import Reader
from reclake.tables import gold

from .published import at_as_of

START = "path_start"
_ALL = "dimension = 'all'"


@dataclass(frozen=True, slots=True)
class Steps:
    """The nodes at which ways are, step by step: shares of `n_ways`, which in each step sum to one."""

    anchor: str
    occurrence: str
    direction: str
    n_ways: int
    n_paths: int
    shares: Mapping[int, Mapping[str, float]]  # step → node → share


@dataclass(frozen=True, slots=True)
class Route:
    """Nodes that follow each other directly, and how often the goal comes with them."""

    route: str
    n_paths: int
    support_share: float | None
    conversion_share: float | None
    base_share: float
    lift_ratio: float | None


@dataclass(frozen=True, slots=True)
class Paths:
    """One definition of paths, without breakdown."""

    name: str
    form: str  # raw or collapsed
    transitions: Mapping[tuple[str, str], int]  # from and to → how often
    seconds: Mapping[tuple[str, str], float | None]  # from and to → median time between them
    steps: tuple[Steps, ...]
    routes: tuple[Route, ...]

    @property
    def n_paths(self) -> int:
        """All paths: each begins once."""
        return sum(n for (before, _), n in self.transitions.items() if before == START)


def read_paths(rows: Reader, as_of: date) -> tuple[Paths, ...]:
    """Every definition with transitions of the as_of, by name."""
    names = "path form from_node to_node n_transitions seconds_median"
    sql = f"SELECT {names.replace(' ', ', ')} FROM rows WHERE as_of_date = ? AND {_ALL}"
    transitions: dict[tuple[str, str], list[tuple[str, str, int, float | None]]] = {}
    for name, form, before, after, n, seconds in at_as_of(rows, gold.PATH_TRANSITIONS, sql, f"{names} dimension", as_of):
        transitions.setdefault((name, form), []).append((before, after, n, seconds))
    steps, routes = _steps(rows, as_of), _routes(rows, as_of)
    return tuple(
        Paths(
            name=name,
            form=form,
            transitions={(before, after): n for before, after, n, _ in of},
            seconds={(before, after): seconds for before, after, _, seconds in of},
            steps=tuple(steps.get(name, ())),
            routes=tuple(routes.get(name, ())),
        )
        for (name, form), of in sorted(transitions.items())
    )


def _steps(rows: Reader, as_of: date) -> dict[str, list[Steps]]:
    names = "path anchor occurrence direction step node node_share n_ways n_paths"
    sql = f"SELECT {names.replace(' ', ', ')} FROM rows WHERE as_of_date = ? AND {_ALL} ORDER BY path, anchor, occurrence, direction, step"
    steps_of: dict[tuple[str, ...], dict[int, dict[str, float]]] = {}
    counts: dict[tuple[str, ...], tuple[int, int]] = {}
    for name, anchor, occurrence, direction, step, node, share, n_ways, n_paths in at_as_of(
        rows, gold.PATH_STEPS, sql, f"{names} dimension", as_of
    ):
        key = (name, anchor, occurrence, direction)
        steps_of.setdefault(key, {}).setdefault(step, {})[node] = share
        counts[key] = (n_ways, n_paths)
    by_path: dict[str, list[Steps]] = {}
    for (name, *way), shares in steps_of.items():
        by_path.setdefault(name, []).append(Steps(way[0], way[1], way[2], *counts[name, *way], shares))
    return by_path


def _routes(rows: Reader, as_of: date) -> dict[str, list[Route]]:
    """The routes, the most walked first; what is joined as `other` is no route."""
    names = "path route n_paths support_share conversion_share base_share lift_ratio"
    sql = (
        f"SELECT {names.replace(' ', ', ')} FROM rows WHERE as_of_date = ? AND n_paths IS NOT NULL "
        "ORDER BY path, n_paths DESC, n_nodes DESC, route"
    )
    by_path: dict[str, list[Route]] = {}
    for name, *route in at_as_of(rows, gold.PATH_ROUTES, sql, f"{names} n_nodes", as_of):
        by_path.setdefault(name, []).append(Route(*route))
    return by_path
