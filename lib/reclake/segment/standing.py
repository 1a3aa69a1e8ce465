"""Every customer's tier at an as_of, and since when: reviewed at set days, so that no tier flaps.

A customer is reviewed on the day after each purchase and every `stay_days` after it. What is estimated counts from review to
review; in between only facts move a customer: a purchase, a visit, and the limits that the business sets. All of it follows
from what was done up to the as_of, whatever other as_ofs were built.
"""

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from .activity import state_at
from .alive import expected_rate_per_day, p_alive
from .learned import processes
from .reasons import CHINESE, ENGLISH, reason
from .settings import TiersSettings, TierWordsSettings
from .tiers import Standing, tier

_WEEK_DAYS = 7


def first_day_seen(as_of: date, tiers: TiersSettings) -> date:
    """The first day whose state is asked for: of the earliest review, or of the process learned the week before."""
    reviewed = as_of - timedelta(days=tiers.look_back_days + tiers.stay_days)
    return min(reviewed, week_start(as_of) - timedelta(days=_WEEK_DAYS)) - timedelta(days=1)


def week_start(as_of: date) -> date:
    """The Monday at or before the as_of, from which on a process holds for a week."""
    return as_of - timedelta(days=as_of.weekday())


def standings(activity: DataFrame, *, as_of: date, words: TierWordsSettings, tiers: TiersSettings) -> DataFrame:
    """One row per customer of `activity`: customer_id, tier and what goes with it in gold.customer_segments.

    `tier_since` is the first of the unbroken as_ofs up to this one that give the same tier, none more than
    `look_back_days` back. A review counts with the process of its own week, one from before last week with last week's.
    """
    week = week_start(as_of)
    learned = processes(
        activity,
        learned_at=(week, week - timedelta(days=_WEEK_DAYS)),
        min_repeats=tiers.min_repeats,
        sample_customers=tiers.sample_customers,
    )
    seen = activity.crossJoin(F.broadcast(learned)).select(
        "customer_id", "channels", "processes", F.inline(_days_seen(F.col("states"), as_of=as_of, tiers=tiers))
    )
    newest, before = F.get("processes", F.lit(0)), F.get("processes", F.lit(1))
    process = F.when(F.col("review_day") >= F.lit(week), newest).otherwise(before)
    judged = seen.withColumns({
        "p_alive": p_alive(newest, F.col("channels"), F.col("state"), F.col("day")),
        "expected_rate_per_day": expected_rate_per_day(newest, F.col("channels"), F.col("state"), F.col("day")),
        "reviewed_p_alive": p_alive(process, F.col("channels"), F.col("reviewed"), F.col("review_day")),
        "reviewed_rate": expected_rate_per_day(process, F.col("channels"), F.col("reviewed"), F.col("review_day")),
    }).withColumn("tier", tier(_standing(), words, stay_days=tiers.stay_days))
    return _newest(judged, words)


def _days_seen(states: Column, *, as_of: date, tiers: TiersSettings) -> Column:
    """The as_of and the days before it, each with the states of that day and of its last review."""
    first = as_of - timedelta(days=tiers.look_back_days)

    def seen(day: Column) -> Column:
        return F.struct(day.alias("day"), state_at(states, day).alias("state"))

    def reviewed(one: Column) -> Column:
        bought = F.date_add(one["state"]["last_order_date"], 1)
        periods = F.floor(F.date_diff(one["day"], bought) / tiers.stay_days).cast("int")
        review_day = F.date_add(bought, periods * tiers.stay_days)
        return F.struct(
            one["day"].alias("day"),
            one["state"].alias("state"),
            review_day.alias("review_day"),
            state_at(states, review_day).alias("reviewed"),
        )

    return F.transform(F.transform(F.sequence(F.lit(first), F.lit(as_of)), seen), reviewed)


def _standing() -> Standing:
    names = ("day", "state", "review_day", "reviewed", "reviewed_p_alive", "reviewed_rate")
    return Standing(*(F.col(name) for name in names))


def _newest(judged: DataFrame, words: TierWordsSettings) -> DataFrame:
    """The row of the newest day, with `tier_since` and the reasons."""
    kept = (
        *("day", "state", "review_day", "reviewed", "reviewed_p_alive", "reviewed_rate"),
        *("tier", "p_alive", "expected_rate_per_day"),
    )
    by_customer = judged.groupBy("customer_id").agg(
        F.max_by(F.struct(*kept), "day").alias("now"),
        F.collect_list(F.struct("day", "tier")).alias("tiers"),
    )
    others = F.filter("tiers", lambda one: one["tier"] != F.col("now.tier"))
    last_other = F.array_max(F.transform(others, lambda one: one["day"]))
    first = F.array_min(F.transform("tiers", lambda one: one["day"]))
    since = F.coalesce(F.date_add(last_other, 1), first).alias("tier_since")
    return by_customer.select("customer_id", "now.*", since).select(
        "customer_id",
        "tier",
        "p_alive",
        "expected_rate_per_day",
        F.col("state.last_visit_date").alias("last_visit_date"),
        "tier_since",
        reason(_standing(), F.col("tier"), words, ENGLISH).alias("tier_reason"),
        reason(_standing(), F.col("tier"), words, CHINESE).alias("tier_reason_zh"),
    )
