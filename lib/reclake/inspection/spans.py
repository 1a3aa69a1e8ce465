"""How far apart the times in one file lie."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from reclake.sources.times import moment

from .sample import Sample

_OUTLIERS = 0.05  # of the times at either end: a wrong clock makes no history
_SECONDS_A_DAY = 86_400


def days_within(sample: Sample, field: str) -> float:
    """Days between the early and the late times of the field in the head; 0 where it holds none.

    Of either end a twentieth is left out.
    """
    one = next((one for one in sample.fields if one.name == field), None)
    if one is None or one.looks not in ("time", "day"):
        return 0.0
    zone, form = ZoneInfo("UTC"), one.time_format
    written = Counter(value.strip() for row in sample.head.rows if (value := row.fields.get(field)))
    times = sorted(at for text in written.elements() if (at := _moment(text, form, zone)) is not None)
    n_out = int(len(times) * _OUTLIERS)
    if not times:
        return 0.0
    return (times[len(times) - 1 - n_out] - times[n_out]).total_seconds() / _SECONDS_A_DAY


@lru_cache(maxsize=1 << 15)
def _moment(text: str, form: str, zone: ZoneInfo) -> datetime | None:
    return moment(text, form, zone)
