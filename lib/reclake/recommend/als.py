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

from pyspark import StorageLevel
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.errors import ContractBroken
from reclake.recommend.index import dense_index
from reclake.recommend.interface import AlsSettings, KindWeights
from reclake.recommend.lists import ranked_lists
from reclake.recommend.scoring import Floats
from reclake.recommend.weights import customer_product_weights

# MLlib cuts the lineage every so many iterations, if the session has a checkpoint folder (reclake.lake.session).
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
        people = customers.select("customer_id", F.lit(True).alias("is_personal"))
        lists = ranked_lists(people, seen, catalogue, n=n, model=self, is_filled=False)
        return lists.select("customer_id", "rank", "product_id", "score")

    def release(self) -> None:
        """Let go of what the fit keeps in memory and on disk; the model can still be used, at a price."""
        self.customer_factors.unpersist()


def require_broadcastable(*, n_products: int, rank: int, max_bytes: int) -> None:
    """Raise when the product factors are too big to travel to every worker."""
    size = 4 * n_products * rank
    if size > max_bytes:
        raise ContractBroken(
            "the product factors are too large to be broadcast",
            found=f"{n_products} products × rank {rank} = {size} bytes, at most {max_bytes}",
            next_step="lower als.rank (a search stands above it: --tune never), train on fewer products, "
            "or raise training.max_item_factor_bytes",
        )


def fitted_als(pairs: DataFrame, settings: AlsSettings, *, cut: date, max_item_factor_bytes: int) -> FittedAls:
    """Fit on customer_id, product_id, weight: one row per pair, all weights above 0.

    Raises
    ------
    ContractBroken
        When there is nothing to learn from, or the product factors are too large.
    """
    kept = pairs.persist()  # read five times: two indices in two steps each, and the ratings
    try:
        customers = dense_index(kept, "customer_id", name="customer_index", partitions=settings.blocks)
        products = dense_index(kept, "product_id", name="product_index", partitions=settings.blocks)
        if not customers.n:
            raise ContractBroken(
                f"no interaction before {cut} to train on", "0 customers", "look at silver.interactions and silver.consents"
            )
        require_broadcastable(n_products=products.n, rank=settings.rank, max_bytes=max_item_factor_bytes)
        ratings = (
            kept
            .join(customers.ids, on="customer_id", how="inner")
            .join(F.broadcast(products.ids), on="product_id", how="inner")
            .select("customer_index", "product_index", F.col("weight").cast("float").alias("weight"))
        )
        model = _als(settings).fit(ratings)
        factors = F.col("features").alias("factors")
        customer_factors = (
            model.userFactors
            .select(F.col("id").alias("customer_index"), factors)
            .join(customers.ids, on="customer_index", how="inner")
            .select("customer_id", "factors")
            .persist(StorageLevel.MEMORY_AND_DISK)
        )
        customer_factors.count()  # while the pairs are at hand
        # The factors of the products come to the driver, as `require_broadcastable` has bounded them.
        table = (
            model.itemFactors
            .select(F.col("id").alias("product_index"), factors)
            .join(products.ids, on="product_index", how="inner")
            .toArrow()
            .sort_by("product_index")
        )
    finally:
        kept.unpersist()
    return FittedAls(
        customer_factors=customer_factors,
        products=pairs.sparkSession.createDataFrame(table.select(["product_id", "product_index"])),
        product_factors=table["factors"].combine_chunks().flatten().to_numpy().reshape(products.n, settings.rank),
        n_customers=customers.n,
        cut=cut,
    )


def _als(settings: AlsSettings) -> ALS:
    """Every parameter is passed: the defaults of Python, Scala and the documents differ."""
    return ALS(
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
    )


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
