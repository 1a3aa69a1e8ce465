"""What may be shown."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def active_products(products: DataFrame) -> DataFrame:
    """product_id: each product that is not said to be off sale, once; `products` holds what is valid at the as_of."""
    is_on_sale = F.coalesce("is_active", F.lit(True))
    return products.where(is_on_sale).select("product_id").distinct()
