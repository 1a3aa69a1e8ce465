"""A dense index of ids for models that want small integers: 0 … n−1 in the order of the ids."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window as W

from reclake.errors import ContractBroken

_MOST = 2**31 - 1


@dataclass(frozen=True)
class DenseIndex:
    """`ids` has the id column and `<column>_index`, int32; a lazy frame that gives the same numbers at each reading."""

    ids: DataFrame
    n: int


def dense_index(frame: DataFrame, column: str, *, name: str, partitions: int) -> DenseIndex:
    """Number the distinct values of `column` in ascending order, in the new column `name`.

    The ids are cut into ranges by a sample; the first id and the size of each range come to the driver
    (`partitions` rows). Numbers are counted within the ranges, so no task sorts more than one of them, and as
    the bounds are then fixed, a second evaluation cannot number differently.

    Raises
    ------
    ContractBroken
        When there are more ids than int32 holds.
    """
    ids = frame.select(column).distinct()
    ranges = (
        ids
        .repartitionByRange(partitions, column)
        .groupBy(F.spark_partition_id().alias("range"))
        .agg(F.min(column).alias("first"), F.count("*").alias("size"))
        .orderBy("first")
        .collect()
    )
    sizes = [row["size"] for row in ranges]
    n = sum(sizes)
    if n > _MOST:
        raise ContractBroken(f"{column} has more values than a model can number", f"{n} ids", "train on a part of them")
    if not ranges:
        return DenseIndex(ids.select(column, F.lit(0).alias(name)), 0)
    bounds = F.array(*(F.lit(row["first"]) for row in ranges[1:])).cast("array<string>")
    starts = F.array(*(F.lit(start) for start in list(accumulate(sizes, initial=0))[:-1]))
    in_range = F.size(F.filter(bounds, lambda bound: bound <= F.col(column)))
    within = F.row_number().over(W.partitionBy("range").orderBy(column)) - 1
    numbered = ids.select(column, in_range.alias("range")).select(
        column, (F.get(starts, F.col("range")) + within).cast("int").alias(name)
    )
    return DenseIndex(numbered, n)
