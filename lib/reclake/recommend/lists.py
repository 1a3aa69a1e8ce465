"""The chain of links that makes one list per customer: the model's products, then the popular ones.

No customer is ever joined with the catalogue. A product's *place* is its number in the order of popularity.
What a customer has seen is a small set of places, so the first popular products left for them are the first
numbers that the set lacks: array functions over at most n + |seen| numbers, then a join with the broadcast
catalogue. It is exact for every length of history, and lazy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.recommend.scoring import with_picks

if TYPE_CHECKING:
    from reclake.recommend.als import FittedAls

_PICK = "struct<place:int,score:double,because_index:int>"


def _no_ints() -> Column:
    return F.array().cast("array<int>")


def _numbered(catalogue: DataFrame, model: FittedAls | None) -> DataFrame:
    """Every product of the catalogue or the model: place (null when off sale), product_index (null when unknown)."""
    if model is None:
        return catalogue.withColumn("product_index", F.lit(None).cast("int"))
    return catalogue.join(model.products, on="product_id", how="full")


def _with_seen(customers: DataFrame, seen: DataFrame, numbered: DataFrame) -> DataFrame:
    """The customers with the places and the model's indices of what they have seen, each sorted."""
    found = (
        seen
        .join(F.broadcast(numbered), on="product_id", how="inner")
        .groupBy("customer_id")
        .agg(
            F.sort_array(F.collect_set("place")).alias("seen_places"),
            F.sort_array(F.collect_set("product_index")).alias("seen_indices"),
        )
    )
    return (
        customers
        .select("customer_id")
        .join(found, on="customer_id", how="left")
        .select("customer_id", *(F.coalesce(name, _no_ints()).alias(name) for name in ("seen_places", "seen_indices")))
    )


def _filled(n: int) -> Column:
    """The customer's picks, filled up to `n` with the most popular places that are neither seen nor picked."""
    taken = F.concat("seen_places", F.transform("picks", lambda pick: pick["place"]))
    free = F.array_except(F.sequence(F.lit(1), F.lit(n) + F.size(taken)), taken)
    fill = F.slice(free, F.lit(1), F.lit(n) - F.size("picks"))
    nothing = F.lit(None)
    as_pick = F.transform(
        fill, lambda place: F.struct(place.alias("place"), nothing.alias("score"), nothing.alias("because_index")).cast(_PICK)
    )
    return F.concat("picks", as_pick)


def ranked_lists(
    customers: DataFrame, seen: DataFrame, catalogue: DataFrame, *, n: int, model: FittedAls | None = None, is_filled: bool = True
) -> DataFrame:
    """At most `n` rows per customer: customer_id, rank, product_id, score, source, because_product_id.

    `source` is als for the model's products and popular for what fills the list; only a catalogue with fewer
    than `n` unseen products leaves a list short.

    Parameters
    ----------
    customers
        customer_id, each once.
    seen
        customer_id, product_id: left out. Pairs of other customers and products do no harm.
    catalogue
        place (1, 2, …), product_id, popularity: what may be shown (`popular_products`). It is broadcast:
        some millions of products at most.
    n
        Length of a list.
    model
        Gives the first link; without it all is popular.
    is_filled
        Whether the popular products fill up what the model leaves.
    """
    numbered = _numbered(catalogue, model)
    people = _with_seen(customers, seen, numbered)
    if model is None:
        with_lists = people.withColumn("picks", F.array().cast(f"array<{_PICK}>"))
    else:
        with_lists = with_picks(people, numbered.dropna(subset=["place", "product_index"]), model, n=n)
    entries = _filled(n) if is_filled else F.col("picks")
    rows = with_lists.select("customer_id", F.posexplode(entries).alias("position", "pick")).select(
        "customer_id", (F.col("position") + 1).alias("rank"), "pick.place", "pick.score", "pick.because_index"
    )
    shown = rows.join(F.broadcast(catalogue), on="place", how="inner")
    if model is None:
        explained = shown.withColumn("because_product_id", F.lit(None).cast("string"))
    else:
        because = model.products.select(
            F.col("product_id").alias("because_product_id"), F.col("product_index").alias("because_index")
        )
        explained = shown.join(F.broadcast(because), on="because_index", how="left")
    return explained.select(
        "customer_id",
        "rank",
        "product_id",
        F.coalesce("score", "popularity").alias("score"),
        F.when(F.col("score").isNull(), "popular").otherwise("als").alias("source"),
        "because_product_id",
    )
