"""The demo company: days in any order and again end in the same tables as one pass over all of them (R-04)."""

import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from lakes import assert_same_bag, bag, make_company, open_lake, run_days, with_inputs
from reclake import tables
from reclake.errors import Overtaken
from reclake.run.rollback import roll_back
from reclake.run.runner import scope_of
from reclake.run.stage import build_stage
from reclake.run.views import published
from reclake.tables import ops, silver
from trials.trial import build_by_appending, in_another_order

pytestmark = pytest.mark.trial  # minutes of Spark

FIRST = date(2026, 1, 1)
MAX_TRIES = 20
# A day has a few orders: one that is refused is already more than the share that stops a day.
LENIENT = "run.max_rejected_share=1.0"
DAYS = [FIRST + timedelta(days=n) for n in range(4)]
# All but what comes from a model; bronze says which run took a record in.
COMPARED = tuple(
    table for table in tables.GATED if table.layer != "bronze" and table.stage not in ("recommendations", "training")
)
ONLY = with_inputs(*COMPARED)


@pytest.fixture(scope="module")
def company(company, spark, tmp_path_factory, trial_size):
    """The company that all tests share; in the larger form one that delivers for longer."""
    if trial_size.n_days == len(DAYS):
        return company
    return make_company(spark, tmp_path_factory.mktemp("longer-company"), n_days=trial_size.n_days)


@pytest.fixture(scope="module")
def whole(spark, company, tmp_path_factory):
    app = open_lake(spark, tmp_path_factory.mktemp("whole"), source="demo", landing=company, overrides=[LENIENT])
    assert run_days(app, only=ONLY) == {}
    return app


@pytest.fixture(scope="module")
def shuffled(spark, company, tmp_path_factory, trial_seed, trial_size):
    app = open_lake(spark, tmp_path_factory.mktemp("shuffled"), source="demo", landing=company, overrides=[LENIENT])
    days = [FIRST + timedelta(days=n) for n in range(trial_size.n_days)]
    drawn = in_another_order(days, trial_seed)
    for day in (*drawn, drawn[0]):
        assert run_days(app, day, only=ONLY) == {}
    return app


@pytest.mark.parametrize("table", COMPARED, ids=lambda table: table.name)
def test_shuffled_days_give_the_same_rows_as_one_pass(whole, shuffled, table):
    assert_same_bag(whole, shuffled, table)


def test_a_rerun_that_appends_would_be_seen(spark, company, whole, tmp_path, monkeypatch):
    """The known-bad variant: a finished day written once more beside itself, on a copy of the lake."""
    shutil.copytree(Path(whole.settings.lake.root), tmp_path / "lake")
    app = open_lake(spark, tmp_path, source="demo", landing=company, overrides=[LENIENT])
    assert bag(app, silver.ORDER_LINES) == bag(whole, silver.ORDER_LINES)
    build_by_appending(app, silver.ORDER_LINES, DAYS[1], monkeypatch)
    assert bag(app, silver.ORDER_LINES) > bag(whole, silver.ORDER_LINES)


def test_every_record_is_accounted_for(whole):
    rows = published(whole, ops.RECONCILIATION).collect()
    assert rows
    assert all(row["n_in"] == row["n_kept"] + row["n_duplicates"] + row["n_rejected"] + row["n_late"] for row in rows)
    assert sum(row["n_rejected"] for row in rows) > 0
    assert sum(row["n_duplicates"] for row in rows) > 0


def test_a_finished_day_again_builds_nothing(shuffled):
    before = shuffled.manifest.last_id()
    for _ in range(3):
        shuffled.reporter.reports.clear()
        assert run_days(shuffled, DAYS[3], only=ONLY) == {}
        assert {report.outcome for report in shuffled.reporter.reports} <= {"up to date", "not fed", "not asked for"}
    assert shuffled.manifest.last_id() == before


def test_a_cleared_task_of_a_finished_day_changes_nothing(shuffled):
    """One stage again, as a scheduler starts it when somebody clears it: those before and after it do not run."""
    before = shuffled.manifest.last_id()
    for stage in tables.STAGES[1:]:
        shuffled.reporter.reports.clear()
        assert build_stage(shuffled, stage, replace(scope_of(shuffled, first=DAYS[1], last=DAYS[1]), tables=ONLY)) == {}
        assert {report.outcome for report in shuffled.reporter.reports} <= {"up to date", "not fed", "not asked for"}
    assert shuffled.manifest.last_id() == before


def test_two_lanes_beside_each_other_give_the_rows_of_one_pass(spark, company, whole, tmp_path, trial_seed, trial_size):
    """Days that both touch make one of them wait, or end with exit code 5 and come again."""
    only = with_inputs(silver.ORDER_LINES, silver.SESSIONS)
    days = [FIRST + timedelta(days=n) for n in range(trial_size.n_days)]
    drawn = in_another_order(days, trial_seed)
    n_overtaken = Counter()

    def lane(days):
        for day in days:
            for _ in range(MAX_TRIES):
                try:
                    app = open_lake(
                        spark, tmp_path, source="demo", landing=company, overrides=[LENIENT, "run.claim_wait_seconds=300"]
                    )
                    assert run_days(app, day, only=only) == {}
                    break
                except Overtaken:
                    n_overtaken[day] += 1
            else:
                raise AssertionError(f"{day} was overtaken {n_overtaken[day]} times")

    open_lake(spark, tmp_path, source="demo", landing=company, overrides=[LENIENT])  # its keys and its folder, once
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lane, (drawn[::2], drawn[1::2])))
    app = open_lake(spark, tmp_path, source="demo", landing=company, overrides=[LENIENT])
    for table in (silver.EVENTS, silver.ORDER_LINES, silver.SESSIONS):
        assert_same_bag(whole, app, table)


def test_a_rollback_brings_the_earlier_rows_back_and_the_next_run_the_later_ones(spark, company, tmp_path):
    app = open_lake(spark, tmp_path, source="demo", landing=company, overrides=[LENIENT])
    only = with_inputs(silver.ORDER_LINES)
    run_days(app, DAYS[0], only=only)
    early, number = published(app, silver.ORDER_LINES).count(), app.manifest.last_id()
    run_days(app, DAYS[1], only=only)
    late = published(app, silver.ORDER_LINES).count()
    assert 0 < early < late
    roll_back(app, number)
    assert published(app, silver.ORDER_LINES).count() == early
    run_days(app, DAYS[1], only=only)
    assert published(app, silver.ORDER_LINES).count() == late


def test_what_a_rollback_withdraws_leaves_nothing_behind(spark, company, tmp_path):
    app = open_lake(spark, tmp_path, source="demo", landing=company, overrides=[LENIENT])
    only = with_inputs(silver.ORDER_LINES)
    run_days(app, DAYS[0], only=only)
    whole = published(app, silver.ORDER_LINES).count()
    roll_back(app, 1)  # bronze alone
    assert {name for name in app.manifest.current() if not name.startswith("bronze.")} == set()
    assert run_days(app, DAYS[3], only=only) == {}
    later = published(app, silver.ORDER_LINES)
    assert later.count() == app.ledger.n_rows(silver.ORDER_LINES)
    assert later.where(f"event_date = '{DAYS[0]}'").count() < whole
    run_days(app, only=only)
    assert published(app, silver.ORDER_LINES).count() == app.ledger.n_rows(silver.ORDER_LINES) > whole
