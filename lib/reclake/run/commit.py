"""One commit per table and run: its ledger entries ride in it, and what must not be published is put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import uuid4

from pyspark.sql import DataFrame

from reclake.errors import GateFailed, Overtaken, ReclakeError
from reclake.lake.digest import DayContent, Digest
from reclake.lake.ledger import REMOVED, Entry, commit_entry
from reclake.lake.manifest import WITHDRAWN
from reclake.lake.store import is_day_of
from reclake.tables import Table

from .id_rules import noted_rules
from .phases import phase
from .plan import Work
from .stage_run import StageRun, require_as_published


def commit_days(run: StageRun, work: Work, frame: DataFrame, contents: Mapping[str, DayContent]) -> tuple[int, str]:
    """Commit the days whose content changed; the others get a ledger entry only."""
    app, table = run.app, work.table
    app.claims.require_held(run.claim)
    before = app.ledger.days(table)
    found = {day: contents.get(day, DayContent(Digest())) for day in work.days}
    changed = [day for day, content in found.items() if day not in before or before[day].content != content]
    unchanged = [day for day in work.days if day not in changed]
    app.ledger.add(_entry(run, work, day, found[day], kind="unchanged", version=before[day].version) for day in unchanged)
    if not changed:
        return run.versions[table.name], "unchanged"
    require_as_published(run, table)  # a write onto a damaged log would make the loss the published state
    _restore_if_rolled_back(run, table)
    entries = [_entry(run, work, day, found[day]) for day in changed]
    ride = commit_entry(uuid4().hex, entries)
    phase("in_commit", table.name)
    if table.write == "replace_days":
        days = [date.fromisoformat(day) for day in changed]
        kept = frame if not unchanged else frame.where(is_day_of(str(table.day_column), days))
        version = app.store.replace_days(table, kept, days=days, entry=ride)
    else:
        version = app.store.replace_whole(table, frame, entry=ride)
    try:
        _require_all_written(run, table, version, sum(found[day].digest.n_rows for day in changed))
        app.claims.require_held(run.claim)  # the claim may have gone while the commit was made
    except Overtaken:
        _put_back(run, table, version, _against_newer(run, table, version, entries))
        raise
    except ReclakeError:
        _put_back(run, table, version, entries)
        raise
    phase("committed", table.name)
    app.ledger.add(replace(entry, version=version) for entry in entries)
    run.versions[table.name] = run.built[table.name] = version
    run.rows[table.name] = app.ledger.n_rows(table)
    return version, "built"


def _restore_if_rolled_back(run: StageRun, table: Table) -> None:
    """Bring a table back to its published version, or to nothing, before it is written again after a rollback."""
    row = run.app.manifest.last(table.name)
    if row is None or row.kind != "rollback" or table.name in run.built:
        return
    if _last_token(run, table) > row.token:
        return  # a run on other days has begun anew already, and may not have published it yet
    run.app.store.restore(table, version=None if row.version == WITHDRAWN else row.version)


def _last_token(run: StageRun, table: Table) -> int:
    """The fencing token of the newest commit that built anything; -1 without one."""
    log, path = run.app.store.log, run.app.store.path(table)
    for version in reversed(log.versions(path)):
        if entries := log.commit(path, version).user_metadata.get("ledger"):
            return int(entries[0]["token"])
    return -1


def _against_newer(run: StageRun, table: Table, version: int, entries: Sequence[Entry]) -> list[Entry]:
    """Days that a newer run had written before this commit; the others it may have taken over, or will write itself."""
    ledger = run.app.ledger
    ledger.add(replace(entry, version=version) for entry in entries)  # the commit stands, until it is put back
    ledger.save()
    ledger.load()
    now = ledger.days(table)
    return [e for e in entries if e.day in now and now[e.day].token > e.token and now[e.day].version < version]


def _put_back(run: StageRun, table: Table, version: int, entries: Sequence[Entry]) -> None:
    """Undo a commit that must not be published: its days hold again what they held in the version before."""
    if not entries:
        return
    store, ledger = run.app.store, run.app.ledger
    before = ledger.days(table)
    if table.write == "replace_days":
        days = [date.fromisoformat(entry.day) for entry in entries]
        held = store.read(table, version=version - 1, days=days) if version else store.empty(table)
        store.replace_days(table, held, days=days, entry={"commit_id": uuid4().hex})
    else:
        held = store.read(table, version=version - 1) if version else store.empty(table)
        store.replace_whole(table, held, entry={"commit_id": uuid4().hex})
    # Entries ride in the refused commit: later ones must say that it does not count.
    ledger.add(
        replace(before[entry.day], sequence=run.next_sequence())
        if entry.day in before
        else replace(entry, kind=REMOVED, content=DayContent(Digest()), version=version, sequence=run.next_sequence())
        for entry in entries
    )
    ledger.save()


def _require_all_written(run: StageRun, table: Table, version: int, n_rows: int) -> None:
    """Refuse to publish a commit that holds other rows than the gate counted: a lost block may be computed anew."""
    written = run.app.store.log.commit(run.app.store.path(table), version).n_output_rows
    if written is not None and written != n_rows:
        raise GateFailed(
            f"{table.name}: version {version} holds other rows than its gate judged",
            found=f"{written:,} rows written, {n_rows:,} judged",
            next_step="run again; if it comes back, the builder is not deterministic",
        )


def _entry(run: StageRun, work: Work, day: str, content: DayContent, *, kind: str = "build", version: int = -1) -> Entry:
    return run.entry(
        work.table,
        day,
        content,
        kind=kind,
        version=version,
        input_digests=work.input_digests[day],
        input_versions={
            **{i.table.name: run.versions.get(i.table.name) for i in work.table.reads},
            **noted_rules(run.app.sources, work.table),
        },
    )
