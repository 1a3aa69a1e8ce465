"""What the dimensions of customers and of products are made of, as known at an as_of."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from .dimension_values import age_band, brand_of, order_band, price_band

_SCORED = ("tier", "segment", "rfm_tier", "recency_score", "frequency_score", "monetary_score", "n_orders", "first_order_date")


def customer_attributes(
    people: DataFrame, accounts: DataFrame, customer_segments: DataFrame, *, as_of: date, timezone: str
) -> DataFrame:
    """One row per customer of `people`: customer_id, the values of its dimensions, n_orders and first_order_date.

    Of several accounts that state something, the one that stated it last counts.
    """
    newest = F.struct("valid_from", "account_id")
    stated = {name: F.max_by(name, F.when(F.col(name).isNotNull(), newest)) for name in ("region", "gender", "birth_year")}
    described = (
        people
        .select("account_id", "customer_id")
        .join(accounts.select("account_id", "valid_from", "registered_at", *stated), on="account_id", how="left")
        .groupBy("customer_id")
        .agg(*(value.alias(name) for name, value in stated.items()), F.min("registered_at").alias("registered_at"))
    )
    return described.join(customer_segments.select("customer_id", *_SCORED), on="customer_id", how="left").select(
        "customer_id",
        "region",
        "gender",
        *_SCORED,
        order_band(F.col("n_orders")).alias("order_band"),
        age_band(F.col("birth_year"), as_of=as_of).alias("age_band"),
        F.year(F.from_utc_timestamp("registered_at", timezone)).alias("member_since"),
    )


def product_attributes(products: DataFrame) -> DataFrame:
    """One row per product: product_id, category, brand (null where products have none) and price_band."""
    return products.select(
        "product_id",
        "category",
        brand_of(products).alias("brand"),
        price_band(F.col("price_amount"), F.col("currency")).alias("price_band"),
    )
