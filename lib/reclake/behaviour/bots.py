"""Rules that tell a machine from a person; any one of them is enough, and none of them clears anybody.

By name: the user agent is on the list of crawlers of the package crawler-user-agents, whose patterns are case-sensitive
(ignoring case hits mail clients). A missing or blank user agent decides nothing.

By behaviour, of one unit on one event day: more events in some 60 seconds than a hand can make, an even rhythm, or
activity in nearly every hour. Thresholds are settings.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

import crawleruseragents
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf
from pyspark.sql.types import BooleanType

UNIT_DAY = ("source", "unit_id", "event_date")

_MINUTE = 60_000_000  # microseconds


class BotLimits(Protocol):
    """The settings section `bots`."""

    @property
    def max_events_per_minute(self) -> int: ...
    @property
    def min_events_for_rhythm(self) -> int: ...
    @property
    def min_gap_deviation(self) -> float: ...
    @property
    def max_active_hours(self) -> int: ...


@lru_cache(maxsize=65_536)
def is_listed(user_agent: str) -> bool:
    """Whether the user agent is on the list of crawlers.

    Examples
    --------
    >>> is_listed("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
    True
    >>> is_listed("Mozilla/5.0 (Windows NT 6.1; rv:32.0) Gecko/20100101 Firefox/32.0"), is_listed("")
    (False, False)
    """
    return bool(user_agent.strip()) and bool(crawleruseragents.is_crawler(user_agent))


@arrow_udf(BooleanType())  # type: ignore[call-overload, untyped-decorator]
def is_crawler(user_agent: pa.Array) -> pa.Array:
    """Whether the user agent is on the list of crawlers; null for null. 1,500 patterns are tried once per distinct value."""
    coded = user_agent.dictionary_encode()
    listed = pa.array([is_listed(distinct) for distinct in coded.dictionary.to_pylist()], pa.bool_())
    return listed.take(coded.indices)


def with_activity(events: DataFrame) -> DataFrame:
    """Adds what a unit did on the event day to each of its events; needs `unit_id`.

    `n_day_events`; `max_minute_events`, the most events within 60 seconds; `gap_mean` and `gap_deviation` in
    microseconds; `n_active_hours`, clock hours (UTC) with an event. All windows share one exchange and one sort.
    """
    # Events of the same moment are interchangeable here, so their order needs no tie-breaker.
    in_time = W.partitionBy(*UNIT_DAY).orderBy("moment")
    whole_day = W.partitionBy(*UNIT_DAY).rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    last_minute = in_time.rangeBetween(-(_MINUTE - 1), W.currentRow)
    timed = events.withColumns({"moment": F.unix_micros("occurred_at"), "hour": F.date_trunc("hour", "occurred_at")})
    paced = timed.withColumns({
        "n_minute_events": F.count(F.lit(1)).over(last_minute),
        "gap": F.col("moment") - F.lag("moment").over(in_time),
        "is_new_hour": ~F.lag("hour").over(in_time).eqNullSafe(F.col("hour")),
    })
    return paced.withColumns({
        "n_day_events": F.count(F.lit(1)).over(whole_day),
        "max_minute_events": F.max("n_minute_events").over(whole_day),
        "gap_mean": F.avg("gap").over(whole_day),
        "gap_deviation": F.stddev_pop("gap").over(whole_day),
        "n_active_hours": F.sum(F.col("is_new_hour").cast("int")).over(whole_day),
    })


def behaviour_rules(limits: BotLimits) -> dict[str, Column]:
    """The rules by behaviour, by name, over the columns of `with_activity`.

    Gaps that are all 0 have no rhythm: a till that writes a whole receipt at one moment is no machine's pace.
    """
    has_rhythm = (F.col("n_day_events") >= limits.min_events_for_rhythm) & (F.col("gap_mean") > 0)
    return {
        "events_per_minute": F.col("max_minute_events") > limits.max_events_per_minute,
        "rhythm": has_rhythm & (F.col("gap_deviation") < limits.min_gap_deviation * F.col("gap_mean")),
        "active_hours": F.col("n_active_hours") > limits.max_active_hours,
    }


def bot_reason(rules: Mapping[str, Column]) -> Column:
    """The names of the rules that are met, sorted and joined by "; "; null if none is. A rule without an answer is not met."""
    met = [F.when(rule, F.lit(name)) for name, rule in sorted(rules.items())]
    return F.nullif(F.array_join(F.array_compact(F.array(*met)), "; "), F.lit("")) if met else F.lit(None).cast("string")
