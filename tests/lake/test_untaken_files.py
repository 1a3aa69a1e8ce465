"""Files that a run leaves in a landing folder are named by the run, the status, the freshness of their delivery and the alert."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from lakes import looked_at, run_days, with_inputs
from reclake.look import status
from reclake.look.alerts import findings_of
from reclake.run.ingest import ingest
from reclake.run.report import Silent, named
from reclake.run.untaken import untaken_files
from reclake.run.views import published
from reclake.tables import ops
from till import FIRST, MENDED, SECOND, opened_lake

HEADER = "order,at,customer,sku,n,price"
FILES = {
    f"till/{FIRST}.csv": [HEADER, f"o1,{FIRST}T11:00:00Z,c1,p1,1,2.50"],
    f"till/{SECOND}.csv": [HEADER],
    f"till/{FIRST}-2.csv": ["order,at"],
    f"till/{FIRST}-3.csv.tmp": [HEADER],
    f"till/{FIRST}:3.csv": [HEADER],
    "report.xlsx": ["of another department"],
}
LEFT = {
    f"till/{FIRST}-2.csv": "refused",
    f"till/{FIRST}-3.csv.tmp": "waiting",
    f"till/{FIRST}:3.csv": "refused",
    "report.xlsx": "unmatched",
}
NEVER = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def landing(tmp_path_factory):
    folder = tmp_path_factory.mktemp("untaken")
    (folder / "sources").mkdir()
    (folder / "sources" / "till.toml").write_text(MENDED)
    for name, lines in FILES.items():
        path = folder / "landing" / "till" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines))
        os.utime(path, (NEVER.timestamp(), NEVER.timestamp()))
    return folder / "landing"


@pytest.fixture(scope="module")
def app(spark, tmp_path_factory, landing):
    app = opened_lake(spark, tmp_path_factory.mktemp("lake"), landing, "sources")
    object.__setattr__(app, "clock", lambda: (NEVER + timedelta(hours=3)).replace(tzinfo=None))
    assert run_days(app, only=with_inputs(ops.FRESHNESS) | {ops.FRESHNESS.name}) == {}
    return app


def states(files):
    return {file["file_name"]: file["state"] for file in files}


def test_the_run_names_each_with_its_state(app):
    assert states(app.reporter.files) == LEFT
    said = named(app.reporter.files)
    assert f"till, waiting: till/{FIRST}-3.csv.tmp is still being written, for 3 h" in said
    assert f"till, refused: till/{FIRST}-2.csv its header lacks ['customer', 'n', 'price', 'sku']" in said
    assert "till, unmatched: report.xlsx matches the pattern of no feed" in said


def test_many_are_counted():
    files = [{"source": "s", "state": "waiting", "file_name": f"{n:02}", "reason": "waits"} for n in range(25)]
    assert named(files)[-2:] == ["s, waiting: 19 waits", "s, waiting: and 5 more files"]


def test_status_and_alert_tell_the_newest_listing(app):
    assert states(status.files(looked_at(app))) == LEFT
    told = [finding.told for finding in findings_of(looked_at(app), SECOND) if finding.kind == "file"]
    assert len(told) == len(LEFT)
    assert "unmatched: report.xlsx matches the pattern of no feed" in told


def test_an_alert_of_the_day_tells_its_refused_files_once_with_their_reasons(app):
    found = findings_of(looked_at(app), FIRST)
    [refused] = [finding for finding in found if finding.kind == "refused"]
    assert refused.subject == f"till {FIRST}"
    assert refused.told.startswith("2 of 3 files were refused: ")
    assert f"its header lacks ['customer', 'n', 'price', 'sku'] (till/{FIRST}-2.csv)" in refused.told
    assert f"(till/{FIRST}:3.csv)" in refused.told
    files = [finding.told.split(": ")[0] for finding in found if finding.kind == "file"]
    assert files == ["unmatched", "waiting"]
    assert [finding for finding in found if finding.told == "nothing was delivered"] == []


def test_a_delivery_without_records_is_no_silence(app):
    silent = [finding.told for finding in findings_of(looked_at(app), SECOND) if finding.kind == "freshness"]
    assert silent == []
    third = [finding.told for finding in findings_of(looked_at(app), SECOND + timedelta(days=1)) if finding.kind == "freshness"]
    assert third == ["nothing was delivered"]


def test_freshness_has_them_beside_their_delivery(app):
    rows = published(app, ops.FRESHNESS).where("record_table = 'silver.order_records'").collect()
    (row,) = (row for row in rows if row["delivery_day"] == FIRST)
    assert (row["n_files_waiting"], row["n_files_refused"], row["n_files_unmatched"]) == (1, 2, 1)
    assert row["untaken_files"] == f"till/{FIRST}-2.csv; till/{FIRST}-3.csv.tmp; till/{FIRST}:3.csv; report.xlsx"


def test_a_listing_is_noted_when_something_in_it_changes(app, landing):
    def listings():
        return app.store.read_newest(ops.UNTAKEN_FILES).select("listed_at").distinct().count()

    def again(hours):
        object.__setattr__(app, "clock", lambda: (NEVER + timedelta(hours=hours)).replace(tzinfo=None))
        object.__setattr__(app, "reporter", Silent())
        assert ingest(app) == {}

    assert listings() == 1
    again(5)
    assert (listings(), states(app.reporter.files)) == (1, LEFT), "only the age has grown"
    (landing / "till" / "report.xlsx").unlink()
    again(6)
    assert (listings(), states(untaken_files(app))) == (2, {name: state for name, state in LEFT.items() if name != "report.xlsx"})
    for name in LEFT:
        (landing / "till" / name).unlink(missing_ok=True)
    again(7)
    assert (listings(), untaken_files(app), app.reporter.files) == (3, [], [])
    again(8)
    assert listings() == 3
