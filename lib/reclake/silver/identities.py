"""silver.identities: which customer an account belongs to, for every as_of."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.identity.components import connected_components, settled
from reclake.identity.replay import ALONE, TOO_MANY, replayed
from reclake.identity.rotation import require_one_contact_key
from reclake.identity.ties import login_ties, own_ties, stated_ties, ties_that_link

# Accounts that any tie ever joined are replayed on one worker; groups of one as_of are far smaller. Beyond this many
# times the allowed group the whole component stays unlinked, for every as_of.
REPLAY_FACTOR = 20


def identities(
    accounts: DataFrame, event_records: DataFrame, *, max_accounts_per_key: int, max_accounts_per_customer: int
) -> DataFrame:
    """One row per account and validity, from its first day without gaps, the last one open.

    For one as_of, accounts belong to one customer when a chain of logins, phones, e-mail addresses and devices that
    count for it joins them (identity/ties.py). The customer is named after the earliest-delivered account of the group
    as it was then: when two merge, the older name lives on. A group of more than `max_accounts_per_customer` accounts
    is not linked at all: its accounts stand alone, with the evidence too_many.

    Finding the components runs Spark jobs: docs in identity/components.py.

    Raises
    ------
    ContractBroken
        When the accounts' contact tokens are of more than one key.
    """
    require_one_contact_key(accounts)
    known = _known(accounts)
    ties = stated_ties(accounts).unionByName(login_ties(event_records)).unionByName(own_ties(known))
    linking = settled(ties_that_link(ties, known, max_accounts_per_key=max_accounts_per_key))
    components = connected_components(linking.select(F.col("account_id").alias("left"), F.col("anchor").alias("right")))
    of_component = W.partitionBy("component").rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    fits = F.count("*").over(of_component) <= REPLAY_FACTOR * max_accounts_per_customer
    members = components.select(F.col("node").alias("account_id"), "component", fits.alias("fits"))
    tie = F.struct("key", "account_id", "first_day", "delivered", "spans")
    grouped = (
        linking
        .join(members.where("fits"), on="account_id", how="inner")
        .groupBy("component")
        .agg(F.collect_list(tie).alias("ties"))
    )
    linked = replayed(grouped, max_accounts=max_accounts_per_customer)
    others = known.join(members, on="account_id", how="left").where(~F.coalesce("fits", F.lit(False)))
    unlinked = others.select(
        "account_id",
        F.col("account_id").alias("named_after"),
        F.col("first_day").alias("valid_from"),
        F.lit(None).cast("date").alias("valid_to"),
        F.when(F.col("component").isNull(), ALONE).otherwise(TOO_MANY).alias("evidence"),
        F.lit(1).cast("long").alias("n_accounts"),
    )
    return linked.unionByName(unlinked).withColumn("customer_id", _customer_id(F.col("named_after"))).drop("named_after")


def _customer_id(account_id: Column) -> Column:
    return F.concat(F.lit("c_"), F.substring(F.sha2(account_id, 256), 1, 32))


def _known(accounts: DataFrame) -> DataFrame:
    """One row per account: account_id, first_day, delivered, source, channel, is_device."""
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
