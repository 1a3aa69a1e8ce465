"""How common the values are on which records agree."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

# Values that fewer records hold are all equally rare. It bounds the list of common values, which every worker takes, and
# what the agreement on one rare value can prove.
LOWEST_SHARE = 1 / 20_000


def with_shares(records: DataFrame, attributes: Sequence[str]) -> DataFrame:
    """The records with `share_<attribute>`: how likely one of another owner holds the record's value by chance.

    It is counted without the two that agree, as else a value that only they hold would look twice as common as it is. Null
    where that share is below LOWEST_SHARE.

    Parameters
    ----------
    records
        With owner and `value_<attribute>`, a number per value. However many records of an owner hold a value, they count once.
    """
    for name in attributes:
        value, share = f"value_{name}", f"share_{name}"
        held = records.where(F.col(value).isNotNull()).select(value, "owner").distinct()
        n_all = held.agg(F.count("*").alias("n_all"))
        counted = held.groupBy(value).agg((F.count("*") - 2).alias("n_others")).crossJoin(n_all)
        common = counted.select(value, (F.col("n_others") / F.col("n_all")).alias(share)).where(F.col(share) > LOWEST_SHARE)
        records = records.join(F.broadcast(common), on=value, how="left")
    return records
