"""gold.customer_value: what each customer will buy in the next twelve months, and what that is worth today."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.value.purchases import observed
from reclake.value.purchasing import PARAMETERS
from reclake.value.scoring import SPENDING, with_forecasts
from reclake.value.settings import ValueSettings

_AMOUNT = "decimal(18,4)"


def customer_value(
    purchases: DataFrame, value_models: DataFrame, *, as_of: date, value: ValueSettings, reporting_currency: str
) -> DataFrame:
    """One row per customer who may be profiled and has bought, by the models of the same as_of.

    One day's purchases count once. An amount that the column cannot hold is null, as in gold.customer_segments.
    """
    seen = observed(purchases, until=F.lit(as_of)).drop("n_later", "later_amount")
    of_lake = value_models.where(F.col("currency") == reporting_currency).select("model", "reason", *PARAMETERS)
    of_currency = value_models.select("currency", "spend_reason", *SPENDING)
    known = (
        seen
        .crossJoin(F.broadcast(of_lake))
        .join(F.broadcast(of_currency), on="currency", how="left")
        .withColumn("period_days", F.lit(value.period_days))
    )
    scored = with_forecasts(
        known,
        n_periods=value.horizon_periods,
        discount=value.discount_per_period,
        interval_share=value.interval_share,
    )
    reason = _reason()
    amounts = {
        f"{name}_amount": F.when(reason.isNull(), _amount(factor))
        for name, factor in (("value", "value_factor"), ("value_lower", "lower_factor"), ("value_upper", "upper_factor"))
    }
    mean = F.col("repeat_amount") / F.nullif("n_priced_repeats", F.lit(0))
    return scored.withColumns({
        "as_of_date": F.lit(as_of),
        "first_purchase_date": F.col("first_date"),
        "last_purchase_date": F.date_add("first_date", "last_repeat_days"),
        "repeat_mean_amount": mean.try_cast(_AMOUNT),
        "no_value_because": reason,
        **amounts,
    })


def _reason() -> Column:
    """Why there is no value; null where there is one."""
    return (
        F
        .when(F.col("r").isNull(), F.col("reason"))
        .when(F.col("spend_p").isNull(), F.coalesce("spend_reason", F.lit("too few customers spend in this currency")))
        .when((F.col("n_priced_repeats") > 0) & (F.col("repeat_amount") <= 0), "the repeat purchases sum to nothing")
    )


def _amount(factor: str) -> Column:
    return F.round(F.col(factor) * (F.col("spend_v") + F.col("repeat_amount").cast("double")), 4).try_cast(_AMOUNT)
