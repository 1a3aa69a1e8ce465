"""How delivered states become rows with a validity, the same for every order of the deliveries.

A state is true from the business day on which it changed, or was delivered if the source does not say. It counts for an
as_of after that day: a row is read by valid_from < as_of ≤ valid_to, or open. Of several states on one day the last
changed one holds, then the last delivered.

A *stub* is a state without a statement: something was seen before anybody described it. It holds until the first stated
one, and none is needed where a stated one begins no later.
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, WindowSpec
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.records.delivery import DELIVERY_ORDER


def change_day(timezone: str) -> Column:
    """The business day of `changed_at`, or the delivery day where it is null."""
    return F.coalesce(F.to_date(F.from_utc_timestamp("changed_at", timezone)), F.col("delivery_day"))


def states_in_time(*key: str) -> WindowSpec:
    """The states of one key as they became true; a stub stands before the stated ones of its day."""
    changed_at = F.col("changed_at").asc_nulls_first()
    return W.partitionBy(*key).orderBy("valid_from", F.col("is_stub").desc(), changed_at, *DELIVERY_ORDER)


def with_validity(states: DataFrame, *, key: Sequence[str], state: Sequence[str]) -> DataFrame:
    """One row per key and validity; equal states that follow each other become one row.

    `states` holds the columns of `key` and `state`, and valid_from, is_stub (at most one per key), changed_at,
    delivery_day, file_digest and position. All windows share one exchange and one sort.
    """
    in_time = states_in_time(*key)
    next_from, earlier_from = F.lead("valid_from").over(in_time), F.lag("valid_from").over(in_time)
    last_of_each_day = (
        states
        .withColumns({
            "is_last_of_day": ~next_from.eqNullSafe(F.col("valid_from")),
            "is_first": earlier_from.isNull(),
        })
        .where(F.col("is_last_of_day") & (~F.col("is_stub") | F.col("is_first")))
        .withColumn("state", F.struct(*state))
    )
    return runs(last_of_each_day, in_time).drop("state", "is_last_of_day", "is_first")


def runs(days: DataFrame, in_time: WindowSpec) -> DataFrame:
    """One row per run of equal states, with valid_to: the day on which the next run begins.

    `days` holds valid_from, at most one row per key and day, and `state`; `in_time` orders the days of one key.
    """
    is_change = ~F.col("state").eqNullSafe(F.lag("state").over(in_time))
    changes = days.withColumn("is_change", is_change).where("is_change").drop("is_change")
    return changes.withColumn("valid_to", F.lead("valid_from").over(in_time))
