"""silver.shared_keys: keys that are not one person's, and since when."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.identity.evidence import OF_MANY, OF_ONE_SHOP, OWN
from reclake.identity.known import known_accounts
from reclake.identity.ties import KEY, of_known


def shared_keys(identity_ties: DataFrame, accounts: DataFrame, *, max_accounts_per_key: int) -> DataFrame:
    """One row per key that became common: it links nobody from that day on, and stays common.

    A key becomes common with its account number `max_accounts_per_key` + 1, or with the second account of one source and
    channel, as one person has one account in a shop (docs/decisions/0013-one-account-per-person-and-shop.md). An account
    counts from the day on which it first held the key, though it may have another by now. The device's own account is not
    counted, and accounts that are not known are left out.
    """
    held = (
        of_known(identity_ties.where(F.col("evidence") != OWN), known_accounts(accounts))
        .groupBy(*KEY, "account_id", "source", "channel")
        .agg(F.min("valid_from").alias("held_from"))
    )
    of_many = _number() > max_accounts_per_key
    of_one_shop = F.col("channel").isNotNull() & (_number("source", "channel") > 1)
    of_key = W.partitionBy(*KEY).rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    judged = held.withColumns({
        "common_from": F.when(of_many | of_one_shop, F.col("held_from")),
        "of_one_shop_from": F.when(of_one_shop, F.col("held_from")),
    })
    common = judged.withColumn("common_from", F.min("common_from").over(of_key)).where(F.col("common_from").isNotNull())
    is_of_one_shop = F.min("of_one_shop_from") == F.col("common_from")
    return (
        common
        .groupBy(*KEY, "common_from")
        .agg(
            F.count_if(F.col("held_from") <= F.col("common_from")).alias("n_accounts"),
            F.when(is_of_one_shop, OF_ONE_SHOP).otherwise(OF_MANY).alias("reason"),
        )
        .withColumn("valid_to", F.lit(None).cast("date"))
        .withColumnRenamed("common_from", "valid_from")
    )


def _number(*columns: str) -> Column:
    """Which account of the key, or of the key and these columns, it is."""
    by_day = W.partitionBy(*KEY, *columns).orderBy("held_from", "account_id")
    return F.row_number().over(by_day)
