"""What somebody should be told of a day: stopped gates, thin, late or untaken deliveries, refused consents, unbuilt tables.

An alert names tables, sources, days, rules broken by number and measured shares; never a value of the data.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake import tables
from reclake.quality.verdict import FEW_REFUSED
from reclake.tables import Table, bronze, ops, silver

from .application import Application
from .ingest import files_to_take_in
from .refused_consents import NEXT_STEP, refused_by_delivery, sentence
from .report import named
from .runner import scope_of
from .settings import AlertsSettings
from .untaken import untaken_files


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to tell: what kind it is, of what it is told, and one sentence."""

    kind: str  # gate, freshness, consents, waiting, file, verdict, maintenance, deadline or failure
    subject: str
    told: str


def findings_of(app: Application, day: date) -> list[Finding]:
    """What the lake shows of the delivery day: the newest verdicts of its gates, its deliveries, and what is not built."""
    deliveries = _deliveries(app, day)
    gates = _stopped_gates(app)
    taken_in = {row["source"]: True for row in deliveries} | _files_came(app, day)
    return [
        *gates,
        *(finding for row in deliveries for finding in thin_or_late(row, app.settings.alerts)),
        *_undelivered(app.sources, taken_in),
        *_refused_consents(app, day),
        *_consents_not_taken_over(app, day, stopped={finding.subject for finding in gates}),
        *_waiting(app, day),
        *_untaken(app),
        *_unbuilt(app, day),
        *_unmaintained(app),
    ]


def _stopped_gates(app: Application) -> list[Finding]:
    """One per table whose newest verdict blocks it."""
    if app.store.newest(ops.GATE_RESULTS) is None:
        return []
    newest = W.partitionBy("table").orderBy(F.desc("checked_at"))
    rows = app.store.read_newest(ops.GATE_RESULTS).withColumn("place", F.row_number().over(newest))
    stopped = rows.where((F.col("place") == 1) & F.col("verdict").isin("failed", "broken")).orderBy("table")
    return [
        Finding("gate", row["table"], _stop_told(row))
        for row in stopped.select("table", "verdict", "n_failed", "n_expectations", "findings").collect()
    ]


def _stop_told(row: Row) -> str:
    """How many rules are broken, and of them the one that is not the suite's; a suite's text may quote anything."""
    told = f"{row['verdict']}: {row['n_failed']} of {row['n_expectations']} expectations"
    broken = {finding.get("rule") for finding in json.loads(row["findings"])}
    return f"{told}; more of a delivery was refused than its source allows" if FEW_REFUSED in broken else told


def _deliveries(app: Application, day: date) -> list[dict[str, Any]]:
    """The published rows of ops.freshness of one delivery day: one per source and records table."""
    measured = _published(app, ops.FRESHNESS, day).orderBy("source", "record_table")
    return [found.asDict() for found in measured.collect()]


def thin_or_late(row: Mapping[str, Any], alerts: AlertsSettings) -> list[Finding]:
    """What one row of ops.freshness shows beyond the limits; what was not measured is not beyond any."""
    subject = f"{row['source']} {row['record_table']} {row['delivery_day']}"
    hours = row["arrival_to_visible_seconds"] / 3600
    shares = {
        "completeness_share": alerts.min_completeness_share,
        "collection_share": alerts.min_collection_share,
        "volume_ratio": alerts.min_volume_ratio,
    }
    low = [(name, row[name], least) for name, least in shares.items() if row[name] is not None and row[name] < least]
    found = [Finding("freshness", subject, f"{name} is {value:.3f}, below {least}") for name, value, least in low]
    if hours > alerts.max_arrival_to_visible_hours:
        told = f"visible {hours:.1f} hours after it arrived, more than {alerts.max_arrival_to_visible_hours}"
        found.append(Finding("freshness", subject, told))
    return found


def _undelivered(sources: Iterable[str], taken_in: Mapping[str, bool]) -> list[Finding]:
    """One per enabled source that nothing came from, or nothing that could be taken in."""
    silent = (name for name in sorted(sources) if not taken_in.get(name))
    return [
        Finding("freshness", name, "every file was refused" if name in taken_in else "nothing was delivered") for name in silent
    ]


def _files_came(app: Application, day: date) -> dict[str, bool]:
    """Source → whether a file of the delivery day was taken in, of the sources that delivered one.

    Whether its records came further says nothing of that; nor does their number: a closed shop is no silent one.
    """
    files = _published(app, bronze.FILES, day).groupBy("source")
    rows = files.agg(F.bool_or(F.col("outcome") == "ingested").alias("is_taken_in")).collect()
    return {row["source"]: row["is_taken_in"] for row in rows}


def _published(app: Application, table: Table, day: date) -> DataFrame:
    """The published rows of a delivery day; none where nothing is published."""
    current = app.manifest.current()
    if table.name not in current:
        return app.store.empty(table)
    version = current[table.name].version
    return app.read(table, version=version, published=current).where(F.col("delivery_day") == F.lit(day))


def _refused_consents(app: Application, day: date) -> list[Finding]:
    """One per source whose consents of the delivery day were refused, readable account or not: each may be a withdrawal.

    They are counted where they were judged: what else was stopped keeps none of them back.
    """
    refused = refused_by_delivery(_published(app, silver.CONSENT_RECORDS, day)).orderBy("source").collect()
    return [
        Finding(
            "consents",
            f"{row['source']} {day}",
            f"{sentence(row['n_refused'], n_accounts=row['n_accounts'], n_unnamed=row['n_unnamed'])}; {NEXT_STEP}",
        )
        for row in refused
    ]


def _consents_not_taken_over(app: Application, day: date, *, stopped: Collection[str]) -> list[Finding]:
    """One per source with consents of the delivery day that bronze holds and silver.consent_records does not."""
    table = silver.CONSENT_RECORDS
    keys = list(table.key)
    came, judged = _published(app, bronze.CONSENTS, day), _published(app, table, day)
    left = came.join(judged.select(keys), on=keys, how="left_anti").groupBy("source").count().orderBy("source").collect()
    why = "is stopped" if table.name in stopped else "does not hold them yet"
    return [
        Finding(
            "consents",
            f"{row['source']} {day}",
            f"not taken over: {table.name} {why}; each of {row['count']:,} records may be a withdrawal",
        )
        for row in left
    ]


def _waiting(app: Application, day: date) -> list[Finding]:
    """One per source and delivery day with files that no run has looked at: they came after their day was run, or it never was.

    Later days are to come. A file whose name states no day is looked at by every run.
    """
    found = []
    unreadable = {(row["source"], row["file_name"]) for row in untaken_files(app) if row["state"] == "refused"}
    for name, source in sorted(app.sources.items()):
        new = (file for file in files_to_take_in(app, source) if (name, file.name) not in unreadable)
        files = Counter(file.day for file in new if file.day is not None and file.day <= day)
        found += [
            Finding("waiting", f"{name} {of}", f"{n} files are not taken in: run the day") for of, n in sorted(files.items())
        ]
    return found


def _untaken(app: Application) -> list[Finding]:
    """One per file that the last run left lying in a landing folder: waiting, refused, or of no feed; of many the first."""
    return [Finding("file", source, told) for source, told in (line.split(", ", 1) for line in named(untaken_files(app)))]


def _unbuilt(app: Application, day: date) -> list[Finding]:
    """One per table of the daily stages that still has work for the day."""
    planner = app.planner(scope_of(app, first=day, last=day))
    found = []
    for table in (table for stage in tables.STAGES for table in tables.of_stage(stage)):
        if reasons := Counter(planner.work(table).reasons.values()):
            found.append(Finding("verdict", table.name, f"not built: {'; '.join(sorted(reasons))}"))
    return found


def _unmaintained(app: Application) -> list[Finding]:
    """One per published table whose last maintenance, or else first publication, is too long ago: left, held or never begun."""
    limit, now = app.settings.alerts.max_days_without_maintenance, app.clock()
    if not limit:
        return []
    maintained = app.store.read_newest(ops.MAINTENANCE).select(F.col("table").alias("name"), F.col("recorded_at").alias("at"))
    begun = app.store.read_newest(ops.PUBLISHED_VERSIONS).groupBy("name").agg(F.min("published_at").alias("at"))
    last = {
        row["name"]: row["at"] for row in begun.unionByName(maintained).groupBy("name").agg(F.max("at").alias("at")).collect()
    }
    days = {name: (now - last[name]).days for name in app.manifest.current() if name in tables.BY_NAME}
    return [Finding("maintenance", name, f"none for {n} days") for name, n in sorted(days.items()) if n > limit]
