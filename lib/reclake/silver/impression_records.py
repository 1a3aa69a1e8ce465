"""What lists showed, and clicks and orders from them, as they came, parsed and classified."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.privacy.pseudonyms import Keys
from reclake.records.classify import has_reason
from reclake.records.login_or_device import with_account
from reclake.records.raw_records import Limits
from reclake.records.records import classified_records
from reclake.records.typed import with_reasons
from reclake.records.values import business_day
from reclake.sources.source import REQUIRED, Source


def impression_records(
    bronze_impressions: DataFrame,
    *,
    sources: Mapping[str, Source],
    timezone: str,
    id_key_id: str,
    directory: str,
    max_record_bytes: int,
    max_depth: int,
) -> DataFrame:
    """One row per record of bronze.impressions: a product of a list that was shown, a click on it, or an order from it.

    Every record says which list, which place in it, and when the list was shown. It counts for that day, and is late by it:
    the late limit is the time for which a click or order may follow. The account is the login if there was one, else the
    device; a record with neither is rejected. So is a click or order without a time, and one before the list was shown.
    A propensity that cannot be one is left out and noted.
    """

    def complete(records: DataFrame) -> DataFrame:
        is_shown = F.col("list_action") == "shown"
        occurred_at = F.coalesce("occurred_at", F.when(is_shown, F.col("shown_at")))
        completed = with_account(records).withColumns({
            "event_date": business_day(F.col("shown_at"), timezone),
            "occurred_at": occurred_at,
        })
        return with_reasons(completed, {
            "occurred_at is missing": F.col("occurred_at").isNull() & ~is_shown & ~has_reason("occurred_at"),
            "it happened before its list was shown": F.col("occurred_at") < F.col("shown_at"),
        })  # fmt: skip

    return classified_records(
        bronze_impressions,
        "impressions",
        sources=sources,
        keys=Keys(directory, id_key_id=id_key_id),
        limits=Limits(max_record_bytes, max_depth),
        timezone=timezone,
        required=REQUIRED["impressions"],
        complete=complete,
        event_day="event_date",
    )
