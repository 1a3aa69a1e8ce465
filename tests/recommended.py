"""What a fitted recommender chooses, as lists."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.recommend.interface import FittedRecommender
from reclake.recommend.lists import ranked_lists


def recommended(model: FittedRecommender, customers: DataFrame, seen: DataFrame, *, n: int) -> DataFrame:
    """customer_id, rank, product_id, score: the model's own choice from all its products, without the links after it."""
    catalogue = model.products.select((F.col("product_index") + 1).alias("place"), "product_id", F.lit(0.0).alias("popularity"))
    people = customers.select("customer_id", F.lit(True).alias("is_personal"))
    lists = ranked_lists(people, seen, catalogue, n=n, model=model)
    return lists.where(F.col("source") == model.name).select("customer_id", "rank", "product_id", "score")
