"""gold.segment_bins: the edges of the scores of one as_of."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def segment_bins(customer_segments: DataFrame, *, as_of: date) -> DataFrame:
    """One row per as_of_date, measure, unit and score that holds customers with a sale.

    A new value takes the first bin whose upper edge is not below it; for recency the last bin whose lower edge is not
    above it, as fewer days score higher. Who has spent more than spend_amount holds is in no bin of monetary.
    """
    measures = (
        ("recency", F.lit("days"), "recency_days"),
        ("frequency", F.lit("orders"), "n_orders"),
        ("monetary", F.col("currency"), "spend_amount"),
    )
    values = F.array(
        *(
            F.struct(
                F.lit(measure).alias("measure"),
                unit.alias("unit"),
                F.col(f"{measure}_score").alias("score"),
                F.col(value).cast("decimal(18,4)").alias("value"),
            )
            for measure, unit, value in measures
        )
    )
    return (
        customer_segments
        .where((F.col("as_of_date") == F.lit(as_of)) & (F.col("n_orders") > 0))
        .select("as_of_date", F.inline(values))
        .where("value is not null")
        .groupBy("as_of_date", "measure", "unit", "score")
        .agg(F.min("value").alias("lower_edge"), F.max("value").alias("upper_edge"), F.count("*").alias("n_customers"))
    )


def emptiness(customer_segments: DataFrame, *, as_of: date) -> DataFrame:
    """One row: as_of_date, and the reason why there is no bin; null if somebody has bought."""
    of_day = customer_segments.where(F.col("as_of_date") == F.lit(as_of))
    reason = F.when(F.count_if(F.col("n_orders") > 0) == 0, "nobody bought in the window")
    return of_day.agg(reason.alias("reason")).select(F.lit(as_of).alias("as_of_date"), "reason")
