"""What a customer is called."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def customer_id(account_id: Column) -> Column:
    """The name of a customer who is named after the account (docs/decisions/0008)."""
    return F.concat(F.lit("c_"), F.substring(F.sha2(account_id, 256), 1, 32))
