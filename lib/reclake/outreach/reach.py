"""By which channels a person can be reached: of their accounts, and without reading any contact."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

PHONE, EMAIL, APP = "phone", "email", "app"
# Contact channel → what an account needs for it.
NEEDS: Mapping[str, str] = {"email": EMAIL, "sms": PHONE, "call": PHONE, "push": APP}


def personal_contacts(people: DataFrame, accounts: DataFrame, shared_keys: DataFrame) -> DataFrame:
    """One row per account of a customer and kind of contact: customer_id, account_id, kind, is_verified.

    A phone number or address counts where its token says that the account states one of a person's. One that more accounts
    share than are linked to one person, such as the number of a shop, reaches nobody in particular: it is left out. A registered
    account of the app can be reached in the app.

    Parameters
    ----------
    people
        customer_id of each account (`identity.people`).
    accounts, shared_keys
        The rows of silver.accounts and silver.shared_keys that are valid at the as_of.
    """
    held = F.array(
        F.struct(F.lit(PHONE).alias("kind"), F.col("phone_token").alias("key"), F.col("is_phone_verified").alias("is_verified")),
        F.struct(F.lit(EMAIL).alias("kind"), F.col("email_token").alias("key"), F.col("is_email_verified").alias("is_verified")),
        F.struct(
            F.lit(APP).alias("kind"),
            F.when((F.col("channel") == "app") & ~F.col("is_device"), F.col("account_id")).alias("key"),
            F.lit(True).alias("is_verified"),
        ),
    )
    shared = shared_keys.select(F.col("key_kind").alias("kind"), "key").distinct()
    return (
        accounts
        .select("account_id", F.inline(held))
        .where(F.col("key").isNotNull())
        .join(shared, on=["kind", "key"], how="left_anti")
        .join(people.select("account_id", "customer_id"), on="account_id", how="inner")
        .select("customer_id", "account_id", "kind", F.coalesce("is_verified", F.lit(False)).alias("is_verified"))
    )


def reached_by(contacts: DataFrame) -> DataFrame:
    """One row per customer with a contact: customer_id, kinds: the kinds of contact that they have, sorted.

    Parameters
    ----------
    contacts
        Rows of `personal_contacts`.
    """
    return contacts.groupBy("customer_id").agg(F.sort_array(F.collect_set("kind")).alias("kinds"))
