"""The process that the customers of a lake follow, learned anew each week from a sample of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from .activity import state_at
from .process import Histories, learned

_PROCESS = pa.struct([
    *(pa.field(name, pa.float64()) for name in ("r", "alpha", "a", "b", "first_stop", "visit_stop", "concentration")),
    pa.field("purchase_share", pa.float64()),
    pa.field("purchase_shares", pa.map_(pa.string(), pa.float64())),
])  # fmt: skip
_DDL = (
    "processes array<struct<r: double, alpha: double, a: double, b: double, first_stop: double, visit_stop: double, "
    "concentration: double, purchase_share: double, purchase_shares: map<string, double>>>"
)
# The purchases of a day lie in its middle on average.
_MIDDLE = 0.5


def processes(activity: DataFrame, *, learned_at: Sequence[date], min_repeats: int, sample_customers: int) -> DataFrame:
    """One row: `processes`, an array with the process as of each day of `learned_at`, or null where too little was known.

    Learned from the `sample_customers` customers whose ids have the lowest hashes: the same ones in any order of rows and
    partitions, and no task holds more. Lazy: the search runs in a task.
    """
    # Two hashes: customers of one hash would stand in the order in which they came.
    place = F.struct(F.xxhash64("customer_id").alias("hash"), F.sha2("customer_id", 256).alias("digest"))
    sample = (
        activity
        .select(place.alias("place"), F.coalesce("channels", F.lit("")).alias("channels"), "states")
        .orderBy("place")
        .limit(sample_customers)
    )
    known = F.array(*(_counted(day) for day in learned_at))
    together = sample.select(F.struct("place.digest", "channels", known.alias("known")).alias("customer")).agg(
        F.sort_array(F.collect_list("customer")).alias("customers")
    )
    return together.mapInArrow(_search(len(learned_at), min_repeats), _DDL)


def _counted(day: date) -> Any:
    """What is known of a customer at the start of a day, in whole days."""
    state = state_at(F.col("states"), F.lit(day))
    first = state["first_order_date"]
    return F.struct(
        state["n_orders"].alias("n_orders"),
        state["n_visits"].alias("n_visits"),
        F.date_diff(F.lit(day), first).alias("age"),
        F.date_diff(state["last_order_date"], first).alias("last_purchase"),
        F.date_diff(state["last_visit_date"], first).alias("last_visit"),
    )


def _search(n_days: int, min_repeats: int) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def search(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for customers in batch.column("customers"):
                fitted = [learned(histories, min_repeats=min_repeats) for histories in _histories(customers.values, n_days)]
                rows = [None if process is None else asdict(process) for process in fitted]
                yield pa.RecordBatch.from_arrays([pa.array([rows], pa.list_(_PROCESS))], ["processes"])

    return search


def _histories(customers: pa.StructArray, n_days: int) -> Iterator[Histories]:
    """The histories as of each day, of those who had bought by then."""
    channels = customers.field("channels").to_numpy(zero_copy_only=False)
    known = customers.field("known").flatten()
    for place in range(n_days):
        of_day = known.take(pa.array(range(place, len(known), n_days), pa.int64()))
        columns = {name: of_day.field(name).to_numpy(zero_copy_only=False).astype(np.float64) for name in of_day.type.names}
        bought = columns["n_orders"] > 0
        groups, group = np.unique(channels[bought].astype(str), return_inverse=True)
        yield Histories(
            n_repeats=columns["n_orders"][bought] - 1.0,
            n_visits=columns["n_visits"][bought],
            age=columns["age"][bought] - _MIDDLE,
            last_purchase=columns["last_purchase"][bought],
            last_visit=np.nan_to_num(columns["last_visit"][bought]),
            group=group,
            groups=tuple(groups.tolist()),
        )
