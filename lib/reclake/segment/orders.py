"""What an order, a sale and a return are, said once for every table that counts them."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.segment.rfm import is_sale
from reclake.tables.line_kinds import PRODUCT, SOLD_KINDS

ORDER = ("source", "order_scope", "order_id")  # what the lines of one order share


def order_scope() -> Column:
    """Within what the order's number is unique; rows from before it was stated have their channel."""
    return F.coalesce("order_scope", "channel", F.lit("")).alias("order_scope")


def is_of_order() -> Column:
    """Whether a line is money that the order charges or takes off beside goods: shipping, a voucher, … but no return."""
    return ~F.coalesce("line_kind", F.lit(PRODUCT)).isin(*SOLD_KINDS) & ~F.col("is_return")


def spent() -> Column:
    """What a line adds to the spend of its order, if that has a sale; null for a line that adds nothing."""
    return F.when(is_sale() | is_of_order(), F.col("line_amount"))


def returned() -> Column:
    """What a line takes back; null for a line that is no return."""
    return F.when(F.col("is_return"), F.col("line_amount"))


def orders_of(lines: DataFrame) -> DataFrame:
    """One row per customer, order and currency of its lines; an order with a sale is_counted in one of them.

    `ordered_day` is the day of the order's first sale line, in every currency, and null without a sale; `sold_from` the
    same within the currency. What an order without a sale takes or gives beside goods is nobody's spend. The rows are
    partitioned by customer.

    Parameters
    ----------
    lines
        Rows of silver.order_lines with the customer_id of their account.
    """
    summed = lines.groupBy("customer_id", "source", order_scope(), "order_id", "currency").agg(
        F.min(F.when(is_sale(), F.col("event_date"))).alias("sold_from"),
        F.sum(spent()).alias("spend_amount"),
        F.sum(returned()).alias("return_amount"),
    )
    # One shuffle for this and what follows.
    of_customers = summed.repartition("customer_id")
    in_order = W.partitionBy("customer_id", *ORDER)
    whole = in_order.orderBy(F.col("sold_from").isNull(), "currency").rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    place = F.row_number().over(in_order.orderBy(F.col("sold_from").isNull(), "currency"))
    dated = of_customers.withColumns({"ordered_day": F.min("sold_from").over(whole), "place": place})
    has_sale = F.col("ordered_day").isNotNull()
    return dated.withColumns({
        "is_counted": has_sale & (F.col("place") == 1),
        "spend_amount": F.when(has_sale, F.col("spend_amount")),
    })


def currency_preference(reporting_currency: str, n_orders_in_currency: Column) -> Column:
    """What is greatest for the currency of a customer's amounts: the reporting one if a sale is in it, else that of most orders.

    Of rows per customer and currency, with the orders that hold a sale in this currency.
    """
    has_sale = n_orders_in_currency > 0
    return F.struct((F.col("currency") == reporting_currency) & has_sale, n_orders_in_currency, "currency")
