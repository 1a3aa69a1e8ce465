"""Events as they came, parsed and classified."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.privacy.pseudonyms import Keys
from reclake.records.login_or_device import with_account
from reclake.records.raw_records import Limits
from reclake.records.records import classified_records
from reclake.records.values import business_day
from reclake.sources.source import REQUIRED, Source


def event_records(
    bronze_events: DataFrame,
    *,
    sources: Mapping[str, Source],
    timezone: str,
    id_key_id: str,
    directory: str,
    max_record_bytes: int,
    max_depth: int,
) -> DataFrame:
    """One row per record of bronze.events.

    The account is the login if there was one, else the device; an event with neither is rejected.
    """

    def complete(events: DataFrame) -> DataFrame:
        return with_account(events).withColumn("event_date", business_day(F.col("occurred_at"), timezone))

    return classified_records(
        bronze_events,
        "events",
        sources=sources,
        keys=Keys(directory, id_key_id=id_key_id),
        limits=Limits(max_record_bytes, max_depth),
        timezone=timezone,
        required=REQUIRED["events"],
        complete=complete,
        event_day="event_date",
    )
