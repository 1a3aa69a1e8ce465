"""gold.recommendations: what every customer is shown in a scenario."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.errors import ContractBroken
from reclake.identity.people import customers_to_profile
from reclake.recommend.catalogue import active_products
from reclake.recommend.interface import FittedRecommender, KindWeights
from reclake.recommend.lists import ranked_lists, with_consented_lists
from reclake.recommend.popularity import popular_products
from reclake.recommend.settings import PopularitySettings
from reclake.recommend.weights import pairs, product_popularity, resolved


def customers_to_serve(people: DataFrame, interactions: DataFrame) -> DataFrame:
    """One row per customer with an account that is no mere device, or with any interaction: customer_id."""
    named = people.where(~F.col("is_device")).select("account_id")
    known = named.union(interactions.select("account_id")).distinct()
    return people.join(known, on="account_id", how="left_semi").select("customer_id").distinct()


def require_past(model: FittedRecommender, *, as_of: date) -> None:
    """Raise when the model has learnt from days that `as_of` must not know."""
    if model.cut > as_of:
        raise ContractBroken(
            f"model version {model.version} cannot score {as_of}",
            found=f"it was trained on days up to {model.cut}, which lie after it",
            next_step="score with the version of that time, or without a model",
        )


def recommendations(
    people: DataFrame,
    interactions: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    n: int,
    popularity: PopularitySettings,
    weights: KindWeights,
    scenario: str,
    model: FittedRecommender | None,
) -> DataFrame:
    """One row per customer and rank, `n` for everyone where the catalogue allows.

    Who may be profiled gets the model's best unseen products (its name), filled up with popular ones (popular). Everyone
    else gets the same popular list (non_personal). Popularity counts only those who may be profiled, so nothing that
    the others do, or did before they withdrew, moves a popular list, their own included. A model's factors
    of customers who withdrew are gone before it serves (run/withdrawals.py).

    Raises
    ------
    ContractBroken
        When the model's training cut lies after `as_of`.
    """
    if model is not None:
        require_past(model, as_of=as_of)
    profiled = people.where("may_be_profiled")
    known = resolved(interactions, profiled)
    counted = product_popularity(known, weights, as_of=as_of, half_life_days=popularity.half_life_days)
    catalogue = popular_products(active_products(products), counted)
    personal = customers_to_profile(people).withColumn("is_personal", F.lit(True))
    shown = customers_to_serve(people, interactions)
    customers = shown.join(personal, on="customer_id", how="left").fillna(False, subset=["is_personal"])
    version = F.when(F.col("source") == F.lit(model.name), F.lit(model.version)) if model else F.lit(None)
    return ranked_lists(customers, pairs(known), catalogue, n=n, model=model).select(
        F.lit(as_of).alias("as_of_date"),
        F.lit(scenario).alias("scenario"),
        "customer_id",
        "rank",
        "product_id",
        "score",
        "source",
        "because_product_id",
        version.cast("string").alias("model_version"),
    )


def consented(rows: DataFrame, allowed: DataFrame) -> DataFrame:
    """The lists with those of customers who may no longer be profiled replaced by what everybody else is shown."""
    return with_consented_lists(rows, allowed)


def emptiness(
    people: DataFrame,
    interactions: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    **_options: object,
) -> DataFrame:
    """One row: as_of_date, and the reason why nobody can be shown anything; null if somebody can, or nobody is there."""
    known = pairs(resolved(interactions, people.where("may_be_profiled")))
    catalogue = active_products(products)
    n_known = known.join(catalogue, on="product_id", how="left_semi").groupBy("customer_id").agg(F.count("*").alias("n_known"))
    customers = customers_to_serve(people, interactions)
    n_products = catalogue.agg(F.count("*").alias("n_products"))
    left = customers.join(n_known, on="customer_id", how="left").crossJoin(F.broadcast(n_products))
    counts = left.agg(
        F.count("*").alias("n_customers"),
        F.max("n_products").alias("n_products"),
        F.count_if(F.coalesce("n_known", F.lit(0)) < F.col("n_products")).alias("n_left"),
    )
    reason = (
        F
        .when(F.col("n_customers") == 0, F.lit(None).cast("string"))
        .when(F.col("n_products") == 0, "nothing is on sale")
        .when(F.col("n_left") == 0, "everybody knows everything that is on sale")
    )
    return counts.select(F.lit(as_of).alias("as_of_date"), reason.alias("reason"))
