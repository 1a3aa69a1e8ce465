"""silver.identity_conflicts: likely pairs that were not made one person, and why."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.identity.evidence import DECIDED, OF_MANY, OF_ONE_SHOP
from reclake.identity.known import known_accounts
from reclake.identity.links import shop

_SIDES = ("left", "right")


def identity_conflicts(
    accounts: DataFrame, identities: DataFrame, identity_pairs: DataFrame, identity_decisions: DataFrame
) -> DataFrame:
    """One row per linked pair whose accounts are two customers now.

    The reason is `decided` where a steward parted accounts of the two, `one_shop` where both have an account of one source
    and channel, and `too_many` where they would be more accounts than one person may have.
    """
    now = identities.where(F.col("valid_to").isNull()).select("account_id", "customer_id")
    customers = {
        side: now.select(F.col("account_id").alias(f"{side}_account_id"), F.col("customer_id").alias(f"{side}_customer_id"))
        for side in _SIDES
    }
    apart = (
        identity_pairs
        .where("is_linked")
        .select("left_account_id", "right_account_id", "valid_from", "match_weight")
        .join(customers["left"], on="left_account_id", how="inner")
        .join(customers["right"], on="right_account_id", how="inner")
        .where(F.col("left_customer_id") != F.col("right_customer_id"))
    )
    shops = now.join(known_accounts(accounts), on="account_id", how="inner").select("customer_id", shop().alias("shop"))
    both = {
        side: shops.where(F.col("shop").isNotNull()).select(F.col("customer_id").alias(f"{side}_customer_id"), "shop")
        for side in _SIDES
    }
    of_customers = ["left_customer_id", "right_customer_id"]
    asked = apart.select(*of_customers).distinct()
    of_one_shop = asked.join(both["left"], on="left_customer_id", how="inner").join(
        both["right"], on=["right_customer_id", "shop"], how="inner"
    )
    parted = (
        identity_decisions
        .where(~F.col("is_undone") & F.col("valid_to").isNull())
        .join(customers["left"], on="left_account_id", how="inner")
        .join(customers["right"], on="right_account_id", how="inner")
        .select(*of_customers)
    )
    decided = parted.union(parted.select(*of_customers[::-1])).distinct()
    return (
        apart
        .join(of_one_shop.select(*of_customers).distinct().withColumn("is_of_one_shop", F.lit(True)), on=of_customers, how="left")
        .join(decided.withColumn("is_decided", F.lit(True)), on=of_customers, how="left")
        .withColumn("reason", F.when(F.col("is_decided"), DECIDED).when(F.col("is_of_one_shop"), OF_ONE_SHOP).otherwise(OF_MANY))
    )
