"""Consents and withdrawals as they came, parsed and classified."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from reclake.privacy.pseudonyms import Keys
from reclake.records.raw_records import Limits
from reclake.records.records import classified_records
from reclake.sources.source import REQUIRED, Source


def consent_records(
    bronze_consents: DataFrame,
    *,
    sources: Mapping[str, Source],
    id_key_id: str,
    directory: str,
    max_record_bytes: int,
    max_depth: int,
) -> DataFrame:
    """One row per record of bronze.consents: a statement of one account about one purpose."""
    return classified_records(
        bronze_consents,
        "consents",
        sources=sources,
        keys=Keys(directory, id_key_id=id_key_id),
        limits=Limits(max_record_bytes, max_depth),
        timezone=None,
        required=REQUIRED["consents"],
    )
