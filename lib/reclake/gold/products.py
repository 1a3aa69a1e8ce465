"""gold.products: what every product is called and costs now."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.dimension_values import brand_of


def products(products: DataFrame) -> DataFrame:
    """One row per product: the state that no later one has replaced."""
    newest = products.where(F.col("valid_to").isNull())
    return newest.withColumns({"brand": brand_of(products), "changed_date": F.col("valid_from")})
