"""silver.identity_merges: which customer became part of which, when and on which evidence."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.identity.known import known_accounts
from reclake.identity.links import while_it_links, with_pairs
from reclake.identity.merging import merged
from reclake.identity.names import customer_id


def identity_merges(
    accounts: DataFrame, identities: DataFrame, identity_ties: DataFrame, shared_keys: DataFrame, identity_pairs: DataFrame
) -> DataFrame:
    """One row per customer that became part of an older one, and day.

    A customer is gone when the account that gave the name belongs to another customer, and is there again when it does not
    any more: then the row ends. A new account that joins absorbs nobody. The evidence is the strongest tie that joins what
    the two were before the day.

    Only groups that swallowed a customer are looked at, each on one worker: they are no larger than a customer may be.
    """
    states = _states(identities)
    absorbed = states.where((F.col("before") == F.col("own")) & (F.col("customer_id") != F.col("own")))
    members = _members(states, absorbed.select("customer_id", F.col("valid_from").alias("day")).distinct())
    known = known_accounts(accounts)
    holding = F.struct("account_id", "before", "delivered", "key_kind", "key", "evidence", "match_weight")
    groups = (
        _holdings(members, known, while_it_links(with_pairs(identity_ties, identity_pairs), known, shared_keys))
        .groupBy(F.col("day").alias("valid_from"), "customer_id")
        .agg(F.collect_list(holding).alias("holdings"))
    )
    until = absorbed.select(F.col("own").alias("absorbed_customer_id"), "valid_from", F.col("back_on").alias("valid_to"))
    return merged(groups).join(until, on=["absorbed_customer_id", "valid_from"], how="inner")


def _states(identities: DataFrame) -> DataFrame:
    """The rows of identities with `own`, the name that the account may give, `before`, the customer until then, and `back_on`.

    `back_on` is the next day on which the account has its own name.
    """
    in_time = W.partitionBy("account_id").orderBy("valid_from")
    named = identities.select("account_id", "customer_id", "valid_from", "valid_to").withColumn(
        "own", customer_id(F.col("account_id"))
    )
    has_own = F.when(F.col("customer_id") == F.col("own"), F.col("valid_from"))
    return named.withColumns({
        "before": F.lag("customer_id").over(in_time),
        "back_on": F.min(has_own).over(in_time.rowsBetween(1, W.unboundedFollowing)),
    })


def _members(states: DataFrame, groups: DataFrame) -> DataFrame:
    """Every account of the groups: day, customer_id, account_id, and `before`: its customer until the day, null of a new one."""
    is_since_then = F.col("valid_from") == F.col("day")
    return (
        states
        .join(groups, on="customer_id", how="inner")
        .where(_counts_after("day"))
        .withColumn("before", F.when(is_since_then, F.col("before")).otherwise(F.col("customer_id")))
        .select("day", "customer_id", "account_id", "before")
    )


def _holdings(members: DataFrame, known: DataFrame, ties: DataFrame) -> DataFrame:
    """The members with each key that they hold after the day."""
    held = (
        ties
        .select("account_id", "key_kind", "key", "evidence", "match_weight", "valid_from", "valid_to")
        .join(members.select("account_id", "day"), on="account_id", how="inner")
        .where(_counts_after("day"))
        .drop("valid_from", "valid_to")
    )
    return members.join(known.select("account_id", "delivered"), on="account_id", how="inner").join(
        held, on=["account_id", "day"], how="left"
    )


def _counts_after(day: str) -> Column:
    """Whether a row counts for an as_of right after the day."""
    return (F.col("valid_from") <= F.col(day)) & (F.col("valid_to").isNull() | (F.col(day) < F.col("valid_to")))
