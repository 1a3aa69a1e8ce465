"""gold.contact_list: who may be contacted for a purpose, by which channel, and whom first."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.outreach.candidates import contact_candidates
from reclake.outreach.purpose import Purpose
from reclake.outreach.reasons import reason
from reclake.outreach.settings import ContactsSettings
from reclake.outreach.value_at_risk import with_priority, with_value_at_risk
from reclake.privacy.consent import contact_refusal


def contact_list(
    people: DataFrame,
    accounts: DataFrame,
    shared_keys: DataFrame,
    outreach: DataFrame,
    customer_segments: DataFrame,
    customer_value: DataFrame,
    *,
    as_of: date,
    limits: ContactsSettings,
    purposes: Mapping[str, Purpose],
) -> DataFrame:
    """One row per as_of_date, purpose and customer who may be contacted for it (`outreach.candidates`).

    The others are counted in gold.contact_exclusions. `priority` ranks the customers of a purpose and currency by what is at
    risk (`outreach.value_at_risk`).
    """
    candidates = contact_candidates(
        people, accounts, shared_keys, outreach, customer_segments, as_of=as_of, limits=limits, purposes=purposes
    )
    valued = with_value_at_risk(candidates.where(F.col("exclusion").isNull()), customer_value)
    ranked = with_priority(valued, among=("contact_purpose", "currency"))
    return ranked.withColumns({
        "as_of_date": F.lit(as_of),
        "reason": reason("en", F.col("tier_reason")),
        "reason_zh": reason("zh", F.col("tier_reason_zh")),
    })


def consented(contact_list: DataFrame, allowed: DataFrame) -> DataFrame:
    """The rows of those who may still be profiled and contacted; what a rollback keeps of the newest list.

    Parameters
    ----------
    allowed
        Rows of `privacy.consent.uses_open_to`, of those who may be profiled.
    """
    columns = contact_list.columns
    answers = allowed.select("customer_id", "granted", "refused", "contact_age")
    joined = contact_list.join(answers, on="customer_id", how="inner")
    return joined.where(contact_refusal(F.col("consent_purpose")).isNull()).select(columns)
