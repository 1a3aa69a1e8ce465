"""Which ties join accounts: those of keys that two accounts hold at one time, while the keys are one person's."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.identity.evidence import LINKED, PAIR
from reclake.identity.ties import KEY, of_known


def ties_that_link(ties: DataFrame, known: DataFrame, shared_keys: DataFrame) -> DataFrame:
    """One row per key and account, of keys that two accounts hold.

    A key links nobody from the day on which it is shared (`silver.shared_keys`).

    Parameters
    ----------
    ties
        As `with_pairs` gives them.
    known
        As `known_accounts` gives them.

    Returns
    -------
    DataFrame
        key (kind and key in one), account_id, first_day, delivered, shop, weight, spans (kind, tied_from, tied_to of each),
        anchor (the key's smallest account).
    """
    span = F.struct(F.col("evidence").alias("kind"), F.col("valid_from").alias("tied_from"), F.col("valid_to").alias("tied_to"))
    held = (
        while_it_links(ties, known, shared_keys)
        .withColumns({"key": F.concat_ws("|", *KEY), "shop": shop(), "weight": F.col("match_weight")})
        .groupBy("key", "account_id", "first_day", "delivered", "shop", "weight")
        .agg(F.collect_list(span).alias("spans"))
    )
    of_key = W.partitionBy("key").rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    return (
        held
        .withColumn("n_accounts", F.count("*").over(of_key))
        .where("n_accounts > 1")
        .withColumn("anchor", F.min("account_id").over(of_key))
        .drop("n_accounts")
    )


def with_pairs(identity_ties: DataFrame, identity_pairs: DataFrame) -> DataFrame:
    """The ties, and each likely pair as a key that its two accounts hold; match_weight is null of what is certain."""
    accounts = ("left_account_id", "right_account_id")
    pairs = identity_pairs.where("is_linked").select(
        F.lit(PAIR).alias("key_kind"),
        F.concat_ws("|", *accounts).alias("key"),
        F.explode(F.array(*accounts)).alias("account_id"),
        F.lit(LINKED).alias("evidence"),
        "valid_from",
        F.lit(None).cast("date").alias("valid_to"),
        "match_weight",
    )
    return identity_ties.withColumn("match_weight", F.lit(None).cast("double")).unionByName(pairs)


def while_it_links(ties: DataFrame, known: DataFrame, shared_keys: DataFrame) -> DataFrame:
    """The ties of known accounts, each until its key became common at the latest."""
    common = shared_keys.select(*KEY, F.col("valid_from").alias("common_from"))
    clipped = of_known(ties, known).join(common, on=list(KEY), how="left")
    return (
        clipped
        .withColumn("valid_to", F.least("valid_to", "common_from"))
        .where(F.col("valid_to").isNull() | (F.col("valid_from") < F.col("valid_to")))
        .drop("common_from")
    )


def shop() -> Column:
    """Source and channel, where one person has one account; null of a device, and where the channel is not known."""
    return F.when(~F.col("is_device") & F.col("channel").isNotNull(), F.concat_ws("|", "source", "channel"))
