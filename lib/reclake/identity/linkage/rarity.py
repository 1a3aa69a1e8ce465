"""How common the values are on which records agree."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.identity.linkage.kept import computed_once

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
    if not attributes:
        return records
    values = F.posexplode(F.array(*(f"value_{name}" for name in attributes))).alias("place", "value")
    held = records.select("owner", values).where(F.col("value").isNotNull()).distinct()
    counted = held.groupBy("place", "value").agg((F.count("*") - 2).alias("n_others"))
    of_all = held.groupBy("place").agg(F.count("*").alias("n_all"))
    of_values = counted.join(F.broadcast(of_all), on="place", how="inner")
    shares = of_values.select("place", "value", (F.col("n_others") / F.col("n_all")).alias("share"))
    common = computed_once(shares.where(F.col("share") > LOWEST_SHARE))
    for place, name in enumerate(attributes):
        of_this = common.where(F.col("place") == place).select(
            F.col("value").alias(f"value_{name}"), F.col("share").alias(f"share_{name}")
        )
        records = records.join(F.broadcast(of_this), on=f"value_{name}", how="left")
    return records
