"""Groups of too few people are joined before a figure is made of them (docs/decisions/0045 and 0069)."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

OTHERS = "(others)"  # stands for the groups that have too few people each


def with_small_groups_joined(rows: DataFrame, *, within: Sequence[str], dimensions: Sequence[str], least: int) -> DataFrame:
    """The rows with the values of `dimensions` replaced by OTHERS where fewer than `least` people share them.

    If those who are joined are still fewer than `least`, the smallest group that stands alone is joined with them, so that
    nobody finds them by subtraction. Only where all rows of a `within` together are of fewer people, they stay too few: who
    counts the people of each group afterwards leaves such a group out.

    Parameters
    ----------
    rows
        Rows of persons (`buyer`), partitioned by person; the columns of `within` and `dimensions` hold no null.
    within
        What is never joined: the period, the currency.
    dimensions
        What tells the groups of one `within` apart.
    """
    key = [*within, *dimensions]
    groups = rows.select(*key, "buyer").distinct().groupBy(*key).agg(F.count("*").alias("n_people"))
    shown = groups.where(F.col("n_people") >= least)
    # A person may be in several small groups, and counts once.
    rest = (
        rows
        .join(F.broadcast(shown), on=key, how="left_anti")
        .select(*within, "buyer")
        .distinct()
        .groupBy(*within)
        .agg(F.count("*").alias("n_rest"))
    )
    from_smallest = W.partitionBy(*within).orderBy("n_people", *dimensions)
    is_joined = (F.coalesce("n_rest", F.lit(least)) < least) & (F.col("place") == 1)
    alone = (
        shown
        .withColumn("place", F.row_number().over(from_smallest))
        .join(F.broadcast(rest), on=list(within), how="left")
        .where(~is_joined)
        .select(*key, F.lit(True).alias("is_alone"))
    )
    marked = rows.join(F.broadcast(alone), on=key, how="left")
    return marked.withColumns({name: _or_others(name) for name in dimensions}).drop("is_alone")


def _or_others(name: str) -> Column:
    return F.when(F.col("is_alone"), F.col(name)).otherwise(OTHERS)
