"""What is beyond its retention and may go, and what its going closes: nothing is ever built from days that are gone."""

from __future__ import annotations

import logging
from datetime import date, timedelta

from pyspark.sql import Column
from pyspark.sql import functions as F

from reclake.errors import UsageError
from reclake.lake.ledger import EXPIRED, Entry
from reclake.lake.log import Commit
from reclake.sources.source import Source
from reclake.tables import Table, bronze

from .application import Application
from .plan import Planner, Scope
from .sources_named import require_sources_named

logger = logging.getLogger("reclake")
_MARGIN_DAYS = 30  # between the last day that is closed to files and the first that may still be late


def require_raw_records_can_go(app: Application) -> None:
    """Refuse a retention of raw records that would close days on which deliveries may still come.

    Raises
    ------
    UsageError
        When raw records have a retention, or had one, beside a source whose files come for days of long ago: a historical
        one, whose every day is compared with all days before it as well, or one with a fixed day; when the retention is too
        short, or too much is gone, for the limits of the sources; when the lake holds a source that is not enabled.
    """
    raw_days, first_open = app.settings.retention.raw_days, open_from(app)
    if not raw_days and first_open is None:
        return
    require_sources_named(app)
    if of_long_ago := sorted(name for name, source in app.sources.items() if _brings_days_of_long_ago(source)):
        raise UsageError(
            "raw records cannot have a retention beside a source of long ago",
            f"{', '.join(of_long_ago)}: it is historical, or a feed of it has a fixed day",
            "keep the source in a lake of its own"
            if first_open
            else "set retention.raw_days to 0, or keep it in a lake of its own",
        )
    planner = app.planner(Scope())
    reach = max(planner.reach(table) for table in bronze.TABLES)
    least = reach + planner.late_days + _MARGIN_DAYS
    if raw_days and raw_days < least:
        raise UsageError(
            "raw records go before late deliveries may have come",
            f"retention.raw_days is {raw_days}; with the limits of the sources {least} are needed",
            "raise retention.raw_days, or lower repeat_days and late_limit_days of the sources",
        )
    last_late = app.clock().date() - timedelta(days=planner.late_days)
    if first_open is not None and first_open > last_late:
        raise UsageError(
            "deliveries of these days could not be built",
            f"days before {first_open} look back to raw records that are gone",
            "lower repeat_days of the sources, or wait until then",
        )


def _brings_days_of_long_ago(source: Source) -> bool:
    return source.historical or any(feed.delivery_day.from_ == "fixed" for feed in source.feeds.values())


def open_from(app: Application) -> date | None:
    """The first delivery day that every table can still be built for; None where no raw records are gone."""
    gone = {table: days for table in bronze.TABLES if (days := app.ledger.expired(table))}
    if not gone:
        return None
    planner = app.planner(Scope())
    return max(date.fromisoformat(days[-1]) + timedelta(days=1 + planner.reach(table)) for table, days in gone.items())


def first_kept(app: Application, table: Table) -> date | None:
    """The first day whose rows stay; None for a table that keeps all of them.

    Counted back from today; for a table of as_ofs from its newest one, so that a lake of a closed shop, or of old files, keeps
    what it was made for.
    """
    if table.retention is None:
        return None
    n_days, until = getattr(app.settings.retention, table.retention.setting), app.clock().date()
    if table.is_as_of:
        until = min(until, date.fromisoformat(max(app.ledger.days(table), default=str(until))))
    return until - timedelta(days=n_days) if n_days else None


def expired_days(app: Application, table: Table) -> dict[str, Entry]:
    """The days beyond the retention that may go, with their entries; of raw records, those that nothing needs any more."""
    first = first_kept(app, table)
    if first is None:
        return {}
    old = {day: entry for day, entry in app.ledger.days(table).items() if day < str(first)}
    if not old or table.layer != "bronze":
        return old
    needed = _needed(app, app.planner(Scope()), table)
    # Days before one that went are closed to files: what is needed holds back whatever comes after it.
    first_needed = min(old.keys() & needed, default=str(first))
    chosen = {day: entry for day, entry in old.items() if day < first_needed}
    if len(chosen) < len(old):
        told = "%d days of %s beyond their retention stay, as %s may still be needed"
        logger.warning(told, len(old) - len(chosen), table.name, first_needed)
    return chosen


def _needed(app: Application, planner: Planner, table: Table) -> set[str]:
    """Raw days that a reader has still to be built from as they are now, or would be after a rollback."""
    rollback_days = app.settings.lake.keep_manifests_days + app.settings.maintenance.longest_reader_days
    not_before, needed = app.clock() - timedelta(days=rollback_days), planner.unread(table)
    for reader, i in planner.day_readers(table):
        # A manifest from before its first build may come back: then it is built again.
        new = [day for day, at in app.ledger.first_built(reader).items() if at >= not_before]
        needed |= planner.read_for(i, new)
    return needed


def expired_rows(app: Application, table: Table, version: int) -> Column | None:
    """Which rows of the runner's own table are beyond its retention; None if none are."""
    first = first_kept(app, table)
    if table.retention is None or first is None:
        return None
    old = F.col(table.retention.column) < F.lit(first)
    return None if app.store.read(table, version=version).where(old).isEmpty() else old


def is_expiry(commit: Commit) -> bool:
    """Whether the commit did nothing but remove days that were beyond their retention."""
    entries = commit.user_metadata.get("ledger", [])
    return bool(entries) and all(entry["kind"] == EXPIRED for entry in entries)
