"""silver.identities: which customer an account belongs to, for every as_of."""

from pyspark.sql import DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.identity.components import connected_components, settled
from reclake.identity.evidence import ALONE, SHARED, TOO_MANY
from reclake.identity.known import known_accounts
from reclake.identity.links import ties_that_link, with_pairs
from reclake.identity.names import customer_id
from reclake.identity.replay import replayed
from reclake.identity.ties import DEVICE

# Accounts that any tie ever joined are replayed on one worker; groups of one as_of are far smaller. Beyond this many
# times the allowed group the whole component stays unlinked, for every as_of.
REPLAY_FACTOR = 20


def identities(
    accounts: DataFrame,
    identity_ties: DataFrame,
    shared_keys: DataFrame,
    identity_pairs: DataFrame,
    identity_decisions: DataFrame,
    *,
    max_accounts_per_customer: int,
) -> DataFrame:
    """One row per account and validity, from its first day without gaps, the last one open.

    For one as_of, accounts belong to one customer when a chain of ties that count for it joins them (identity/ties.py). The
    customer is named after the earliest-delivered account of the group as it was then: when two merge, the older name lives
    on. A group of more than `max_accounts_per_customer` accounts is not linked at all: its accounts stand alone, with the
    evidence too_many. The anonymous account of a device that many use is nobody's from the day on which it is shared.

    A likely pair links from its day on, after all certain ties and the heavier pairs, and never where it would make one
    person of two accounts of one shop or of too many accounts: `silver.identity_conflicts` lists those that were left out.
    Accounts that a steward parted are in one group at no as_of for which the decision counts: the weakest ties between them
    give way (identity/joining.py). Decisions only part, so where two differ the strictest holds.

    Finding the components runs Spark jobs: docs in identity/components.py.
    """
    known = known_accounts(accounts)
    linking = settled(ties_that_link(with_pairs(identity_ties, identity_pairs), known, shared_keys))
    members = _members(linking, REPLAY_FACTOR * max_accounts_per_customer)
    tie = F.struct("key", "account_id", "first_day", "delivered", "shop", "weight", "spans")
    grouped = (
        members
        .where("fits")
        .join(linking, on="account_id", how="inner")
        .where(F.col("weight").isNull() | F.col("takes_pairs"))
        .groupBy("component")
        .agg(F.collect_list(tie).alias("ties"))
        .join(_apart(identity_decisions, members), on="component", how="left")
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
    rows = _with_shared_devices(linked.unionByName(unlinked), known, shared_keys)
    return rows.withColumn("customer_id", customer_id(F.col("named_after"))).drop("named_after")


def _members(linking: DataFrame, most: int) -> DataFrame:
    """One row per account that any tie joins: account_id, component, fits, takes_pairs.

    Where pairs make a component of more than `most` accounts, nobody would be linked for what is only likely: there the
    certain ties alone count.
    """
    found = _components(linking, most).withColumn("takes_pairs", F.lit(True))
    too_large = settled(found.where(~F.col("fits")).select("account_id"))
    if too_large.isEmpty():
        return found
    certain = linking.where(F.col("weight").isNull()).join(too_large, on="account_id", how="left_semi")
    again = _components(certain, most).withColumn("takes_pairs", F.lit(False))
    return found.where("fits").unionByName(again)


def _components(linking: DataFrame, most: int) -> DataFrame:
    components = connected_components(linking.select(F.col("account_id").alias("left"), F.col("anchor").alias("right")))
    of_component = W.partitionBy("component").rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    fits = F.count("*").over(of_component) <= most
    return components.select(F.col("node").alias("account_id"), "component", fits.alias("fits"))


def _apart(identity_decisions: DataFrame, members: DataFrame) -> DataFrame:
    """By component, the pairs of its accounts that are two people by decision."""
    left, right = (
        members.select(F.col("account_id").alias(f"{side}_account_id"), F.col("component").alias(f"{side}_component"))
        for side in ("left", "right")
    )
    return (
        identity_decisions
        .where(~F.col("is_undone"))
        .join(left, on="left_account_id", how="inner")
        .join(right, on="right_account_id", how="inner")
        .where(F.col("left_component") == F.col("right_component"))
        .groupBy(F.col("left_component").alias("component"))
        .agg(F.collect_list(F.struct("left_account_id", "right_account_id", "valid_from", "valid_to")).alias("apart"))
    )


def _with_shared_devices(rows: DataFrame, known: DataFrame, shared_keys: DataFrame) -> DataFrame:
    """The rows, of which those of a shared device's own account end when it became common; from then on it is shared."""
    devices = (
        shared_keys
        .where(F.col("key_kind") == DEVICE)
        .select(F.col("key").alias("account_id"), F.col("valid_from").alias("common_from"))
        .join(known.where("is_device").select("account_id", "first_day"), on="account_id", how="inner")
        .select("account_id", F.greatest("common_from", "first_day").alias("shared_from"))
    )
    before = (
        rows
        .join(devices, on="account_id", how="left")
        .where(F.col("shared_from").isNull() | (F.col("valid_from") < F.col("shared_from")))
        .withColumn("valid_to", F.least("valid_to", "shared_from"))
        .drop("shared_from")
    )
    since = devices.select(
        "account_id",
        F.col("account_id").alias("named_after"),
        F.col("shared_from").alias("valid_from"),
        F.lit(None).cast("date").alias("valid_to"),
        F.lit(SHARED).alias("evidence"),
        F.lit(1).cast("long").alias("n_accounts"),
    )
    return before.unionByName(since)
