"""What the business would lose with a customer: what they would be worth, times the probability that they are lost."""

from collections.abc import Sequence
from decimal import Decimal

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

FITTED, PAST_SPEND = "fitted", "past_spend"
_AMOUNT = "decimal(18,4)"
_LEAST_ALIVE = 0.001  # below it four decimals of the value say too little of what a living customer would be worth
_BUCKETS_PER_E_FOLD = 64
_MOST = Decimal(10) ** 14


def with_value_at_risk(customers: DataFrame, customer_value: DataFrame) -> DataFrame:
    """Adds value_at_risk_amount, lost_share and value_basis.

    A fitted value of the next 12 months counts the customer as alive with p_alive. So a living one would be worth value / p_alive,
    and value_at_risk_amount = value / p_alive · lost_share. `lost_share` is 1 − p_alive of the segments, or of the value where these
    have none. `value_basis` is fitted, or past_spend where no value is: then the spend so far takes the place of the worth, and
    all of it is at risk where nobody knows a probability. The amount is null where the spend is beyond what its column holds.

    Parameters
    ----------
    customers
        customer_id, currency, spend_amount, p_alive; any others stay.
    customer_value
        The rows of the as_of: customer_id, currency, value_amount, p_alive.
    """
    fitted = customer_value.where(F.col("value_amount").isNotNull()).select(
        "customer_id", "currency", F.col("value_amount").alias("fitted_value"), F.col("p_alive").alias("fitted_alive")
    )
    joined = customers.join(fitted, on=["customer_id", "currency"], how="left")
    is_fitted = F.coalesce(F.col("fitted_alive") >= _LEAST_ALIVE, F.lit(False))
    lost = 1.0 - F.coalesce("p_alive", "fitted_alive")
    worth = F.col("fitted_value").cast("double") / F.col("fitted_alive")
    at_risk = F.when(is_fitted, worth).otherwise(F.col("spend_amount").cast("double")) * F.coalesce(lost, F.lit(1.0))
    return joined.withColumns({
        "lost_share": lost,
        "value_basis": F.when(is_fitted, FITTED).otherwise(PAST_SPEND),
        # greatest would take 0 for null.
        "value_at_risk_amount": F.when(at_risk < 0, F.lit(0.0)).otherwise(F.round(at_risk, 4)).try_cast(_AMOUNT),
    }).drop("fitted_value", "fitted_alive")


def with_priority(listed: DataFrame, among: Sequence[str]) -> DataFrame:
    """Adds priority: 1 + how many of the same `among` have more at risk; equal amounts share it, a null one comes first.

    Exact, and no task holds all customers: they are counted by distinct amount, amounts are cut into buckets of similar size, and
    only the bucket totals are added up in one place.

    Parameters
    ----------
    listed
        The columns `among`, which hold no null, and value_at_risk_amount.
    among
        What is ranked apart, such as the purpose and the currency.
    """
    amount = F.coalesce("value_at_risk_amount", F.lit(_MOST)).cast("decimal(19,4)")
    counted = (
        listed.groupBy(*among, amount.alias("amount")).agg(F.count("*").alias("n")).withColumn("bucket", _bucket(F.col("amount")))
    )
    above_bucket = W.partitionBy(*among).orderBy(F.desc("bucket")).rowsBetween(W.unboundedPreceding, -1)
    buckets = (
        counted
        .groupBy(*among, "bucket")
        .agg(F.sum("n").alias("n_bucket"))
        .select(*among, "bucket", F.coalesce(F.sum("n_bucket").over(above_bucket), F.lit(0)).alias("n_above"))
    )
    above_amount = W.partitionBy(*among, "bucket").orderBy(F.desc("amount")).rowsBetween(W.unboundedPreceding, -1)
    n_greater = F.col("n_above") + F.coalesce(F.sum("n").over(above_amount), F.lit(0))
    ranks = counted.join(F.broadcast(buckets), on=[*among, "bucket"], how="inner").select(
        *among, "amount", (1 + n_greater).cast("long").alias("priority")
    )
    return listed.withColumn("amount", amount).join(ranks, on=[*among, "amount"], how="inner").drop("amount")


def _bucket(amount: Column) -> Column:
    """A number that never falls when the amount rises, which is at least 0."""
    return F.floor(F.log1p(amount.cast("double")) * _BUCKETS_PER_E_FOLD).cast("long")
