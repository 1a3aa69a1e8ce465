"""Going back: an earlier manifest becomes current again, model version included, but no consent withdrawn since."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from uuid import uuid4

from py4j.protocol import Py4JJavaError
from pyspark import StorageLevel
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.errors import UsageError
from reclake.lake.claims import ALL_DAYS, Claim
from reclake.lake.contents import contents_by_day
from reclake.lake.digest import DayContent, Digest
from reclake.lake.ledger import Entry, commit_entry, sequence_of
from reclake.lake.manifest import WITHDRAWN, Published
from reclake.lake.schema import conform
from reclake.privacy.consent import profiled_only, uses_open_at
from reclake.tables import BY_NAME, PEOPLE, Table, gold, models, silver

from .application import Application
from .code import module_of
from .maintain import erased_below
from .plan import Scope
from .runner import next_as_of

_NOTHING = "nothing"  # a claim names something
# What a rollback re-applies consent to: the tables with a row per customer that ask who may be profiled.
CONSENTED = tuple(
    table for table in gold.TABLES if PEOPLE in table.shared and any(field.name == "customer_id" for field in table.fields)
)


def consented_rows(table: Table) -> Callable[[DataFrame, DataFrame], DataFrame]:
    """What becomes of a table's rows of customers who may no longer be profiled: (rows, customers who may) → rows.

    The customers who may are rows of `privacy.consent.uses_open_to`. The others' rows go, unless `consented` beside the table's builder says what takes their place.
    """
    own: Callable[[DataFrame, DataFrame], DataFrame] | None
    own = getattr(importlib.import_module(module_of(table)), "consented", None)
    return own or profiled_only


def roll_back(app: Application, to: int) -> dict[str, int]:
    """Make manifest `to` current again as a new manifest; gives table or model → version, -1 for what was withdrawn.

    The next write to a rolled-back table first restores it to that version, or empties it, so that nothing of the later
    ones returns.
    What is said of a customer at a table's newest as_of obeys the consents known today, not those of then.
    """
    claim = app.claims.take(app.run_id, dict.fromkeys(app.manifest.moves_to(to) or (_NOTHING,), (ALL_DAYS,)))
    try:
        app.ledger.load()
        app.ledger.save()  # going back reads the entries as they are stored
        moved = app.manifest.moves_to(to)
        # The ledger first: what it knows as built and no manifest names is taken for unpublished, and published.
        then = app.manifest.current(to)
        erased = erased_below(app)
        for name in moved.keys() & then.keys() & BY_NAME.keys():
            _require_readable(app, BY_NAME[name], then[name], oldest=erased.get(name, 0))
        entries = {
            BY_NAME[name]: app.ledger.as_then(
                BY_NAME[name], version=moved[name], published_under=then[name].token if name in then else -1
            )
            for name in sorted(moved.keys() & BY_NAME.keys())
        }
        _require_raw_records(app, entries)
        for table, earlier in entries.items():
            app.ledger.roll_back(table, earlier, run_id=app.run_id, token=claim.token, at=app.clock())
        app.ledger.save()
        consented = _apply_consents(app, claim, moved, to)
        app.ledger.save()
        rows = {name: app.ledger.n_rows(BY_NAME[name]) for name in consented}
        moved |= app.manifest.roll_back(to, instead=consented, rows=rows, run_id=app.run_id, token=claim.token, at=app.clock())
        for model in models.BY_NAME.values():
            if (version := moved.get(model.published_name)) is not None:
                app.registry(model.name).serve(None if version == WITHDRAWN else str(version))
        for weights in models.WEIGHTS:
            if (version := moved.get(weights.published_name)) is not None:
                app.weights_registry(weights.name).serve(None if version == WITHDRAWN else str(version))
    finally:
        app.claims.release(claim)
    return moved


def manifest_of(app: Application, moved: Mapping[str, int]) -> int | None:
    """The number of the manifest that a rollback of this process published; None if it moved nothing."""
    rows = [app.manifest.last(name) for name in moved]
    return min((row.manifest_id for row in rows if row is not None), default=None)


def _require_readable(app: Application, table: Table, row: Published, *, oldest: int) -> None:
    """Stop before anything is written when a version to go back to is not there any more; `oldest` surely is.

    Raises
    ------
    UsageError
        When its files or its log have been cleared away.
    LakeDamaged
        When it is not what was published.
    """
    gone: Exception | None = None
    try:
        # The log may still tell of a version whose files were removed.
        if row.version >= oldest:
            app.store.require_undamaged(table, version=row.version, n_files=row.n_files, n_bytes=row.n_bytes)
            return
    except (Py4JJavaError, AnalysisException) as error:
        gone = error
    raise UsageError(
        f"{table.name} version {row.version} cannot be read any more",
        f"{type(gone).__name__ if gone else 'its files were removed'}; manifests are kept for lake.keep_manifests_days",
        "go back to a later manifest: reclake history lists them",
    ) from gone


def _require_raw_records(app: Application, then: Mapping[Table, Mapping[str, Entry | None]]) -> None:
    """Stop before anything is written when days would be taken back that cannot be built again.

    Raises
    ------
    UsageError
        When raw records of theirs are gone, and they held other records then, or none.
    """
    planner = app.planner(Scope())
    for table, days in then.items():
        now = app.ledger.days(table)
        lost = [day for day, earlier in days.items() if day in now and planner.would_be_lost(table, now[day], earlier)]
        if lost:
            raise UsageError(
                f"{table.name} would lose days whose raw records are gone",
                f"{len(lost)} days, {min(lost)} … {max(lost)}, were built since from records that retention.raw_days removed",
                "go back to a later manifest: reclake history lists them",
            )


def _apply_consents(app: Application, claim: Claim, moved: Mapping[str, int], to: int) -> dict[str, int]:
    """Commit the tables that go back without the profiles of those who withdrew since; table → the version to publish."""
    newest = app.manifest.highest(silver.CONSENTS.name)
    going_back = [table for table in CONSENTED if moved.get(table.name, WITHDRAWN) != WITHDRAWN]
    if newest is None or not going_back:
        return {}
    then = app.manifest.current(to)

    def as_then(table: Table) -> DataFrame:
        return app.store.read(table, version=then[table.name].version) if table.name in then else app.store.empty(table)

    uses = uses_open_at(
        as_then(silver.IDENTITIES),
        as_then(silver.ACCOUNTS),
        app.store.read(silver.CONSENTS, version=newest),
        min_age=app.settings.privacy.min_age,
        as_of=next_as_of(app),
    )
    allowed = uses.where(F.array_contains("scopes", "profiling")).persist(StorageLevel.DISK_ONLY)
    try:
        found = {table.name: _recommit(app, claim, table, moved[table.name], allowed) for table in going_back}
    finally:
        allowed.unpersist()
    return {name: version for name, version in found.items() if version is not None}


def _recommit(app: Application, claim: Claim, table: Table, went_back_to: int, allowed: DataFrame) -> int | None:
    """Commit the newest as_of of what goes back as consents allow it now; None if that changes nothing."""
    before = app.ledger.days(table)
    if not before:
        return None
    day = max(before)
    of_day = app.store.read(table, version=went_back_to, days=[date.fromisoformat(day)])
    consented = conform(consented_rows(table)(of_day, allowed), table).persist(StorageLevel.DISK_ONLY)
    try:
        content = contents_by_day(consented, table).get(day, DayContent(Digest()))
        if content == before[day].content:
            return None
        entry = replace(
            before[day],
            kind="rollback",
            content=content,
            run_id=app.run_id,
            token=claim.token,
            recorded_at=app.clock(),
            sequence=sequence_of(claim.token, len(before)),  # after those of the rollback itself
        )
        app.store.restore(table, version=went_back_to)
        ride = commit_entry(uuid4().hex, [entry])
        version = app.store.replace_days(table, consented, days=[date.fromisoformat(day)], entry=ride)
    finally:
        consented.unpersist()
    app.ledger.add([replace(entry, version=version)])
    return version
