"""What ties an account to a phone, an e-mail address, a card, a union id or a device, and for which as_of it counts.

A tie counts for an as_of with valid_from < as_of ≤ valid_to, like every validity. What an account's own record states
counts while the record says so (numbers are given to other people again); a later record without one says nothing and
ends nothing. A phone or e-mail address counts only while it is verified: whoever types a stranger's into a form would else
be taken for that stranger (docs/decisions/0041). A card is seen by the till and a union id is given by the platform, so
neither needs a word of a channel. A login is a fact and counts from its day on.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.identity.evidence import OWN
from reclake.records.delivery import is_kept

DEVICE = "device"
# By kind, the column of its value, and that which says whether it counts; a device is reported by the channel itself.
STATED = {
    "phone": ("phone_token", "is_phone_verified"),
    "email": ("email_token", "is_email_verified"),
    "card": ("card_token", None),
    "union": ("union_token", None),
    DEVICE: ("device_id", None),
}
KEY = ("key_kind", "key")


def stated_ties(accounts: DataFrame) -> DataFrame:
    """One row per account, kind and run of equal values in its records: key_kind, key, account_id, evidence and validity.

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
        .where((F.col("kind") != DEVICE) | (F.col("value") != F.col("account_id")))
    )
    in_time = W.partitionBy("account_id", "kind").orderBy("valid_from")
    state = F.struct("value", "is_verified")
    changes = said.withColumn("before", F.lag(state).over(in_time)).where(~state.eqNullSafe(F.col("before")))
    runs = changes.select(
        F.col("kind").alias("key_kind"),
        F.col("value").alias("key"),
        "account_id",
        F.col("kind").alias("evidence"),
        "valid_from",
        F.lead("valid_from").over(in_time).alias("valid_to"),
        "is_verified",
    )
    return runs.where("is_verified").drop("is_verified")


def login_ties(event_records: DataFrame) -> DataFrame:
    """One row per device and account that logged in on it, of the same columns: valid from the first login on."""
    logins = event_records.where(
        is_kept()
        & F.col("event_date").isNotNull()
        & (F.trim("device_id") != "")
        & (F.col("login_account_id") != F.col("device_id"))
    )
    first = logins.groupBy("device_id", "login_account_id").agg(F.min("event_date").alias("valid_from"))
    return first.select(*_tie(DEVICE, F.col("device_id"), F.col("login_account_id"), F.lit("login"), F.col("valid_from")))


def own_ties(known: DataFrame) -> DataFrame:
    """One row per anonymous device: it is tied to itself, so that whoever logs in on it takes on what it did before."""
    account_id = F.col("account_id")
    return known.where("is_device").select(*_tie(DEVICE, account_id, account_id, F.lit(OWN), F.col("first_day")))


def _tie(key_kind: str, key: Column, account_id: Column, evidence: Column, valid_from: Column) -> list[Column]:
    return [
        F.lit(key_kind).alias("key_kind"),
        key.alias("key"),
        account_id.alias("account_id"),
        evidence.alias("evidence"),
        valid_from.alias("valid_from"),
        F.lit(None).cast("date").alias("valid_to"),
    ]


def of_known(ties: DataFrame, known: DataFrame) -> DataFrame:
    """The ties of accounts that are known, with what is known of these.

    No tie is older than its account: it would name a person before there was one. One that ended before is left out.
    """
    joined = ties.join(known, on="account_id", how="inner")
    return joined.withColumn("valid_from", F.greatest("valid_from", "first_day")).where(
        F.col("valid_to").isNull() | (F.col("valid_from") < F.col("valid_to"))
    )
