"""gold.due_again: what each customer has probably used up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.recommend.cycles import BINS_PER_RATIO, cycle_of
from reclake.recommend.settings import DueAgainSettings
from reclake.segment.rfm import is_sale

_CYCLE = "category string, category_gap_days double, hazards array<double>"
_CYCLES = pa.schema([
    ("category", pa.string()),
    ("category_gap_days", pa.float64()),
    ("hazards", pa.list_(pa.float64())),
])


def due_again(
    people: DataFrame,
    order_lines: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    due_again: DueAgainSettings,
    min_group_size: int,
) -> DataFrame:
    """One row per customer who may be profiled and product that they bought, of a category with a cycle (`recommend.cycles`).

    The usual gap is the category's cycle times the mean of the customer's own gaps in it over the mean of everybody's, where
    the customer counts as `prior_gaps` gaps that are like everybody's and their own ones. Gaps count that lie as far from the
    cycle as what is due. What came back as a whole since it was last bought is not due, nor what was followed by a variant of it.
    """
    bought = _bought(people, order_lines, products, settings=due_again)
    followed = _followed(bought, settings=due_again)
    cycles = _cycles(followed, settings=due_again, min_group_size=min_group_size)
    own = _own_gaps(followed, cycles, settings=due_again)
    gap = F.col("category_gap_days") * (due_again.prior_gaps + F.coalesce("relative_gaps", F.lit(0.0)))
    known = (
        bought
        .join(F.broadcast(cycles), on="category", how="inner")
        .join(own, on=["customer_id", "category"], how="left")
        .withColumn("usual_gap_days", gap / (due_again.prior_gaps + F.coalesce("n_gaps", F.lit(0))))
        .withColumn("elapsed_days", F.date_diff(F.lit(as_of), F.col("last_bought_on")))
        .withColumn("due_ratio", F.col("elapsed_days") / F.col("usual_gap_days"))
    )
    place = F.least(F.floor(F.col("due_ratio") * BINS_PER_RATIO), F.size("hazards") - 1).cast("int")
    hazard = F.element_at("hazards", place + 1)
    is_over = F.col("is_returned") | F.col("is_followed")
    is_due = F.col("due_ratio").between(due_again.least_ratio, due_again.greatest_ratio) & ~is_over
    return known.withColumns({
        "as_of_date": F.lit(as_of),
        "hazard": hazard,
        "score": hazard,
        "n_bought": F.size("days").cast("long"),
        "is_due": is_due,
    })


def _bought(people: DataFrame, order_lines: DataFrame, products: DataFrame, *, settings: DueAgainSettings) -> DataFrame:
    """One row per customer and product with a category: the days on which it was bought, sorted, and what came of the last."""
    who = people.where(F.col("may_be_profiled") & ~F.coalesce("is_machine", F.lit(False))).select("account_id", "customer_id")
    variant = F.coalesce("variant_of", "product_id").alias("variant")
    categories = products.where(F.col("category").isNotNull()).select("product_id", "category", variant)
    lines = order_lines.where((is_sale() | F.col("is_return")) & F.col("product_id").isNotNull())
    by_day = (
        lines
        .join(who, on="account_id", how="inner")
        .join(F.broadcast(categories), on="product_id", how="inner")
        .groupBy("customer_id", "product_id", "category", "variant", "event_date")
        .agg(
            F.sum(F.when(is_sale(), F.col("quantity")).otherwise(0)).alias("n_sold"),
            F.sum(F.when(F.col("is_return"), -F.abs("quantity")).otherwise(0)).alias("n_returned"),
        )
    )
    sold_on = F.when(F.col("n_sold") > 0, F.col("event_date"))
    whole = W.partitionBy("customer_id", "product_id").rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    dated = by_day.withColumn("last_bought_on", F.max(sold_on).over(whole))
    since = F.when(F.col("event_date") >= F.col("last_bought_on"), F.col("n_sold") + F.col("n_returned"))
    of_products = (
        dated
        .where(F.col("last_bought_on").isNotNull())
        .groupBy("customer_id", "product_id", "category", "variant", "last_bought_on")
        .agg(F.array_sort(F.collect_set(sold_on)).alias("days"), (F.sum(since) <= 0).alias("is_returned"))
        .withColumn(
            "is_followed", F.col("last_bought_on") < F.max("last_bought_on").over(W.partitionBy("customer_id", "variant"))
        )
    )
    newest = W.partitionBy("customer_id").orderBy(F.col("last_bought_on").desc(), "product_id")
    return of_products.withColumn("place", F.row_number().over(newest)).where(F.col("place") <= settings.max_products)


def _followed(bought: DataFrame, *, settings: DueAgainSettings) -> DataFrame:
    """One row per customer, product and later day with an order: customer_id, category, elapsed_days since it was bought, is_again."""
    days = bought.select("customer_id", F.explode("days").alias("day")).distinct()
    newest = W.partitionBy("customer_id").orderBy(F.col("day").desc())
    order_days = (
        days
        .withColumn("place", F.row_number().over(newest))
        .where(F.col("place") <= settings.max_order_days)
        .groupBy("customer_id")
        .agg(F.collect_list("day").alias("order_days"))
    )
    later = bought.join(order_days, on="customer_id", how="inner").select(
        "customer_id", "category", "days", F.explode("order_days").alias("day")
    )
    before = F.array_max(F.filter("days", lambda bought_on: bought_on < F.col("day")))
    return later.select(
        "customer_id",
        "category",
        F.date_diff("day", before).alias("elapsed_days"),
        F.array_contains("days", F.col("day")).alias("is_again"),
    ).where(F.col("elapsed_days").isNotNull())


def _cycles(followed: DataFrame, *, settings: DueAgainSettings, min_group_size: int) -> DataFrame:
    """One row per category with a cycle: category, category_gap_days, hazards.

    At least `min_group_size` customers bought something of it again: a cycle shows on everybody's rows, and says nothing of one.
    """
    repeated = followed.where("is_again").groupBy("category").agg(F.count_distinct("customer_id").alias("n_customers"))
    many = repeated.where(F.col("n_customers") >= min_group_size).select("category")
    counted = (
        followed
        .join(F.broadcast(many), on="category", how="left_semi")
        .groupBy("category", "elapsed_days")
        .agg(F.count("*").alias("n_orders"), F.count_if("is_again").alias("n_repeats"))
    )
    return counted.groupBy("category").applyInArrow(_fitted(settings), _CYCLE)


def _fitted(settings: DueAgainSettings) -> Callable[[pa.Table], pa.Table]:
    def fitted(counted: pa.Table) -> pa.Table:
        """One category: its orders and repeats by elapsed days."""
        elapsed = counted["elapsed_days"].to_numpy()
        orders, repeats = (
            np.bincount(elapsed, weights=counted[name].to_numpy()).astype(np.int64) for name in ("n_orders", "n_repeats")
        )
        cycle = cycle_of(
            orders,
            repeats,
            least=settings.least_ratio,
            greatest=settings.greatest_ratio,
            min_repeats=settings.min_repeats,
            min_evidence=settings.min_evidence,
        )
        if cycle is None:
            return _CYCLES.empty_table()
        row = {"category": counted["category"][0].as_py(), "category_gap_days": cycle.gap_days, "hazards": list(cycle.hazards)}
        return pa.Table.from_pylist([row], schema=_CYCLES)

    return fitted


def _own_gaps(followed: DataFrame, cycles: DataFrame, *, settings: DueAgainSettings) -> DataFrame:
    """One row per customer and category with a gap: n_gaps, and relative_gaps, their sum over the mean gap of the category."""
    ratio = F.col("elapsed_days") / F.col("category_gap_days")
    gaps = (
        followed
        .where("is_again")
        .join(F.broadcast(cycles.select("category", "category_gap_days")), on="category", how="inner")
        .where(ratio.between(settings.least_ratio, settings.greatest_ratio))
    )
    total, n = F.sum("elapsed_days"), F.count("*")
    means = gaps.groupBy("category").agg((total / n).alias("mean_gap"))
    own = gaps.groupBy("customer_id", "category").agg(total.alias("total"), n.alias("n_gaps"))
    return own.join(F.broadcast(means), on="category", how="inner").select(
        "customer_id", "category", "n_gaps", _relative("total").alias("relative_gaps")
    )


def _relative(name: str) -> Column:
    return F.col(name) / F.col("mean_gap")
