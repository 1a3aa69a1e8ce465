"""A driver whose clock is an hour back builds the same rows, and neither is held up nor lets through what it must not (R-16)."""

from datetime import date, datetime, timedelta

import pytest

from lakes import assert_same_bag, bag, open_lake, run_days, with_inputs
from reclake.lake.store import Store
from reclake.run.application import utc_now
from reclake.run.waivers import Waivers
from reclake.tables import gold, ops, silver

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(3)]
ONLY = with_inputs(silver.ORDER_LINES)
NOON = datetime(2026, 3, 1, 12)
HOUR = timedelta(hours=1)


def an_hour_back():
    return utc_now() - HOUR


@pytest.mark.trial
def test_a_day_with_the_clock_an_hour_back_between_two_others(spark, company, tmp_path):
    undisturbed = open_lake(spark, tmp_path / "undisturbed", source="demo", landing=company)
    assert run_days(undisturbed, *DAYS, only=ONLY) == {}
    for day, clock in zip(DAYS, (utc_now, an_hour_back, utc_now), strict=True):
        app = open_lake(spark, tmp_path / "skewed", source="demo", landing=company, clock=clock)
        assert run_days(app, day, only=ONLY) == {}, "nothing of the run before holds this one up"
        assert app.manifest.current()[silver.ORDER_LINES.name].manifest_id == app.manifest.last_id()
        assert_only_this_run_is_current(app)
    for table in (silver.ORDER_RECORDS, silver.ORDER_LINES):
        assert_same_bag(undisturbed, app, table)
    taken = app.store.read_newest(ops.CLAIMS).where("action = 'taken'").orderBy("token").collect()
    assert [row["token"] for row in taken] == list(range(1, len(taken) + 1))
    # The known-bad variant: who goes by the time of a row, not by its number, takes an older run for the newest.
    assert [row["recorded_at"] for row in taken] != sorted(row["recorded_at"] for row in taken)


def assert_only_this_run_is_current(app):
    """A new process sees what this run has just published, whatever the times in the tables say."""
    newest = app.store.read_newest(ops.PUBLISHED_VERSIONS).where(f"name = '{silver.ORDER_LINES.name}'").collect()
    assert max(newest, key=lambda row: row["manifest_id"])["run_id"] == app.run_id
    assert sum(bag(app, silver.ORDER_LINES).values()) == app.ledger.n_rows(silver.ORDER_LINES)


def test_a_waiver_is_used_once_whatever_the_clock_says(spark, tmp_path):
    store = Store(spark, str(tmp_path / "lake"), keep_days=90)
    table = gold.SEGMENT_BINS
    waiver = Waivers(store, lambda: NOON).grant(table, reason="known", expires_at=NOON + HOUR / 2)
    late = Waivers(store, lambda: NOON + HOUR)
    assert late.find(table) is None
    back = Waivers(store, lambda: NOON - HOUR)
    assert back.find(table) == waiver
    back.spend(waiver, run_id="r2")
    assert back.find(table) is None
    # Granted by the driver that is back, it ends early for the others, never late.
    back.grant(table, reason="known", expires_at=NOON - HOUR / 2)
    assert Waivers(store, lambda: NOON).find(table) is None
