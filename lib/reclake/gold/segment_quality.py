"""gold.segment_quality: what the customers of each tier did in the 30 days after."""

from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.segment.orders import orders_of
from reclake.segment.wilson import normal_half_width, wilson
from reclake.tables.gold.segment_quality import QUALITY_DAYS

_AMOUNT = "decimal(18,4)"
_SPEND = "decimal(16,2)"  # of one customer, so that squares can be summed
_DIGITS = 2  # whole percents: more would give the count behind n_customers away


def segment_quality(
    people: DataFrame,
    customer_segments: DataFrame,
    order_lines: DataFrame,
    *,
    as_of: date,
    min_group_size: int,
    reporting_currency: str,
) -> DataFrame:
    """One row per tier of the as_of 30 days before that at least `min_group_size` customers stood in who are still known.

    Tiers are those that were published then. Who is no customer any more, after a withdrawal or a merge, has no
    after: `coverage_share` tells how many. Where one to nine bought, the mean would be the spend of them: it is null, and shares are
    whole percents (docs/decisions/0045). No rows where the as_of 30 days before was not built.

    Parameters
    ----------
    order_lines
        Those of the 30 days before `as_of`.
    """
    counted = _counted(_followed(people, customer_segments, order_lines, as_of=as_of, currency=reporting_currency))
    n = F.col("n_known")
    shares = {"coverage_share": n / F.col("n_before")}
    for name in ("bought", "stayed"):
        lower, upper = wilson(F.col(f"n_{name}"), n)
        shares |= {f"{name}_share": F.col(f"n_{name}") / n, f"{name}_lower_share": lower, f"{name}_upper_share": upper}
    # A customer whose spend no column holds would be missing from the mean; of few spenders it would tell what they spent.
    is_of_many = (F.col("n_bought") == 0) | (F.col("n_bought") >= min_group_size)
    mean = F.when(is_of_many & (F.col("n_spends") == n), F.col("spent").cast("double") / n)
    half = normal_half_width(F.col("spent"), F.col("spent_squared"), n)
    amounts = {
        "mean_spend_amount": mean,
        "lower_spend_amount": F.when(mean.isNotNull(), F.greatest(mean - half, F.lit(0.0))),
        "upper_spend_amount": mean + half,
    }
    return counted.where(n >= min_group_size).select(
        F.lit(as_of).alias("as_of_date"),
        F.lit(_before(as_of)).alias("before_as_of_date"),
        "tier_before",
        (n - n % min_group_size).alias("n_customers"),
        *(F.round(share, _DIGITS).alias(name) for name, share in shares.items()),
        F.lit(reporting_currency).alias("currency"),
        *(F.round(amount, 4).try_cast(_AMOUNT).alias(name) for name, amount in amounts.items()),
    )


def _before(as_of: date) -> date:
    return as_of - timedelta(days=QUALITY_DAYS)


def _followed(
    people: DataFrame, customer_segments: DataFrame, order_lines: DataFrame, *, as_of: date, currency: str
) -> DataFrame:
    """One row per customer of the as_of before: tier_before, is_known, has_bought, has_stayed, spend."""
    before = customer_segments.where(F.col("as_of_date") == F.lit(_before(as_of)))
    now = customer_segments.where(F.col("as_of_date") == F.lit(as_of)).select("customer_id", F.col("tier").alias("tier_now"))
    profiled = people.where("may_be_profiled").select("account_id", "customer_id")
    sold = orders_of(order_lines.join(profiled, on="account_id", how="inner")).where("ordered_day is not null")
    in_currency = F.when(F.col("currency") == currency, F.col("spend_amount"))
    spent = sold.groupBy("customer_id").agg(F.sum(in_currency).alias("spent"), F.lit(True).alias("has_bought"))
    is_known = F.col("tier_now").isNotNull()
    return (
        before
        .select("customer_id", F.col("tier").alias("tier_before"))
        .join(now, on="customer_id", how="left")
        .join(spent, on="customer_id", how="left")
        .select(
            "tier_before",
            is_known.alias("is_known"),
            (is_known & F.col("has_bought").isNotNull()).alias("has_bought"),
            (F.col("tier_now") == F.col("tier_before")).alias("has_stayed"),
            F.when(is_known, F.coalesce("spent", F.lit(0)).try_cast(_SPEND)).alias("spend"),
        )
    )


def _counted(followed: DataFrame) -> DataFrame:
    return followed.groupBy("tier_before").agg(
        F.count("*").alias("n_before"),
        F.count_if("is_known").alias("n_known"),
        F.count_if("has_bought").alias("n_bought"),
        F.count_if("has_stayed").alias("n_stayed"),
        F.count("spend").alias("n_spends"),
        F.sum("spend").alias("spent"),
        F.sum(F.col("spend") * F.col("spend")).alias("spent_squared"),
    )


def emptiness(
    people: DataFrame,
    customer_segments: DataFrame,
    order_lines: DataFrame,
    *,
    as_of: date,
    min_group_size: int,
    reporting_currency: str,
) -> DataFrame:
    """One row: as_of_date, and the reason why there is no tier to judge."""
    started = _before(as_of)
    n_then = F.count_if(F.col("as_of_date") == F.lit(started))
    reason = F.when(n_then == 0, f"no as_of of {started} was built").otherwise(
        f"every tier of {started} has fewer than {min_group_size} customers who are still known"
    )
    return customer_segments.agg(reason.alias("reason")).select(F.lit(as_of).alias("as_of_date"), "reason")
