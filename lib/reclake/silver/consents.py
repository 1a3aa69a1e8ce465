"""silver.consents: what each account allows, and since when."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.records.delivery import DELIVERY_ORDER, is_kept
from reclake.records.validity import change_day, with_validity


def consents(consent_records: DataFrame, *, timezone: str) -> DataFrame:
    """One row per account, purpose and validity; validity as in `records.validity`."""
    statements = consent_records.where(is_kept()).select(
        "account_id",
        "purpose",
        "is_granted",
        "changed_at",
        *DELIVERY_ORDER,
        change_day(timezone).alias("valid_from"),
        F.lit(False).alias("is_stub"),
    )
    return with_validity(statements, key=("account_id", "purpose"), state=("is_granted",))
