"""A second model for tests: it knows each customer's taste, by how ids of products begin, and what is popular."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window as W

from reclake.recommend.interface import PICKS, Choice, KindWeights, LogRange, Part
from reclake.recommend.weights import product_popularity
from reclake.tables.models import ALS, Model

OWN_TASTE = 1e6  # more than any popularity


@dataclass(frozen=True, slots=True)
class TasteSettings:
    half_life_days: float


@dataclass(frozen=True, eq=False)
class FittedTaste:
    name: ClassVar[str] = "taste"

    tastes: DataFrame  # customer_id, taste
    ranking: DataFrame  # product_id, product_index, taste, popularity
    cut: date
    version: str | None = None

    @property
    def products(self) -> DataFrame:
        return self.ranking.select("product_id", "product_index")

    def with_picks(self, people: DataFrame, candidates: DataFrame, *, n: int) -> DataFrame:
        """Products of the own taste, then the others, each by popularity. All is small: every product meets every customer."""
        offers = candidates.select("place", "product_index").join(self.ranking, on="product_index", how="inner")
        offered = offers.agg(F.collect_list(F.struct("product_index", "place", "taste", "popularity")).alias("offers"))

        def scored(offer: Column) -> Column:
            is_own = offer["taste"] == F.col("taste")
            score = offer["popularity"] + F.when(is_own, OWN_TASTE).otherwise(0.0)
            return F.struct((-score).alias("order"), offer["product_index"].alias("number"), offer["place"].alias("place"))

        unseen = F.filter("offers", lambda offer: ~F.array_contains("seen_indices", offer["product_index"]))
        best = F.slice(F.array_sort(F.transform(unseen, scored)), 1, n)
        as_picks = F.transform(
            best,
            lambda one: F.struct(
                one["place"].alias("place"), (-one["order"]).alias("score"), F.lit(None).cast("int").alias("because_index")
            ),
        )
        picked = (
            people
            .where("is_personal")
            .join(self.tastes, on="customer_id", how="inner")
            .crossJoin(offered)
            .select("customer_id", as_picks.cast(PICKS).alias("picks"))
        )
        picks = F.coalesce("picks", F.array().cast(PICKS)).alias("picks")
        return people.join(picked, on="customer_id", how="left").select("customer_id", "is_personal", "seen_places", picks)

    def facts(self) -> Mapping[str, int]:
        return {}

    def rows(self) -> Mapping[str, DataFrame]:
        return {"customers": self.tastes, "products": self.ranking}

    def release(self) -> None:
        self.tastes.unpersist()
        self.ranking.unpersist()


@dataclass(frozen=True)
class Taste:
    name: ClassVar[str] = FittedTaste.name
    parts: ClassVar[tuple[Part, ...]] = (
        Part("customers", "tastes", "struct<customer_id:string,taste:string>"),
        Part("products", "ranking", "struct<product_id:string,product_index:int,taste:string,popularity:double>"),
    )
    facts: ClassVar[tuple[str, ...]] = ()
    serves_unseen_customers: ClassVar[bool] = False
    searched: ClassVar[tuple[str, ...]] = ("half_life_days",)
    file_lists: ClassVar[str] = ""

    settings: TasteSettings
    weights: KindWeights

    @classmethod
    def of(cls, sections: Mapping[str, Any]) -> "Taste":
        return cls(TasteSettings(sections["popularity"].half_life_days), sections["interactions.weights"])

    def with_settings(self, settings: TasteSettings) -> "Taste":
        return replace(self, settings=settings)

    def space(self, tuning: Any) -> Mapping[str, Choice | LogRange]:
        return {"half_life_days": LogRange(*tuning.half_life_days)}

    def fit(self, interactions: DataFrame, *, as_of: date) -> FittedTaste:
        known = interactions.where(F.col("event_date") < F.lit(as_of))
        counts = known.groupBy("customer_id", _taste().alias("taste")).agg(F.count("*").alias("n"))
        most = F.max_by("taste", F.struct("n", "taste")).alias("taste")
        counted = product_popularity(interactions, self.weights, as_of=as_of, half_life_days=self.settings.half_life_days)
        number = (F.row_number().over(W.orderBy("product_id")) - 1).alias("product_index")
        return FittedTaste(
            tastes=counts.groupBy("customer_id").agg(most).persist(),
            ranking=counted.select("product_id", number, _taste().alias("taste"), "popularity").persist(),
            cut=as_of,
        )

    @classmethod
    def is_sound(cls, part: Part, facts: Mapping[str, int]) -> Column:
        return F.col("taste").isNotNull()

    @classmethod
    def restored(
        cls, rows: Mapping[str, DataFrame], facts: Mapping[str, int], n_rows: Mapping[str, int], *, cut: date, version: str
    ) -> FittedTaste:
        return FittedTaste(tastes=rows["customers"], ranking=rows["products"], cut=cut, version=version)


def _taste() -> Column:
    """The product's id without its last character."""
    return F.expr("substring(product_id, 1, length(product_id) - 1)")


TASTE = Model(
    name=Taste.name,
    trainer="toy_recommender:Taste",
    serves="gold.recommendations",
    inputs=ALS.inputs,
    metric="recall_at_10",
    settings=("popularity", "training", "interactions.weights"),
)
