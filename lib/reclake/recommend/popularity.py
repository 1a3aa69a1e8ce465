"""What most customers took lately: the baseline of every comparison and the last link of the chain."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window as W


def popular_products(catalogue: DataFrame, popularity: DataFrame) -> DataFrame:
    """One row per product of the catalogue: place (1 = most popular), product_id, popularity; ties by product_id.

    A product that nobody took has popularity 0 and stands at the end, so that a list can always be filled.
    """
    # One partition sorts the catalogue: products only, a million of them are some 100 MB.
    place = F.row_number().over(W.orderBy(F.col("popularity").desc(), F.col("product_id")))
    return (
        catalogue
        .select("product_id")
        .distinct()
        .join(popularity, on="product_id", how="left")
        .select("product_id", F.coalesce("popularity", F.lit(0.0)).alias("popularity"))
        .select(place.alias("place"), "product_id", "popularity")
    )
