"""What one stage holds while it works: its claim, the versions it reads, and what it will publish at the end."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from reclake import tables
from reclake.errors import ReclakeError
from reclake.lake.claims import Claim
from reclake.lake.digest import DayContent
from reclake.lake.ledger import Entry, sequence_of
from reclake.lake.manifest import Published
from reclake.tables import Table, ops

from .application import Application
from .phases import phase
from .plan import Planner


@dataclass
class StageRun:
    """What one stage holds while it works."""

    app: Application
    stage: str
    planner: Planner
    claim: Claim
    published: Mapping[str, Published]
    versions: dict[str, int]  # table → version to read
    built: dict[str, int] = field(default_factory=dict)  # table → version to publish
    rows: dict[str, int] = field(default_factory=dict)
    gate_rows: list[dict[str, Any]] = field(default_factory=list)
    stopped: dict[str, ReclakeError] = field(default_factory=dict)  # table → what stopped it
    n_entries: int = 0
    kept_frames: dict[Hashable, DataFrame] = field(default_factory=dict)

    def kept_frame(self, key: Hashable, made: Callable[[], DataFrame]) -> DataFrame:
        """The frame of this key, persisted when it is first asked for; it goes when the stage ends."""
        if key not in self.kept_frames:
            self.kept_frames[key] = made().persist(StorageLevel.DISK_ONLY)
        return self.kept_frames[key]

    def next_sequence(self) -> int:
        """The place of the next ledger entry."""
        self.n_entries += 1
        return sequence_of(self.claim.token, self.n_entries)

    def entry(
        self,
        table: Table,
        day: str,
        content: DayContent,
        *,
        kind: str = "build",
        version: int = -1,
        input_digests: dict[str, str] | None = None,
        input_versions: dict[str, Any],
    ) -> Entry:
        """The next ledger entry: a day as this run leaves it. The version of a commit is known once it was made."""
        digests = self.app.digests(table)
        return Entry(
            table=table.name,
            day=day,
            sequence=self.next_sequence(),
            kind=kind,
            version=version,
            run_id=self.app.run_id,
            token=self.claim.token,
            recorded_at=self.app.clock(),
            content=content,
            code_digest=digests.code,
            settings_digest=digests.settings,
            suite_digest=digests.suite,
            input_digests=input_digests or {},
            input_versions=input_versions,
        )


@contextmanager
def open_stage(app: Application, stage: str, planner: Planner, claimed: Mapping[str, tuple[str, ...]]) -> Iterator[StageRun]:
    """Claim, read one state of the lake, and at the end record and publish what was built, whatever was stopped."""
    claim = app.claims.take(app.run_id, claimed)
    try:
        app.ledger.load()  # another run may have written between this run's start and its claim
        published = app.manifest.current()
        run = StageRun(app, stage, planner, claim, published, versions={n: p.version for n, p in published.items()})
        planner.versions = run.versions  # as they grow while the stage builds
        _adopt(run)
        try:
            yield run
        finally:
            for frame in run.kept_frames.values():
                frame.unpersist()
            # Also when the stage breaks off: what was committed until then is published by the next run.
            if run.gate_rows:
                app.store.append(ops.GATE_RESULTS, run.gate_rows)
        app.ledger.save()
        phase("ledgered", stage)
        app.claims.require_held(claim)
        phase("in_manifest", stage)
        app.manifest.publish(run.built, run.rows, run_id=app.run_id, token=claim.token, at=app.clock())
        phase("published", stage)
    finally:
        app.claims.release(claim)


def require_as_published(run: StageRun, table: Table) -> None:
    """Stop when the table's published version is not what was published; nothing where the run has moved on from it.

    Raises
    ------
    LakeDamaged
        When files or bytes differ.
    """
    if (version := run.versions.get(table.name)) is not None:
        run.app.require_as_published(table, version=version, published=run.published)


def _adopt(run: StageRun) -> None:
    """Take over versions that were gated and committed but not published, because their run ended in between."""
    for table in tables.of_stage(run.stage):
        if (version := run.app.ledger.unpublished(table, run.published)) is not None:
            run.versions[table.name] = run.built[table.name] = version
            run.rows[table.name] = run.app.ledger.n_rows(table)
