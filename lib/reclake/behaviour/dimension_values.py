"""The values of the dimensions as Spark columns, by the names of the registry; null where a value is not known."""

from collections.abc import Callable, Mapping
from datetime import date
from itertools import pairwise

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from .dimensions import ANONYMOUS, BY_NAME, LOGGED_IN, NEW, RETURNING, WEEKDAYS, Needs

_ADULT = 18
_AGES = (18, 25, 35, 45, 55, 65)  # first age of each band; the last is open
_STEPS = (1, 2, 5)  # edges of prices within a power of ten
_TABLETS, _PHONES = r"(?i)ipad|tablet|android(?!.*mobile)", r"(?i)mobi|iphone|android"
_DESKTOPS = r"(?i)windows|macintosh|x11|cros"


def value_of(name: str, *, timezone: str) -> Column:
    """The value of a dimension as text, of a row that holds what it is computed from.

    A dimension that is not computed is a column of its own name.
    """
    made = _COMPUTED.get(name)
    return F.col(name).cast("string") if made is None else made(timezone)


def value_in_histories(name: str, *, timezone: str) -> Column:
    """The value of a dimension as text, of a row of histories: one that needs more than the row is its column `dim_NAME`."""
    return value_of(name, timezone=timezone) if BY_NAME[name].needs is Needs.NOTHING else F.col(f"dim_{name}")


def hour_of(timezone: str) -> Column:
    """Hour of the business's clock, 0 to 23."""
    return F.hour(F.from_utc_timestamp("occurred_at", timezone))


def _first_day(period: str) -> Column:
    return F.trunc("event_date", period).cast("string")


def _login() -> Column:
    return F.when(F.col("is_logged_in"), LOGGED_IN).when(~F.col("is_logged_in"), ANONYMOUS)


def _device_kind() -> Column:
    client = F.col("user_agent")
    return (
        F
        .when(client.rlike(_TABLETS), "tablet")
        .when(client.rlike(_PHONES), "phone")
        .when(client.rlike(_DESKTOPS), "desktop")
    )  # fmt: skip


def customer_kind(day: Column, first_day: Column) -> Column:
    """New up to and on the day of the customer's first order, returning after it; whoever has not ordered is new."""
    return F.when(F.coalesce(day > first_day, F.lit(False)), RETURNING).otherwise(NEW)


def order_band(n_orders: Column) -> Column:
    """0, 1, 2-3, 4-9 or 10+ orders; null where they are not known."""
    return (
        F
        .when(n_orders >= 10, "10+")
        .when(n_orders >= 4, "4-9")
        .when(n_orders >= 2, "2-3")
        .when(n_orders >= 0, n_orders.cast("string"))
    )


def age_band(birth_year: Column, *, as_of: date) -> Column:
    """The band of the age that a customer has reached for certain at the as_of; null below 18 and of a year that cannot be.

    A year of birth leaves the age open by one year. The lower one counts, so that nobody is told who may be a minor.
    """
    age = F.lit(as_of.year - 1) - birth_year
    bands = F.lit(None).cast("string")
    for first, after in zip(_AGES, (*_AGES[1:], None), strict=True):
        name = f"{first}+" if after is None else f"{first}-{after - 1}"
        bands = F.when(age >= first, name).otherwise(bands)
    return F.when(age.between(_ADULT, 120), bands)


def brand_of(products: DataFrame) -> Column:
    """The brand of a product; null where the table of products has no such column."""
    return F.col("brand") if "brand" in products.columns else F.lit(None).cast("string")


def price_band(amount: Column, currency: Column) -> Column:
    """The band that holds a price, with its currency: from 1, 2 or 5 times a power of ten up to below the next, as `CNY 20-50`."""
    power = F.floor(F.log10(amount.cast("double")))
    # A power of ten that the logarithm misses by its last digit is corrected by comparing exactly.
    exact = F.pow(F.lit(10.0), power)
    scale = (
        F.when(amount.cast("double") >= exact * 10, exact * 10).when(amount.cast("double") < exact, exact / 10).otherwise(exact)
    )
    edges = [F.lit(float(step)) * scale for step in (*_STEPS, 10)]
    value, band = amount.cast("double"), F.lit(None).cast("string")
    for low, high in pairwise(edges):
        band = F.when(value >= low, F.concat_ws("-", _plain(low), _plain(high))).otherwise(band)
    told = F.when(amount == 0, "0").when(amount > 0, band)
    return F.when(told.isNotNull(), F.concat_ws(" ", currency, told))


def _plain(edge: Column) -> Column:
    """An edge without the zeros behind its digits."""
    return F.regexp_replace(edge.cast("decimal(24,4)").cast("string"), r"\.?0+$", "")


_COMPUTED: Mapping[str, Callable[[str], Column]] = {
    "day": lambda _: F.col("event_date").cast("string"),
    "week": lambda _: _first_day("week"),
    "month": lambda _: _first_day("month"),
    "weekday": lambda _: F.element_at(F.array(*map(F.lit, WEEKDAYS)), F.weekday("event_date") + 1),
    "hour": lambda timezone: F.lpad(hour_of(timezone).cast("string"), 2, "0"),
    "login": lambda _: _login(),
    "device_kind": lambda _: _device_kind(),
    "customer_kind": lambda _: customer_kind(F.col("event_date"), F.col("first_order_date")),
}
