"""gold.sales: orders, revenue, returns and customers by day, week and month; everybody counts."""

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.calendar import PERIODS, by_period, first_day, first_day_of, interval, past_end
from reclake.segment.buyers import bought_by_day, lines_of_buyers
from reclake.segment.orders import ORDER
from reclake.segment.small_groups import with_small_groups_joined

ALL = "(all)"  # the category of a row that counts whole orders
_AMOUNT = "decimal(18,4)"
_WITHIN = ("period", "start_date", "currency", "is_whole")
_DIMENSIONS = ("channel", "category", "customer_kind")
_COUNTED = ("n_lines", "revenue_amount", "n_returns", "return_amount")


def sales(
    people: DataFrame, order_lines: DataFrame, products: DataFrame, *, as_of: date, shown_days: int, min_group_size: int
) -> DataFrame:
    """One row per as_of_date, period, its first day, currency, channel, category and customer_kind.

    Rows of the category `(all)` count whole orders; the others count the same lines by category, so an order of two
    categories counts in both. Values of fewer than `min_group_size` people are joined as `(others)` within their period and
    currency; a period of fewer people altogether is left out. Shown are the periods that begin in the `shown_days` days
    before `as_of`. What is an order, a sale and a return is as in gold.customer_segments.
    """
    categories = products.select("product_id", "category")
    lines = lines_of_buyers(people, order_lines).join(categories, on="product_id", how="left")
    bought = bought_by_day(lines).where(F.col("day") >= F.lit(as_of - timedelta(days=shown_days)))
    in_cells = bought.select("buyer", "is_guest", *ORDER, "currency", "channel", "customer_kind", *_COUNTED, F.inline(_cells()))
    shown = in_cells.where(F.col("start_date") >= F.lit(as_of - timedelta(days=shown_days)))
    joined = with_small_groups_joined(shown, within=_WITHIN, dimensions=_DIMENSIONS, least=min_group_size)
    whole = joined.withColumn("category", F.when(F.col("is_whole"), ALL).otherwise(F.col("category")))
    return _totals(whole).where(F.col("n_people") >= min_group_size).withColumns(_as_shown(as_of))


def _cells() -> Column:
    """The periods of a row, each with its category and once for its whole order."""
    day = F.col("day")
    return F.array(
        *(
            F.struct(
                F.lit(period).alias("period"),
                first_day(interval(day, period), F.lit(period)).alias("start_date"),
                category.alias("category"),
                F.lit(is_whole).alias("is_whole"),
            )
            for period in PERIODS
            for category, is_whole in ((F.lit(ALL), True), (F.col("category"), False))
        )
    )


def _totals(rows: DataFrame) -> DataFrame:
    """One row per cell. Orders are counted within their buyer and buyers within their cell, where they already lie together."""
    cell = (*_WITHIN, *_DIMENSIONS)
    sums = [F.sum(name).alias(name) for name in _COUNTED]
    of_orders = rows.groupBy("buyer", "is_guest", *ORDER, *cell).agg(*sums)
    of_buyers = of_orders.groupBy("buyer", "is_guest", *cell).agg(F.count_if(F.col("n_lines") > 0).alias("n_orders"), *sums)
    return of_buyers.groupBy(*cell).agg(
        F.count("*").alias("n_people"),
        F.sum("n_orders").alias("n_orders"),
        F.count_if(~F.col("is_guest") & (F.col("n_orders") > 0)).alias("n_customers"),
        F.sum(F.when(F.col("is_guest"), F.col("n_orders")).otherwise(0)).alias("n_guest_orders"),
        *sums,
    )


def _as_shown(as_of: date) -> dict[str, Column]:
    """The as_of, whether the period is still going on, and amounts that the column holds; others are null."""
    open_from = {period: first_day_of(number, period) for period, number in past_end(as_of).items()}
    return {
        "as_of_date": F.lit(as_of),
        "is_open": F.col("start_date") >= by_period(open_from, F.col("period")),
        "revenue_amount": F.col("revenue_amount").try_cast(_AMOUNT),
        "return_amount": F.col("return_amount").try_cast(_AMOUNT),
    }


def emptiness(
    people: DataFrame, order_lines: DataFrame, products: DataFrame, *, as_of: date, shown_days: int, min_group_size: int
) -> DataFrame:
    """One row: as_of_date, and the reason why there is no row; null if enough orders were placed."""
    since = F.lit(as_of - timedelta(days=shown_days))
    # No fewer than people: an order of a guest counts as one.
    who = F.coalesce("account_id", F.concat_ws(" ", "source", "order_id"))
    counted = order_lines.where(F.col("event_date") >= since).agg(F.count_distinct(who).alias("n_people"))
    reason = F.when(F.col("n_people") == 0, f"nobody bought in the {shown_days} days before").when(
        F.col("n_people") < min_group_size, f"fewer than {min_group_size} people bought in the {shown_days} days before"
    )
    return counted.select(F.lit(as_of).alias("as_of_date"), reason.alias("reason"))
