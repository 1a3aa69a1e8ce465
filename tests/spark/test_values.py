"""Texts to numbers and truth values: nothing is rounded, coerced or guessed."""

from datetime import date
from decimal import Decimal

from pyspark.sql import functions as F

from reclake.records import values


def read(spark, texts, reading):
    """What each text is read as, in one job."""
    rows = [(place, text) for place, text in enumerate(texts)]
    frame = spark.createDataFrame(rows, "place int, text string").select("place", reading(F.col("text")).alias("value"))
    return [row["value"] for row in sorted(frame.collect(), key=lambda row: row["place"])]


def check(spark, expected, reading):
    assert dict(zip(expected, read(spark, list(expected), reading), strict=True)) == expected


def test_whole_numbers(spark):
    check(
        spark,
        {
            "0": 0, "-12": -12, "9223372036854775807": 2**63 - 1, "9223372036854775808": None, "1.5": None, "1.0": None, "1e3": None,
            "+1": None, "1 000": None, "0x10": None, "１": None, "": None, "1\n": None,
        },
        values.long_of,
    )  # fmt: skip


def test_amounts_are_exact_or_refused(spark):
    check(
        spark,
        {
            "12.5": Decimal("12.5"), "0.0001": Decimal("0.0001"), "-11062.06": Decimal("-11062.06"), "2.50000": Decimal("2.5"),
            "99999999999999.9999": Decimal("99999999999999.9999"), "1.23456": None, "100000000000000": None, "1e3": None,
            "1,5": None, ".5": None, "1.": None, "NaN": None, "12345678901234567890.123456789": None,
        },
        values.decimal_of,
    )  # fmt: skip


def test_doubles_are_finite(spark):
    check(
        spark,
        {
            "1.5": 1.5, "-2e-3": -0.002, "5E2": 500.0, "1e400": None, "-1e400": None, "NaN": None, "Infinity": None, "-INF": None,
            "1.5d": None, "1f": None, "0x1p3": None, "12345678901234567890.123456789": 1.2345678901234567e19,
        },
        values.double_of,
    )  # fmt: skip


def test_truth_values(spark):
    expected = {"true": True, "false": False} | dict.fromkeys(["True", "1", "yes", "t", ""])
    check(spark, expected, values.boolean_of)


def test_a_time_is_judged_by_its_business_day(spark):
    texts = ["2026-03-02 15:59:59", "2026-03-02 16:00:00", "2099-01-01 00:00:00"]
    at = lambda text: text.cast("timestamp")  # noqa: E731 - the session's zone is UTC
    delivered = F.lit(date(2026, 3, 1))
    assert read(spark, texts, lambda text: values.is_ahead(at(text), delivered, "Asia/Shanghai")) == [False, True, True]
    assert read(spark, texts, lambda text: values.is_ahead(at(text), delivered, "UTC")) == [False, False, True]
    old = ["1989-12-31 23:59:59", "1990-01-01 00:00:00"]
    assert read(spark, old, lambda text: values.is_too_early(at(text), "UTC")) == [True, False]
    assert read(spark, old, lambda text: values.is_too_early(at(text), "UTC", earliest=date(1900, 1, 1))) == [False, False]
