"""A run that has nothing to do is found without Spark, says what a run by Spark says, and is never found where there is something."""

import os
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from lakes import looked_at, run_days
from reclake import tables
from reclake.look.idle import idle_reports
from reclake.run.runner import run_graph
from till import FIRST, MENDED, SECOND, opened_lake

HEADER = "order,at,customer,sku,n,price"
LONG_AGO = datetime(2026, 4, 1, tzinfo=UTC)
FILES = {
    f"till/{FIRST}.csv": [HEADER, f"o1,{FIRST}T11:00:00Z,c1,p1,1,2.50"],
    f"till/{FIRST}-2.csv": ["order,at"],  # refused
    f"till/{FIRST}-3.csv.tmp": [HEADER],  # waits
}


def deliver(landing, name, lines):
    path = landing / "till" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    os.utime(path, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))
    return path


@pytest.fixture(scope="module")
def app(spark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("idle")
    (folder / "sources").mkdir()
    (folder / "sources" / "till.toml").write_text(MENDED)
    for name, lines in FILES.items():
        deliver(folder / "landing", name, lines)
    app = opened_lake(spark, folder, folder / "landing", "sources")
    object.__setattr__(app, "clock", lambda: (LONG_AGO + timedelta(hours=3)).replace(tzinfo=None))
    assert run_days(app) == {}
    return app


def found_idle(app, **asked):
    """What is found of a lake that is opened anew."""
    look = looked_at(app)
    wanted = {"first": None, "last": None} | asked
    return idle_reports(look, **wanted)


def test_it_reports_what_a_run_by_spark_reports_and_writes_nothing(app):
    newest = {table.name: app.store.newest(table) for table in tables.TABLES}
    found = found_idle(app)
    app.reporter.reports.clear()
    assert run_graph(app) == {}
    assert sorted(found, key=repr) == sorted(app.reporter.reports, key=repr)
    assert {report.outcome for report in found} == {"up to date", "not fed"}
    assert {table.name: app.store.newest(table) for table in tables.TABLES} == newest


@pytest.mark.parametrize(
    "asked",
    [
        {"first": FIRST, "last": FIRST},
        {"table": "silver.order_lines"},
    ],
    ids=("one day", "one table"),
)
def test_a_part_of_it_is_idle_too(app, asked):
    assert found_idle(app, **asked) is not None


@pytest.mark.parametrize("asked", [{"force": True}, {"as_ofs": [date(2026, 3, 9)]}], ids=("forced", "an as_of that is not there"))
def test_what_is_asked_for_is_left_to_the_run(app, asked):
    assert found_idle(app, **asked) is None


def changed(app, **sections):
    settings = app.settings
    for section, values in sections.items():
        settings = settings.model_copy(update={section: getattr(settings, section).model_copy(update=values)})
    return replace(app, settings=settings)


def test_changed_settings_a_retention_and_views_are_left_to_the_run(app):
    assert found_idle(changed(app, landing={"max_depth": app.settings.landing.max_depth + 1})) is None
    assert found_idle(changed(app, retention={"raw_days": 400})) is None
    assert found_idle(changed(app, bi={"renew_views": True})) is None


def test_a_new_a_touched_and_a_vanished_file_are_left_to_the_run(app, tmp_path):
    landing = tmp_path / "landing"
    shutil.copytree(app.settings.landing.root, landing)
    elsewhere = changed(app, landing={"root": str(landing)})
    assert found_idle(elsewhere) is not None
    kept = landing / "till" / f"till/{FIRST}.csv"
    os.utime(kept, (LONG_AGO.timestamp() + 60,) * 2)
    assert found_idle(elsewhere) is None, "touched: its bytes are to be looked at again"
    os.utime(kept, (LONG_AGO.timestamp(),) * 2)
    assert found_idle(elsewhere) is not None
    deliver(landing, f"till/{SECOND}.csv", [HEADER])
    assert found_idle(elsewhere) is None, "a delivery"
    assert found_idle(elsewhere, first=FIRST, last=FIRST) is not None, "of another day than is asked for"
    (landing / "till" / f"till/{SECOND}.csv").unlink()
    (landing / "till" / f"till/{FIRST}-3.csv.tmp").unlink()
    assert found_idle(elsewhere) is None, "what waited is gone, and the listing still names it"


def test_what_was_built_and_not_published_is_left_to_the_run(app):
    """A run that ended between its commit and its manifest; the known bad, put back afterwards."""
    published = app.manifest.current()
    row = published["silver.order_lines"]
    look = looked_at(app)
    entries = look.lake.ledger.days(tables.BY_NAME["silver.order_lines"])
    day, entry = next(iter(entries.items()))
    entries[day] = replace(entry, version=row.version + 1)
    assert idle_reports(look, first=None, last=None) is None


def test_a_run_of_one_table_needs_no_landing_folder(app, tmp_path):
    elsewhere = changed(app, landing={"root": str(tmp_path / "nowhere")})
    found = found_idle(elsewhere, table="silver.order_lines")
    assert {report.outcome for report in found if report.table == "silver.order_lines"} == {"up to date"}


def test_what_another_run_publishes_meanwhile_is_left_to_the_run(app, monkeypatch):
    """The manifest is read before the ledger: records that bronze gained in between are known to the ledger alone."""
    look = looked_at(app)
    order = []
    reader = type(look.reader)
    published = reader.published
    monkeypatch.setattr(reader, "published", property(lambda self: order.append("manifest") or published.__get__(self)))
    entries_of = "reclake.look.lake.entries_of"
    from reclake.look import lake

    read = lake.entries_of
    monkeypatch.setattr(entries_of, lambda each: order.append("ledger") or read(each))
    assert idle_reports(look, first=None, last=None) is not None
    assert order.index("manifest") < order.index("ledger")
