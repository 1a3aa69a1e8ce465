"""Days and stages: which day's run has been built through which stage, and what is missing or stale."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from reclake import tables
from reclake.lake.digest import WHOLE
from reclake.lake.entries import Entries
from reclake.run.plan import Work
from reclake.tables import Table

_NEVER_BUILT = "never built"


def days_by_stages(ledger: Entries, works: Mapping[str, Work], *, limit: int) -> list[dict[str, Any]]:
    """One row per day, newest first: tables built, missing and stale of every stage, and why.

    An as_of stands at the day whose run builds it, the day before. Tables that are not cut into days are left out.
    """
    states: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    whys: dict[str, list[str]] = defaultdict(list)
    for table in tables.GATED:
        work = works[table.name]
        reasons = work.reasons
        for day in sorted({*ledger.days(table), *reasons} - {WHOLE}):
            why, at = reasons.get(day), _day_of_run(table, day)
            states[at][table.stage]["built" if why is None else "missing" if why == _NEVER_BUILT else "stale"] += 1
            if why is not None:
                whys[at].append(f"{table.name}: {why}")
            elif day in work.kept:
                whys[at].append(f"{table.name}: {work.kept[day]}, but it stays, as the raw records are gone")
    return [
        {
            "day": day,
            **{stage: _counts(states[day][stage]) for stage in tables.STAGES},
            "why": "; ".join(whys[day]),
        }
        for day in sorted(states, reverse=True)[:limit]
    ]


def _day_of_run(table: Table, day: str) -> str:
    return str(date.fromisoformat(day) - timedelta(days=1)) if table.is_as_of else day


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[state]} {state}" for state in ("built", "missing", "stale") if counts[state])
