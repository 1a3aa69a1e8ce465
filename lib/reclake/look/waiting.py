"""What lies in the landing folders: files that the next run takes in, and those that it leaves as the last run noted them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

from reclake.errors import UsageError
from reclake.run.opened import located
from reclake.run.untaken_rows import NONE
from reclake.sources.found import OfferedFile
from reclake.sources.sorting import offered_locally
from reclake.sources.source import Source
from reclake.tables import bronze, ops

from .conditions import Condition
from .lake import Look


def files_to_take_in(look: Look, source: Source, *, days: Collection[date] | None = None) -> list[OfferedFile]:
    """The source's complete files that the next run would read; none while its folder is not there."""
    try:
        offered = _offered(look, source)
    except UsageError:
        return []  # nothing was ever delivered; a run says so
    wanted = [file for file in offered if file.day is None or days is None or file.day in days]
    decided = decided_on(look, source) if wanted else {}
    return [file for file in wanted if place_of(file) not in decided]


def _offered(look: Look, source: Source) -> list[OfferedFile]:
    """The complete files in the source's landing folder."""
    place = f"{located(look.home, look.settings.landing.root)}/{source.name}"
    now = look.clock().replace(tzinfo=UTC)  # as file times are
    if "://" not in place or place.startswith("file://"):
        return offered_locally(source, place.removeprefix("file://"), now=now)[0]
    from reclake.sources.landing import offered_files

    return offered_files(look.session(), source, place, now=now)[0]


def place_of(file: OfferedFile) -> tuple[str, int, int]:
    """Name, bytes and milliseconds of the last change: a file as it lies there."""
    return file.name, file.n_bytes, file.modified_millis


def decided_on(look: Look, source: Source) -> dict[tuple[str, int, int], str | None]:
    """Every file that a run has decided on, as it lay then → why it is refused; None once it was taken in."""
    of_source = (Condition("source", "=", (source.name,)),)
    noted = look.reader.rows(bronze.FILES, ("file_name", "n_bytes", "arrived_at", "outcome", "reason"), of_source)
    found: dict[tuple[str, int, int], str | None] = {}
    for row in noted:
        place = (row["file_name"], row["n_bytes"], _millis(row["arrived_at"]))
        known = found.get(place, "")
        is_in = row["outcome"] == "ingested" or known is None  # a replay may take in what was refused
        found[place] = None if is_in else max(known or "", row["reason"] or "")
    return found


def _millis(at: datetime) -> int:
    """Milliseconds since 1970 of a time in UTC."""
    return (at.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def waiting(look: Look) -> list[dict[str, Any]]:
    """One row per source: how many files the next run takes in, and of which days."""
    rows = []
    for name, source in sorted(look.sources.items()):
        files = files_to_take_in(look, source)
        days = sorted({file.day for file in files if file.day is not None})
        if files:
            rows.append({
                "source": name,
                "files": len(files),
                "first_day": days[0] if days else None,
                "last_day": days[-1] if days else None,
                "bytes": sum(file.n_bytes for file in files),
            })  # fmt: skip
    return rows


def counted_by_day(files: Collection[OfferedFile], until: date) -> Counter[date]:
    """Delivery day → files, of days that have come; a file whose name states no day is looked at by every run."""
    return Counter(file.day for file in files if file.day is not None and file.day <= until)


def untaken(look: Look) -> list[dict[str, Any]]:
    """The files of the newest listing of each enabled source that were not taken in, by source and name."""
    return [row for row in _newest_listings(look, tuple(sorted(look.sources))) if row["state"] != NONE]


def listed(look: Look, source: Source) -> list[dict[str, Any]]:
    """The newest listing of the source; one of a folder of which every file was taken in has one row, of no file."""
    return _newest_listings(look, (source.name,))


def _newest_listings(look: Look, sources: tuple[str, ...]) -> list[dict[str, Any]]:
    columns = [f.name for f in ops.UNTAKEN_FILES.fields]
    names = ", ".join(f'"{name}"' for name in columns)
    chosen = Condition("source", "in", sources)
    newest = f"(SELECT *, max(listed_at) OVER (PARTITION BY source) AS newest FROM rows WHERE {chosen.sql})"
    sql = f"SELECT {names} FROM {newest} WHERE listed_at = newest ORDER BY source, file_name"
    rows = look.reader.query(ops.UNTAKEN_FILES, sql, columns=columns, parameters=chosen.parameters)
    return [dict(zip(columns, row, strict=True)) for row in rows]
