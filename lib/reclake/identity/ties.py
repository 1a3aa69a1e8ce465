"""What ties an account to a phone, an e-mail address or a device, and for which as_of it counts.

A tie counts for an as_of with tied_from < as_of ≤ tied_to, like every validity. Phone, e-mail and device of an
account's own record count while the record says so (numbers are given to other people again); a later record without
one says nothing and ends nothing. A phone or e-mail address counts only while it is verified: whoever types a stranger's
into a form would else be taken for that stranger (docs/decisions/0041). A login is a fact and counts from its day on.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.records.delivery import is_kept

OWN = "own"  # a device's anonymous account and the device: no evidence by itself
# By kind, the column of its value, and that which says whether it counts; a device is reported by the channel itself.
STATED = {
    "phone": ("phone_token", "is_phone_verified"),
    "email": ("email_token", "is_email_verified"),
    "device": ("device_id", None),
}


def _key(family: str, value: Column) -> Column:
    return F.concat(F.lit(f"{family}|"), value)


def stated_ties(accounts: DataFrame) -> DataFrame:
    """One row per account, kind and run of equal values in its records: key, account_id, kind, tied_from, tied_to.

    A null or blank value ties nothing: it would join all who have none. One that is not verified ties nothing either, and
    ends the tie before it: the account has another phone now, or the same that is no longer vouched for.
    """
    statements = F.array(
        *(
            F.struct(
                F.lit(kind).alias("kind"),
                F.trim(column).alias("value"),
                (F.coalesce(verified, F.lit(False)) if verified else F.lit(True)).alias("is_verified"),
            )
            for kind, (column, verified) in STATED.items()
        )
    )
    said = (
        accounts
        .select("account_id", "valid_from", F.inline(statements))
        .where(F.col("value") != "")
        .where((F.col("kind") != "device") | (F.col("value") != F.col("account_id")))
    )
    in_time = W.partitionBy("account_id", "kind").orderBy("valid_from")
    state = F.struct("value", "is_verified")
    changes = said.withColumn("before", F.lag(state).over(in_time)).where(~state.eqNullSafe(F.col("before")))
    runs = changes.select(
        F.concat_ws("|", "kind", "value").alias("key"),
        "account_id",
        "kind",
        F.col("valid_from").alias("tied_from"),
        F.lead("valid_from").over(in_time).alias("tied_to"),
        "is_verified",
    )
    return runs.where("is_verified").drop("is_verified")


def login_ties(event_records: DataFrame) -> DataFrame:
    """One row per device and account that logged in on it: key, account_id, kind, tied_from, tied_to."""
    logins = event_records.where(
        is_kept()
        & F.col("event_date").isNotNull()
        & (F.trim("device_id") != "")
        & (F.col("login_account_id") != F.col("device_id"))
    )
    first = logins.groupBy("device_id", "login_account_id").agg(F.min("event_date").alias("tied_from"))
    return first.select(
        _key("device", F.col("device_id")).alias("key"),
        F.col("login_account_id").alias("account_id"),
        F.lit("login").alias("kind"),
        "tied_from",
        F.lit(None).cast("date").alias("tied_to"),
    )


def own_ties(known: DataFrame) -> DataFrame:
    """One row per anonymous device: it is tied to itself, so that whoever logs in on it takes on what it did before."""
    return known.where("is_device").select(
        _key("device", F.col("account_id")).alias("key"),
        "account_id",
        F.lit(OWN).alias("kind"),
        F.col("first_day").alias("tied_from"),
        F.lit(None).cast("date").alias("tied_to"),
    )


def ties_that_link(ties: DataFrame, known: DataFrame, *, max_accounts_per_key: int) -> DataFrame:
    """One row per key and account, of keys that link two accounts on some day.

    A key links nobody from the day on which it became common: with its account number `max_accounts_per_key` + 1, or
    with the second account of one source and channel, as one person has one account in a shop
    (docs/decisions/0013-one-account-per-person-and-shop.md). The device's own account is not counted. Accounts that are
    not known are left out.

    Parameters
    ----------
    ties
        key, account_id, kind, tied_from, tied_to.
    known
        One row per account: account_id, first_day, delivered (its place in the order of delivery), source, channel.

    Returns
    -------
    DataFrame
        key, account_id, first_day, delivered, spans (kind, tied_from, tied_to of each), anchor (the key's smallest
        account).
    """
    # A tie older than its account would name a person before there was one.
    span = F.struct("kind", F.greatest("tied_from", "first_day").alias("tied_from"), "tied_to")
    held = (
        ties
        .join(known, on="account_id", how="inner")
        .groupBy("key", "account_id", "first_day", "delivered", "source", "channel")
        .agg(
            F.collect_list(span).alias("spans"),
            F.min(F.greatest("tied_from", "first_day")).alias("held_from"),
            F.max((F.col("kind") != OWN).cast("int")).alias("counts"),
        )
    )
    of_key = W.partitionBy("key").rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    clipped = F.filter(
        F.transform(
            "spans",
            lambda s: F.struct(
                s["kind"].alias("kind"), s["tied_from"].alias("tied_from"), F.least(s["tied_to"], "common_from").alias("tied_to")
            ),
        ),
        lambda s: s["tied_to"].isNull() | (s["tied_from"] < s["tied_to"]),
    )
    return (
        held
        .withColumn("common_from", _common_from(max_accounts_per_key))
        .withColumn("common_from", F.min("common_from").over(of_key))
        .withColumn("spans", clipped)
        .where(F.size("spans") > 0)
        .withColumn("n_accounts", F.count("*").over(of_key))
        .where("n_accounts > 1")
        .select("key", "account_id", "first_day", "delivered", "spans", F.min("account_id").over(of_key).alias("anchor"))
    )


def _common_from(max_accounts_per_key: int) -> Column:
    """The day, on the row of the account that made its key common; else null."""

    def number(*columns: str) -> Column:
        by_day = W.partitionBy("key", *columns).orderBy("held_from", "account_id")
        return F.sum("counts").over(by_day.rowsBetween(W.unboundedPreceding, W.currentRow))

    of_many = number() > max_accounts_per_key
    of_one_shop = F.col("channel").isNotNull() & (number("source", "channel") > 1)
    return F.when((F.col("counts") == 1) & (of_many | of_one_shop), F.col("held_from"))
