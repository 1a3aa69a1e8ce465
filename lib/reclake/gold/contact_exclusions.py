"""gold.contact_exclusions: how many customers a list leaves out, and why; none of them by name."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.outreach.candidates import contact_candidates
from reclake.outreach.purpose import Purpose
from reclake.outreach.settings import ContactsSettings


def contact_exclusions(
    people: DataFrame,
    accounts: DataFrame,
    shared_keys: DataFrame,
    outreach: DataFrame,
    customer_segments: DataFrame,
    *,
    as_of: date,
    limits: ContactsSettings,
    purposes: Mapping[str, Purpose],
    min_group_size: int,
) -> DataFrame:
    """One row per as_of_date, purpose, tier and first reason for which at least `min_group_size` customers are not listed.

    Counts are rounded down to whole `min_group_size`. A customer counts once for each purpose that their tier is contacted for.
    """
    candidates = contact_candidates(
        people, accounts, shared_keys, outreach, customer_segments, as_of=as_of, limits=limits, purposes=purposes
    )
    counted = (
        candidates
        .where(F.col("exclusion").isNotNull())
        .groupBy("contact_purpose", "tier", F.col("exclusion").alias("reason"))
        .agg(F.count("*").alias("n"))
    )
    return counted.where(F.col("n") >= min_group_size).select(
        F.lit(as_of).alias("as_of_date"),
        "contact_purpose",
        "tier",
        "reason",
        (F.col("n") - F.col("n") % min_group_size).alias("n_customers"),
    )
