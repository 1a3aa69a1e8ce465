"""ops.serving_coverage: how long the lists are against what their rules allow, and which link of the chain gave their rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.errors import ContractBroken
from reclake.recommend.scenarios.definition import Block, Scenario
from reclake.recommend.scenarios.histories import is_unclicked
from reclake.recommend.scenarios.left import left_for_customers, left_for_products
from reclake.recommend.scenarios.links import PopularLink
from reclake.recommend.scenarios.products import open_products
from reclake.recommend.serving import customers_to_serve

_CHAINS = "scenario string, block string, position int, strategy string"


def serving_coverage(
    people: DataFrame,
    own_products: DataFrame,
    interactions: DataFrame,
    products: DataFrame,
    stock: DataFrame,
    impressions: DataFrame,
    recommendations: DataFrame,
    product_recommendations: DataFrame,
    basket_recommendations: DataFrame,
    *,
    as_of: date,
    scenarios: Mapping[str, Scenario],
    timezone: str,
) -> DataFrame:
    """One row per scenario, block and position of its chain; a position that gave no row has one too.

    What the rules leave is counted from silver, and not by the code that made the lists.

    Raises
    ------
    ContractBroken
        When there is no scenario.
    """
    if not scenarios:
        raise ContractBroken(
            "there is no list to measure", "conf/scenarios holds no scenario", "add one: docs/scenarios.md shows how"
        )
    opened = open_products(products, stock).withColumn("is_open", F.lit(True))
    shelf = products.select("product_id", "category", F.coalesce("variant_of", "product_id").alias("variant")).join(
        opened, on="product_id", how="left"
    )
    shelf = shelf.withColumn("is_open", F.coalesce("is_open", F.lit(False)))
    customers = customers_to_serve(people, interactions).select(F.col("customer_id").alias("query_id"))
    profiled = people.where("may_be_profiled")
    shown = impressions.where(is_unclicked(as_of=as_of, timezone=timezone)).join(
        profiled.select("account_id", "customer_id"), on="account_id", how="inner"
    )
    rows_of = {
        "product": product_recommendations.select("scenario", "block", F.col("product_id").alias("query_id"), "position"),
        "basket": basket_recommendations.select(
            "scenario", F.lit("list").alias("block"), F.col("basket").alias("query_id"), "position"
        ),
    }
    of_customers = recommendations.select(
        "scenario", F.lit("list").alias("block"), F.col("customer_id").alias("query_id"), "position"
    )
    # Every product that may be shown is a basket too, also one whose list is empty; of pairs those that have a list are known.
    baskets = basket_recommendations.select(F.col("basket").alias("query_id")).unionByName(
        opened.select(F.to_json(F.array("product_id")).alias("query_id"))
    )
    asked_about = {
        "product": shelf.select(F.col("product_id").alias("query_id"), "product_id"),
        "basket": baskets.distinct().withColumn("product_id", F.explode(F.from_json("query_id", "array<string>"))),
    }
    measured = []
    for name, scenario in scenarios.items():
        for block_name, block in scenario.blocks.items():
            if scenario.is_of_customers:
                rows = of_customers.where(F.col("scenario") == name)
                left = left_for_customers(customers, blocked_for(own_products, shown, block, as_of=as_of), shelf, block)
            else:
                rows = rows_of[scenario.query].where(F.col("scenario") == name)
                if scenario.query == "product":  # the others have one list, whatever its block is called
                    rows = rows.where(F.col("block") == block_name)
                left = left_for_products(asked_about[scenario.query], shelf, block)
            measured.append(
                _measured(rows, left, block, name=name, block_name=block_name, is_judged=is_always_filled(scenario, block))
            )
    return reduce(DataFrame.unionByName, measured).withColumn("as_of_date", F.lit(as_of))


def blocked_for(own: DataFrame, shown: DataFrame, block: Block, *, as_of: date) -> DataFrame:
    """query_id, product_id: what the rules of the block leave out for whom.

    Parameters
    ----------
    own
        Rows of `histories.own_products`.
    shown
        customer_id, product_id, event_date of what was shown and not clicked.
    """
    days = F.date_diff(F.lit(as_of), "event_date")
    is_left_out = F.lit(block.unseen) | (F.coalesce("bought_days", F.lit(1 << 30)) <= block.not_bought_days)
    of_own = own.where(is_left_out).select(F.col("customer_id").alias("query_id"), "product_id")
    of_shown = shown.where(days <= block.not_shown_days).select(F.col("customer_id").alias("query_id"), "product_id")
    return of_own.unionByName(of_shown)


def is_always_filled(scenario: Scenario, block: Block) -> bool:
    """Whether a list ends with what is popular among all that its rules allow: a short one is a fault then."""
    last = block.chain[-1]
    fills = isinstance(last, PopularLink) and last.scope in (("all", "category") if block.category == "same" else ("all",))
    return fills and scenario.eligible is None


def _measured(rows: DataFrame, left: DataFrame, block: Block, *, name: str, block_name: str, is_judged: bool) -> DataFrame:
    """The rows of one list, a row per position of its chain."""
    counted = rows.groupBy("query_id").agg(F.count("*").alias("n_list"))
    wanted = F.least(F.col("n_left"), F.lit(block.size))
    is_servable, is_complete = F.col("n_left") > 0, F.coalesce("n_list", F.lit(0)) >= wanted
    judged = left.join(counted, on="query_id", how="left").agg(
        F.count("*").alias("n_queries"),
        F.count_if(F.col("n_list") > 0).alias("n_served"),
        F.count_if(is_servable).alias("n_servable"),
        F.count_if(is_servable & is_complete).alias("n_complete"),
        F.coalesce(F.sum("n_list"), F.lit(0)).alias("n_all_rows"),
    )
    by_position = rows.groupBy("position").agg(F.count("*").alias("n_rows"))
    chain = [(name, block_name, position, link.strategy) for position, link in enumerate(block.chain, start=1)]
    positions = rows.sparkSession.createDataFrame(chain, _CHAINS)
    whole = positions.join(by_position, on="position", how="left").crossJoin(judged)
    n_rows = F.coalesce("n_rows", F.lit(0))
    judged_only = {column: F.when(F.lit(is_judged), F.col(column)) for column in ("n_servable", "n_complete")}
    return whole.withColumns({
        "n_rows": n_rows,
        "row_share": F.try_divide(n_rows, F.col("n_all_rows")),
        "complete_share": F.when(F.lit(is_judged), F.try_divide("n_complete", "n_servable")),
        **judged_only,
    }).drop("n_all_rows")
