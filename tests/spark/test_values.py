"""Texts to times, numbers and truth values: nothing is rounded, coerced or guessed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from pyspark.sql import functions as F

from reclake.records import values


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def in_utc(value):
    """Spark gives times in the zone of the machine."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def read(spark, texts, reading):
    """What each text is read as, in one job."""
    rows = [(place, text) for place, text in enumerate(texts)]
    frame = spark.createDataFrame(rows, "place int, text string").select("place", reading(F.col("text")).alias("value"))
    found = [row["value"] for row in sorted(frame.collect(), key=lambda row: row["place"])]
    return [in_utc(value) for value in found]


def check(spark, expected, reading):
    assert dict(zip(expected, read(spark, list(expected), reading), strict=True)) == expected


def test_iso_times_of_a_zone_without_offset_and_with(spark):
    check(
        spark,
        {
            "2026-03-01T08:00:00Z": utc(2026, 3, 1, 8),
            "2026-03-01 08:00:00.123456": utc(2026, 3, 1, 0, 0, 0, 123456),
            "2026-03-01T08:00": None,
            "2026-03-01T08:00:00+05:30": utc(2026, 3, 1, 2, 30),
            "2026-03-01T08:00:00-0330": utc(2026, 3, 1, 11, 30),
            "2024-02-29T00:00:00Z": utc(2024, 2, 29),
            "2026-02-29T00:00:00Z": None,
            "2026-13-01T00:00:00Z": None,
            "2026-2-3": None,
            "2026-02-03": None,
            "2026-02-03T99": None,
            "2026-02-03T24:00:00Z": None,
            "2026-02-03T08:00:60Z": None,
            "2026-02-03T08:00:00.1234567Z": None,
            "2026-02-03T08:00:00+19:00": None,
            "2026-02-03T08:00:00 Europe/Berlin": None,
            " 2026-02-03T08:00:00Z": None,
            "2026-02-03T08:00:00Z\n": None,
            "1700000000": None,
            "now": None,
            "epoch": None,
            "": None,
        },
        lambda text: values.timestamp_of(text, "iso", "Asia/Shanghai"),
    )


def test_local_times_that_clocks_skip_are_refused_and_the_first_of_two_is_taken(spark):
    check(
        spark,
        {
            "2026-03-29 01:59:59": utc(2026, 3, 29, 0, 59, 59),
            "2026-03-29 02:00:00": None,
            "2026-03-29 02:59:59": None,
            "2026-03-29 03:00:00": utc(2026, 3, 29, 1),
            "2026-10-25 02:30:00": utc(2026, 10, 25, 0, 30),
            "2026-10-25 03:00:00": utc(2026, 10, 25, 2),
            "2026-03-29 02:30:00Z": utc(2026, 3, 29, 2, 30),
        },
        lambda text: values.timestamp_of(text, "iso", "Europe/Berlin"),
    )


def test_every_half_hour_around_the_changes_of_clocks_agrees_with_zoneinfo(spark):
    zones = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "UTC")  # Lord Howe shifts by thirty minutes
    starts = (utc(2026, 3, 6), utc(2026, 3, 27), utc(2026, 4, 3), utc(2026, 10, 2), utc(2026, 10, 23))
    local = [start + timedelta(minutes=30 * n + 1) for start in (*starts, utc(2026, 10, 30)) for n in range(48 * 4)]
    texts = spark.createDataFrame([(n, f"{at:%Y-%m-%d %H:%M:%S}") for n, at in enumerate(local)], "place int, text string")
    found = texts.select(
        "place", *(values.timestamp_of(F.col("text"), "yyyy-MM-dd HH:mm:ss", z).alias(z) for z in zones)
    ).collect()
    for row in found:
        for zone in zones:
            at = local[row["place"]].replace(tzinfo=ZoneInfo(zone))
            instant = at.astimezone(UTC)
            exists = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == at.replace(tzinfo=None)
            assert in_utc(row[zone]) == (instant if exists else None), (zone, at)
    assert sum(row[zone] is None for row in found for zone in zones) == 2 + 2 + 1


def test_epochs_and_patterns(spark):
    seconds = {"1700000000": utc(2023, 11, 14, 22, 13, 20), "0": utc(1970, 1, 1)}
    refused = dict.fromkeys(["1700000000.5", "-1", "1e9", "17000000000000000000", "0x1", " 1"])
    check(spark, seconds | refused, lambda text: values.timestamp_of(text, "epoch_seconds", "UTC"))
    millis = {
        "1700000000123": utc(2023, 11, 14, 22, 13, 20, 123000),
        "99999999999999": utc(5138, 11, 16, 9, 46, 39, 999000),
    }
    check(spark, millis | {"999999999999999": None}, lambda text: values.timestamp_of(text, "epoch_millis", "UTC"))
    check(
        spark,
        {
            "03.02.2026 08:05": utc(2026, 2, 3, 7, 5),
            "3.2.2026 08:05": None,
            "31.02.2026 08:05": None,
            "03.02.2026 08:05:00": None,
        },
        lambda text: values.timestamp_of(text, "dd.MM.yyyy HH:mm", "Europe/Berlin"),
    )
    check(
        spark,
        {"2026-02-03T08:05:00.250+01:00": utc(2026, 2, 3, 7, 5, 0, 250000), "2026-02-03T08:05:00.250": None},
        lambda text: values.timestamp_of(text, "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "Asia/Shanghai"),
    )


def test_days(spark):
    check(
        spark,
        {"2026-02-03": date(2026, 2, 3), "2026-02-30": None, "2026-2-3": None, "2026-01-02T99": None, "today": None},
        lambda text: values.date_of(text, "iso"),
    )
    check(spark, {"20260203": date(2026, 2, 3), "2026-02-03": None}, lambda text: values.date_of(text, "yyyyMMdd"))


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
    texts = ["2026-03-02T15:59:59Z", "2026-03-02T16:00:00Z", "2099-01-01T00:00:00Z"]
    at = lambda text: values.timestamp_of(text, "iso", "UTC")  # noqa: E731
    delivered = F.lit(date(2026, 3, 1))
    assert read(spark, texts, lambda text: values.is_ahead(at(text), delivered, "Asia/Shanghai")) == [False, True, True]
    assert read(spark, texts, lambda text: values.is_ahead(at(text), delivered, "UTC")) == [False, False, True]
    assert read(spark, ["1989-12-31T23:59:59Z", "1990-01-01T00:00:00Z"], lambda text: values.is_too_early(at(text), "UTC")) == [
        True,
        False,
    ]
