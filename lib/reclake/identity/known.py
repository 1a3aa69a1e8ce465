"""What links and names need to know of an account."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def known_accounts(accounts: DataFrame) -> DataFrame:
    """One row per account: account_id, first_day, delivered (its place in the order of delivery), source, channel, is_device."""
    delivered = F.struct(
        F.col("first_delivery_day").alias("day"),
        F.col("first_file_digest").alias("file"),
        F.col("first_position").alias("position"),
    )
    return accounts.groupBy("account_id").agg(
        F.min("valid_from").alias("first_day"),
        F.min(delivered).alias("delivered"),
        F.min("source").alias("source"),
        F.min("channel").alias("channel"),
        F.min("is_device").alias("is_device"),
    )
