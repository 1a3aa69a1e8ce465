"""What a run would do, as a listing: files to take in, days to build, and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from reclake import tables
from reclake.run.id_rules import RuleChange, require_rules_can_change
from reclake.run.plan import Scope, counted
from reclake.sources.found import OfferedFile
from reclake.tables import Table

from .lake import Look
from .listings import Rows
from .waiting import files_to_take_in


def plan(look: Look, scope: Scope) -> Rows:
    """What a run of this scope would take in and build: files, what is stale now, and what reads it.

    Raises
    ------
    UsageError
        When a source states another rule for its ids, and raw records that it would need are gone.
    """
    planner = look.lake.planner(scope)
    found: Rows = [_to_write_anew(change) for change in require_rules_can_change(look.lake.ledger, look.sources)]
    found += [] if scope.tables else [_to_take_in(name, files) for name, files in _new_files(look, scope).items()]
    stale: set[str] = set()
    for table in tables.GATED:
        work = planner.work(table)
        inputs = sorted(i.table.name for i in table.reads if i.table.name in stale)
        if work.reasons:
            n_read = sum(
                entry.content.digest.n_rows
                for i in table.reads
                for entry in _read(look, planner.days_to_read(i, work.days), i.table)
            )
            why = counted(work.reasons.values())
            found.append(_planned(table, len(work.days), f"{work.days[0]} … {work.days[-1]}", why, n_read))
            stale.add(table.name)
        elif inputs:
            found.append(_planned(table, 0, "known when its inputs are built", f"reads {', '.join(inputs)}", 0))
            stale.add(table.name)
        if work.older:
            why = "not built: older as_ofs stay as earlier code made them; --as-of restates them"
            found.append(_planned(table, len(work.older), f"{min(work.older)} … {max(work.older)}", why, 0))
    return found


def _new_files(look: Look, scope: Scope) -> dict[str, list[OfferedFile]]:
    files = {name: files_to_take_in(look, source, days=scope.delivery_days) for name, source in look.sources.items()}
    return {name: offered for name, offered in files.items() if offered}


def _to_take_in(source: str, files: list[OfferedFile]) -> dict[str, Any]:
    """The row of a source whose files wait; what they bring is known when they are read."""
    days = sorted({file.day for file in files if file.day is not None})
    which = f"{days[0]} … {days[-1]}" if days else "known when they are read"
    why = f"{len(files):,} files of source {source} to take in, and what reads them"
    return {"stage": "bronze", "table": "bronze.*", "days": len(days), "which": which, "why": why, "rows_to_read": 0}


def _to_write_anew(change: RuleChange) -> dict[str, Any]:
    """The row of a source whose ids are made by another rule than before."""
    n_days = len({day for days in change.days.values() for day in days})
    tables_of = ", ".join(change.days)
    return {"stage": "silver", "table": tables_of, "days": n_days, "which": change.which, "why": change.text, "rows_to_read": 0}


def _planned(table: Table, n_days: int, days: str, why: str, n_read: int) -> dict[str, Any]:
    return {"stage": table.stage, "table": table.name, "days": n_days, "which": days, "why": why, "rows_to_read": n_read}


def _read(look: Look, days: list[date] | None, table: Table) -> Iterable[Any]:
    entries = look.lake.ledger.days(table)
    return entries.values() if days is None else [entries[str(day)] for day in days if str(day) in entries]
