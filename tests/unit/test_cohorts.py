"""Cohorts from arrays: blocks of customers add up, whatever their size, and an amount that does not fit is told as such."""

from collections import Counter
from random import Random

import numpy as np
import pyarrow as pa
import pytest

from reclake.behaviour.calendar import PERIODS, interval_of
from reclake.behaviour.cohort_cells import BOUNDED, MOST_UNITS, intervals_of
from reclake.behaviour.cohorts import SUMMED, Plan, counted
from reclake.behaviour.settings import CohortsOfPeriod

ONE = CohortsOfPeriod(shown=12, intervals=5, brackets=(0, 1, 5))
TODAY = 20_500
NEWEST = {period: int(intervals_of(np.array([TODAY]), period)[0]) for period in PERIODS}


def batch(rows):
    """Rows of (customer, activity, day, units, region)."""
    customer, activity, day, units, region = zip(*rows, strict=True)
    return pa.record_batch({
        "customer": pa.array(customer, pa.int64()), "activity": pa.array(activity, pa.int16()), "day": pa.array(day, pa.int32()),
        "units": pa.array(units, pa.int64()), "parts": pa.array([units and 5 for units in units], pa.int32()),
        "dim_region": pa.array(region, pa.string()),
    })  # fmt: skip


def cells_of(batches, n_rows):
    plan = Plan(NEWEST, dict.fromkeys(PERIODS, ONE), ("region",), n_rows)
    cells = Counter()
    for rows in counted(batches, plan):
        for row in rows.to_pylist():
            key = tuple(value for name, value in row.items() if name not in SUMMED)
            cells.update({(*key, name): row[name] for name in SUMMED})
    return +cells


def lives(seed):
    random = Random(seed)
    for customer in range(40):
        region = random.choice(("north", "south"))
        for activity in (0, 1):
            for day in random.sample(range(TODAY - 80, TODAY + 1), random.randrange(5)):
                yield customer, activity, day, random.randrange(1, 99) if activity else None, region


@pytest.mark.parametrize("n_rows", [1, 7, 10_000])
def test_blocks_of_any_size_and_batches_cut_anywhere_count_the_same(n_rows):
    rows = list(lives(1))
    whole = cells_of([batch(rows)], 10_000)
    assert len(whole) > 500
    assert cells_of([batch(rows[first : first + 3]) for first in range(0, len(rows), 3)], n_rows) == whole


def test_an_amount_that_no_column_holds_is_told_and_not_summed():
    cell = ("order", "day", "recurring", "all", "all", BOUNDED, TODAY, 0)
    sums = cells_of([batch([(1, 1, TODAY, 7, "n"), (2, 1, TODAY, MOST_UNITS, "n")])], 1)
    assert {name: sums[*cell, name] for name in SUMMED} == {"n": 2, "n_spenders": 2, "units": 7, "parts": 10, "n_beyond": 1}
    # Sums of many that fit each, far beyond the column: what follows cannot overflow.
    many = cells_of([batch([(n, 1, TODAY, MOST_UNITS - 1, "n")]) for n in range(2_000)], 1)
    assert many[*cell, "n_beyond"] == 1
    assert 0 < many[*cell, "units"] < 1_000 * MOST_UNITS


def test_days_lie_in_the_intervals_of_the_calendar():
    days = np.arange(-40, 800)
    for period in PERIODS:
        expected = [interval_of(np.datetime64(int(day), "D").astype(object), period) for day in days]
        assert intervals_of(days, period).tolist() == expected
