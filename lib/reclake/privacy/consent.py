"""Who may be profiled, marketed to or contacted: a person decides once for all their accounts, and the strictest word counts."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.windows import is_valid_at
from reclake.identity.evidence import SHARED
from reclake.tables import vocabulary

from .settings import MinAgeSettings

Use = Literal["profiling", "marketing"]
PURPOSES: Mapping[Use, str] = {"profiling": "personalisation", "marketing": "marketing"}
CONSENT_BASIS = "consent"
OLD_ENOUGH, TOO_YOUNG, AGE_UNKNOWN = "old_enough", "too_young", "age_unknown"
REFUSED, NO_CONSENT = "refused", "no_consent"
# Why nobody may contact a customer, in the order in which one of several is named.
CONTACT_REFUSALS = (TOO_YOUNG, AGE_UNKNOWN, REFUSED, NO_CONSENT)


def uses_open_to(
    identities: DataFrame, accounts: DataFrame, consents: DataFrame, *, min_age: MinAgeSettings, as_of: date
) -> DataFrame:
    """One row per customer: customer_id, scopes, granted, refused, contact_age.

    `scopes` is what they are open to, of profiling and marketing, sorted. A refusal, a withdrawal or a suspension of the
    purpose on any of their accounts is no, whatever the accounts' sources rest on. Silence is no where an account's source
    rests on consent or is not known, and always for marketing. A customer who is too young, or may be, is out
    (docs/decisions/0040): the youngest year of birth of their accounts counts, and the strictest limit of the bases of their
    accounts. A device that many use is nobody's, and is no customer.

    `granted` and `refused` are the purposes of consent that all statements of their accounts grant, and that one refuses or
    withdraws; a purpose in neither was never stated. `contact_age` is old_enough, too_young or age_unknown for being contacted,
    by the limit for marketing. `contact_refusal` reads these three.

    Parameters
    ----------
    identities, accounts, consents
        The rows that are valid at `as_of`.
    """
    described = accounts.select("account_id", "basis", "birth_year")
    statements = consents.select("account_id", "purpose", "is_granted")
    rests_on_consent = F.coalesce(F.col("basis") == CONSENT_BASIS, F.lit(True))
    facts = (
        of_somebody(identities)
        .select("customer_id", "account_id")
        .join(described, on="account_id", how="left")
        .join(statements, on="account_id", how="left")
        .groupBy("customer_id")
        .agg(
            F.bool_or(rests_on_consent).alias("rests_on_consent"),
            F.max("birth_year").alias("birth_year"),
            # bool_and leaves out those who said nothing; it is null if nobody said anything.
            *(
                F.bool_and(F.when(F.col("purpose") == purpose, F.col("is_granted"))).alias(f"agreed_{purpose}")
                for purpose in vocabulary.PURPOSES
            ),
            *(F.max(_least_age(use, min_age)).alias(f"least_age_{use}") for use in PURPOSES),
        )
    )
    open_to = F.array_compact(F.array(*(F.when(_is_open(use, min_age, as_of), use) for use in sorted(PURPOSES))))
    return facts.select(
        "customer_id",
        open_to.alias("scopes"),
        _stated(is_granted=True).alias("granted"),
        _stated(is_granted=False).alias("refused"),
        _contact_age(min_age, as_of).alias("contact_age"),
    )


def _stated(*, is_granted: bool) -> Column:
    """The purposes of consent that a customer grants, or refuses, sorted; those that nobody stated are in neither."""
    purposes = sorted(vocabulary.PURPOSES)
    return F.array_compact(F.array(*(F.when(F.col(f"agreed_{one}") == F.lit(is_granted), one) for one in purposes)))


def _contact_age(min_age: MinAgeSettings, as_of: date) -> Column:
    """Whether a customer is old enough to be contacted: old_enough, too_young or age_unknown."""
    unknown = OLD_ENOUGH if min_age.unknown_is_allowed else AGE_UNKNOWN
    age = _age(as_of)
    return F.when(age >= F.col("least_age_marketing"), OLD_ENOUGH).when(age.isNotNull(), TOO_YOUNG).otherwise(unknown)


def contact_refusal(consent: Column) -> Column:
    """Why a customer may not be contacted on this purpose of consent: one of CONTACT_REFUSALS; null if they may.

    Read from the columns granted, refused and contact_age of `uses_open_to`. A customer without them gets no_consent.

    Parameters
    ----------
    consent
        The purpose of consent that the contact rests on, such as marketing.
    """
    says_no = F.coalesce(F.array_contains("refused", consent), F.lit(False))
    says_yes = F.coalesce(F.array_contains("granted", consent), F.lit(False))
    is_too_young = F.col("contact_age").isin(TOO_YOUNG, AGE_UNKNOWN)
    return F.when(is_too_young, F.col("contact_age")).when(says_no, REFUSED).when(~says_yes, NO_CONSENT)


def of_somebody(identities: DataFrame) -> DataFrame:
    """The rows of accounts that belong to a person, or may: all but the anonymous accounts of devices that many use."""
    return identities.where(~F.col("evidence").eqNullSafe(SHARED))


def _is_open(use: Use, min_age: MinAgeSettings, as_of: date) -> Column:
    """Whether a customer agreed to the use, or need not, and is old enough."""
    silence = F.lit(False) if use == "marketing" else ~F.col("rests_on_consent")
    is_old_enough = F.coalesce(_age(as_of) >= F.col(f"least_age_{use}"), F.lit(min_age.unknown_is_allowed))
    return F.coalesce(F.col(f"agreed_{PURPOSES[use]}"), silence) & is_old_enough


def uses_open_at(
    identities: DataFrame, accounts: DataFrame, consents: DataFrame, *, min_age: MinAgeSettings, as_of: date
) -> DataFrame:
    """The rows of `uses_open_to` at the as_of.

    Parameters
    ----------
    identities, accounts, consents
        All rows: those that are valid at `as_of` are taken.
    """
    valid = (dimension.where(is_valid_at(as_of)) for dimension in (identities, accounts, consents))
    return uses_open_to(*valid, min_age=min_age, as_of=as_of)


def customers_open_to(
    identities: DataFrame, accounts: DataFrame, consents: DataFrame, *, use: Use, min_age: MinAgeSettings, as_of: date
) -> DataFrame:
    """One row per customer who may be profiled, or marketed to, at the as_of: customer_id (`uses_open_to`).

    Parameters
    ----------
    identities, accounts, consents
        All rows: those that are valid at `as_of` are taken.
    """
    found = uses_open_at(identities, accounts, consents, min_age=min_age, as_of=as_of)
    return found.where(F.array_contains("scopes", use)).select("customer_id")


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
