"""Why a table is not built: what it waits for, and which table holds that up, as it was stopped or is to be built first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pyspark.sql import functions as F

from reclake import tables
from reclake.errors import ReclakeError, StageStopped
from reclake.tables import BY_NAME, Table, ops

from .application import Application
from .plan import Planner, Scope

STOPPED, NEVER_BUILT, STALE = "was stopped", "is not built yet", "is to be built again"
_BLOCKING = ("failed", "broken")
_SHOWN = 3  # inputs that a message names


@dataclass(frozen=True, slots=True)
class Root:
    """The table that holds others up, and why: it was stopped, or is stale."""

    table: str
    why: str

    @property
    def is_stopped(self) -> bool:
        """Whether something is to be mended; else the table only has to be built."""
        return self.why == STOPPED


class NotBuilt(StageStopped):
    """A table that waits for what holds it up."""

    def __init__(self, wrong: str, found: str, next_step: str, *, root: Root) -> None:
        super().__init__(wrong, found, next_step)
        self.root = root


def roots_of(stopped: Mapping[str, ReclakeError]) -> dict[str, Root]:
    """What holds up the tables that earlier stages of the same run did not build."""
    return {name: error.root if isinstance(error, NotBuilt) else Root(name, STOPPED) for name, error in stopped.items()}


def roots_before(app: Application, planner: Planner, stage: str) -> dict[str, Root]:
    """The same where a stage runs alone: tables of earlier stages that still have work in scope, and what reads them.

    Such a table was stopped if its newest verdict says so. One that broke off without a verdict is taken for stale: its
    stage shows the fault when it is run.
    """
    roots: dict[str, Root] = {}
    for table in (table for earlier in tables.STAGES[: tables.STAGES.index(stage)] for table in tables.of_stage(earlier)):
        reasons = planner.work(table).reasons.values()
        if holding := _holding(table, roots):
            roots[table.name] = next(iter(holding.values()))
        elif reasons:
            roots[table.name] = Root(table.name, NEVER_BUILT if set(reasons) == {"never built"} else STALE)
    if not roots:
        return roots
    stopped = _stopped_by_a_gate(app)
    return {name: Root(root.table, STOPPED) if root.table in stopped else root for name, root in roots.items()}


def _stopped_by_a_gate(app: Application) -> set[str]:
    """The tables whose newest verdict blocks them."""
    if app.store.newest(ops.GATE_RESULTS) is None:
        return set()
    newest = app.store.read_newest(ops.GATE_RESULTS).groupBy("table").agg(F.max_by("verdict", "checked_at").alias("verdict"))
    return {row["table"] for row in newest.where(F.col("verdict").isin(*_BLOCKING)).collect()}


def _holding(table: Table, roots: Mapping[str, Root]) -> dict[str, Root]:
    """The inputs that feed the table and are held up: of those with one root the root itself, else the first."""
    inputs = sorted({i.table.name for i in table.reads if i.feeds} & roots.keys())
    by_root: dict[Root, str] = {}
    for name in sorted(inputs, key=lambda name: roots[name].table != name):
        by_root.setdefault(roots[name], name)
    return {name: root for root, name in sorted(by_root.items(), key=lambda each: (not each[0].is_stopped, each[1]))}


def not_built(table: Table, roots: Mapping[str, Root], scope: Scope) -> NotBuilt | None:
    """The error of a table of which an input is held up; None for one that can be built."""
    holding = _holding(table, roots)
    if not holding:
        return None
    phrases = [f"{name}, which {_why(name, root)}" for name, root in holding.items()]
    message = f"waits for {'; for '.join(phrases[:_SHOWN])}"
    if len(phrases) > _SHOWN:
        message += f"; and for {len(phrases) - _SHOWN} more"
    root, *_ = holding.values()
    return NotBuilt(f"{table.name} is not built", message, _next_step(holding.values(), scope), root=root)


def _why(name: str, root: Root) -> str:
    return root.why if name == root.table else f"waits for {root.table}, which {root.why}"


def _next_step(roots: Collection[Root], scope: Scope) -> str:
    """What lets the table be built: mend what was stopped, or run the stage that comes before."""
    if stopped := [root.table for root in roots if root.is_stopped]:
        return f"mend what stopped {', '.join(stopped)}, then run again"
    stage = min((BY_NAME[root.table].stage for root in roots), key=tables.STAGES.index)
    return f"run stage {stage} first: reclake run --stage {stage}{_days_of(scope)}"


def _days_of(scope: Scope) -> str:
    """The delivery days as options of the command line.

    Examples
    --------
    >>> from datetime import date
    >>> _days_of(Scope(delivery_days=frozenset({date(2026, 3, 2), date(2026, 3, 1)})))
    ' --from 2026-03-01 --to 2026-03-02'
    """
    if not scope.delivery_days:
        return ""
    first, last = min(scope.delivery_days), max(scope.delivery_days)
    return f" --day {first}" if first == last else f" --from {first} --to {last}"
