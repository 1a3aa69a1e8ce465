"""What buyers bought, day by day: orders and returns by the day that they count on."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.behaviour.dimension_values import customer_kind
from reclake.behaviour.dimensions import NONE
from reclake.segment.orders import ORDER, order_scope, returned, spent
from reclake.segment.rfm import is_sale

NOT_PROFILED = "not_profiled"
_MEASURES = ("n_lines", "revenue_amount", "n_returns", "return_amount")


def lines_of_buyers(people: DataFrame, order_lines: DataFrame) -> DataFrame:
    """Order lines with `buyer`, `customer_id`, `is_guest`, `is_profiled` and `order_scope` as orders have it.

    The buyer is the resolved customer, of an account that is not resolved the account, and of a guest the order: each order
    of a guest counts as a person of its own.
    """
    of_guest = F.sha2(F.to_json(F.struct(*ORDER)), 256)
    # Lines of guests have a key of their own that nobody answers to: with null they would all meet in one partition.
    keyed = order_lines.withColumn("order_scope", order_scope()).withColumn("who", F.coalesce("account_id", of_guest))
    known = people.select(F.col("account_id").alias("who"), "customer_id", "may_be_profiled")
    return keyed.join(known, on="who", how="left").withColumns({
        "buyer": F.coalesce("customer_id", "who"),
        "is_guest": F.col("account_id").isNull(),
        "is_profiled": F.coalesce("may_be_profiled", F.lit(False)),
    })


def bought_by_day(lines: DataFrame) -> DataFrame:
    """One row per buyer, order, currency, category and day: what was sold, or what came back. Partitioned by buyer.

    What an order sold, with what it charges or takes off beside goods, counts on the day of the order's first sale line; a
    return counts on its own day. `customer_kind` is `new` up to and on the day of the customer's first order, `returning`
    after it, and `not_profiled` of whoever may not be profiled. The channel is the order's: of several the first by name.

    Parameters
    ----------
    lines
        What `lines_of_buyers` gives, all days before the as_of, with `category`.
    """
    key = ("buyer", "is_guest", "is_profiled", *ORDER)
    summed = lines.groupBy(*key, "currency", F.coalesce("category", F.lit(NONE)).alias("category"), "event_date").agg(
        F.min("channel").alias("channel"),
        F.count_if(is_sale()).alias("n_lines"),
        F.sum(spent()).alias("revenue_amount"),
        F.count_if("is_return").alias("n_returns"),
        F.sum(returned()).alias("return_amount"),
    )
    in_order = W.partitionBy("buyer", *ORDER)
    ordered_day = F.min(F.when(F.col("n_lines") > 0, F.col("event_date"))).over(in_order)
    # One shuffle for this and what follows.
    dated = (
        summed
        .repartition("buyer")
        .withColumns({"ordered_day": ordered_day, "channel": F.coalesce(F.min("channel").over(in_order), F.lit(NONE))})
        .withColumn("first_day", F.min("ordered_day").over(W.partitionBy("buyer")))
    )
    sold = _part(F.col("ordered_day"), "n_lines", "revenue_amount")
    came_back = _part(F.col("event_date"), "n_returns", "return_amount")
    return (
        dated
        .select(*key, "currency", "category", "channel", "first_day", F.inline(F.array(sold, came_back)))
        .where(F.col("day").isNotNull() & ((F.col("n_lines") > 0) | (F.col("n_returns") > 0) | (F.col("revenue_amount") != 0)))
        .withColumn("customer_kind", _customer_kind())
    )


def _part(day: Column, *measures: str) -> Column:
    """The day and its measures; the other ones are 0."""
    values = (F.coalesce(name, F.lit(0)) if name in measures else F.lit(0) for name in _MEASURES)
    types = ("long", "decimal(38,4)", "long", "decimal(38,4)")
    named = (value.cast(type_).alias(name) for name, type_, value in zip(_MEASURES, types, values, strict=True))
    return F.struct(day.alias("day"), *named)


def _customer_kind() -> Column:
    return F.when(~F.col("is_profiled"), NOT_PROFILED).otherwise(customer_kind(F.col("day"), F.col("first_day")))
