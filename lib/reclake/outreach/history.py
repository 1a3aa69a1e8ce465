"""What contacts with a customer there have been, and how each channel did."""

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

FAILED, COMPLAINED = "failed", "complained"
ANSWERS = ("opened", "clicked", "replied")
# How a channel did when it was last used; an untried one stands between.
DISLIKED, UNTRIED, DELIVERED, ANSWERED = -1, 0, 1, 2


def contact_history(people: DataFrame, outreach: DataFrame, *, as_of: date, window_days: int) -> DataFrame:
    """One row per customer of whom a contact is known.

    customer_id, n_recent_contacts, last_contact_date, last_complaint_date, standings. One contact is what shares source,
    account and outreach_id, however many results it has; its day is that of its first result. A contact whose only result is
    that it failed reached nobody and is not counted. `standings` maps each channel that was used to how it did the last time:
    -1 failed or complained of, 1 delivered, 2 opened, clicked or replied to, 0 without a known result.

    Parameters
    ----------
    people
        customer_id of each account (`identity.people`).
    outreach
        Rows of silver.outreach before the as_of.
    window_days
        Days before the as_of whose contacts are recent.
    """
    since = as_of - timedelta(days=window_days)
    is_recent = F.col("has_reached") & (F.col("contact_date") >= F.lit(since))
    made = _contacts_made(people, outreach)
    by_channel = made.groupBy("customer_id", "contact_channel").agg(
        F.count_if(is_recent).alias("n_recent_contacts"),
        F.max(F.when(F.col("has_reached"), F.col("contact_date"))).alias("last_contact_date"),
        F.max("complaint_date").alias("last_complaint_date"),
        # At one instant the better result counts, so that no order of rows decides.
        F.max(F.struct("last_at", "standing"))["standing"].alias("standing"),
    )
    entry = F.when(F.col("contact_channel").isNotNull(), F.struct("contact_channel", "standing"))
    return by_channel.groupBy("customer_id").agg(
        F.sum("n_recent_contacts").alias("n_recent_contacts"),
        F.max("last_contact_date").alias("last_contact_date"),
        F.max("last_complaint_date").alias("last_complaint_date"),
        F.map_from_entries(F.sort_array(F.collect_list(entry))).alias("standings"),  # one entry per channel
    )


def _contacts_made(people: DataFrame, outreach: DataFrame) -> DataFrame:
    """One row per contact: customer_id, contact_channel, contact_date, complaint_date, last_at, has_reached, standing."""
    # A contact without an id is known by its place in its file alone.
    contact_id = F.coalesce("outreach_id", F.concat_ws("|", "file_digest", F.col("position").cast("string")))
    of_customers = outreach.join(people.select("account_id", "customer_id"), on="account_id", how="inner")
    result, day = F.col("result"), F.col("event_date")
    return (
        of_customers
        .groupBy("customer_id", "source", "account_id", contact_id.alias("contact_id"), "contact_channel")
        .agg(
            F.min("event_date").alias("contact_date"),
            F.max(F.when(result == COMPLAINED, day)).alias("complaint_date"),
            F.max("occurred_at").alias("last_at"),
            F.bool_or(F.coalesce(result != FAILED, F.lit(True))).alias("has_reached"),
            F.max(_standing(result)).alias("best"),
        )
        .withColumn("standing", F.when(F.col("complaint_date").isNotNull(), DISLIKED).otherwise(F.col("best")))
    )


def _standing(result: Column) -> Column:
    """How one result speaks for its channel."""
    is_answer = result.isin(*ANSWERS)
    return F.when(is_answer, ANSWERED).when(result == "delivered", DELIVERED).when(result == FAILED, DISLIKED).otherwise(UNTRIED)
