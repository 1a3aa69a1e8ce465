"""gold.customer_segments: what a customer bought, scored, and the segment and tier that follow."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.segment.activity import activity, channels_of, visits_of
from reclake.segment.orders import currency_preference, orders_of
from reclake.segment.reasons import CHINESE, ENGLISH
from reclake.segment.rfm import score_in, scored_bins
from reclake.segment.rfm_tiers import rfm_tier
from reclake.segment.segments import segment
from reclake.segment.settings import TiersSettings, TierWordsSettings
from reclake.segment.standing import first_day_seen, standings
from reclake.segment.tiers import PROSPECT

DAYS, ORDERS = "days", "orders"
_AMOUNT = "decimal(18,4)"
_SUM = "decimal(38,4)"  # of 10^20 lines of the greatest amount


def customer_segments(
    people: DataFrame,
    order_lines: DataFrame,
    sessions: DataFrame,
    *,
    as_of: date,
    reporting_currency: str,
    words: TierWordsSettings,
    tiers: TiersSettings,
) -> DataFrame:
    """One row per as_of_date and customer who may be profiled and is no machine.

    Who bought nothing in the window is a prospect: a registered account, or an anonymous device of a source that
    needs no consent. One order is what shares source, order_scope and order_id: its lines may lie on several days and in
    several currencies and files, and its day is that of its first sale line. Amounts are in one currency per customer: the
    reporting currency if a sale is in it, else the one of most orders; customers are scored among those of the same
    currency, as there are no exchange rates yet. `tier` is decided from orders and visits (segment/standing.py).
    """
    profiled = people.where("may_be_profiled").select("account_id", "customer_id", "is_machine", "channel")
    known = profiled.where(~F.col("is_machine")).select("customer_id").distinct()
    orders = orders_of(order_lines.join(profiled.select("account_id", "customer_id"), on="account_id", how="inner"))
    bought = _bought(orders, as_of=as_of, reporting_currency=reporting_currency)
    customers = bought.join(known, on="customer_id", how="right").withColumn(
        "currency", F.coalesce("currency", F.lit(reporting_currency))
    )
    for column, type_ in (("n_orders", "long"), ("spend_amount", _SUM), ("return_amount", _SUM)):
        customers = customers.withColumn(column, F.coalesce(column, F.lit(0)).cast(type_))
    scored = _with_segment(_with_scores(customers, bought))
    done = activity(
        orders.where("is_counted").select("customer_id", F.col("ordered_day").alias("day")),
        visits_of(sessions, profiled),
        channels_of(profiled),
        since=first_day_seen(as_of, tiers),
    )
    judged = _with_tier(scored, standings(done, as_of=as_of, words=words, tiers=tiers))
    # A sum that the column cannot hold is left out, after it was scored: docs/decisions/0033.
    stored = {column: F.col(column).try_cast(_AMOUNT) for column in ("spend_amount", "return_amount")}
    return judged.withColumns(stored).withColumn("as_of_date", F.lit(as_of))


def _with_tier(customers: DataFrame, standings: DataFrame) -> DataFrame:
    """Adds the columns of `standings`; who bought nothing is a prospect."""
    unknown = {"tier": PROSPECT, "tier_reason": ENGLISH.prospect, "tier_reason_zh": CHINESE.prospect}
    return customers.join(standings, on="customer_id", how="left").withColumns({
        name: F.coalesce(name, F.lit(value)) for name, value in unknown.items()
    })


def _bought(orders: DataFrame, *, as_of: date, reporting_currency: str) -> DataFrame:
    """One row per customer with an order line: sale days, orders, spend_amount, return_amount, currency, recency_days."""
    by_currency = orders.groupBy("customer_id", "currency").agg(
        F.min("ordered_day").alias("first_order_date"),
        F.max("ordered_day").alias("last_order_date"),
        F.count_if("is_counted").alias("n_orders"),
        F.count("sold_from").alias("n_orders_in_currency"),
        F.sum("spend_amount").alias("spend_amount"),
        F.sum("return_amount").alias("return_amount"),
    )
    preferred = currency_preference(reporting_currency, F.col("n_orders_in_currency"))
    amounts = F.struct("currency", "spend_amount", "return_amount")
    return (
        by_currency
        .groupBy("customer_id")
        .agg(
            F.min("first_order_date").alias("first_order_date"),
            F.max("last_order_date").alias("last_order_date"),
            F.sum("n_orders").alias("n_orders"),
            F.max_by(amounts, preferred).alias("amounts"),
        )
        .select("customer_id", "first_order_date", "last_order_date", "n_orders", "amounts.*")
        .withColumn("recency_days", F.date_diff(F.lit(as_of), "last_order_date"))
    )


def _measures() -> tuple[tuple[str, Column, Column], ...]:
    """Measure, its unit, and its value: the greater the better, so recency counts backwards."""
    return (
        ("recency", F.lit(DAYS), -F.col("recency_days")),
        ("frequency", F.lit(ORDERS), F.col("n_orders")),
        ("monetary", F.col("currency"), F.col("spend_amount")),
    )


def _with_scores(customers: DataFrame, bought: DataFrame) -> DataFrame:
    """Adds recency_score, frequency_score, monetary_score and rfm_cell; null without a sale."""
    values = F.array(
        *(
            F.struct(F.lit(measure).alias("measure"), unit.alias("unit"), value.cast(_SUM).alias("value"))
            for measure, unit, value in _measures()
        )
    )
    bins = scored_bins(bought.where("n_orders > 0").select(F.inline(values)))
    # At most five bins per measure and currency: one row for all customers.
    listed = bins.agg(F.collect_list(F.struct("measure", "unit", "score", "lower", "upper")).alias("bins"))
    scored = customers.crossJoin(F.broadcast(listed))
    for measure, unit, value in _measures():
        found = score_in(F.col("bins"), measure=measure, unit=unit, value=value.cast(_SUM))
        scored = scored.withColumn(f"{measure}_score", F.when(F.col("n_orders") > 0, found))
    # concat of a null is null: no sale, no cell
    return scored.withColumn("rfm_cell", F.concat("recency_score", "frequency_score", "monetary_score")).drop("bins")


def _with_segment(scored: DataFrame) -> DataFrame:
    scores = (F.col("recency_score"), F.col("frequency_score"), F.col("monetary_score"))
    on_one_day = F.col("first_order_date") == F.col("last_order_date")
    return scored.withColumn("segment", segment(*scores)).withColumn(
        "rfm_tier", rfm_tier(F.col("segment"), on_one_day=on_one_day)
    )
