"""Values of which a figure would count too few people: joined, so that no row tells of a handful (docs/decisions/0045)."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

OTHER = "other"


def published_values(counted: DataFrame, *, within: tuple[str, ...], n_people: str, least: int) -> DataFrame:
    """One row per group and value: the columns `within`, `value`, and `published`: the value itself, `other`, or null.

    Values of fewer than `least` people are joined as `other`, together with the next larger value: else what they are could be
    told from the sum of all. Where no value is large enough, none is published.

    Parameters
    ----------
    counted
        One row per group and value, with how many people it counts.
    """
    group = W.partitionBy(*within)
    rank = F.row_number().over(group.orderBy(n_people, "value"))
    is_small = F.col(n_people) < least
    ranked = counted.select(*within, "value", is_small.alias("is_small"), rank.alias("rank")).withColumns({
        "n_small": F.count_if("is_small").over(group),
        "n_values": F.count("*").over(group),
    })
    return ranked.select(*within, "value", _published().alias("published"))


def _published() -> Column:
    has_small = F.col("n_small") > 0
    is_joined = has_small & (F.col("rank") <= F.col("n_small") + 1)
    value = F.when(is_joined, F.lit(OTHER)).otherwise(F.col("value"))
    return F.when(F.col("n_small") < F.col("n_values"), value)
