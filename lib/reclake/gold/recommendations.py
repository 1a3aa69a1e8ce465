"""gold.recommendations: what every customer is shown in a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.errors import ContractBroken
from reclake.identity.people import customers_to_profile
from reclake.recommend.interface import FittedRecommender, KindWeights
from reclake.recommend.lists import with_consented_lists
from reclake.recommend.scenarios.batches import lists_of
from reclake.recommend.scenarios.candidates import gathered, is_met, links_of, of_model, of_rows
from reclake.recommend.scenarios.definition import Scenario
from reclake.recommend.scenarios.histories import groups_of, histories, shown_lately
from reclake.recommend.scenarios.links import Link, ModelLink, PopularLink, RowsLink
from reclake.recommend.scenarios.products import above_chance, open_products, products_of_the_day
from reclake.recommend.scenarios.related import relation_lists
from reclake.recommend.scenarios.rows import shown_rows
from reclake.recommend.serving import customers_to_serve
from reclake.recommend.settings import PopularitySettings, RecommendationsSettings
from reclake.recommend.weights import pairs, product_popularity, resolved

_N_BLOCKS = 32  # of customers: at 100,000 of them some 3,000 each


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
    own_products: DataFrame,
    interactions: DataFrame,
    products: DataFrame,
    stock: DataFrame,
    impressions: DataFrame,
    product_relations: DataFrame,
    popular_products: DataFrame,
    due_again: DataFrame,
    customer_segments: DataFrame,
    contact_list: DataFrame,
    *,
    as_of: date,
    scenarios: Mapping[str, Scenario],
    popularity: PopularitySettings,
    limits: RecommendationsSettings,
    weights: KindWeights,
    champions: Mapping[str, FittedRecommender | None],
    timezone: str,
) -> DataFrame:
    """One row per scenario that asks for customers, customer and rank.

    The links of a scenario's chain fill the list one after the other; the rules of the scenario hold at each of them
    (`scenarios.serving`). Who may not be profiled gets what is popular, the same for all of them. Popularity, relations and
    popular products count only those who may be profiled, so nothing that the others do, or did before they withdrew, moves a
    list, their own included. A model's factors of customers who withdrew are gone before it serves (run/withdrawals.py).

    Raises
    ------
    ContractBroken
        When a model's training cut lies after `as_of`.
    """
    for model in filter(None, champions.values()):
        require_past(model, as_of=as_of)
    asked = {name: one for name, one in scenarios.items() if one.is_of_customers}
    profiled = people.where("may_be_profiled")
    known = resolved(interactions, profiled)
    counted = product_popularity(known, weights, as_of=as_of, half_life_days=popularity.half_life_days)
    shelf = products_of_the_day(products, stock, counted, popular_products)
    places = shelf.where("is_open").select("product_id", "place")
    personal = customers_to_profile(people).withColumn("is_personal", F.lit(True))
    served = customers_to_serve(people, interactions).join(personal, on="customer_id", how="left")
    customers = served.fillna(False, subset=["is_personal"])
    tables = {"gold.due_again": due_again, "gold.contact_list": contact_list, "gold.customer_segments": customer_segments}
    links = links_of(asked.values())
    proposed = _proposed(links, customers, own_products, places, tables, limits=limits, champions=champions)
    is_strong = above_chance(min_together=limits.min_together, min_lift=limits.min_lift)
    related = relation_lists(product_relations, places, links.values(), is_strong=is_strong)
    all_places = shelf.select("product_id", "place")
    known_of_them = (
        histories(own_products, all_places, n_recent=limits.n_related),
        shown_lately(impressions, profiled, all_places, as_of=as_of, timezone=timezone),
        groups_of(profiled, interactions, customer_segments),
        _eligible(asked, tables),
    )
    queries = customers.withColumnRenamed("customer_id", "query_id")
    if proposed:
        queries = queries.join(gathered(proposed), on="query_id", how="left")
    for known_of_each in known_of_them:
        queries = queries.join(known_of_each.withColumnRenamed("customer_id", "query_id"), on="query_id", how="left")
    lists = lists_of(queries, shelf, asked, n_blocks=_N_BLOCKS, relations=related)
    return shown_rows(lists, shelf, asked, due=_numbers_of(due_again)).withColumns({
        "as_of_date": F.lit(as_of),
        "customer_id": F.col("query_id"),
        "source": _source(),
        "because_product_id": F.col("because"),
        "model_version": _version(champions),
    })


def _numbers_of(due_again: DataFrame) -> DataFrame:
    """The days that a sentence about what is due names: query_id, product_id, elapsed, usual."""
    return due_again.select(
        F.col("customer_id").alias("query_id"),
        "product_id",
        F.col("elapsed_days").alias("elapsed"),
        F.round("usual_gap_days").cast("long").alias("usual"),
    )


def _proposed(
    links: Mapping[str, Link],
    customers: DataFrame,
    own: DataFrame,
    places: DataFrame,
    tables: Mapping[str, DataFrame],
    *,
    limits: RecommendationsSettings,
    champions: Mapping[str, FittedRecommender | None],
) -> list[DataFrame]:
    """What models and rows of tables propose to customers, in the columns of `gathered`."""
    proposed = [*of_rows(tables, (link for link in links.values() if isinstance(link, RowsLink)), places)]
    for key, link in links.items():
        model = champions.get(link.model) if isinstance(link, ModelLink) else None
        if model is not None:
            proposed.append(of_model(model, key, customers, own, places, n=limits.n_candidates))
    return proposed


def _eligible(scenarios: Mapping[str, Scenario], tables: Mapping[str, DataFrame]) -> DataFrame:
    """One row per customer whom a scenario with a condition is for: customer_id, eligible (names of these scenarios)."""
    eligible = tables["gold.contact_list"].select("customer_id", F.lit("").alias("scenario")).limit(0)
    for name, scenario in scenarios.items():
        if scenario.eligible is not None:
            rows = tables[scenario.eligible.table].where(is_met(scenario.eligible.where))
            eligible = eligible.unionByName(rows.select("customer_id", F.lit(name).alias("scenario")))
    return eligible.groupBy("customer_id").agg(F.sort_array(F.collect_set("scenario")).alias("eligible"))


def _source() -> Column:
    """What `source` said before there were strategies."""
    is_popular = F.col("strategy").startswith("popular")
    return F.when(~F.col("is_personal"), F.lit("non_personal")).when(is_popular, "popular").otherwise(F.col("strategy"))


def _version(champions: Mapping[str, FittedRecommender | None]) -> Column:
    """The version of the model that gave the row; null for rows of no model."""
    versions = {name: model.version for name, model in champions.items() if model is not None and model.version is not None}
    version_of_row = F.lit(None).cast("string")
    for name, version in versions.items():
        version_of_row = F.when(F.col("strategy") == name, F.lit(version)).otherwise(version_of_row)
    return version_of_row


def _fills_lists(scenarios: Mapping[str, Scenario]) -> bool:
    """Whether a scenario shows everybody what is popular, where nothing else is left."""
    for_everybody = (one for one in scenarios.values() if one.is_of_customers and one.eligible is None)
    return any(isinstance(link, PopularLink) and link.scope == "all" for one in for_everybody for _, link in one.links)


def consented(rows: DataFrame, allowed: DataFrame) -> DataFrame:
    """The lists with those of customers who may no longer be profiled replaced by what everybody else is shown."""
    return with_consented_lists(rows, allowed)


def emptiness(
    people: DataFrame,
    interactions: DataFrame,
    products: DataFrame,
    stock: DataFrame,
    *,
    as_of: date,
    scenarios: Mapping[str, Scenario],
    **_options: object,
) -> DataFrame:
    """One row: as_of_date, and the reason why nobody can be shown anything; null if somebody can, or nobody is there."""
    known = pairs(resolved(interactions, people.where("may_be_profiled")))
    catalogue = open_products(products, stock)
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
        .when(F.lit(not _fills_lists(scenarios)), "no scenario of customers has a list that is always filled")
        .when(F.col("n_products") == 0, "nothing is on sale")
        .when(F.col("n_left") == 0, "everybody knows everything that is on sale")
    )
    return counts.select(F.lit(as_of).alias("as_of_date"), reason.alias("reason"))
