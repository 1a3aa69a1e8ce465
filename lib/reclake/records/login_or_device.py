"""Whose a record is that names a login, a device, or both: an event, or what a list showed."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from .classify import has_reason
from .typed import with_reasons


def with_account(records: DataFrame) -> DataFrame:
    """The records with account_id: the login if there was one, else the device; a record with neither has a reason.

    A login or device that was written and refused has a reason of its own, and is not missing as well.
    """
    is_refused = has_reason("login_account_id") | has_reason("device_id")
    named = records.withColumn("account_id", F.coalesce("login_account_id", "device_id"))
    return with_reasons(named, {"it names neither login nor device": F.col("account_id").isNull() & ~is_refused})
