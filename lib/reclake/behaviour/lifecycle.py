"""How customers move between being new, active and gone: by interval, and from day to day.

By interval (PostHog): new, first active ever; returning, active in the interval before too; resurrecting, active and neither;
dormant, active in the interval before and not in this one.

By day (retentioneering): somebody active is new on the first day of all, else current up to 7 days after the last active
day, reactivated up to 30, resurrected beyond. Somebody who is not is at_risk_wau up to 7 days after the last active day,
at_risk_mau up to 30, dormant beyond.
"""

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.behaviour.calendar import by_period, first_day, newest, past_end
from reclake.behaviour.retention import Followed

INTERVAL_STATES = ("new", "returning", "resurrecting", "dormant")
DAILY_STATES = ("new", "current", "reactivated", "resurrected", "at_risk_wau", "at_risk_mau", "dormant")
WAU_DAYS, MAU_DAYS = 7, 30
BEFORE_FIRST = "(none)"  # the state before the first activity
INTERVAL, DAILY = "interval", "daily"


def by_interval(intervals: DataFrame, *, as_of: date, followed: Followed) -> DataFrame:
    """One row per activity, period, interval shown and state: start_date, is_open, from_state (null), state, n_customers.

    An interval that is not past at `as_of` is open, and counts nobody.
    """
    last = newest(as_of)
    since = {period: number - followed[period].shown + 1 for period, number in last.items()}
    in_time = W.partitionBy("customer_id", "activity", "period").orderBy("interval")
    number, before, after = F.col("interval"), F.lag("interval").over(in_time), F.lead("interval").over(in_time)
    active = F.when(before.isNull(), "new").when(before == number - 1, "returning").otherwise("resurrecting")
    states = intervals.withColumns({"active": active, "next": after}).select(
        "activity",
        "period",
        F.inline(
            F.array(
                F.struct(number.alias("interval"), F.col("active").alias("state")),
                F.when(
                    ~F.col("next").eqNullSafe(number + 1),
                    F.struct((number + 1).alias("interval"), F.lit("dormant").alias("state")),
                ),
            )
        ),
    )
    counted = states.groupBy("activity", "period", "interval", "state").agg(F.count("*").alias("n"))
    period = F.col("period")
    first_ever = intervals.groupBy("activity", "period").agg(F.min("interval").alias("first"))
    shown = F.sequence(F.greatest("first", by_period(since, period)), by_period(last, period))
    grid = first_ever.select("activity", "period", F.explode(shown).alias("interval")).select(
        "*", F.explode(F.array(*map(F.lit, INTERVAL_STATES))).alias("state")
    )
    is_open = F.col("interval") >= by_period(past_end(as_of), period)
    return grid.join(counted, on=["activity", "period", "interval", "state"], how="left").select(
        "activity",
        F.lit(INTERVAL).alias("state_kind"),
        "period",
        first_day(F.col("interval"), period).alias("start_date"),
        is_open.alias("is_open"),
        F.lit(None).cast("string").alias("from_state"),
        "state",
        F.when(~is_open, F.coalesce("n", F.lit(0))).alias("n_customers"),
    )


def by_day(active: DataFrame, *, as_of: date, n_days: int) -> DataFrame:
    """One row per activity, day of the last `n_days` and flow from one state to the next: columns as `by_interval`.

    Those in a state on a day are the sum of the flows into it, and of the flows out of it on the next day. Who was never
    active before comes from BEFORE_FIRST. Only flows that somebody took within these days have rows.

    Parameters
    ----------
    active
        What `behaviour.activity.active_days` gives, of those who are counted.
    """
    since = as_of - timedelta(days=n_days)
    flows = _flows(active, as_of=as_of).where(F.col("last") >= F.lit(since))
    # +1 on the first day of a stretch and −1 after its last: the sum up to a day counts who is in it.
    begins = F.struct(F.greatest("first", F.lit(since)).alias("day"), F.lit(1).alias("change"))
    ends = F.struct(F.date_add("last", 1).alias("day"), F.lit(-1).alias("change"))
    flow = ("activity", "from_state", "state")
    changes = flows.select(*flow, F.inline(F.array(begins, ends))).groupBy(*flow, "day").agg(F.sum("change").alias("change"))
    days = F.sequence(F.lit(since), F.lit(as_of - timedelta(days=1)), F.expr("INTERVAL 1 DAY"))
    grid = changes.select(*flow).distinct().select(*flow, F.explode(days).alias("day"))
    up_to = W.partitionBy(*flow).orderBy("day").rowsBetween(W.unboundedPreceding, 0)
    counted = grid.join(changes, on=[*flow, "day"], how="left").withColumn("n", F.sum(F.coalesce("change", F.lit(0))).over(up_to))
    return counted.select(
        "activity",
        F.lit(DAILY).alias("state_kind"),
        F.lit("day").alias("period"),
        F.col("day").alias("start_date"),
        F.lit(False).alias("is_open"),
        "from_state",
        "state",
        F.col("n").alias("n_customers"),
    ).where(F.col("n_customers") > 0)


def _flows(active: DataFrame, *, as_of: date) -> DataFrame:
    """One row per customer, activity and stretch of days with the same flow: first, last, from_state, state."""
    in_time = W.partitionBy("customer_id", "activity").orderBy("day")
    gap = F.date_diff("day", F.lag("day").over(in_time))
    known = active.select(
        "customer_id",
        "activity",
        "day",
        gap.alias("gap"),
        _active_state(gap).alias("active"),
        F.coalesce(F.lead("day").over(in_time), F.lit(as_of)).alias("until"),
    ).withColumn("before", F.lag("active").over(in_time))
    # Yesterday was an active day, or one of the inactive days since.
    came_from = (
        F
        .when(F.col("gap").isNull(), BEFORE_FIRST)
        .when(F.col("gap") == 1, F.col("before"))
        .otherwise(_inactive_state(F.col("gap") - 1))
    )
    stretches = F.array(
        _stretch(0, 0, came_from, F.col("active")),
        _stretch(1, 1, F.col("active"), F.lit("at_risk_wau")),
        _stretch(2, WAU_DAYS, F.lit("at_risk_wau"), F.lit("at_risk_wau")),
        _stretch(WAU_DAYS + 1, WAU_DAYS + 1, F.lit("at_risk_wau"), F.lit("at_risk_mau")),
        _stretch(WAU_DAYS + 2, MAU_DAYS, F.lit("at_risk_mau"), F.lit("at_risk_mau")),
        _stretch(MAU_DAYS + 1, MAU_DAYS + 1, F.lit("at_risk_mau"), F.lit("dormant")),
        _stretch(MAU_DAYS + 2, None, F.lit("dormant"), F.lit("dormant")),
    )
    return known.select("activity", F.inline(stretches)).where(F.col("first") <= F.col("last"))


def _active_state(gap: Column) -> Column:
    return (
        F.when(gap.isNull(), "new").when(gap <= WAU_DAYS, "current").when(gap <= MAU_DAYS, "reactivated").otherwise("resurrected")
    )


def _inactive_state(n_days: Column) -> Column:
    return F.when(n_days <= WAU_DAYS, "at_risk_wau").when(n_days <= MAU_DAYS, "at_risk_mau").otherwise("dormant")


def _stretch(first: int, last: int | None, from_state: Column, state: Column) -> Column:
    """The days `first` to `last` after an active day that lie before the next one; empty where last comes before first."""
    end = F.date_sub("until", 1)
    return F.struct(
        F.date_add("day", first).alias("first"),
        (end if last is None else F.least(F.date_add("day", last), end)).alias("last"),
        from_state.alias("from_state"),
        state.alias("state"),
    )
