"""Lists of scenarios judged on held-out days: by the scenario's own label and metric, a row per customer.

A *question* is one chance to be right: a customer with their list; a product that a customer opened, and what they opened beside it
on that day; a product of an order, and what else the order holds. The questions of a customer are averaged first, so whoever asks
often counts once, and an interval draws people.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.recommend.metrics import ideal_dcg
from reclake.recommend.split import TimeSplit

from .baskets import MAX_PRODUCTS, orders_with_products
from .definition import BOUGHT_AGAIN, BOUGHT_LATER, OPENED, OPENED_OR_BOUGHT, OPENED_WITH, Block, Scenario
from .histories import PURCHASE, VIEW

_KINDS = {OPENED: (VIEW,), BOUGHT_LATER: (PURCHASE,), OPENED_OR_BOUGHT: (VIEW, PURCHASE), BOUGHT_AGAIN: (PURCHASE,)}
_TRUTH = ("customer_id", "question", "query_id", "product_id")


def words_of(scenario: Scenario) -> str:
    """What counts as success, for people.

    Examples
    --------
    >>> words_of(Scenario.model_construct(label="bought_again", within_days=14))
    'bought_again in 14 days'
    """
    return f"{scenario.label} in {scenario.within_days} days"


def truth_of_customers(known: DataFrame, split: TimeSplit, scenario: Scenario, block: Block) -> DataFrame:
    """customer_id, question, query_id, product_id: what would have been right on the list of each customer, each once.

    What the block leaves out for a customer, as they had seen it or bought it lately, is no part of it: no list could hold it.

    Parameters
    ----------
    known
        Interactions by customer (`weights.resolved`).
    """
    pair = ["customer_id", "product_id"]
    before, days = split.train(known), F.date_diff(F.lit(split.cut), F.col("event_date"))
    truth = split.test(known).where(F.col("kind").isin(*_KINDS[scenario.label])).select(*pair).distinct()
    purchases = before.where(F.col("kind") == PURCHASE)
    if scenario.label == BOUGHT_AGAIN:
        truth = truth.join(purchases, on=pair, how="left_semi")
    if block.unseen:
        truth = truth.join(before, on=pair, how="left_anti")
    if block.not_bought_days:
        truth = truth.join(purchases.where(days <= block.not_bought_days), on=pair, how="left_anti")
    customer = F.col("customer_id")
    return truth.select("customer_id", customer.alias("question"), customer.alias("query_id"), "product_id")


def questions_of_products(
    known: DataFrame, order_lines: DataFrame, profiled: DataFrame, split: TimeSplit, scenario: Scenario
) -> DataFrame:
    """customer_id, question, query_id, product_id: beside each product what was opened on the same day, or ordered with it.

    Days and orders of more than MAX_PRODUCTS are left out. A query of baskets is the basket of the one product.

    Parameters
    ----------
    known
        Interactions by customer (`weights.resolved`).
    order_lines
        Rows of silver.order_lines.
    profiled
        account_id, customer_id of those who may be profiled.
    """
    if scenario.label == OPENED_WITH:
        opened = split.test(known).where(F.col("kind") == VIEW).groupBy("customer_id", F.col("event_date").alias("of"))
        groups = opened.agg(F.collect_set("product_id").alias("products")).where(F.size("products") <= MAX_PRODUCTS)
    else:
        orders = orders_with_products(split.test(order_lines), profiled)
        groups = orders.withColumn("of", F.struct("source", "order_scope", "order_id"))
    one = F.col("one")
    query = F.to_json(F.array("one")) if scenario.query == "basket" else one
    return groups.select("customer_id", "of", "products", F.explode("products").alias("one")).select(
        "customer_id",
        F.to_json(F.struct("of", "one")).alias("question"),
        query.alias("query_id"),
        "one",
        F.explode(F.array_remove("products", one)).alias("product_id"),
    )


def of_category(questions: DataFrame, categories: DataFrame, block: Block) -> DataFrame:
    """The questions of `questions_of_products`, less what the block leaves out by its category.

    Parameters
    ----------
    categories
        product_id, category.
    """
    if block.category == "any":
        return questions.select(*_TRUTH)
    own = categories.select(F.col("product_id").alias("one"), F.col("category").alias("own_category"))
    described = questions.join(categories, on="product_id", how="left").join(own, on="one", how="left")
    is_same = F.coalesce(F.col("category") == F.col("own_category"), F.lit(False))
    return described.where(is_same if block.category == "same" else ~is_same).select(*_TRUTH)


def customer_values(lists: DataFrame, truth: DataFrame, names: Sequence[str], *, metric: str, k: int) -> DataFrame:
    """One row per customer: customer_id, and <name>_<metric> of each name, the mean over the customer's questions, 0–1.

    A question counts where any of them has a list for it: whom a scenario is not for, and a product that may not be shown, are no
    one's failure. A list that is empty, where another one is not, is right nowhere.

    Parameters
    ----------
    lists
        name, query_id, rank, product_id.
    truth
        customer_id, question, query_id, product_id, each once.
    k
        How much of a list counts.
    """
    ranks = (F.min(F.when(F.col("name") == name, F.col("rank"))).alias(name) for name in names)
    shown = lists.where(F.col("rank") <= k).groupBy("query_id", "product_id").agg(*ranks)
    asked = truth.join(lists.select("query_id").distinct(), on="query_id", how="left_semi")
    measured = (
        asked
        .join(shown, on=["query_id", "product_id"], how="left")
        .groupBy("customer_id", "question")
        .agg(*(_measured(name, metric, k).alias(f"{name}_{metric}") for name in names))
    )
    return measured.groupBy("customer_id").agg(*(F.avg(name).alias(name) for name in measured.columns[2:]))


def _measured(name: str, metric: str, k: int) -> Column:
    """The metric of one question, whose rows are the relevant products with their ranks; null where it was not shown."""
    n_relevant, n_hits = F.count("*"), F.count(name)
    if metric == "recall":
        return n_hits / n_relevant
    if metric == "precision":
        return n_hits / F.lit(k)
    if metric == "hit_rate":
        return (n_hits > 0).cast("double")
    ideal = F.array(*(F.lit(ideal_dcg(k, n)) for n in range(1, k + 1)))
    gain = F.coalesce(F.sum(F.lit(1.0) / F.log2(F.col(name) + F.lit(1.0))), F.lit(0.0))
    return gain / F.get(ideal, (F.least(n_relevant, F.lit(k)) - 1).cast("int"))
