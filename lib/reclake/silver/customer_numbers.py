"""silver.customer_numbers: a dense number for every customer, for ever."""

from pyspark.sql import DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.identity.names import customer_id

_BUCKET_SIGNS = 3  # hexadecimal: 4,096 buckets, each numbered by one worker


def customer_numbers(accounts: DataFrame, *, earlier: DataFrame) -> DataFrame:
    """One row per name that a customer can have: that of each account, as every account may be the first of a group.

    So it does not depend on the order of deliveries who has a number. Which one it is does: numbers of `earlier`, what the
    table holds, stay, and new names follow without a gap, in the order of their digests.
    """
    names = accounts.select("account_id").distinct().select(customer_id(F.col("account_id")).alias("customer_id"))
    new = names.join(earlier, on="customer_id", how="left_anti").withColumn(
        "bucket",
        F.substring("customer_id", 3, _BUCKET_SIGNS),  # after the c_
    )
    n_before = F.coalesce(F.sum("n_names").over(W.orderBy("bucket").rowsBetween(W.unboundedPreceding, -1)), F.lit(0))
    buckets = new.groupBy("bucket").agg(F.count("*").alias("n_names")).select("bucket", n_before.alias("n_before"))
    highest = earlier.agg(F.coalesce(F.max("customer_number"), F.lit(0)).alias("highest"))
    place = F.row_number().over(W.partitionBy("bucket").orderBy("customer_id"))
    numbered = (
        new
        .withColumn("place", place)
        .join(F.broadcast(buckets), on="bucket", how="inner")
        .crossJoin(F.broadcast(highest))
        .select("customer_id", (F.col("highest") + F.col("n_before") + F.col("place")).alias("customer_number"))
    )
    return earlier.select("customer_id", "customer_number").unionByName(numbered)
