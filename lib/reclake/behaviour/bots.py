"""Rules that tell a machine from a person; any one of them is enough.

By name: the user agent is on the list of crawlers of the package crawler-user-agents, whose patterns are case-sensitive
(ignoring case hits mail clients). A missing or blank user agent decides nothing.

By behaviour, of one unit on one event day: more events in some 60 seconds than a hand can make, an even rhythm, or
activity in nearly every hour. Thresholds are settings. Events that a client sends by itself (`automatic_events` of a
source) count for none of the three.

A player, a poll or a page that reloads has an even rhythm while a person sits before it. So the rhythm is outweighed by
evidence of a person: several logins or a purchase event of the unit on that day, or an order line of one of its logins
on that day or in the 30 days before (docs/decisions/0034). The other rules are not.
"""

from collections.abc import Mapping

import crawleruseragents
import pyarrow as pa
from pyspark.sql import Column, DataFrame, WindowSpec
from pyspark.sql import Window as W
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf
from pyspark.sql.types import BooleanType

from reclake.privacy.short_texts import kept_if_short

from .settings import BotSettings

UNIT_DAY = ("source", "unit_id", "event_date")

EVIDENCE_DAYS = 30  # days before the event day in which an order speaks for a person

_MINUTE = 60_000_000  # microseconds


@kept_if_short(65_536)
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


def with_activity(events: DataFrame, *, is_automatic: Column | None = None) -> DataFrame:
    """Adds what a unit did on the event day to each of its events; needs `unit_id`.

    `n_day_events`; `max_minute_events`, the most events within 60 seconds; `gap_mean` and `gap_deviation` in
    microseconds; `n_active_hours`, clock hours (UTC) with an event; `is_by_hand`, whether several logins or a purchase
    event speak for a person. All windows share one exchange and one sort.

    Parameters
    ----------
    is_automatic
        Which events count for nothing of this but `is_by_hand`; none without it.
    """
    # Events of the same moment are interchangeable here, so their order needs no tie-breaker.
    in_time = W.partitionBy(*UNIT_DAY).orderBy("moment")
    whole_day = W.partitionBy(*UNIT_DAY).rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    last_minute = in_time.rangeBetween(-(_MINUTE - 1), W.currentRow)
    counted = (lambda value: value) if is_automatic is None else (lambda value: F.when(~is_automatic, value))

    def before(name: str) -> Column:
        """The value of the last counted event before."""
        if is_automatic is None:
            return F.lag(name).over(in_time)
        return F.last(name, ignorenulls=True).over(in_time.rowsBetween(W.unboundedPreceding, -1))

    timed = events.withColumns({
        "moment": F.unix_micros("occurred_at"),
        "counted_moment": counted(F.unix_micros("occurred_at")),
        "hour": counted(F.date_trunc("hour", "occurred_at")),
    })
    paced = timed.withColumns({
        "n_minute_events": F.count("counted_moment").over(last_minute),
        "gap": F.col("counted_moment") - before("counted_moment"),
        "is_new_hour": F.col("hour").isNotNull() & ~before("hour").eqNullSafe(F.col("hour")),
    })
    return paced.withColumns({
        "n_day_events": F.count("counted_moment").over(whole_day),
        "max_minute_events": F.max("n_minute_events").over(whole_day),
        "gap_mean": F.avg("gap").over(whole_day),
        "gap_deviation": F.stddev_pop("gap").over(whole_day),
        "n_active_hours": F.sum(F.col("is_new_hour").cast("int")).over(whole_day),
        "is_by_hand": _is_by_hand(whole_day),
    })


def _is_by_hand(whole_day: WindowSpec) -> Column:
    """Whether the unit's day holds several logins or a purchase event."""
    first_login, last_login = (of("login_account_id").over(whole_day) for of in (F.min, F.max))
    has_bought = F.max(F.col("event_type") == "purchase").over(whole_day)
    return F.coalesce(first_login != last_login, F.lit(False)) | F.coalesce(has_bought, F.lit(False))


def days_of_buyers(events: DataFrame, order_lines: DataFrame, *, min_events: int) -> DataFrame:
    """One row per unit and day with that many events or more, a login of which has an order line up to 30 days before.

    Needs `unit_id`. A return speaks for a person as well.
    """
    # One exchange of keys finds the busy days; only their logins meet the orders.
    logins = (
        events
        .groupBy(*UNIT_DAY)
        .agg(F.count(F.lit(1)).alias("n"), F.collect_set("login_account_id").alias("logins"))
        .where(F.col("n") >= min_events)
        .select(*UNIT_DAY, F.explode("logins").alias("login_account_id"))
    )
    ordered = order_lines.where(F.col("account_id").isNotNull()).select("account_id", F.col("event_date").alias("ordered_day"))
    is_recent = F.date_diff("event_date", "ordered_day").between(0, EVIDENCE_DAYS)
    bought = logins.join(ordered, (F.col("login_account_id") == F.col("account_id")) & is_recent, how="left_semi")
    return bought.select(*UNIT_DAY).distinct()


def behaviour_rules(limits: BotSettings, *, is_person: Column) -> dict[str, Column]:
    """The rules by behaviour, by name, over the columns of `with_activity`.

    Gaps that are all 0 have no rhythm: a till that writes a whole receipt at one moment is no machine's pace.

    Parameters
    ----------
    is_person
        Whether evidence of a person outweighs the rhythm.
    """
    has_rhythm = (F.col("n_day_events") >= limits.min_events_for_rhythm) & (F.col("gap_mean") > 0) & ~is_person
    return {
        "events_per_minute": F.col("max_minute_events") > limits.max_events_per_minute,
        "rhythm": has_rhythm & (F.col("gap_deviation") < limits.min_gap_deviation * F.col("gap_mean")),
        "active_hours": F.col("n_active_hours") > limits.max_active_hours,
    }


def bot_reason(rules: Mapping[str, Column]) -> Column:
    """The names of the rules that are met, sorted and joined by "; "; null if none is. A rule without an answer is not met."""
    met = [F.when(rule, F.lit(name)) for name, rule in sorted(rules.items())]
    return F.nullif(F.array_join(F.array_compact(F.array(*met)), "; "), F.lit("")) if met else F.lit(None).cast("string")
