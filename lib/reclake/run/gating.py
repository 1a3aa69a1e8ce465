"""Whether a table may become visible: its suite's verdict, the floors of its days, waivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame

from reclake.errors import ReclakeError
from reclake.lake.digest import DayContent
from reclake.lake.ledger import Entry
from reclake.quality.verdict import Finding, Verdict, with_more
from reclake.tables import Table

from .application import Application
from .jobs import JobCount
from .phases import phase
from .plan import Work
from .report import TableReport
from .stage_run import StageRun
from .waivers import Waivers


def check(
    run: StageRun,
    table: Table,
    frame: DataFrame,
    *,
    n_rows: int,
    days: str = "",
    short_days: Sequence[str] = (),
    min_rows: int | None = None,
) -> dict[str, Any]:
    """The gate's verdict as a row of ops.gate_results; raises when it stops the table and no waiver lets it through.

    Parameters
    ----------
    short_days
        Days below the table's floor.
    min_rows
        The floor on all rows where it differs from the suite's.

    Raises
    ------
    GateFailed
        When the gate did not pass, for whatever reason.
    """
    app = run.app
    phase("in_gate", table.name)
    verdict = app.gate.check(table, frame, n_rows=n_rows, min_rows=min_rows)
    if short_days:
        short = f"{len(short_days)} days fall short, first {', '.join(short_days[:3])}"
        verdict = verdict.also(Finding.failed("every day has at least one row", n_bad=None, n_rows=n_rows, message=short))
    row = gate_row_of(app, table, verdict, n_rows=n_rows)
    run.gate_rows.append(row)
    if verdict.blocks:
        waiver = Waivers(app.store, app.clock).find(table) if verdict.is_waivable else None
        if waiver is None:
            raise verdict.failure(days=days)
        row |= {"verdict": "waived", "waiver_id": waiver}
    return row


def spend_waiver(run: StageRun, gate_row: Mapping[str, Any]) -> None:
    """Use up the waiver that lets a table through, once nothing else can stop its commit."""
    if (waiver := gate_row["waiver_id"]) is not None:
        Waivers(run.app.store, run.app.clock).spend(waiver, run_id=run.app.run_id)


def gate_row_of(app: Application, table: Table, verdict: Verdict, *, n_rows: int) -> dict[str, Any]:
    """A verdict as a row of ops.gate_results, before anything is committed."""
    return {
        "run_id": app.run_id,
        "table": table.name,
        "checked_at": app.clock(),
        "verdict": verdict.verdict,
        "n_expectations": verdict.n_expectations,
        "n_failed": verdict.n_failed,
        "findings": verdict.stored(),
        "n_rows": n_rows,
        "n_jobs": verdict.n_jobs,
        "seconds": verdict.seconds,
        "n_build_jobs": 0,
        "build_seconds": 0.0,
        "version": None,
        "waiver_id": None,
    }


def short_days(work: Work, contents: Mapping[str, DayContent], before: Mapping[str, Entry]) -> list[str]:
    """Days with fewer rows than the table's floor; a day whose inputs hold nothing any more may be empty.

    An as_of of a table that may be empty may not be so right after one that held rows: people do not vanish overnight. The
    caller asks the table's `emptiness` for a reason that it may. Nor may a dimension that held rows fall empty.
    """
    held = {day: contents[day].digest.n_rows if day in contents else 0 for day in work.days}
    if work.table.is_as_of:
        so_far = {day: entry.content.digest.n_rows for day, entry in before.items()} | held
        last = {day: max((other for other in so_far if other < day), default="") for day in work.days}
        floors = {day: max(work.table.min_rows, 1 if so_far.get(last[day]) else 0) for day in work.days}
    elif work.table.is_validity:
        held_rows = any(entry.content.digest.n_rows for entry in before.values())
        floors = dict.fromkeys(work.days, max(work.table.min_rows, 1 if held_rows else 0))
    else:
        floors = dict.fromkeys(work.days, work.table.min_rows)
    return [day for day, n_rows in held.items() if n_rows < floors[day] and day not in work.unfed_days]


def noted(gate_row: dict[str, Any], warnings: Sequence[Finding]) -> list[str]:
    """The warnings as text, after they were added to the row of ops.gate_results: they block nothing."""
    gate_row["findings"] = with_more(str(gate_row["findings"]), warnings, blocks=False)
    return [warning.text for warning in warnings]


def nothing_on(day: str, reason: str) -> Finding:
    """The warning that a day rightly holds nothing."""
    return Finding.failed(f"{day} has at least one row", n_bad=None, n_rows=0, message=reason)


def stopped_report(run: StageRun, table: Table, failure: ReclakeError, *, seconds: float, n_days: int = 0) -> TableReport:
    """The report of a table that was stopped, with what its gate judged and its verdict if the gate was reached."""
    unreached: dict[str, Any] = {"verdict": "", "n_rows": 0}
    gate_row = next((row for row in reversed(run.gate_rows) if row["table"] == table.name), unreached)
    wrong, found, _ = failure.args
    return TableReport(
        table.stage,
        table.name,
        "stopped",
        n_rows=gate_row["n_rows"],
        n_days=n_days,
        verdict=str(gate_row["verdict"]),
        seconds=seconds,
        message=f"{wrong}: {found}",
    )


def reported(
    table: Table,
    gate_row: dict[str, Any],
    *,
    outcome: str,
    version: int | None,
    jobs: JobCount,
    seconds: float,
    n_days: int,
    as_ofs: Sequence[str] = (),
    n_rejected: int = 0,
    warnings: Sequence[str] = (),
) -> TableReport:
    """Note in the gate's row which version it allowed and what the build cost, and report the table."""
    gate_row |= {"version": version, "n_build_jobs": jobs.total, "build_seconds": seconds}
    return TableReport(
        table.stage,
        table.name,
        outcome,
        n_rows=gate_row["n_rows"],
        n_days=n_days,
        n_rejected=n_rejected,
        verdict=gate_row["verdict"],
        n_jobs=jobs.total,
        seconds=seconds,
        as_ofs=tuple(as_ofs),
        warnings=tuple(warnings),
        version=version,
    )
