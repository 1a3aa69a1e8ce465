"""Whose events belong together before anybody is resolved."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def unit_as_seen() -> Column:
    """The device, or the account where no device is known; a login in between does not change it."""
    return F.coalesce("device_id", "account_id")
