"""The people behind a number of a funnel: counted anew, as gold holds no row of a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.sittings import Flags, midnights

from .block import Clock
from .chains import Longs
from .conditions import lines_of
from .decided import WINDOW, Decided
from .definition import Funnel
from .stream import Plan, passed
from .tally import EXCLUDED, FATES, LOST, OPEN, Values, fates

REACHED = "reached"
WHO = (REACHED, LOST, OPEN, EXCLUDED)
_SCHEMA = pa.schema({"customer": pa.int64(), "n_units": pa.int64()})
_DDL = "customer long, n_units long"


def funnel_people(
    histories: DataFrame, *, as_of: date, funnel: Funnel, step: int, who: str, gap_minutes: int, timezone: str
) -> DataFrame:
    """One row per customer with a unit behind the number `n_<who>` of a step in the whole window: customer_id, n_units.

    The n_units of all rows add up to that number of gold.funnels, and so for the unit customer there are as many rows.

    Parameters
    ----------
    step
        1, 2, … in the order of the funnel.
    who
        One of WHO: reached, or lost, open or excluded behind the step.
    """
    day = np.array([(as_of - date(1970, 1, 1)).days], dtype=np.int64)
    plan = Plan((funnel,), Clock(timezone, gap_minutes), int(midnights(day, timezone)[0]))

    def tell(of: Funnel, decided: dict[int, Decided], _: Values, customers: Longs) -> Iterator[pa.Table]:
        rows = decided[WINDOW]
        chosen = rows.customer[_is_asked(rows, fates(rows, len(of.steps), as_of=plan.as_of), step=step, who=who)]
        n_units = np.bincount(chosen, minlength=len(customers))
        asked = np.flatnonzero(n_units)
        yield pa.table({"customer": customers[asked], "n_units": n_units[asked]}, schema=_SCHEMA)

    def look(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return passed(batches, plan, tell)

    found = lines_of(histories, (funnel,), timezone=timezone).mapInArrow(look, _DDL)
    names = histories.select("customer_id").distinct().withColumn("customer", F.xxhash64("customer_id"))
    return found.join(names, on="customer", how="inner").select("customer_id", "n_units")


def _is_asked(rows: Decided, fate: Longs, *, step: int, who: str) -> Flags:
    """Of each unit whether it is one that gold.funnels counts as such at the step."""
    asked: Flags
    if who == REACHED:
        asked = (fate != FATES.index(EXCLUDED)) & (rows.depth >= step)
    else:
        asked = (fate == FATES.index(who)) & (rows.depth == step)
    return asked
