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
from pyspark.sql import functions as F

from reclake.segment.orders import currency_preference, orders_of

from .histories import Histories
from .spending import Spends

_SUM = "decimal(38,4)"
_LOG = "decimal(38,12)"  # sums of doubles depend on their order, those of decimals do not
_EXACT_REPEATS = 16  # few have more: where groups are joined, those with more are joined first
_BUCKETS_PER_E_FOLD = 128  # amounts of one bucket differ by less than 1/128
_EARLY_SHARE = 0.01  # a wrong clock may have one customer buy years before everybody


def purchases(people: DataFrame, order_lines: DataFrame, *, reporting_currency: str) -> DataFrame:
    """One row per customer who may be profiled, is no machine and has bought: customer_id, currency, days, amounts.

    `days` are the days with a sale, sorted and each once. `amounts` holds (day, amount) of those on which something was sold
    in `currency`: that of gold.customer_segments, in which also an order is what it is there, and its spend is counted alike.
    """
    profiled = people.where("may_be_profiled")
    known = profiled.where(~F.col("is_machine")).select("customer_id").distinct()
    lines = order_lines.join(profiled.select("account_id", "customer_id"), on="account_id", how="inner")
    by_day = (
        orders_of(lines)
        .where(F.col("ordered_day").isNotNull())
        .groupBy("customer_id", "currency", F.col("ordered_day").alias("day"))
        .agg(F.sum("spend_amount").cast(_SUM).alias("amount"), F.count("sold_from").alias("n_orders"))
    )
    by_currency = by_day.groupBy("customer_id", "currency").agg(
        F.sum("n_orders").alias("n_orders"),
        F.collect_set("day").alias("days"),
        F.collect_list(F.when(F.col("n_orders") > 0, F.struct("day", "amount"))).alias("amounts"),
    )
    own = F.max_by(F.struct("currency", "amounts"), currency_preference(reporting_currency, F.col("n_orders")))
    return (
        by_currency
        .groupBy("customer_id")
        .agg(F.array_sort(F.array_distinct(F.flatten(F.collect_list("days")))).alias("days"), own.alias("own"))
        .join(known, on="customer_id", how="left_semi")
        .select("customer_id", "own.currency", "days", F.array_sort("own.amounts").alias("amounts"))
    )


def observed(bought: DataFrame, *, until: Column) -> DataFrame:
    """The histories of those who bought before the day `until`, seen on that day; it keeps the columns of `purchases`.

    Adds n_repeats (x), last_repeat_days (t_x) and age_days (T), from the first purchase; n_priced_repeats and repeat_amount,
    the repeats in `currency` and their sum. An age is `until` minus the first day.
    """
    first = F.col("days")[0]
    seen = F.filter("days", lambda day: day < until)
    repeats = F.filter("amounts", lambda one: (one["day"] > first) & (one["day"] < until))
    total = F.aggregate(repeats, F.lit(0).cast(_SUM), lambda total, one: (total + one["amount"]).cast(_SUM))
    return bought.where(first < until).withColumns({
        "n_repeats": F.size(seen) - 1,
        "last_repeat_days": F.date_diff(F.element_at(seen, -1), first),
        "age_days": F.date_diff(until, first),
        "n_priced_repeats": F.size(repeats),
        "repeat_amount": total,
    })


def split_day(bought: DataFrame, *, as_of: date, holdout_share: float) -> date | None:
    """The first held-out day: the last `holdout_share` of the days from the beginning to the as_of; None without such days.

    The beginning is the day by which one customer of a hundred had bought. One row per day comes to the driver.
    """
    counted = bought.groupBy(F.col("days")[0].alias("day")).agg(F.count("*").alias("n")).where(F.col("day") < F.lit(as_of))
    table = counted.toArrow().sort_by("day")
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
    is_known = F.lit(False) if known_before is None else F.col("days")[0] < F.lit(known_before)

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
