"""Whose events belong together before anybody is resolved."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def unit_as_seen(*, is_shared: Column | None = None) -> Column:
    """The device, or the account where no device is known; a login in between does not change it.

    Where `is_shared`, many use the device: its events are those of the account that was logged in, and of nobody without one.
    """
    of_device = F.coalesce("device_id", "account_id")
    return of_device if is_shared is None else F.when(is_shared, F.col("account_id")).otherwise(of_device)
