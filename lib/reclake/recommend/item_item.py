"""Item–item: products that the customers of their own products have, by cosine.

It holds nothing of any customer: what a customer has seen comes with each call, so it serves customers who came after the
training, and whoever withdraws is no longer asked about. A product's score is the sum of its similarities to the seen products
among its nearest neighbours.

References
----------
Sarwar, Karypis, Konstan, Riedl: Item-Based Collaborative Filtering Recommendation Algorithms, 2001; Deshpande, Karypis: Item-Based
Top-N Recommendation Algorithms, 2004 (neighbours of the product that is scored).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, ClassVar

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.errors import ContractBroken
from reclake.recommend.index import dense_index
from reclake.recommend.interface import Choice, LogRange, Part
from reclake.recommend.neighbours import Neighbours, neighbours_of, scorer
from reclake.recommend.scoring import picked_in_blocks
from reclake.recommend.settings import ItemItemSettings, TuningSettings
from reclake.recommend.similarity import owned_products, similar_products

_PRODUCTS = Part(
    "products",
    "product_neighbours",
    "struct<product_id:string,product_index:int,neighbours:array<int>,similarities:array<float>>",
)
_BYTES_PER_NEIGHBOUR = 8


@dataclass(frozen=True, slots=True)
class ItemItemValues:
    """The section [item_item], or what a search found better."""

    neighbours: int
    shrinkage: float
    weight_power: float
    max_products: int
    blocks: int

    @classmethod
    def of(cls, settings: ItemItemSettings) -> ItemItemValues:
        """The same values, to be varied."""
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})


@dataclass(frozen=True, eq=False)
class FittedItemItem:
    """Neighbours of products, made from the days before `cut`."""

    name: ClassVar[str] = "item_item"

    neighbourhoods: DataFrame  # as the part `products` is stored
    neighbours: Neighbours
    counted: Mapping[str, int]
    cut: date
    version: str | None = None  # of the registered model

    @property
    def products(self) -> DataFrame:
        """See `FittedRecommender.products`."""
        return self.neighbourhoods.select("product_id", "product_index")

    def with_picks(self, people: DataFrame, candidates: DataFrame, *, n: int) -> DataFrame:
        """See `FittedRecommender.with_picks`: by the similarities to what the customer has seen; only products that have any."""
        scored = people.where(F.col("is_personal") & (F.size("seen_indices") > 0)).select("customer_id", "seen_indices")
        return picked_in_blocks(people, scored, candidates, scorer(self.neighbours, n=n), n_customers=self.counted["n_customers"])

    def facts(self) -> Mapping[str, int]:
        """See `FittedRecommender.facts`."""
        return self.counted

    def rows(self) -> Mapping[str, DataFrame]:
        """See `FittedRecommender.rows`."""
        return {_PRODUCTS.name: self.neighbourhoods}

    def release(self) -> None:
        """See `FittedRecommender.release`: it keeps nothing in Spark."""


@dataclass(frozen=True)
class ItemItem:
    """Item–item on which products each customer had to do with, however often."""

    name: ClassVar[str] = FittedItemItem.name
    parts: ClassVar[tuple[Part, ...]] = (_PRODUCTS,)
    facts: ClassVar[tuple[str, ...]] = ("most_neighbours", "n_customers", "n_cut_customers")
    serves_unseen_customers: ClassVar[bool] = True
    searched: ClassVar[tuple[str, ...]] = ("neighbours", "shrinkage")
    file_lists: ClassVar[str] = "reclake.recommend.item_item_files"

    settings: ItemItemValues
    max_bytes: int

    @classmethod
    def of(cls, sections: Mapping[str, Any]) -> ItemItem:
        """See `Recommender.of`."""
        return cls(ItemItemValues.of(sections["item_item"]), sections["training"].max_item_factor_bytes)

    def with_settings(self, settings: ItemItemValues) -> ItemItem:
        """See `Recommender.with_settings`."""
        return replace(self, settings=settings)

    def space(self, tuning: TuningSettings) -> Mapping[str, Choice | LogRange]:
        """See `Recommender.space`."""
        return {"neighbours": Choice(tuning.neighbours), "shrinkage": LogRange(*tuning.shrinkage)}

    def fit(self, interactions: DataFrame, *, as_of: date) -> FittedItemItem:
        """See `Recommender.fit`. `n_cut_customers` says of how many only the newest `max_products` count."""
        settings = self.settings
        known = interactions.where(F.col("event_date") < F.lit(as_of))
        owned = owned_products(known, max_products=settings.max_products).persist()
        try:
            index = dense_index(
                owned.select(F.explode("products").alias("product_id")),
                "product_id",
                name="product_index",
                partitions=settings.blocks,
            )
            if not index.n:
                raise ContractBroken(
                    f"no interaction before {as_of} to train on", "0 customers", "look at silver.interactions and silver.consents"
                )
            _require_broadcastable(index.n, settings.neighbours, self.max_bytes)
            is_cut = F.col("n_products") > settings.max_products
            counts = owned.agg(F.count("*").alias("n_customers"), F.count_if(is_cut).alias("n_cut_customers")).first()
            similar = similar_products(owned, shrinkage=settings.shrinkage, weight_power=settings.weight_power)
            # The neighbours come to the driver, as `_require_broadcastable` has bounded them.
            table = _nearest(similar, index.ids, n=settings.neighbours).toArrow().sort_by("product_index")
        finally:
            owned.unpersist()
        counted = {"most_neighbours": settings.neighbours, **(counts.asDict() if counts is not None else {})}
        return FittedItemItem(interactions.sparkSession.createDataFrame(table), neighbours_of(table), counted, cut=as_of)

    @classmethod
    def is_sound(cls, part: Part, facts: Mapping[str, int]) -> Column:
        """See `Recommender.is_sound`: as many similarities as neighbours, all of them above 0 and finite."""
        is_finite = F.forall("similarities", lambda value: value.isNotNull() & (value > 0) & (value < F.lit(float("inf"))))
        n_products = F.size("neighbours")
        return is_finite & (n_products == F.size("similarities")) & (n_products <= facts["most_neighbours"])

    @classmethod
    def restored(
        cls, rows: Mapping[str, DataFrame], facts: Mapping[str, int], n_rows: Mapping[str, int], *, cut: date, version: str
    ) -> FittedItemItem:
        """See `Recommender.restored`; the neighbours come to the driver."""
        products = rows[_PRODUCTS.name]
        table = products.toArrow().sort_by("product_index")
        return FittedItemItem(products, neighbours_of(table), dict(facts), cut=cut, version=version)


def _require_broadcastable(n_products: int, neighbours: int, max_bytes: int) -> None:
    """Raise when the neighbours are too many to travel to every worker."""
    size = _BYTES_PER_NEIGHBOUR * n_products * neighbours
    if size > max_bytes:
        raise ContractBroken(
            "the neighbours of products are too many to be broadcast",
            found=f"{n_products} products × {neighbours} neighbours = {size} bytes, at most {max_bytes}",
            next_step="lower item_item.neighbours (a search stands above it: --tune never), or raise training.max_item_factor_bytes",
        )


def _nearest(similar: DataFrame, ids: DataFrame, *, n: int) -> DataFrame:
    """One row per product: product_id, product_index, neighbours, similarities of the `n` most similar ones, ties by product_id."""
    most = W.partitionBy("product_id").orderBy(F.col("score").desc(), "related_product_id")
    near = similar.withColumn("place", F.row_number().over(most)).where((F.col("place") <= n) & (F.col("score") > 0))
    others = ids.select(F.col("product_id").alias("related_product_id"), F.col("product_index").alias("neighbour"))
    of_products = (
        near
        .join(F.broadcast(others), on="related_product_id", how="inner")
        .groupBy("product_id")
        .agg(F.sort_array(F.collect_list(F.struct("neighbour", F.col("score").cast("float").alias("score")))).alias("near"))
        .select("product_id", F.col("near.neighbour").alias("neighbours"), F.col("near.score").alias("similarities"))
    )
    return ids.join(of_products, on="product_id", how="left").select(
        "product_id",
        "product_index",
        F.coalesce("neighbours", F.array().cast("array<int>")).alias("neighbours"),
        F.coalesce("similarities", F.array().cast("array<float>")).alias("similarities"),
    )
