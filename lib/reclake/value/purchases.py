"""From order lines to purchase histories, and to the bounded groups of them that models are fitted on.

Below the builders this module runs Spark jobs: what comes to the driver are at most `max_groups` groups of equal or near
histories, however many customers there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.segment.orders import currency_preference, orders_of

from .histories import Histories
from .spending import Spends

_SUM = "decimal(38,4)"
_LOG = "decimal(38,12)"  # sums of doubles depend on their order, those of decimals do not
_EXACT_REPEATS = 16  # few have more: where groups are joined, those with more are joined first
_BUCKETS_PER_E_FOLD = 128  # amounts of one bucket differ by less than 1/128
_EARLY_SHARE = 0.01  # a wrong clock may have one customer buy years before everybody


def purchases(people: DataFrame, order_lines: DataFrame, *, as_of: date, reporting_currency: str) -> DataFrame:
    """One row per customer who may be profiled and is no machine, and day with a sale: customer_id, currency, day, amount.

    `currency` is the customer's own, that of gold.customer_segments; also an order is what it is there, and its spend is counted
    alike. `amount` is what was spent in it, null on a day without a sale in it. The rows are partitioned by customer.
    """
    del as_of  # the inputs are cut by it
    of_customer = W.partitionBy("customer_id").rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    has_person = F.max(~F.col("is_machine")).over(of_customer)
    known = people.where("may_be_profiled").withColumn("has_person", has_person).where("has_person")
    lines = order_lines.join(known.select("account_id", "customer_id"), on="account_id", how="inner")
    by_currency = (
        orders_of(lines)
        .where(F.col("ordered_day").isNotNull())
        .groupBy("customer_id", "currency", F.col("ordered_day").alias("day"))
        .agg(F.sum("spend_amount").cast(_SUM).alias("spend_amount"), F.count("sold_from").alias("n_orders"))
    )
    # One sort by customer and currency serves both windows.
    in_currency = W.partitionBy("customer_id", "currency").rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    ranked = by_currency.withColumn("n_orders_in_currency", F.sum("n_orders").over(in_currency))
    preferred = F.max(currency_preference(reporting_currency, F.col("n_orders_in_currency"))).over(of_customer)["currency"]
    is_own = (F.col("currency") == F.col("own")) & (F.col("n_orders") > 0)
    return (
        ranked
        .withColumn("own", preferred)
        .groupBy("customer_id", F.col("own").alias("currency"), "day")
        .agg(F.max(F.when(is_own, F.col("spend_amount"))).alias("amount"))
    )


def observed(bought: DataFrame, *, until: Column) -> DataFrame:
    """One row per customer who bought before the day `until`, seen on that day: customer_id, currency, and plain sums.

    first_date, the day of the first purchase; n_repeats (x), last_repeat_days (t_x) and age_days (T), from the first
    purchase; n_priced_repeats and repeat_amount, the repeats in `currency` and their sum; n_later and later_amount, the days
    with a sale from `until` on, and what was spent then. An age is `until` minus the first day.

    Parameters
    ----------
    bought
        See `purchases`. `until` is a literal, or a column that is the same in all rows.
    """
    is_seen = F.col("day") < F.col("until")
    first_amount = F.min_by("amount", "day")
    # No list, no text and no struct is kept by group, so Spark aggregates by hash.
    of_customer = (
        bought
        .withColumn("until", until)
        .groupBy("customer_id", "currency")
        .agg(
            F.min("day").alias("first_date"),
            F.max(F.when(is_seen, F.col("day"))).alias("last_date"),
            F.max("until").alias("until"),
            F.count_if(is_seen).alias("n_days"),
            F.count(F.when(is_seen, F.col("amount"))).alias("n_priced"),
            F.sum(F.when(is_seen, F.col("amount"))).alias("amount"),
            first_amount.alias("first_amount"),
            F.count_if(~is_seen).alias("n_later"),
            F.sum(F.when(~is_seen, F.col("amount"))).alias("later_amount"),
        )
        .where(F.col("first_date") < F.col("until"))
    )
    nothing = F.lit(0).cast(_SUM)
    repeat_amount = F.coalesce("amount", nothing) - F.coalesce("first_amount", nothing)
    return of_customer.select(
        "customer_id",
        "currency",
        "first_date",
        (F.col("n_days") - 1).cast("int").alias("n_repeats"),
        F.date_diff("last_date", "first_date").alias("last_repeat_days"),
        F.date_diff("until", "first_date").alias("age_days"),
        (F.col("n_priced") - F.col("first_amount").isNotNull().cast("int")).cast("int").alias("n_priced_repeats"),
        repeat_amount.cast(_SUM).alias("repeat_amount"),
        F.col("n_later").cast("int").alias("n_later"),
        F.coalesce("later_amount", nothing).alias("later_amount"),
    )


def split_day(histories: DataFrame, *, as_of: date, holdout_share: float) -> date | None:
    """The first held-out day: the last `holdout_share` of the days from the beginning to the as_of; None without such days.

    The beginning is the day by which one customer of a hundred had bought. One row per day comes to the driver.
    """
    table = histories.groupBy(F.col("first_date").alias("day")).agg(F.count("*").alias("n")).toArrow().sort_by("day")
    if not table.num_rows:
        return None
    so_far = np.cumsum(table["n"].to_numpy())
    start: date = table["day"][int(np.searchsorted(so_far, _EARLY_SHARE * so_far[-1]))].as_py()
    n_days = int((as_of - start).days * holdout_share)
    return as_of - timedelta(days=n_days) if n_days else None


def collected_histories(histories: DataFrame, *, known_before: date | None, max_groups: int) -> tuple[Histories, Histories]:
    """The groups of all customers, and of those whose first purchase lies before `known_before`.

    Groups are exact where `max_groups` hold them; else days are joined by 2, 4, 8, … and repeats beyond 16 likewise, until they
    do. A joined group stands for its members by their means, so no sum changes.
    """
    x, gap, age = F.col("n_repeats"), F.col("age_days") - F.col("last_repeat_days"), F.col("age_days")
    is_known = F.lit(False) if known_before is None else F.col("first_date") < F.lit(known_before)

    def keys(width: int) -> Mapping[str, Column]:
        return {"x": _joined(x, width), "gap": _cell(gap, width), "age": _cell(age, width), "is_known": is_known}

    sums = {"repeats": F.sum(x), "lasts": F.sum("last_repeat_days"), "ages": F.sum(age)}
    table = _collected(histories, keys, sums, max_groups=max_groups)
    n = table["n"].to_numpy().astype(np.float64)
    columns = [table[name].to_numpy() / n for name in ("repeats", "lasts", "ages")]
    whole = Histories(columns[0], columns[1], columns[2], n)
    return whole, whole.where(table["is_known"].to_numpy(zero_copy_only=False).astype(bool))


def collected_spends(histories: DataFrame, *, max_groups: int) -> dict[str, Spends]:
    """By currency the groups of customers with repeats of a positive sum: of equal repeats and amounts within 1/128."""
    x = F.col("n_priced_repeats")
    total = F.col("repeat_amount").cast("double")
    mean = total / x

    def keys(width: int) -> Mapping[str, Column]:
        bucket = F.floor(F.log(total) * (_BUCKETS_PER_E_FOLD / width))
        return {"currency": F.col("currency"), "x": _joined(x, width), "bucket": bucket}

    sums = {
        "repeats": F.sum(x),
        "means": F.sum(mean.cast(_LOG)).cast("double"),
        "logs": F.sum(F.log(mean).cast(_LOG)).cast("double"),
    }
    table = _collected(histories.where((x > 0) & (F.col("repeat_amount") > 0)), keys, sums, max_groups=max_groups)
    found = {}
    for currency in sorted(set(table["currency"].to_pylist())):
        rows = table.filter(pa.compute.equal(table["currency"], currency))
        n = rows["n"].to_numpy().astype(np.float64)
        columns = [rows[name].to_numpy() / n for name in ("repeats", "means", "logs")]
        found[currency] = Spends(columns[0], columns[1], columns[2], n)
    return found


def _cell(days: Column, width: int) -> Column:
    return F.floor(days / width) if width > 1 else days


def _joined(repeats: Column, width: int) -> Column:
    """Repeats up to 16 as they are, those beyond joined by `width`."""
    if width == 1:
        return repeats
    return F.when(repeats <= _EXACT_REPEATS, repeats).otherwise(_EXACT_REPEATS + F.ceil((repeats - _EXACT_REPEATS) / width))


def _collected(
    rows: DataFrame, keys: Callable[[int], Mapping[str, Column]], sums: Mapping[str, Column], *, max_groups: int
) -> pa.Table:
    """The sums by key, with n customers, as narrow as `max_groups` allow; sorted by key."""
    width = 1
    while True:
        named = {name: key.alias(name) for name, key in keys(width).items()}
        counted = rows.groupBy(*named.values()).agg(F.count("*").alias("n"), *(value.alias(name) for name, value in sums.items()))
        table = counted.limit(max_groups + 1).toArrow()
        if table.num_rows <= max_groups:
            return table.sort_by([(name, "ascending") for name in named])
        width *= 2
