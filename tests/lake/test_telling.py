"""What a job tells of its run: a report for the scheduler, and findings for people."""

import json
import runpy
from argparse import Namespace
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from lakes import ROOT, looked_at, open_lake, run_days
from reclake.errors import GateFailed
from reclake.look.alerts import findings_of
from reclake.run.application import utc_now
from reclake.run.ingest import ingest
from reclake.run.job import reported
from reclake.run.job_log import LogReporter
from reclake.run.maintain import maintain
from reclake.run.outcome import published_by
from reclake.run.posting import Finding
from reclake.run.report import merged
from reclake.tables import BY_NAME, bronze, of_stage, ops
from webhook import webhook

DAY = date(2026, 1, 1)
AT = datetime(2026, 1, 2, 3)


@pytest.fixture(scope="module")
def app(spark, company, tmp_path_factory):
    """A lake of which bronze alone is built, and one records table of it."""
    app = open_lake(spark, tmp_path_factory.mktemp("telling"), source="demo", landing=company)
    object.__setattr__(app, "run_id", "night__bronze__1")
    run_days(app, DAY, only=frozenset({"silver.product_records"}))
    return app


def as_run(app, run_id):
    object.__setattr__(app, "run_id", run_id)
    return app


def test_a_later_try_tells_what_an_earlier_one_published(app):
    published = published_by(as_run(app, "night__bronze__2"))
    assert {"bronze.orders", "bronze.files", "silver.product_records"} <= published.keys()
    assert published == {name: row.version for name, row in app.manifest.current().items() if name in published}
    assert published_by(as_run(app, "night__bronze__1")) == published_by(as_run(app, "night__bronze")) == published


@pytest.mark.parametrize("other", ["night__bronz__1", "night__bronze2__1", "night", "nigh__1", "evening__bronze__1"])
def test_another_run_tells_nothing_of_it(app, other):
    assert published_by(as_run(app, other)) == {}


def test_the_report_is_written_when_a_gate_stops_the_job_as_well(app, tmp_path):
    place = tmp_path / "reports" / "one.json"
    reporter = LogReporter([bronze.ORDERS])
    with pytest.raises(GateFailed), reported(as_run(app, "night__bronze__1"), str(place), reporter):
        raise GateFailed("a", "b", "c")
    told = json.loads(place.read_text())
    assert (told["run_id"], told["exit_code"]) == ("night__bronze__1", 3)
    assert told["published"]["bronze.orders"] == app.manifest.current()["bronze.orders"].version
    assert told["error"] == {"wrong": "a", "found": "b", "next": "c"}
    assert [(row["table"], row["outcome"]) for row in told["tables"]] == [("bronze.orders", "not built")]
    assert reporter.is_written
    with reported(app, str(place), LogReporter()):
        pass
    assert json.loads(place.read_text())["exit_code"] == 0


def test_every_table_of_bronze_has_a_row_whether_it_was_fed_or_not(app):
    rows = {report.table: report for report in merged(app.reporter.reports) if report.stage == "bronze"}
    assert rows.keys() == {table.name for table in of_stage("bronze")}
    assert {name for name, row in rows.items() if row.outcome == "built"} >= {"bronze.orders", "bronze.files"}
    assert rows["bronze.orders"].version == app.manifest.current()["bronze.orders"].version
    again = LogReporter(of_stage("bronze"))
    assert ingest(replace(app, reporter=again), days=[DAY]) == {}
    assert {report.outcome for report in again.tables()} <= {"up to date", "not fed"}
    assert {report.table: report.n_rows for report in again.tables()}["bronze.orders"] == rows["bronze.orders"].n_rows > 0


def verdict(table, *, hours, verdict, n_failed):
    judged = dict(
        run_id="r", table=table, stage="silver", checked_at=AT + timedelta(hours=hours), verdict=verdict, n_expectations=9,
        n_failed=n_failed, findings='[{"message": "13800138000"}]', n_rows=1, n_jobs=1, seconds=1.0, n_build_jobs=1,
        build_seconds=1.0, version=None, waiver_id=None,
    )  # fmt: skip
    return {field.name: judged.get(field.name) for field in ops.GATE_RESULTS.fields}


def test_findings_name_stopped_gates_unbuilt_tables_and_silent_sources_and_no_value(app):
    rows = [
        verdict("silver.events", hours=0, verdict="failed", n_failed=2),
        verdict("silver.sessions", hours=0, verdict="broken", n_failed=1),
        verdict("silver.sessions", hours=1, verdict="passed", n_failed=0),
    ]
    app.store.append(ops.GATE_RESULTS, rows)
    found = findings_of(looked_at(app), DAY)
    assert Finding("gate", "silver.events", "failed: 2 of 9 expectations") in found
    assert [finding.subject for finding in found if finding.kind == "gate"] == ["silver.events"], "a later pass counts"
    assert [finding for finding in found if finding.kind == "freshness"] == []  # not measured, and files came
    unbuilt = {finding.subject for finding in found if finding.kind == "verdict"}
    assert {"silver.event_records", "silver.order_records"} <= unbuilt
    assert not unbuilt & {"silver.product_records", bronze.ORDERS.name}
    assert "13800138000" not in str(found)


def test_the_job_sends_what_there_is_to_tell(app, monkeypatch):
    app.store.append(ops.GATE_RESULTS, [verdict("silver.events", hours=2, verdict="failed", n_failed=1)])
    with webhook() as server:
        monkeypatch.setenv("RECLAKE_ALERT_WEBHOOK", f"http://127.0.0.1:{server.server_port}/hook")
        alerts = app.settings.alerts.model_copy(update={"channel": "webhook"})
        monkeypatch.setitem(vars(app), "settings", app.settings.model_copy(update={"alerts": alerts}))
        runpy.run_path(str(ROOT / "jobs" / "alert.py"))["alert"](app, Namespace(day=DAY, as_of=[]))
        wanted = findings_of(looked_at(app), DAY)
    ((path, told),) = server.seen
    assert (path, told["day"], told["run_id"]) == ("/hook", str(DAY), app.run_id)
    assert {(found["kind"], found["subject"]) for found in told["findings"]} == {(one.kind, one.subject) for one in wanted[:50]}
    assert {"gate", "consents", "verdict"} <= {found["kind"] for found in told["findings"]}


def test_files_that_no_run_has_looked_at_are_told_by_their_day(app, company, tmp_path):
    """Those of later days are to come; so is the rest of a day whose file changed after it was taken in."""

    def told(day):
        return {finding.subject: finding.told for finding in findings_of(looked_at(app), day) if finding.kind == "waiting"}

    landed = sorted(path for path in company.rglob("*2026-01-02*") if path.is_file())
    assert landed
    assert told(DAY) == {}
    later = told(date(2026, 1, 2))
    assert later.keys() == {"demo 2026-01-02"}
    assert later == {subject: of for subject, of in told(date(2026, 1, 3)).items() if subject in later}
    assert told(date(2026, 1, 3)).keys() == {"demo 2026-01-02", "demo 2026-01-03"}


def test_a_table_that_nobody_maintained_for_long_is_told(app):
    """From its first publication on, or from its last maintenance; what others were done counts for them alone."""
    limit = app.settings.alerts.max_days_without_maintenance
    begun = app.clock()

    def told(days):
        object.__setattr__(app, "clock", lambda: begun + timedelta(days=days, minutes=1))
        return {finding.subject for finding in findings_of(looked_at(app), DAY) if finding.kind == "maintenance"}

    try:
        assert told(limit) == set()
        assert told(limit + 1) == app.manifest.current().keys() & BY_NAME.keys()
        maintain(app, only=[bronze.ORDERS.name])
        assert bronze.ORDERS.name not in told(limit + 1)
        assert bronze.EVENTS.name in told(limit + 1)
        assert bronze.ORDERS.name in told(2 * (limit + 1) + 1)
    finally:
        object.__setattr__(app, "clock", utc_now)
