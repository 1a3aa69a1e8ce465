"""States of accounts as they came, parsed and classified; contacts only as tokens."""

from collections.abc import Mapping
from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.privacy.pseudonyms import Keys
from reclake.records.raw_records import Limits
from reclake.records.records import classified_records
from reclake.sources.source import REQUIRED, VERIFIED, Source


def _checked(accounts: DataFrame, sources: Mapping[str, Source]) -> DataFrame:
    # A refused record may hold any number; the column holds years in which somebody can have been born.
    born = F.col("birth_year")
    birth_year = F.when(born.between(1900, F.year("delivery_day")), born).cast("integer")
    is_of_verified = _is_of_verified(sources)
    verified = {
        column: F.when(F.col(contact).isNotNull(), is_of_verified | F.coalesce(column, F.lit(False)))
        for contact, column in VERIFIED.items()
    }
    return accounts.withColumns({"birth_year": birth_year, **verified})


def _is_of_verified(sources: Mapping[str, Source]) -> Column:
    """Whether the record's feed says that all its contacts are verified."""
    is_of = F.lit(False)
    for name, source in sources.items():
        feeds = [feed for feed, stated in source.feeds_of("accounts").items() if stated.verified_contacts == "all"]
        if feeds:
            is_of = is_of | ((F.col("source") == name) & F.col("feed").isin(*feeds))
    return is_of


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

    A phone or e-mail address that reaches nobody has no token and is no reason to refuse the account. It is verified where
    the feed maps a column that says so, or states that all are: else not, and then it ties no accounts.
    """
    return classified_records(
        bronze_accounts,
        "accounts",
        sources=sources,
        keys=Keys(directory, id_key_id=id_key_id, contact_key_id=contact_key_id, default_region=default_region),
        limits=Limits(max_record_bytes, max_depth),
        timezone=None,
        required=REQUIRED["accounts"],
        complete=partial(_checked, sources=sources),
    )
