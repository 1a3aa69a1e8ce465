"""What may be shown."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.windows import is_valid_at


def active_products(products: DataFrame, *, as_of: date) -> DataFrame:
    """product_id: each product that is known at `as_of` and not said to be off sale, once."""
    is_on_sale = F.coalesce("is_active", F.lit(True))
    return products.where(is_valid_at(as_of) & is_on_sale).select("product_id").distinct()
