"""How a lake stands: its age, its tables and days, what waits, and what is let through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reclake import tables
from reclake.run.opened import business_day
from reclake.run.plan import Planner, Work, counted
from reclake.run.scope import last_delivery_day
from reclake.run.waivers import in_force
from reclake.tables import ops

from .days import days_by_stages
from .lake import Look
from .listings import Rows
from .waiting import untaken, waiting

_WAITING = "{files:,} files of source {source} wait to be taken in"


def status(look: Look, planner: Planner, *, limit: int) -> dict[str, Any]:
    """Listings by name, of which each table's work is derived once, and the lake's own line.

    Parameters
    ----------
    limit
        Days that are listed, the newest ones.
    """
    works = {table.name: planner.work(table) for table in tables.GATED}
    return {
        "lake": lake(look),
        "days": days_by_stages(look.lake.ledger, works, limit=limit),
        "tables": of_tables(look, works),
        "waiting": waiting(look),
        "files": files(look),
        "waivers": waivers(look),
    }


def lake(look: Look) -> dict[str, Any]:
    """Where the lake lies, the manifest that is read, and how old its newest delivery is."""
    newest = last_delivery_day(look.lake)
    return {
        "root": look.reader.root,
        "manifest_id": look.reader.manifest_id,
        "newest_delivery": None if newest is None else str(newest),
        "age_days": None if newest is None else (business_day(look.clock(), look.settings) - newest).days,
    }


def headline(of_lake: Mapping[str, Any]) -> str:
    """The lake in one line.

    Examples
    --------
    >>> headline({"root": "/lake", "manifest_id": 7, "newest_delivery": "2026-03-01", "age_days": 272})
    'lake /lake, manifest 7: newest delivery 2026-03-01, 272 days ago'
    """
    place = f"lake {of_lake['root']}, manifest {of_lake['manifest_id']}"
    if of_lake["newest_delivery"] is None:
        return f"{place}: nothing was delivered yet"
    n_days = of_lake["age_days"]
    ago = "today" if n_days == 0 else "1 day ago" if n_days == 1 else f"{n_days:,} days ago" if n_days > 0 else "in the future"
    return f"{place}: newest delivery {of_lake['newest_delivery']}, {ago}"


def of_tables(look: Look, works: Mapping[str, Work]) -> Rows:
    """Every declared table: days built, what is missing or stale and why, and what is published."""
    ledger, published = look.lake.ledger, look.reader.published
    rows: Rows = []
    for table in tables.GATED:
        entries, work, row = ledger.days(table), works[table.name], published.get(table.name)
        rows.append({
            "stage": table.stage,
            "table": table.name,
            "state": "stale" if work.reasons else "built" if entries or row else "not fed",
            "days": len(entries),
            "last_day": max(entries, default=""),
            "stale_days": len(work.reasons),
            "kept_days": len(work.kept),  # as earlier code or settings made them, as their raw records are gone
            "why": counted([*work.reasons.values(), *(f"kept: {why}" for why in work.kept.values())]),
            "published_version": row.version if row else None,
            "rows": ledger.n_rows(table) or (row.n_rows if row else 0),
        })
    return rows


def waivers(look: Look) -> Rows:
    """Waivers in force."""
    rows = look.reader.rows(ops.WAIVERS)
    return [{**row, "expires_at": str(row["expires_at"])} for row in in_force(rows, look.clock())]


def files(look: Look) -> Rows:
    """Files that lie in a landing folder and were not taken in, as the last run that looked there noted them."""
    shown = ("source", "file_name", "state", "reason", "delivery_day", "listed_at")
    return [{name: row[name] for name in shown} for row in untaken(look)]


def waiting_sentences(rows: Rows) -> list[str]:
    """What waits, as a sentence per source."""
    return [_WAITING.format(**row) + (f", {row['first_day']} … {row['last_day']}" if row["first_day"] else "") for row in rows]
