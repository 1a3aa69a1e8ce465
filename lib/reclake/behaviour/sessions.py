"""Where a unit's session begins.

A session ends with a pause longer than the gap, is not cut at midnight and belongs to the day on which it began. A day's
sessions are built from its own events and those of the two days around it. That is exact but for a unit that is active
through a whole day without a pause: whether a session that comes into such a day is the same as the one that leaves it
would depend on ever more days. So such a unit-day is cut at both its midnights, and no session holds more than parts of
two days.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.records.delivery import DELIVERY_ORDER

UNIT = ("source", "unit_id")
# By day first, so that the windows of a unit and of a unit's day share one sort; time says the same.
IN_TIME = ("event_date", "occurred_at", *DELIVERY_ORDER)

_MINUTE = 60_000_000  # microseconds


def _midnight(day: Column, timezone: str) -> Column:
    """The moment at which the business day begins, in microseconds."""
    return F.unix_micros(F.to_utc_timestamp(day.cast("timestamp"), timezone))


def with_session_starts(events: DataFrame, *, gap_minutes: int, timezone: str) -> DataFrame:
    """Adds `is_start`: whether the event begins a session of its `source` and `unit_id`."""
    in_time = W.partitionBy(*UNIT).orderBy(*IN_TIME)
    of_day = W.partitionBy(*UNIT, "event_date").rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    gap = F.lit(gap_minutes * _MINUTE)

    paused = events.withColumn("moment", F.unix_micros("occurred_at")).withColumns({
        "pause": F.col("moment") - F.lag("moment").over(in_time),
        "is_new_day": ~F.lag("event_date").over(in_time).eqNullSafe(F.col("event_date")),
    })
    pause_of_day = F.when(~F.col("is_new_day"), F.col("pause"))
    comes_early = F.min("moment").over(of_day) - _midnight(F.col("event_date"), timezone) <= gap
    stays_late = _midnight(F.date_add("event_date", 1), timezone) - F.max("moment").over(of_day) <= gap
    never_pauses = F.coalesce(F.max(pause_of_day).over(of_day), F.lit(0)) <= gap
    judged = paused.withColumn("is_full_day", comes_early & stays_late & never_pauses)

    is_cut = F.col("is_new_day") & (F.col("is_full_day") | F.lag("is_full_day").over(in_time))
    return judged.withColumn("is_start", F.col("pause").isNull() | (F.col("pause") > gap) | is_cut)
