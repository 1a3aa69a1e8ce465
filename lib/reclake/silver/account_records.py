"""States of accounts as they came, parsed and classified; contacts only as tokens."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.privacy.pseudonyms import Keys
from reclake.records.parser import Limits
from reclake.records.records import classified_records
from reclake.sources.source import REQUIRED, Source


def _checked(accounts: DataFrame) -> DataFrame:
    # A refused record may hold any number; the column holds years in which somebody can have been born.
    born = F.col("birth_year")
    return accounts.withColumn("birth_year", F.when(born.between(1900, F.year("delivery_day")), born).cast("integer"))


def account_records(
    bronze_accounts: DataFrame,
    *,
    sources: Mapping[str, Source],
    id_key_id: str,
    contact_key_id: str,
    default_region: str,
    directory: str,
    max_record_bytes: int,
    max_depth: int,
) -> DataFrame:
    """One row per record of bronze.accounts.

    A phone or e-mail address that reaches nobody has no token and is no reason to refuse the account.
    """
    return classified_records(
        bronze_accounts,
        "accounts",
        sources=sources,
        keys=Keys(directory, id_key_id=id_key_id, contact_key_id=contact_key_id, default_region=default_region),
        limits=Limits(max_record_bytes, max_depth),
        timezone=None,
        required=REQUIRED["accounts"],
        complete=_checked,
    )
