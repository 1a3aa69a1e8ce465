"""The chain of links that makes one list per customer: the model's products, then the popular ones.

No customer is ever joined with the catalogue. A product's *place* is its number in the order of popularity.
What a customer has seen is a small set of places, so the first popular products left for them are the first
numbers that the set lacks: array functions over at most n + |seen| numbers, then a join with the broadcast
catalogue. It is exact for every length of history, and lazy.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.recommend.interface import PICKS, FittedRecommender


def _no_ints() -> Column:
    return F.array().cast("array<int>")


def _with_seen(customers: DataFrame, seen: DataFrame, catalogue: DataFrame, model: FittedRecommender | None) -> DataFrame:
    """The customers with the places and the model's indices of what they have seen, each sorted."""
    # A product may be off sale and so without a place, or unknown to the model and so without an index.
    placed = seen.join(F.broadcast(catalogue.select("product_id", "place")), on="product_id", how="left")
    if model is None:
        numbered = placed.withColumn("product_index", F.lit(None).cast("int"))
    else:
        numbered = placed.join(F.broadcast(model.products), on="product_id", how="left")
    found = numbered.groupBy("customer_id").agg(
        F.sort_array(F.collect_set("place")).alias("seen_places"),
        F.sort_array(F.collect_set("product_index")).alias("seen_indices"),
    )
    seen_numbers = (F.coalesce(name, _no_ints()).alias(name) for name in ("seen_places", "seen_indices"))
    return (
        customers
        .select("customer_id", "is_personal")
        .join(found, on="customer_id", how="left")
        .select("customer_id", "is_personal", *seen_numbers)
    )


def _filled(n: int) -> Column:
    """The customer's picks, filled up to `n` with the most popular places that are neither seen nor picked."""
    taken = F.concat("seen_places", F.transform("picks", lambda pick: pick["place"]))
    free = F.array_except(F.sequence(F.lit(1), F.lit(n) + F.size(taken)), taken)
    fill = F.slice(free, F.lit(1), F.lit(n) - F.size("picks"))
    nothing = F.lit(None)
    as_pick = F.transform(
        fill, lambda place: F.struct(place.alias("place"), nothing.alias("score"), nothing.alias("because_index"))
    )
    return F.concat("picks", as_pick.cast(PICKS))


def ranked_lists(
    customers: DataFrame, seen: DataFrame, catalogue: DataFrame, *, n: int, model: FittedRecommender | None = None
) -> DataFrame:
    """At most `n` rows per customer: customer_id, rank, product_id, score, source, because_product_id.

    `source` is the model's name for its products, popular for what fills the list, and non_personal for those to whom
    nothing personal may be shown: the first places of the catalogue, as no one's `seen` may name them. Only a catalogue with fewer
    than `n` unseen products leaves a list short.

    Parameters
    ----------
    customers
        customer_id, each once, and is_personal: whether the model may choose for them.
    seen
        customer_id, product_id: left out. Pairs of other customers and products do no harm.
    catalogue
        place (1, 2, …), product_id, popularity: what may be shown (`popular_products`). It is broadcast:
        some millions of products at most.
    n
        Length of a list.
    model
        Gives the first link; without it all is popular.
    """
    people = _with_seen(customers, seen, catalogue, model)
    if model is None:
        with_lists = people.withColumn("picks", F.array().cast(PICKS))
    else:
        candidates = catalogue.join(F.broadcast(model.products), on="product_id", how="inner")
        with_lists = model.with_picks(people, candidates, n=n)
    rows = with_lists.select("customer_id", "is_personal", F.posexplode(_filled(n)).alias("position", "pick")).select(
        "customer_id", "is_personal", (F.col("position") + 1).alias("rank"), "pick.place", "pick.score", "pick.because_index"
    )
    shown = rows.join(F.broadcast(catalogue), on="place", how="inner")
    if model is None:
        explained = shown.withColumn("because_product_id", F.lit(None).cast("string"))
    else:
        because = model.products.select(
            F.col("product_id").alias("because_product_id"), F.col("product_index").alias("because_index")
        )
        explained = shown.join(F.broadcast(because), on="because_index", how="left")
    of_model = F.lit(model.name if model else None)
    return explained.select(
        "customer_id",
        "rank",
        "product_id",
        F.coalesce("score", "popularity").alias("score"),
        F
        .when(F.col("score").isNotNull(), of_model)
        .when(F.col("is_personal"), "popular")
        .otherwise("non_personal")
        .alias("source"),
        "because_product_id",
    )


def with_consented_lists(recommendations: DataFrame, allowed: DataFrame) -> DataFrame:
    """The rows of gold.recommendations, with the list of everyone else for those who may no longer be profiled.

    That list is the one that the same as_of and scenario holds as non_personal; where it holds none, they get none
    until the next run.

    Parameters
    ----------
    recommendations
        Rows of gold.recommendations.
    allowed
        customer_id of those who may be profiled.
    """
    is_personal = F.col("source") != "non_personal"
    withdrawn = recommendations.where(is_personal).join(allowed, on="customer_id", how="left_anti")
    people = withdrawn.select("as_of_date", "scenario", "customer_id").distinct()
    shown = [name for name in recommendations.columns if name != "customer_id"]
    listed = recommendations.where(~is_personal).select(*shown).distinct()  # the same rows for everybody: one list
    kept = recommendations.where(~is_personal).unionByName(
        recommendations.where(is_personal).join(allowed, on="customer_id", how="left_semi").select(recommendations.columns)
    )
    return kept.unionByName(people.join(F.broadcast(listed), on=["as_of_date", "scenario"], how="inner"))
