"""Implicit ALS of Spark MLlib, with our own dense index and our own scoring.

References
----------
Hu, Koren, Volinsky: Collaborative Filtering for Implicit Feedback Datasets, 2008; MLlib scales the
regularisation with the number of observations (Zhou et al. 2008).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from pyspark import StorageLevel
from pyspark.ml.recommendation import ALS
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.errors import ContractBroken
from reclake.recommend.index import dense_index
from reclake.recommend.interface import Choice, KindWeights, LogRange, Part
from reclake.recommend.picking import Floats
from reclake.recommend.scoring import best_products
from reclake.recommend.settings import AlsSettings, TuningSettings
from reclake.recommend.weights import customer_product_weights

# MLlib cuts the lineage every so many iterations, if the session has a checkpoint folder (reclake.lake.session).
_CHECKPOINT_INTERVAL = 10

_CUSTOMERS = Part("customers", "customer_factors", "struct<customer_id:string,factors:array<float>>")
_PRODUCTS = Part("products", "product_factors", "struct<product_id:string,product_index:int,factors:array<float>>")


@dataclass(frozen=True, slots=True)
class AlsValues:
    """The section [als], or what a search found better."""

    rank: int
    iterations: int
    regularisation: float
    alpha: float
    half_life_days: float
    blocks: int
    seed: int

    @classmethod
    def of(cls, settings: AlsSettings) -> AlsValues:
        """The same values, to be varied."""
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})


@dataclass(frozen=True, eq=False)
class FittedAls:
    """Factors of customers and products, made from the days before `cut`."""

    name: ClassVar[str] = "als"

    customer_factors: DataFrame  # customer_id, factors array<float>
    products: DataFrame  # product_id, product_index: 0 … n−1 in order of the ids
    product_factors: Floats  # (n products, rank), float32, by product_index
    n_customers: int
    cut: date
    version: str | None = None  # of the registered model

    def with_picks(self, people: DataFrame, candidates: DataFrame, *, n: int) -> DataFrame:
        """See `FittedRecommender.with_picks`: by the inner products of the factors."""
        return best_products(people, candidates, self.customer_factors, self.product_factors, n_customers=self.n_customers, n=n)

    def facts(self) -> Mapping[str, int]:
        """See `FittedRecommender.facts`."""
        return {"rank": self.product_factors.shape[1]}

    def rows(self) -> Mapping[str, DataFrame]:
        """See `FittedRecommender.rows`."""
        numbers = pa.array(np.arange(len(self.product_factors), dtype=np.int32))
        vectors = pa.FixedSizeListArray.from_arrays(self.product_factors.ravel(), self.product_factors.shape[1])
        table = pa.table({"product_index": numbers, "factors": vectors.cast(pa.list_(pa.float32()))})
        factors = self.products.sparkSession.createDataFrame(table)
        return {
            _CUSTOMERS.name: self.customer_factors.select("customer_id", "factors"),
            _PRODUCTS.name: factors.join(self.products, on="product_index", how="inner").select(
                "product_id", "product_index", "factors"
            ),
        }

    def release(self) -> None:
        """See `FittedRecommender.release`."""
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


def fitted_als(pairs: DataFrame, settings: AlsValues, *, cut: date, max_item_factor_bytes: int) -> FittedAls:
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
        product_factors=_matrix(table, n_products=products.n, rank=settings.rank),
        n_customers=customers.n,
        cut=cut,
    )


def _als(settings: AlsValues) -> ALS:
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

    name: ClassVar[str] = FittedAls.name
    parts: ClassVar[tuple[Part, ...]] = (_CUSTOMERS, _PRODUCTS)
    facts: ClassVar[tuple[str, ...]] = ("rank",)
    serves_unseen_customers: ClassVar[bool] = False
    searched: ClassVar[tuple[str, ...]] = ("rank", "regularisation", "alpha", "half_life_days")
    file_lists: ClassVar[str] = "reclake.recommend.als_files"

    settings: AlsValues
    weights: KindWeights
    max_item_factor_bytes: int

    @classmethod
    def of(cls, sections: Mapping[str, Any]) -> Als:
        """See `Recommender.of`."""
        return cls(AlsValues.of(sections["als"]), sections["interactions.weights"], sections["training"].max_item_factor_bytes)

    def with_settings(self, settings: AlsValues) -> Als:
        """See `Recommender.with_settings`."""
        return replace(self, settings=settings)

    def space(self, tuning: TuningSettings) -> Mapping[str, Choice | LogRange]:
        """See `Recommender.space`: ranks from the list, the rest between two ends."""
        return {
            "rank": Choice(tuning.ranks),
            "regularisation": LogRange(*tuning.regularisation),
            "alpha": LogRange(*tuning.alpha),
            "half_life_days": LogRange(*tuning.half_life_days),
        }

    def fit(self, interactions: DataFrame, *, as_of: date) -> FittedAls:
        """See `Recommender.fit`."""
        pairs = customer_product_weights(interactions, self.weights, as_of=as_of, half_life_days=self.settings.half_life_days)
        return fitted_als(pairs, self.settings, cut=as_of, max_item_factor_bytes=self.max_item_factor_bytes)

    @classmethod
    def is_sound(cls, part: Part, facts: Mapping[str, int]) -> Column:
        """See `Recommender.is_sound`: a vector of the rank, all of it finite."""
        is_finite = F.forall("factors", lambda value: value.isNotNull() & ~F.isnan(value) & (F.abs(value) < F.lit(float("inf"))))
        return is_finite & (F.size("factors") == facts["rank"])

    @classmethod
    def restored(
        cls, rows: Mapping[str, DataFrame], facts: Mapping[str, int], n_rows: Mapping[str, int], *, cut: date, version: str
    ) -> FittedAls:
        """See `Recommender.restored`; the product factors come to the driver, those of customers stay in their files."""
        products = rows[_PRODUCTS.name]
        table = products.toArrow().sort_by("product_index")
        return FittedAls(
            customer_factors=rows[_CUSTOMERS.name],
            products=products.select("product_id", "product_index"),
            product_factors=_matrix(table, n_products=n_rows[_PRODUCTS.name], rank=facts["rank"]),
            n_customers=n_rows[_CUSTOMERS.name],
            cut=cut,
            version=version,
        )


def _matrix(table: pa.Table, *, n_products: int, rank: int) -> Floats:
    """The column `factors` as (n products, rank)."""
    matrix: Floats = table["factors"].combine_chunks().flatten().to_numpy().reshape(n_products, rank)
    return matrix
