"""Who an account belongs to at an as_of, and what that person is open to: the shared input of tables that count people."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.privacy.consent import of_somebody, uses_open_to
from reclake.privacy.settings import MinAgeSettings


def people(identities: DataFrame, accounts: DataFrame, consents: DataFrame, *, as_of: date, min_age: MinAgeSettings) -> DataFrame:
    """One row per account with a customer: account_id, customer_id, channel, is_device, is_machine, basis, scopes, may_be_profiled.

    `scopes` holds what the customer, with all their accounts, is open to: marketing, profiling, sorted. `may_be_profiled`
    is whether profiling is among them. What `privacy.consent.contact_refusal` reads of the customer stands beside them: granted,
    refused, contact_age. `basis` is that of the account's source. channel, is_device, is_machine and basis are null of an
    account that silver.accounts does not describe. The anonymous account of a device that many use has no row: what was done
    there without a login counts for nobody.

    Parameters
    ----------
    identities, accounts, consents
        The rows that are valid at `as_of`.
    """
    open_to = uses_open_to(identities, accounts, consents, min_age=min_age, as_of=as_of)
    described = accounts.select("account_id", "channel", "is_device", "is_machine", "basis")
    return (
        of_somebody(identities)
        .select("account_id", "customer_id")
        .join(described, on="account_id", how="left")
        .join(open_to, on="customer_id", how="inner")
        .withColumn("may_be_profiled", F.array_contains("scopes", "profiling"))
    )


def customers_to_profile(people: DataFrame) -> DataFrame:
    """One row per customer who may be profiled: customer_id."""
    return people.where("may_be_profiled").select("customer_id").distinct()
