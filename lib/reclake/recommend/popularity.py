"""What most customers took lately: the baseline of every comparison and the last link of the chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window as W

from reclake.recommend.interface import KindWeights
from reclake.recommend.lists import ranked_lists
from reclake.recommend.weights import product_popularity


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


@dataclass(frozen=True)
class FittedPopularity:
    """The same ranking for everyone, less what the customer has seen."""

    products: DataFrame  # place, product_id, popularity

    def recommend(self, customers: DataFrame, seen: DataFrame, *, n: int) -> DataFrame:
        """See `FittedRecommender.recommend`."""
        people = customers.select("customer_id", F.lit(True).alias("is_personal"))
        return ranked_lists(people, seen, self.products, n=n).select("customer_id", "rank", "product_id", "score")


@dataclass(frozen=True)
class Popularity:
    """Popularity with exponential decay."""

    name: ClassVar[str] = "popularity"
    serves_unseen_customers: ClassVar[bool] = True

    half_life_days: float
    weights: Mapping[str, float] | KindWeights

    def fit(self, interactions: DataFrame, *, as_of: date) -> FittedPopularity:
        """See `Recommender.fit`."""
        popularity = product_popularity(interactions, self.weights, as_of=as_of, half_life_days=self.half_life_days)
        return FittedPopularity(popular_products(popularity, popularity))
