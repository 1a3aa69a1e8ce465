from datetime import date

from pyspark.sql import functions as F

from frames import contents, frame, in_order
from reclake.behaviour.windows import is_in_window, is_valid_at
from reclake.tables import silver

AS_OF = date(2026, 3, 10)


def test_the_window_ends_before_the_as_of_and_starts_inside(spark):
    march = [date(2026, 3, day) for day in (6, 7, 9, 10)]
    days = spark.createDataFrame([(day,) for day in march], "day date")
    chosen = days.select(
        "day", is_in_window("day", as_of=AS_OF, days=3).alias("of_3"), is_in_window("day", as_of=AS_OF, days=0).alias("all")
    )
    assert contents(chosen) == in_order(
        dict(day=march[0], of_3=False, all=True),
        dict(day=march[1], of_3=True, all=True),
        dict(day=march[2], of_3=True, all=True),
        dict(day=march[3], of_3=False, all=False),
    )


def test_a_state_counts_after_its_day_up_to_the_day_of_the_next(spark):
    states = frame(
        spark,
        silver.CONSENTS,
        dict(account_id="until that day", valid_from=date(2026, 3, 1), valid_to=AS_OF),
        dict(account_id="until the day before", valid_from=date(2026, 3, 1), valid_to=date(2026, 3, 9)),
        dict(account_id="open", valid_from=date(2026, 3, 9)),
        dict(account_id="from that day", valid_from=AS_OF),
    )
    assert contents(states.where(is_valid_at(AS_OF)), "account_id") == in_order(
        dict(account_id="until that day"), dict(account_id="open")
    )
    assert states.where(F.isnull(is_valid_at(AS_OF))).isEmpty()
