"""A gate that stops a table stops what reads it and nothing else; readers keep the old rows; a waiver lets it through once."""

import json
import shutil
from datetime import date, timedelta

import pytest

from lakes import ROOT, open_lake, run_days
from reclake.errors import StageStopped, TooMuchRejected
from reclake.run.stops import require_nothing_stopped
from reclake.run.views import published
from reclake.run.waivers import Waivers
from reclake.tables import ops, silver
from suites import demand_more_rows
from trials.trial import Passing

pytestmark = pytest.mark.trial  # minutes of Spark

FIRST = date(2026, 1, 1)
SECOND = FIRST + timedelta(days=1)
# interactions read order_lines, products do not.
ONLY = frozenset({
    "silver.order_records",
    "silver.order_lines",
    "silver.interactions",
    "silver.product_records",
    "silver.products",
})


@pytest.fixture(scope="module")
def suites(tmp_path_factory):
    """A folder of suites that a test may break; each mends it afterwards."""
    folder = tmp_path_factory.mktemp("stopped") / "suites"
    shutil.copytree(ROOT / "expectations", folder)
    return folder


@pytest.fixture(scope="module")
def app(spark, company, tmp_path_factory, suites):
    """A lake that holds the first day."""
    folder = tmp_path_factory.mktemp("stopped-lake")
    app = open_lake(spark, folder, source="demo", landing=company, overrides=[f"expectations.directory={suites}"])
    assert run_days(app, FIRST, only=ONLY) == {}
    return app


@pytest.fixture
def order_lines_suite(suites):
    """The suite of silver.order_lines, as it was again after the test."""
    suite = suites / "silver.order_lines.json"
    yield suite
    shutil.copy(ROOT / "expectations" / suite.name, suite)


def unreadable(suite):
    suite.write_text("{")


def of_another_table(suite):
    shutil.copy(suite.with_name("silver.sessions.json"), suite)


@pytest.mark.parametrize("breakage", [unreadable, of_another_table, demand_more_rows], ids=lambda f: f.__name__)
def test_a_gate_that_cannot_pass_blocks_its_table_and_its_readers_only(app, order_lines_suite, breakage):
    rows = published(app, silver.ORDER_LINES).count()
    breakage(order_lines_suite)
    app.reporter.reports.clear()
    stopped = run_days(app, SECOND, only=ONLY)
    assert ONLY & stopped.keys() == {"silver.order_lines", "silver.interactions"}
    assert {"silver.products"} & {report.table for report in app.reporter.reports if report.outcome in ("built", "up to date")}
    assert published(app, silver.ORDER_LINES).count() == rows
    verdicts = published(app, ops.GATE_RESULTS).where("table = 'silver.order_lines' and verdict <> 'passed'").collect()
    assert json.loads(max(verdicts, key=lambda row: row["checked_at"])["findings"])


def test_a_gate_that_looks_at_nothing_is_told(spark, app, company, suites, order_lines_suite, tmp_path):
    """The known-bad variant, on a copy of the lake: nothing is stopped, and what no gate has passed is published."""
    shutil.copytree(app.store.root, tmp_path / "lake")
    bad = open_lake(spark, tmp_path, source="demo", landing=company, overrides=[f"expectations.directory={suites}"])
    object.__setattr__(bad, "gate", Passing(suites, timeout_seconds=60))
    demand_more_rows(order_lines_suite)
    assert run_days(bad, SECOND, only=ONLY) == {}
    assert published(bad, silver.ORDER_LINES).count() > published(app, silver.ORDER_LINES).count()


def test_a_waiver_lets_a_table_through_once_and_its_readers_follow(app, order_lines_suite):
    before = published(app, silver.ORDER_LINES).count()
    demand_more_rows(order_lines_suite)
    waivers = Waivers(app.store, app.clock)
    waivers.grant(silver.ORDER_LINES, reason="a small day, checked by hand", expires_at=app.clock() + timedelta(hours=1))
    assert run_days(app, SECOND, only=ONLY) == {}
    assert waivers.in_force() == []
    assert published(app, silver.ORDER_LINES).count() > before
    rows = published(app, ops.GATE_RESULTS).where("table = 'silver.order_lines' and verdict = 'waived'").collect()
    assert [bool(row["waiver_id"]) for row in rows] == [True]


def test_a_delivery_with_too_many_refusals_is_not_committed(spark, company, tmp_path):
    app = open_lake(spark, tmp_path, source="demo", landing=company)
    source = app.sources["demo"].model_copy(update={"max_rejected_share": 0.0})
    object.__setattr__(app, "sources", {"demo": source})
    stopped = run_days(app, only=frozenset({"silver.event_records"}))
    assert "too much of source demo is refused" in str(stopped["silver.event_records"])
    assert "silver.event_records" not in app.manifest.current()
    with pytest.raises(StageStopped) as red:
        require_nothing_stopped(stopped)
    assert red.value.exit_code == TooMuchRejected.exit_code == 4
