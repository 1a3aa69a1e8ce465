"""What somebody should be told of a day: stopped gates, refusals, thin, late or missing deliveries, consents, unbuilt tables.

An alert names tables, sources, days, rules broken by number and measured shares; never a value of the data.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from reclake import tables
from reclake.quality.verdict import FEW_REFUSED
from reclake.records.raw_json import EMPTY
from reclake.run.consent_words import NEXT_STEP, sentence
from reclake.run.plan import Planner
from reclake.run.posting import Finding
from reclake.run.report import named
from reclake.run.scope import last_delivery_day, scope_of
from reclake.run.settings import AlertsSettings
from reclake.tables import Table, bronze, ops, serving, silver

from .conditions import Condition
from .lake import Look
from .listings import Rows
from .refusals import files_of_day, is_refused_of, refusals
from .verdicts import blocking
from .waiting import counted_by_day, files_to_take_in, untaken


def findings_of(look: Look, day: date, *, as_ofs: Sequence[date] = ()) -> list[Finding]:
    """What the lake shows of the delivery day: the newest verdicts of its gates, its deliveries, and what is not built.

    Parameters
    ----------
    as_ofs
        The as_ofs that the day's run was asked for by name.
    """
    deliveries, blocked, left = _deliveries(look, day), blocking(look), untaken(look)
    planner, files = _planner(look, day, as_ofs), files_of_day(look, day, left)
    gates = _stopped_gates(blocked)
    waiting = _waiting(look, day, left)
    heard = {row["source"] for row in deliveries} | files.keys() | {name for name, of in waiting if of == day}
    heard |= {file["source"] for file in left if file["delivery_day"] == day}  # also one that is still being written
    return [
        *gates,
        *refusals(blocked, files, planner, day),
        *(finding for row in deliveries for finding in thin_or_late(row, look.settings.alerts)),
        *undelivered(look.sources, heard, day),
        *_refused_consents(look, day),
        *_consents_not_taken_over(look, day, stopped={finding.subject for finding in gates}),
        *(Finding("waiting", f"{name} {of}", f"{n} files are not taken in: run the day") for (name, of), n in waiting.items()),
        *_untaken([file for file in left if not is_refused_of(file, day)]),
        *_unbuilt(planner),
        *_unmaintained(look),
        *_short_lists(look, day),
    ]


def _stopped_gates(blocked: Rows) -> list[Finding]:
    """One per table whose newest verdict blocks it."""
    return [Finding("gate", row["table"], _stop_told(row)) for row in blocked]


def _stop_told(row: Mapping[str, Any]) -> str:
    """How many rules are broken, and of them the one that is not the suite's; a suite's text may quote anything."""
    told = f"{row['verdict']}: {row['n_failed']} of {row['n_expectations']} expectations"
    broken = {finding.get("rule") for finding in json.loads(row["findings"])}
    return f"{told}; more of a delivery was refused than its source allows" if FEW_REFUSED in broken else told


def _deliveries(look: Look, day: date) -> list[dict[str, Any]]:
    """The published rows of ops.freshness of one delivery day: one per source and records table."""
    order = (("source", False), ("record_table", False))
    return look.reader.rows(ops.FRESHNESS, where=_of(day), order=order)


def _of(day: date) -> Sequence[Condition]:
    return (Condition("delivery_day", "=", (day,)),)


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


def undelivered(sources: Iterable[str], heard: Collection[str], day: date) -> list[Finding]:
    """One per enabled source of which no file came for the day, taken in or not; one for the day where that holds for all."""
    enabled = sorted(sources)
    silent = [name for name in enabled if name not in heard]
    if len(silent) > 1 and silent == enabled:
        return [Finding("freshness", str(day), f"nothing was delivered by any of {len(silent)} sources: {', '.join(silent)}")]
    return [Finding("freshness", name, "nothing was delivered") for name in silent]


def _refused_consents(look: Look, day: date) -> list[Finding]:
    """One per source whose consents of the delivery day were refused, readable account or not: each may be a withdrawal.

    They are counted where they were judged: what else was stopped keeps none of them back.
    """
    sql = (
        "SELECT source, count(*), count(DISTINCT account_id), count(*) FILTER (account_id IS NULL) FROM rows "
        "WHERE delivery_day = ? AND record_class = 'rejected' AND reasons <> [?] GROUP BY source ORDER BY source"
    )
    columns = ("source", "account_id", "delivery_day", "record_class", "reasons")
    refused = look.reader.query(silver.CONSENT_RECORDS, sql, columns=columns, where=_of(day), parameters=[day, EMPTY])
    return [
        Finding("consents", f"{source} {day}", f"{sentence(n, n_accounts=n_accounts, n_unnamed=n_unnamed)}; {NEXT_STEP}")
        for source, n, n_accounts, n_unnamed in refused
    ]


def _consents_not_taken_over(look: Look, day: date, *, stopped: Collection[str]) -> list[Finding]:
    """One per source with consents of the delivery day that bronze holds and silver.consent_records does not."""
    table: Table = silver.CONSENT_RECORDS
    keys = ", ".join(table.key)
    sql = (
        f"SELECT source, count(*) FROM rows ANTI JOIN judged USING ({keys}) "
        "WHERE delivery_day = ? GROUP BY source ORDER BY source"
    )
    columns, beside = tuple(dict.fromkeys((*table.key, "source", "delivery_day"))), {"judged": (table, table.key)}
    left = look.reader.query(bronze.CONSENTS, sql, columns=columns, where=_of(day), parameters=[day], beside=beside)
    why = "is stopped" if table.name in stopped else "does not hold them yet"
    return [
        Finding("consents", f"{source} {day}", f"not taken over: {table.name} {why}; each of {n:,} records may be a withdrawal")
        for source, n in left
    ]


def _waiting(look: Look, day: date, left: Rows) -> dict[tuple[str, date], int]:
    """Source and delivery day → files that no run has looked at: they came after their day was run, or it never was.

    Later days are to come. A file whose name states no day is looked at by every run.
    """
    counts = {}
    unreadable = {(row["source"], row["file_name"]) for row in left if row["state"] == "refused"}
    for name, source in sorted(look.sources.items()):
        files = counted_by_day([file for file in files_to_take_in(look, source) if (name, file.name) not in unreadable], day)
        counts.update({(name, of): n for of, n in sorted(files.items())})
    return counts


def _untaken(left: Rows) -> list[Finding]:
    """One per file that the last run left lying in a landing folder: waiting, refused, or of no feed; of many the first."""
    return [Finding("file", source, told) for source, told in (line.split(", ", 1) for line in named(left))]


def _planner(look: Look, day: date, as_ofs: Sequence[date]) -> Planner:
    """The plan of the day.

    An as_of that was never built is absent and not stale, but for those that are named, that of the newest delivery, and
    those that a rollback took back.
    """
    scope = scope_of(look.lake, first=day, last=day, as_ofs=as_ofs)
    if not as_ofs and day != last_delivery_day(look.lake):
        scope = replace(scope, as_ofs=())
    return look.lake.planner(scope)


def _unbuilt(planner: Planner) -> list[Finding]:
    """One per table of the daily stages that still has work for the day, as `reclake plan` shows it."""
    found = []
    for table in (table for stage in tables.STAGES for table in tables.of_stage(stage)):
        if reasons := Counter(planner.work(table).reasons.values()):
            found.append(Finding("verdict", table.name, f"not built: {'; '.join(sorted(reasons))}"))
    return found


def _unmaintained(look: Look) -> list[Finding]:
    """One per published table whose last maintenance, or else first publication, is too long ago: left, held or never begun."""
    limit, now = look.settings.alerts.max_days_without_maintenance, look.clock()
    if not limit:
        return []
    begun = "SELECT name, min(published_at) FROM rows GROUP BY name"
    maintained = 'SELECT "table", max(recorded_at) FROM rows GROUP BY 1'
    last = dict(look.reader.query(ops.PUBLISHED_VERSIONS, begun, columns=("name", "published_at")))
    for name, at in look.reader.query(ops.MAINTENANCE, maintained, columns=("table", "recorded_at")):
        last[name] = max(at, last.get(name, at))
    days = {name: (now - last[name]).days for name in look.reader.published if name in tables.BY_NAME}
    return [Finding("maintenance", name, f"none for {n} days") for name, n in sorted(days.items()) if n > limit]


def _short_lists(look: Look, day: date) -> list[Finding]:
    """One per scenario and block whose lists, of the as_of after the delivery day, are shorter than their rules allow."""
    of_as_of = (Condition("as_of_date", "=", (day + timedelta(days=1),)), Condition("position", "=", (1,)))
    rows = look.reader.rows(serving.SERVING_COVERAGE, where=of_as_of, order=(("scenario", False), ("block", False)))
    return short_lists(rows, look.settings.alerts)


def short_lists(rows: Iterable[Mapping[str, Any]], alerts: AlertsSettings) -> list[Finding]:
    """What rows of ops.serving_coverage show below the limit; a list that may rightly be empty has no share."""
    least = alerts.min_complete_share
    short = [row for row in rows if row["complete_share"] is not None and row["complete_share"] < least]
    return [
        Finding(
            "serving",
            f"{row['scenario']} {row['block']} {row['as_of_date']}",
            f"complete_share is {row['complete_share']:.3f}, below {least}: {row['n_complete']:,} of {row['n_servable']:,} lists are whole",
        )
        for row in short
    ]
