"""gold.recommendations: what every customer is shown at home."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.windows import is_valid_at
from reclake.errors import ContractBroken
from reclake.privacy.consent import customers_open_to
from reclake.privacy.settings import MinAgeSettings
from reclake.recommend.als import FittedAls
from reclake.recommend.catalogue import active_products
from reclake.recommend.interface import KindWeights, PopularitySettings
from reclake.recommend.lists import ranked_lists
from reclake.recommend.popularity import popular_products
from reclake.recommend.weights import pairs, product_popularity, resolved

SCENARIO = "home"


def customers_to_serve(identities: DataFrame, accounts: DataFrame, interactions: DataFrame, *, as_of: date) -> DataFrame:
    """One row per customer with an account that is no mere device, or with any interaction before `as_of`: customer_id."""
    persons = identities.where(is_valid_at(as_of)).select("account_id", "customer_id")
    named = accounts.where(is_valid_at(as_of) & ~F.col("is_device")).select("account_id")
    active = interactions.where(F.col("event_date") < F.lit(as_of)).select("account_id")
    return persons.join(named.union(active).distinct(), on="account_id", how="left_semi").select("customer_id").distinct()


def require_past(model: FittedAls, *, as_of: date) -> None:
    """Raise when the model has learnt from days that `as_of` must not know."""
    if model.cut > as_of:
        raise ContractBroken(
            f"model version {model.version} cannot score {as_of}",
            found=f"it was trained on days up to {model.cut}, which lie after it",
            next_step="score with the version of that time, or without a model",
        )


def recommendations(
    identities: DataFrame,
    accounts: DataFrame,
    consents: DataFrame,
    interactions: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    n: int,
    popularity: PopularitySettings,
    weights: KindWeights,
    min_age: MinAgeSettings,
    model: FittedAls | None,
) -> DataFrame:
    """One row per customer and rank, `n` for everyone where the catalogue allows.

    Who may be profiled gets the model's best unseen products (als), filled up with popular ones (popular). Everyone
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
    may_be_profiled = customers_open_to(identities, accounts, consents, use="profiling", min_age=min_age, as_of=as_of)
    known = resolved(interactions, identities, as_of=as_of).join(may_be_profiled, on="customer_id", how="left_semi")
    counted = product_popularity(known, weights, as_of=as_of, half_life_days=popularity.half_life_days)
    catalogue = popular_products(active_products(products, as_of=as_of), counted)
    customers = customers_to_serve(identities, accounts, interactions, as_of=as_of)
    personal = may_be_profiled.select("customer_id", F.lit(True).alias("is_personal"))
    people = customers.join(personal, on="customer_id", how="left").fillna(False, subset=["is_personal"])
    version = F.when(F.col("source") == "als", F.lit(model.version if model else None)).cast("string")
    return ranked_lists(people, pairs(known), catalogue, n=n, model=model).select(
        F.lit(as_of).alias("as_of_date"),
        F.lit(SCENARIO).alias("scenario"),
        "customer_id",
        "rank",
        "product_id",
        "score",
        "source",
        "because_product_id",
        version.alias("model_version"),
    )


def emptiness(
    identities: DataFrame,
    accounts: DataFrame,
    consents: DataFrame,
    interactions: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    min_age: MinAgeSettings,
    **_options: object,
) -> DataFrame:
    """One row: as_of_date, and the reason why nobody can be shown anything; null if somebody can, or nobody is there."""
    may_be_profiled = customers_open_to(identities, accounts, consents, use="profiling", min_age=min_age, as_of=as_of)
    known = pairs(resolved(interactions, identities, as_of=as_of).join(may_be_profiled, on="customer_id", how="left_semi"))
    catalogue = active_products(products, as_of=as_of)
    n_known = known.join(catalogue, on="product_id", how="left_semi").groupBy("customer_id").agg(F.count("*").alias("n_known"))
    customers = customers_to_serve(identities, accounts, interactions, as_of=as_of)
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
