"""One append per bronze table and run, gated and fenced: no run takes in what another took in meanwhile."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any
from uuid import uuid4

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from reclake.errors import Overtaken
from reclake.lake.contents import contents_by_day
from reclake.lake.digest import DayContent, Digest
from reclake.lake.ledger import Entry, commit_entry
from reclake.sources.source import Source
from reclake.tables import Table

from .gating import check, reported, spend_waiver
from .jobs import counted_jobs
from .phases import phase
from .report import TableReport
from .stage_run import StageRun, require_as_published


def append_records(run: StageRun, table: Table, records: DataFrame, *, source: Source | None) -> TableReport:
    """Gate and append the records of this run's files, and tell the ledger what their days hold now.

    Parameters
    ----------
    source
        Who delivered them; None for what people of the company itself recorded.

    Raises
    ------
    GateFailed
        When the gate refuses them: nothing is written.
    Overtaken
        When another run has taken the claim over, or appended since this one began.
    """
    app = run.app
    started = time.monotonic()
    with counted_jobs(app.spark, f"{app.run_id}:{table.name}") as jobs:
        frame = records.persist(StorageLevel.DISK_ONLY)
        try:
            contents = contents_by_day(frame, table)
            n_rows = sum(content.digest.n_rows for content in contents.values())
            phase("persisted", table.name)
            gate_row = check(run, table, frame, n_rows=n_rows)
            phase("gated", table.name)
            app.claims.require_held(run.claim)
            require_as_published(run, table)
            _require_nothing_newer(run, table)
            spend_waiver(run, gate_row)
            entries = [_entry(run, table, day, content, source) for day, content in sorted(contents.items())]
            number = run.next_sequence()
            phase("in_commit", table.name)
            version = app.store.append_new(table, frame, number=number, entry=commit_entry(uuid4().hex, entries))
        finally:
            frame.unpersist()
    phase("committed", table.name)
    app.ledger.add(replace(entry, version=version) for entry in entries)
    run.versions[table.name] = run.built[table.name] = version
    run.rows[table.name] = app.ledger.n_rows(table)
    return reported(
        table,
        gate_row,
        outcome="built",
        version=version,
        jobs=jobs,
        seconds=time.monotonic() - started,
        n_days=len(contents),
    )


def _require_nothing_newer(run: StageRun, table: Table) -> None:
    """Stop when a run whose claim had gone still appended after this one began: the files may be the same.

    Raises
    ------
    Overtaken
        When the table holds a commit that the ledger does not know.
    """
    newest = run.app.store.newest(table)
    if newest is not None and not run.app.ledger.knows(table, newest):
        raise Overtaken(
            f"{table.name} was written by another run meanwhile",
            found=f"version {newest}, made since this run began",
            next_step="run again: it starts from what the other wrote",
        )


def _entry(run: StageRun, table: Table, day: str, added: DayContent, source: Source | None) -> Entry:
    """What the day holds after the append: digests are sums, so nothing is scanned again."""
    before = run.app.ledger.days(table).get(day)
    digest = (before.content.digest if before else Digest()) + added.digest
    versions: dict[str, Any] = dict(before.input_versions) if before else {}
    if source is not None:
        versions[f"source:{source.name}"] = 0
    return run.entry(table, day, DayContent(digest), input_versions=versions)
