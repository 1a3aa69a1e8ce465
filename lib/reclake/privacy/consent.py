"""Who may be profiled or marketed to: a person decides once for all their accounts, and the strictest word counts."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.windows import is_valid_at

from .settings import MinAgeSettings

Use = Literal["profiling", "marketing"]
PURPOSES: Mapping[Use, str] = {"profiling": "personalisation", "marketing": "marketing"}
CONSENT_BASIS = "consent"


def customers_open_to(
    identities: DataFrame, accounts: DataFrame, consents: DataFrame, *, use: Use, min_age: MinAgeSettings, as_of: date
) -> DataFrame:
    """One row per customer who may be profiled, or marketed to, at the as_of: customer_id.

    A refusal, a withdrawal or a suspension of the purpose on any of their accounts is no, whatever the accounts' sources
    rest on. Silence is no where an account's source rests on consent or is not known, and always for marketing. A customer
    who is too young, or may be, is out (docs/decisions/0040): the youngest year of birth of their accounts counts, and the
    strictest limit of the bases of their accounts.
    """
    people = identities.where(is_valid_at(as_of)).select("customer_id", "account_id")
    described = accounts.where(is_valid_at(as_of)).select("account_id", "basis", "birth_year")
    statements = consents.where(is_valid_at(as_of) & (F.col("purpose") == PURPOSES[use])).select("account_id", "is_granted")
    needs_consent = F.lit(use == "marketing") | F.coalesce(F.col("basis") == CONSENT_BASIS, F.lit(True))
    return (
        people
        .join(described, on="account_id", how="left")
        .join(statements, on="account_id", how="left")
        .groupBy("customer_id")
        .agg(
            F.bool_or(needs_consent).alias("needs_consent"),
            F.bool_and("is_granted").alias("agreed"),
            F.max("birth_year").alias("birth_year"),
            F.max(_least_age(use, min_age)).alias("least_age"),
        )
        # bool_and leaves out those who said nothing; it is null if nobody said anything.
        .where(F.coalesce("agreed", ~F.col("needs_consent")))
        .where(F.coalesce(_age(as_of) >= F.col("least_age"), F.lit(min_age.unknown_is_allowed)))
        .select("customer_id")
    )


def _age(as_of: date) -> Column:
    """The least age in years that a person of that birth_year can have: they may not have had their birthday yet."""
    return F.lit(as_of.year - 1) - F.col("birth_year")


def _least_age(use: Use, min_age: MinAgeSettings) -> Column:
    """The age that the account's basis asks for."""
    least = F.lit(getattr(min_age.any_basis, use))
    for basis, limits in min_age.of_basis.items():
        least = F.when(F.col("basis") == basis, F.lit(getattr(limits, use))).otherwise(least)
    return least


def profiled_only(rows: DataFrame, allowed: DataFrame) -> DataFrame:
    """The rows of customers who may be profiled; `allowed` holds their customer_id."""
    return rows.join(allowed, on="customer_id", how="left_semi")
