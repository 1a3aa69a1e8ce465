"""`reclake accept-code`: code that changed and moves no rows, shown on one day, makes the days that it built stale no more."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from pyspark import StorageLevel

from reclake import tables
from reclake.errors import GateFailed, UsageError
from reclake.lake.claims import ALL_DAYS
from reclake.lake.contents import contents_by_day
from reclake.lake.digest import DayContent, Digest
from reclake.lake.ledger import ACCEPTED, Entry
from reclake.lake.schema import conform
from reclake.lake.store import is_day_of
from reclake.tables import Table

from .application import Application
from .building import built
from .code import builder_of
from .plan import CODE_CHANGED, Scope, Work
from .stage_run import StageRun, open_stage

logger = logging.getLogger("reclake")


@dataclass(frozen=True, slots=True)
class AcceptedCode:
    """What came of it."""

    table: str
    verified_day: str
    n_rows: int
    n_days: int  # days that were built by the earlier code, and stand as built by this one now


def accept_code(app: Application, table: Table, *, reason: str, verify: date | None = None) -> AcceptedCode:
    """Build one day of the table anew, and note that the change of its code moves no rows if it comes out the same.

    All days that the same earlier code built are taken for built by the code as it is now; the ledger keeps who built
    them, and gets the reason. Days of still other code stay stale.

    Parameters
    ----------
    reason
        Why the change moves no rows: for whoever reads the ledger.
    verify
        The day that is built anew; the newest by default.

    Raises
    ------
    UsageError
        When nothing of the code changed, or the day is stale for another reason as well: then its rows may well move.
    GateFailed
        When the day comes out otherwise. Nothing was noted; a run restates the days.
    """
    if not reason.strip():
        raise UsageError("a change of code is accepted for a reason", "none was given", "say in --reason why it moves no rows")
    planner = app.planner(Scope(as_ofs=(verify,) if verify and table.is_as_of else (), tables=frozenset({table.name})))
    with open_stage(app, table.stage, planner, {table.name: (ALL_DAYS,)}) as run:
        entries = app.ledger.days(table)
        day = _day_to_verify(table, entries, verify)
        before = entries[day]
        _require_only_code_changed(run, table, day, before)
        now = _content(run, table, day)
        if now != before.content:
            raise GateFailed(
                f"the changed code of {table.name} moves rows of {day}",
                f"{before.content.digest.n_rows:,} rows then, {now.digest.n_rows:,} rows now, of other content",
                "it cannot be accepted: reclake run restates the days; reclake plan lists them",
            )
        accepted = [
            _accepted(run, table, entry, reason=reason, day=day)
            for entry in entries.values()
            if entry.code_digest == before.code_digest
        ]
        app.ledger.add(accepted)
    logger.info("%s: changed code accepted for %d days, verified on %s: %s", table.name, len(accepted), day, reason)
    return AcceptedCode(table.name, day, now.digest.n_rows, len(accepted))


def _day_to_verify(table: Table, entries: Mapping[str, Entry], verify: date | None) -> str:
    """The day to build anew: the one that is asked for, else the newest."""
    if table not in tables.GATED or not table.reads:
        raise UsageError(f"{table.name} is not built from tables", "no builder makes it", "name a table that reclake plan lists")
    if not entries:
        raise UsageError(f"{table.name} was never built", "no day of it in the ledger", "reclake run builds it")
    day = max(entries) if verify is None else str(verify)
    if day not in entries:
        raise UsageError(
            f"{table.name} holds no day {day}", f"days {min(entries)} … {max(entries)}", "name one of them, or leave --verify out"
        )
    return day


def _require_only_code_changed(run: StageRun, table: Table, day: str, before: Entry) -> None:
    if before.code_digest == run.app.digests(table).code:
        raise UsageError(
            f"{day} of {table.name} was built by the code as it is", "its code digest is the same", "there is nothing to accept"
        )
    why = run.planner.why_stale(table, day)
    if why not in ("", CODE_CHANGED):
        raise UsageError(
            f"{day} of {table.name} is stale for other reasons as well",
            why,
            "verify a day that only the code made stale, or let reclake run restate it",
        )


def _content(run: StageRun, table: Table, day: str) -> DayContent:
    """What the code as it is makes of the day."""
    frame = conform(built(run, Work(table, {day: "verified"}), builder_of(table)), table)
    if table.day_column:
        frame = frame.where(is_day_of(table.day_column, [date.fromisoformat(day)]))
    frame = frame.persist(StorageLevel.DISK_ONLY)
    try:
        return contents_by_day(frame, table).get(day, DayContent(Digest()))
    finally:
        frame.unpersist()


def _accepted(run: StageRun, table: Table, entry: Entry, *, reason: str, day: str) -> Entry:
    """The entry of a day that stays as it is, under the code as it is now; version and builder stay those of its rows."""
    note = {"accepted_code": f"{reason} ({entry.code_digest} built it; verified on {day} by run {run.app.run_id})"}
    return replace(
        entry,
        kind=ACCEPTED,
        sequence=run.next_sequence(),
        recorded_at=run.app.clock(),
        code_digest=run.app.digests(table).code,
        input_versions={**entry.input_versions, **note},
    )
