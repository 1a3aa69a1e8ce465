"""gold.value_deciles: customers in tenths by forecast, and what came of them on days that the models had not seen."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.value.held_out import at_split, decile_rows, held_out, seen_at_split


def value_deciles(purchases: DataFrame, value_models: DataFrame, *, as_of: date, min_group_size: int) -> DataFrame:
    """One row per measure, unit and tenth of at least `min_group_size` customers who had bought by the split."""
    calibrated = at_split(value_models)
    buckets = held_out(seen_at_split(purchases, calibrated), calibrated)
    split = calibrated.agg(F.max("split_date").alias("split_date"))
    return (
        decile_rows(buckets, min_group_size=min_group_size).crossJoin(F.broadcast(split)).withColumn("as_of_date", F.lit(as_of))
    )


def emptiness(purchases: DataFrame, value_models: DataFrame, *, as_of: date, min_group_size: int) -> DataFrame:
    """One row: as_of_date, and the reason why there is no tenth; null if models were judged on enough customers."""
    few = F.col("n_held_out_customers").isNull()
    reason = F.when(few, f"fewer than {min_group_size} customers had bought by the split").when(
        F.col("calibration_r").isNull(), "no model could be fitted on the days before the split"
    )
    # The model of purchases is the same in the rows of all currencies.
    return value_models.agg(F.max(reason).alias("reason")).select(F.lit(as_of).alias("as_of_date"), "reason")
