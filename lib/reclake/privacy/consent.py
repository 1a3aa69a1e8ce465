"""Who may be profiled: a person decides once for all their accounts, and the strictest word counts."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.windows import is_valid_at

PURPOSE = "personalisation"
CONSENT_BASIS = "consent"


def customers_to_profile(identities: DataFrame, accounts: DataFrame, consents: DataFrame, *, as_of: date) -> DataFrame:
    """One row per customer who may be profiled at the as_of: customer_id.

    None of their accounts' sources rests on consent, or one of their accounts granted personalisation and none refused
    or withdrew it. No statement is no; so is an account of which no source is known. A refusal counts on any account,
    whatever its source rests on.
    """
    people = identities.where(is_valid_at(as_of)).select("customer_id", "account_id")
    bases = accounts.where(is_valid_at(as_of)).select("account_id", "basis")
    statements = consents.where(is_valid_at(as_of) & (F.col("purpose") == PURPOSE)).select("account_id", "is_granted")
    needs_consent = F.bool_or(F.coalesce(F.col("basis") == CONSENT_BASIS, F.lit(True)))
    return (
        people
        .join(bases, on="account_id", how="left")
        .join(statements, on="account_id", how="left")
        .groupBy("customer_id")
        .agg(needs_consent.alias("needs_consent"), F.bool_and("is_granted").alias("agreed"))
        # bool_and leaves out those who said nothing; it is null if nobody said anything.
        .where(F.when(F.col("needs_consent"), F.coalesce("agreed", F.lit(False))).otherwise(F.lit(True)))
        .select("customer_id")
    )


def profiled_only(rows: DataFrame, allowed: DataFrame) -> DataFrame:
    """The rows of customers who may be profiled; `allowed` holds their customer_id."""
    return rows.join(allowed, on="customer_id", how="left_semi")
