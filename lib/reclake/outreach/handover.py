"""Who of a list may still be contacted when it is handed out, and which of their accounts the channel reaches."""

from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.windows import is_in_window, is_valid_at
from reclake.privacy.consent import contact_refusal, of_somebody, uses_open_at
from reclake.privacy.settings import MinAgeSettings

from .history import contact_history
from .reach import EMAIL, NEEDS, PHONE, personal_contacts
from .settings import ContactsSettings


def still_open(
    listed: DataFrame,
    identities: DataFrame,
    accounts: DataFrame,
    consents: DataFrame,
    outreach: DataFrame,
    *,
    listed_as_of: date,
    now: date,
    min_age: MinAgeSettings,
    limits: ContactsSettings,
) -> DataFrame:
    """The rows of the list whose customers may be contacted at `now`, by all that is known then.

    Each account that belonged to the customer when they were listed is followed to the customer that it belongs to now. All of
    these must still agree and be old enough, must not have complained within the rest days, and must have a contact left. Nobody
    is left of a customer of whom no account is.

    Parameters
    ----------
    listed
        customer_id, consent_purpose; any others stay.
    identities, accounts, consents, outreach
        All rows that are published now.
    now
        The as_of that today's statements are valid for.
    """
    people = of_somebody(identities.where(is_valid_at(now))).select("account_id", "customer_id")
    then = identities.where(is_valid_at(listed_as_of)).select("account_id", "customer_id")
    followed = then.join(people.withColumnRenamed("customer_id", "present"), on="account_id", how="left")
    answers = uses_open_at(identities, accounts, consents, min_age=min_age, as_of=now)
    recent = outreach.where(is_in_window("event_date", as_of=now, days=limits.history_days))
    history = contact_history(people, recent, as_of=now, window_days=limits.window_days)
    known = answers.join(history, on="customer_id", how="left").withColumnRenamed("customer_id", "present")
    rest_from = now - timedelta(days=limits.rest_days)
    has_rested = F.coalesce(F.col("last_complaint_date") < F.lit(rest_from), F.lit(True))
    has_one_left = F.coalesce(F.col("n_recent_contacts") < limits.max_contacts, F.lit(True))
    is_open = contact_refusal(F.col("consent_purpose")).isNull() & has_rested & has_one_left
    judged = (
        listed
        .select("customer_id", "consent_purpose")
        .distinct()
        .join(followed, on="customer_id", how="left")
        .join(known, on="present", how="left")
        .groupBy("customer_id", "consent_purpose")
        .agg(F.bool_and(is_open).alias("is_open"))
    )
    open_ones = judged.where(F.col("is_open")).select("customer_id", "consent_purpose")
    return listed.join(open_ones, on=["customer_id", "consent_purpose"], how="left_semi")


def with_account(
    listed: DataFrame,
    identities: DataFrame,
    accounts: DataFrame,
    shared_keys: DataFrame,
    contacts: DataFrame,
    *,
    listed_as_of: date,
    now: date,
) -> DataFrame:
    """Adds account_id, sealed_contact and key_id: the account that the row's contact_channel reaches the customer by.

    A verified contact comes first, then the one that was stated last. Of an account of the app the contact is the account itself,
    and sealed_contact is null. A row that nothing reaches any more is left out.

    Parameters
    ----------
    listed
        customer_id, contact_channel; any others stay.
    identities, accounts, shared_keys
        All rows that are published now; an account must be the customer's at `listed_as_of`.
    contacts
        The rows of silver.contacts.
    """
    people = identities.where(is_valid_at(listed_as_of)).select("account_id", "customer_id")
    valid_accounts, valid_keys = accounts.where(is_valid_at(now)), shared_keys.where(is_valid_at(now))
    sealed = F.when(F.col("kind") == PHONE, F.col("phone_encrypted")).when(F.col("kind") == EMAIL, F.col("email_encrypted"))
    ways = (
        personal_contacts(people, valid_accounts, valid_keys)
        .join(contacts, on="account_id", how="left")
        .withColumn("sealed_contact", sealed)
        .where(F.col("sealed_contact").isNotNull() | ~F.col("kind").isin(PHONE, EMAIL))
    )
    first = F.struct("is_verified", "delivery_day", "account_id")
    chosen = ways.groupBy("customer_id", "kind").agg(
        F.max_by(F.struct("account_id", "sealed_contact", "key_id"), first).alias("chosen")
    )
    needs = F.create_map(*(F.lit(word) for pair in NEEDS.items() for word in pair))
    return (
        listed
        .withColumn("kind", F.try_element_at(needs, F.col("contact_channel")))
        .join(chosen, on=["customer_id", "kind"], how="inner")
        .select(*listed.columns, "chosen.account_id", "chosen.sealed_contact", "chosen.key_id")
    )
