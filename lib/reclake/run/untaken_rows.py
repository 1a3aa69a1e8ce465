"""Files that were not taken in as rows of ops.untaken_files, and whether a listing of them is still true; needs no Spark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from reclake.sources.found import Waiting
from reclake.sources.sorting import finished_name
from reclake.sources.source import RECORDS, Source

NONE = "none"  # the state of the one row of a listing in which every file was taken in
_RENEWED_DAYS = 30  # a listing that still holds is noted again after this, long before its rows expire


def rows_of(source: Source, files: Iterable[Waiting]) -> list[dict[str, Any]]:
    """One row per file, by name; `listed_at` and `run_id` are the run's."""
    return [_row(source, file) for file in sorted(files, key=lambda file: file.file_name)]


def still_holds(newest: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], *, now: datetime) -> bool:
    """Whether the newest listing of a source tells what lies there now, and need not be noted again yet."""
    is_known = {_known(row) for row in rows} == {_known(row) for row in newest if row["state"] != NONE}
    return is_known and (not rows or now - newest[0]["listed_at"] < timedelta(days=_RENEWED_DAYS))


def _known(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """What makes a file another one to tell: of one that waits its reason tells an age, which only grows."""
    return row["file_name"], row["state"], "" if row["state"] == "waiting" else row["reason"]


def _row(source: Source, file: Waiting) -> dict[str, Any]:
    name = source.feed_name(finished_name(file.file_name)) if file.state != "unmatched" else None
    feed = source.feeds[name] if name is not None else None
    return {
        "source": source.name,
        "file_name": file.file_name,
        "state": file.state,
        "reason": file.reason,
        "feed": name,
        "record_table": RECORDS[feed.table].name if feed else None,
        "delivery_day": feed.delivery_day.day_of(file.file_name) if feed else None,
    }
