"""Validities against a reader that, for every as_of, looks through all deliveries."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from reclake.records.validity import change_day, with_validity

DAY = date(2026, 3, 1)
DAYS = [DAY + timedelta(days=n) for n in range(6)]
SCHEMA = "key string, valid_from date, is_stub boolean, changed_at timestamp, delivery_day date, file_digest string, position long, price long"


def moment(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


@st.composite
def states(draw) -> list[tuple]:
    rows = []
    for key in "ab":
        n = draw(st.integers(0, 6))
        for position in range(n):
            delivery_day = draw(st.sampled_from(DAYS))
            changed_at = draw(st.none() | st.sampled_from([moment(day, hour) for day in DAYS for hour in (1, 9)]))
            valid_from = changed_at.date() if changed_at else delivery_day
            price = draw(st.none() | st.integers(1, 3))
            rows.append((key, valid_from, False, changed_at, delivery_day, draw(st.sampled_from("xy")), position, price))
        if draw(st.booleans()):
            rows.append((key, draw(st.sampled_from(DAYS)), True, None, None, None, None, 0))
    return draw(st.permutations(rows))


def read(rows: list[tuple], key: str, as_of: date) -> tuple | None:
    """The state that holds at the as_of: (price,), or None."""
    of_key = [row for row in rows if row[0] == key and row[1] < as_of]
    stated = [row for row in of_key if not row[2]]
    if stated:
        last = max(stated, key=lambda row: (row[1], row[3] is not None, row[3] or 0, row[4], row[5], row[6]))
        return (last[7],)
    return next(((row[7],) for row in of_key), None)


# Making a failure smaller would run Spark hundreds of times.
@settings(max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate])
@given(rows=states())
def test_every_as_of_reads_what_was_true_then(spark, rows):
    built = with_validity(spark.createDataFrame(rows, SCHEMA), key=("key",), state=("price",)).collect()
    for key in "ab":
        of_key = sorted((row for row in built if row.key == key), key=lambda row: row.valid_from)
        for as_of in [*DAYS, DAYS[-1] + timedelta(days=1)]:
            valid = [(row.price,) for row in of_key if row.valid_from < as_of and (row.valid_to is None or as_of <= row.valid_to)]
            expected = read(rows, key, as_of)
            assert valid == ([] if expected is None else [expected]), (key, as_of)
        assert all(before.valid_to == after.valid_from for before, after in pairwise(of_key))
        assert all(before.price != after.price for before, after in pairwise(of_key))


def test_the_day_of_a_change_is_the_business_day_or_the_delivery(spark):
    rows = spark.createDataFrame(
        [(moment(DAY, 15), DAYS[3]), (moment(DAY, 16), DAYS[3]), (None, DAYS[3])], "changed_at timestamp, delivery_day date"
    )
    days = rows.select(change_day("Asia/Shanghai").alias("day")).collect()
    assert [row.day for row in days] == [DAY, DAYS[1], DAYS[3]]


def test_all_windows_share_one_exchange_and_one_sort(spark):
    nothing = spark.createDataFrame([], SCHEMA).repartition(2)
    plan = with_validity(nothing, key=("key",), state=("price",))._jdf.queryExecution().executedPlan().toString()
    assert plan.count("Window [") >= 2
    assert (plan.count("Exchange hashpartitioning"), plan.count("Sort [")) == (1, 1)
