"""gold.tier_changes: the flow between two as_ofs, of groups of people and never of one."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.segment.tiers import ORDER, PROSPECT

NONE, SEVERAL = "none", "several"
_RANKS = (PROSPECT, *ORDER)
_FLOW = ("direction", "from_tier", "to_tier")


def tier_changes(
    customer_segments: DataFrame, previous_customer_segments: DataFrame, *, as_of: date, min_group_size: int
) -> DataFrame:
    """One row per direction, tier before and tier now; the rows add up to all customers of both as_ofs.

    Flows of fewer than `min_group_size` customers become one row of their direction; what is still smaller becomes one row
    `several`, and if that is too small it takes in the smallest other row. So no row is small, and none is the difference
    between a total and the others. Of fewer customers in all there is no row.
    """
    now = customer_segments.select("customer_id", F.col("tier").alias("to_tier"))
    before = previous_customer_segments.select("customer_id", F.col("tier").alias("from_tier"))
    flows = (
        now
        .join(before, on="customer_id", how="full")
        .select(F.coalesce("from_tier", F.lit(NONE)).alias("from_tier"), F.coalesce("to_tier", F.lit(NONE)).alias("to_tier"))
        .groupBy("from_tier", "to_tier")
        .agg(F.count("*").alias("n_customers"))
        .withColumn("direction", direction(F.col("from_tier"), F.col("to_tier")))
    )
    compared_with = previous_customer_segments.agg(F.max("as_of_date").alias("previous_as_of_date"))
    return _pooled(flows, least=min_group_size).crossJoin(F.broadcast(compared_with)).withColumn("as_of_date", F.lit(as_of))


def direction(from_tier: Column, to_tier: Column) -> Column:
    """upgrade, downgrade, stay, entry or exit."""
    before, now = (F.array_position(F.lit(list(_RANKS)), tier) for tier in (from_tier, to_tier))
    return (
        F
        .when(from_tier == NONE, "entry")
        .when(to_tier == NONE, "exit")
        .when(now > before, "upgrade")
        .when(now < before, "downgrade")
        .otherwise("stay")
    )


def _pooled(flows: DataFrame, *, least: int) -> DataFrame:
    """The flows, at most 64 of them, with small ones put together until no row is small."""
    is_small = F.col("n_customers") < least
    within = _merged(flows, is_small, "from_tier", "to_tier")
    across = _merged(within, is_small, *_FLOW)
    all_flows = W.partitionBy(F.lit(0))
    is_several = F.col("direction") == SEVERAL
    lacks = F.coalesce(F.max(F.when(is_several, is_small)).over(all_flows), F.lit(False))
    place = F.row_number().over(all_flows.orderBy(is_several, "n_customers", *_FLOW))
    filled = _merged(across.withColumns({"lacks": lacks, "place": place}), F.col("lacks") & (F.col("place") == 1), *_FLOW)
    return filled.where(~is_small)


def _merged(flows: DataFrame, condition: Column, *columns: str) -> DataFrame:
    """The flows, of which those that meet the condition are `several` in the columns and one row."""
    labels = {name: F.when(condition, SEVERAL).otherwise(F.col(name)) for name in columns}
    return flows.withColumns(labels).groupBy(*_FLOW).agg(F.sum("n_customers").alias("n_customers"))


def emptiness(
    customer_segments: DataFrame, previous_customer_segments: DataFrame, *, as_of: date, min_group_size: int
) -> DataFrame:
    """One row: as_of_date, and the reason why there is no flow; null if enough customers are known."""
    both = customer_segments.select("customer_id").union(previous_customer_segments.select("customer_id"))
    reason = F.when(F.count_distinct("customer_id") < min_group_size, f"fewer than {min_group_size} customers are known")
    return both.agg(reason.alias("reason")).select(F.lit(as_of).alias("as_of_date"), "reason")
