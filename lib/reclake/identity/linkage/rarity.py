"""How common the values are on which records agree."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

# Values that fewer records hold count as held by this share. It bounds the list of common values, which every worker takes,
# and what the agreement on one rare value can prove.
LOWEST_SHARE = 1 / 20_000


def with_shares(records: DataFrame, attributes: Sequence[str]) -> DataFrame:
    """The records with `share_<attribute>`: which share of those that hold a value hold this one; null without a value.

    Parameters
    ----------
    records
        With `value_<attribute>`: a number per value.
    """
    for name in attributes:
        value, share = f"value_{name}", f"share_{name}"
        held = records.where(F.col(value).isNotNull())
        n_all = held.agg(F.count("*").alias("n_all"))
        counted = held.groupBy(value).agg(F.count("*").alias("n")).crossJoin(n_all)
        common = counted.select(value, (F.col("n") / F.col("n_all")).alias(share)).where(F.col(share) > LOWEST_SHARE)
        joined = records.join(F.broadcast(common), on=value, how="left")
        lowest = F.when(F.col(value).isNotNull(), F.lit(LOWEST_SHARE))
        records = joined.withColumn(share, F.coalesce(share, lowest))
    return records
