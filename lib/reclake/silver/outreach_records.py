"""Contacts that the company made with customers as they came, parsed and classified."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.privacy.pseudonyms import Keys
from reclake.records.raw_records import Limits
from reclake.records.records import classified_records
from reclake.records.values import business_day
from reclake.sources.source import REQUIRED, Source


def outreach_records(
    bronze_outreach: DataFrame,
    *,
    sources: Mapping[str, Source],
    timezone: str,
    id_key_id: str,
    directory: str,
    max_record_bytes: int,
    max_depth: int,
) -> DataFrame:
    """One row per record of bronze.outreach: a message, call or letter to the person of an account.

    A contact needs an account, a time, a purpose and the way in which it was made, since limits on contacts count by them.
    A result of other words than the standard's is left out and noted: the contact was made all the same.
    """
    return classified_records(
        bronze_outreach,
        "outreach",
        sources=sources,
        keys=Keys(directory, id_key_id=id_key_id),
        limits=Limits(max_record_bytes, max_depth),
        timezone=timezone,
        required=REQUIRED["outreach"],
        complete=lambda contacts: contacts.withColumn("event_date", business_day(F.col("occurred_at"), timezone)),
        event_day="event_date",
    )
