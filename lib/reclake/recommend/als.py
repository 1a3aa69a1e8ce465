"""Implicit ALS of Spark MLlib, with our own dense index and our own scoring.

References
----------
Hu, Koren, Volinsky: Collaborative Filtering for Implicit Feedback Datasets, 2008; MLlib scales the
regularisation with the number of observations (Zhou et al. 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import numpy as np
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.errors import ContractBroken
from reclake.recommend.index import dense_index
from reclake.recommend.interface import AlsSettings, KindWeights
from reclake.recommend.lists import ranked_lists
from reclake.recommend.scoring import Floats
from reclake.recommend.weights import customer_product_weights

# MLlib cuts the lineage every so many iterations where the profile sets spark.checkpoint.dir.
_CHECKPOINT_INTERVAL = 10


@dataclass(frozen=True, eq=False)
class FittedAls:
    """Factors of customers and products, made from the days before `cut`."""

    customer_factors: DataFrame  # customer_id, factors array<float>
    products: DataFrame  # product_id, product_index: 0 … n−1 in order of the ids
    product_factors: Floats  # (n products, rank), float32, by product_index
    n_customers: int
    cut: date
    version: str | None = None  # of the registered model

    def recommend(self, customers: DataFrame, seen: DataFrame, *, n: int) -> DataFrame:
        """See `FittedRecommender.recommend`; every product of the model may be shown."""
        catalogue = self.products.select(
            (F.col("product_index") + 1).alias("place"), "product_id", F.lit(0.0).alias("popularity")
        )
        lists = ranked_lists(customers, seen, catalogue, n=n, model=self, is_filled=False)
        return lists.select("customer_id", "rank", "product_id", "score")


def require_broadcastable(*, n_products: int, rank: int, max_bytes: int) -> None:
    """Raise when the product factors are too big to travel to every worker."""
    size = 4 * n_products * rank
    if size > max_bytes:
        raise ContractBroken(
            "the product factors are too large to be broadcast",
            found=f"{n_products} products × rank {rank} = {size} bytes, at most {max_bytes}",
            next_step="lower als.rank, train on fewer products, or raise training.max_item_factor_bytes",
        )


def fitted_als(pairs: DataFrame, settings: AlsSettings, *, cut: date, max_item_factor_bytes: int) -> FittedAls:
    """Fit on customer_id, product_id, weight: one row per pair, all weights above 0.

    Raises
    ------
    ContractBroken
        When there is nothing to learn from, or the product factors are too large.
    """
    customers = dense_index(pairs, "customer_id", name="customer_index", partitions=settings.blocks)
    products = dense_index(pairs, "product_id", name="product_index", partitions=settings.blocks)
    if not customers.n:
        raise ContractBroken(
            f"no interaction before {cut} to train on", "0 customers", "look at silver.interactions and silver.consents"
        )
    require_broadcastable(n_products=products.n, rank=settings.rank, max_bytes=max_item_factor_bytes)
    ratings = (
        pairs
        .join(customers.ids, on="customer_id", how="inner")
        .join(F.broadcast(products.ids), on="product_id", how="inner")
        .select("customer_index", "product_index", F.col("weight").cast("float").alias("weight"))
    )
    model = ALS(
        rank=settings.rank,
        maxIter=settings.iterations,
        regParam=settings.regularisation,
        numUserBlocks=settings.blocks,
        numItemBlocks=settings.blocks,
        implicitPrefs=True,
        alpha=settings.alpha,
        userCol="customer_index",
        itemCol="product_index",
        ratingCol="weight",
        nonnegative=False,
        seed=settings.seed,
        checkpointInterval=_CHECKPOINT_INTERVAL,
        intermediateStorageLevel="MEMORY_AND_DISK",
        finalStorageLevel="MEMORY_AND_DISK",
        coldStartStrategy="drop",
        blockSize=4096,
    ).fit(ratings)
    factors = F.col("features").alias("factors")
    return FittedAls(
        customer_factors=model.userFactors
        .select(F.col("id").alias("customer_index"), factors)
        .join(customers.ids, on="customer_index", how="inner")
        .select("customer_id", "factors"),
        products=products.ids,
        product_factors=_matrix(model.itemFactors.select(F.col("id").alias("product_index"), factors), settings.rank, products.n),
        n_customers=customers.n,
        cut=cut,
    )


def _matrix(factors: DataFrame, rank: int, n: int) -> Floats:
    """The product factors (n, rank) on the driver: `require_broadcastable` has bounded them."""
    table = factors.toArrow()
    matrix = np.zeros((n, rank), dtype=np.float32)
    rows = table["product_index"].to_numpy()
    matrix[rows] = table["factors"].combine_chunks().flatten().to_numpy().reshape(len(rows), rank)
    return matrix


@dataclass(frozen=True)
class Als:
    """Implicit ALS on decayed weights of the kinds of interaction."""

    name: ClassVar[str] = "als"
    serves_unseen_customers: ClassVar[bool] = False

    settings: AlsSettings
    weights: KindWeights
    max_item_factor_bytes: int

    def fit(self, interactions: DataFrame, *, as_of: date) -> FittedAls:
        """See `Recommender.fit`."""
        pairs = customer_product_weights(interactions, self.weights, as_of=as_of, half_life_days=self.settings.half_life_days)
        return fitted_als(pairs, self.settings, cut=as_of, max_item_factor_bytes=self.max_item_factor_bytes)
