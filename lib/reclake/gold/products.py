"""gold.products: what every product is called and costs now."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def products(products: DataFrame) -> DataFrame:
    """One row per product: the state that no later one has replaced."""
    newest = products.where(F.col("valid_to").isNull())
    return newest.withColumn("changed_date", F.col("valid_from"))
