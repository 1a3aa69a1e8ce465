"""A gate that stops a table stops what reads it and nothing else; readers keep the old rows; a waiver lets it through once."""

import json
import shutil
from datetime import date, timedelta

import pytest

from lakes import ROOT, open_lake, run_days, with_inputs
from reclake.errors import StageStopped, TooMuchRejected
from reclake.run.stage import require_nothing_stopped
from reclake.run.views import published
from reclake.run.waivers import Waivers
from reclake.tables import ops, silver

FIRST = date(2026, 1, 1)
SECOND = FIRST + timedelta(days=1)
ONLY = with_inputs(silver.INTERACTIONS, silver.SESSIONS)


@pytest.fixture
def suites(tmp_path):
    """A folder of suites that a test may break."""
    shutil.copytree(ROOT / "expectations", tmp_path / "suites")
    return tmp_path / "suites"


@pytest.fixture
def app(spark, company, tmp_path, suites):
    app = open_lake(spark, tmp_path, source="demo", landing=company, overrides=[f"expectations.directory={suites}"])
    assert run_days(app, FIRST, only=ONLY) == {}
    return app


def missing(suite):
    suite.unlink()


def empty(suite):
    suite.write_text(json.dumps(json.loads(suite.read_text()) | {"expectations": []}))


def unreadable(suite):
    suite.write_text("{")


def of_another_table(suite):
    shutil.copy(suite.with_name("silver.sessions.json"), suite)


def impossible(suite):
    """A floor that no day reaches."""
    written = json.loads(suite.read_text())
    for expectation in written["expectations"]:
        if expectation["type"] == "expect_table_row_count_to_be_between":
            expectation["kwargs"]["min_value"] = 10**9
    written["meta"]["floor"] = 10**9
    suite.write_text(json.dumps(written))


@pytest.mark.parametrize("breakage", [missing, empty, unreadable, of_another_table, impossible], ids=lambda f: f.__name__)
def test_a_gate_that_cannot_pass_blocks_its_table_and_its_readers_only(app, suites, breakage):
    before = {
        table.name: row.version for table in (silver.EVENTS, silver.ORDER_LINES) for row in [app.manifest.current()[table.name]]
    }
    breakage(suites / "silver.events.json")
    stopped = run_days(app, SECOND, only=ONLY)
    assert set(stopped) == {"silver.events", "silver.sessions", "silver.interactions"}
    after = {name: app.manifest.current()[name].version for name in before}
    assert after["silver.events"] == before["silver.events"]
    assert after["silver.order_lines"] > before["silver.order_lines"]
    verdicts = published(app, ops.GATE_RESULTS).where("table = 'silver.events' and verdict <> 'passed'").collect()
    assert len(verdicts) == 1
    assert json.loads(verdicts[0]["findings"])
    shutil.copy(ROOT / "expectations" / "silver.events.json", suites)
    assert run_days(app, SECOND, only=ONLY) == {}
    assert app.manifest.current()["silver.events"].version > before["silver.events"]


def test_a_waiver_lets_a_table_through_once(app, suites):
    impossible(suites / "silver.events.json")
    waivers = Waivers(app.store, app.clock)
    waivers.grant(silver.EVENTS, reason="a small day, checked by hand", expires_at=app.clock() + timedelta(hours=1))
    assert run_days(app, SECOND, only=ONLY) == {}
    assert waivers.in_force() == []
    row = published(app, ops.GATE_RESULTS).where("table = 'silver.events' and verdict = 'waived'").collect()
    assert len(row) == 1
    assert row[0]["waiver_id"]


def test_a_delivery_with_too_many_refusals_is_not_committed(spark, company, tmp_path):
    app = open_lake(spark, tmp_path, source="demo", landing=company)
    source = app.sources["demo"].model_copy(update={"max_rejected_share": 0.0})
    object.__setattr__(app, "sources", {"demo": source})
    stopped = run_days(app, FIRST, only=frozenset({"silver.event_records"}))
    assert "too much of source demo is refused" in str(stopped["silver.event_records"])
    assert "silver.event_records" not in app.manifest.current()
    with pytest.raises(StageStopped) as red:
        require_nothing_stopped(stopped)
    assert red.value.exit_code == TooMuchRejected.exit_code == 4
