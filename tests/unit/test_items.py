"""What a run takes of catalogues: read beside the settings, counted in a table's digests, handed to its builder."""

import shutil
from datetime import date, datetime
from types import SimpleNamespace

import pytest

from lakes import ROOT
from reclake.errors import SettingsInvalid, UsageError
from reclake.lake.digest import DayContent, Digest
from reclake.lake.ledger import Entry, Ledger
from reclake.run import building, code, items
from reclake.run import opened as opened_module
from reclake.run.application import Application
from reclake.run.plan import Limits, Planner, Scope, Work
from reclake.settings import load_settings
from reclake.sources.catalogues import SOURCES
from reclake.tables import Input, Table, silver
from reclake.tables.declaration import plain
from reclake.tables.inputs import until_as_of
from tags import TAGS, Tag

LINES = Input(silver.ORDER_LINES, until_as_of())


def table(*catalogues, name="gold.customer_tags", **declared):
    fields = (plain("as_of_date", "date", ""), plain("tag", "string", ""))
    declared = {"day_column": "as_of_date", "write": "replace_days", "inputs": (LINES,), **declared}
    return Table(name=name, grain="", key=("tag",), fields=fields, stage="customers", catalogues=catalogues, **declared)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project folder with two tags, and the catalogue of tags declared beside the sources."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    (tmp_path / "conf" / "tags").mkdir()
    both = {SOURCES.name: SOURCES, TAGS.name: TAGS}
    for module in (opened_module, code, items):
        monkeypatch.setattr(module, "declared", lambda: both)
    monkeypatch.setattr(items, "TABLES", ())  # the declared ones read catalogues that are not declared here
    for name in ("loyal", "new"):
        write(tmp_path, name, 30)
    return tmp_path


def write(home, name, window_days):
    (home / "conf" / "tags" / f"{name}.toml").write_text(f'description = "x"\nwindow_days = {window_days}\n')


def opened(home):
    """An application without Spark."""
    settings = load_settings(home, profile="test", environment={})
    return Application(
        home=home, settings=settings, spark=None, store=None, ledger=None, manifest=None, claims=None, gate=None, run_id="r",
        sources=items.load_sources(home, settings, ["demo"]), catalogues=items.load_catalogues(home, settings),
        clock=lambda: datetime(2026, 1, 1),
    )  # fmt: skip


def test_every_catalogue_is_read_and_a_broken_item_stops_the_run(home):
    assert {name: list(of) for name, of in opened(home).catalogues.items()} == {"tags": ["loyal", "new"]}
    write(home, "new", 0)
    with pytest.raises(SettingsInvalid, match=r"tag file new\.toml cannot be used"):
        opened(home)


def test_a_table_that_reads_what_is_not_there_stops_the_run(home, monkeypatch):
    monkeypatch.setattr(items, "TABLES", (table("tags.loyal", "tags.nwe"),))
    with pytest.raises(UsageError, match=r"gold\.customer_tags reads tags\.nwe"):
        opened(home)
    monkeypatch.setattr(items, "TABLES", (table("tags.loyal", "sources"),))
    opened(home)


def test_a_changed_item_changes_the_digests_of_the_tables_that_read_it_and_no_settings(home):
    tables = {"whole": table("tags"), "loyal": table("tags.loyal"), "new": table("tags.new"), "none": table()}

    def digests():
        app = opened(home)
        return {name: app.digests(one) for name, one in tables.items()}

    before = digests()
    assert before["none"].catalogues == {}
    assert {name for one in before.values() for name in one.catalogues} == {"catalogue:tags"}
    write(home, "new", 60)
    after = digests()
    assert {name for name in tables if before[name].catalogues != after[name].catalogues} == {"whole", "new"}
    assert {name: one.settings for name, one in before.items()} == {name: one.settings for name, one in after.items()}


def test_a_changed_source_counts_as_a_setting_as_before(home):
    app = opened(home)
    digests = app.digests(silver.PRODUCT_RECORDS)
    assert digests.catalogues == {}
    values = {setting: app.value(setting) for setting in silver.PRODUCT_RECORDS.settings} | {"sources": app.sources}
    assert digests.settings == code.settings_digest(silver.PRODUCT_RECORDS, values)
    text = (home / "conf" / "sources" / "demo.toml").read_text()
    (home / "conf" / "sources" / "demo.toml").write_text(
        text.replace('category = { from = "category"', 'category = { from = "kind"')
    )
    assert opened(home).digests(silver.PRODUCT_RECORDS).settings != digests.settings
    assert opened(home).digests(silver.EVENT_RECORDS) == app.digests(silver.EVENT_RECORDS)


def test_the_type_of_the_items_is_part_of_the_code(monkeypatch, home):
    def digest(one):
        return code.code_digest.__wrapped__(one)

    read, unread = table("tags", name="gold.customer_segments"), table(name="gold.customer_segments")
    assert digest(read) != digest(unread)
    meaning = code._meaning
    before = digest(read), digest(unread)
    monkeypatch.setattr(code, "_meaning", lambda module: "other" if module == Tag.__module__ else meaning(module))
    assert digest(unread) == before[1]
    assert digest(read) != before[0]


def test_the_newest_as_of_is_planned_anew_and_its_entry_holds_the_digest_of_the_items(home):
    lines = Entry(
        table="silver.order_lines", day="2026-01-01", sequence=1, kind="build", version=0, run_id="r", token=1,
        recorded_at=datetime(2026, 1, 1), content=DayContent(Digest.parse("1:a")), code_digest="", settings_digest="", suite_digest="",
    )  # fmt: skip
    ledger = Ledger(None)
    ledger.add([lines])
    tags = table("tags.loyal", name="gold.customer_segments")  # it has a builder

    def work(*as_ofs):
        scope = Scope(as_ofs=tuple(map(date.fromisoformat, as_ofs)))
        return Planner(
            ledger, scope=scope, limits=Limits(3, 2), digests=opened(home).digests, models={}, windows={}, restate_as_ofs=30
        ).work(tags)

    def build(planned):
        digests = opened(home).digests(tags)
        ledger.add(
            Entry(
                table=tags.name, day=day, sequence=2, kind="build", version=0, run_id="r", token=1, recorded_at=datetime(2026, 1, 1),
                content=DayContent(Digest.parse("1:a")), code_digest=digests.code, settings_digest=digests.settings,
                suite_digest=digests.suite, input_digests=planned.input_digests[day],
            )
            for day in planned.days
        )  # fmt: skip

    build(work("2026-01-02", "2026-01-03"))
    assert work().reasons == {}
    write(home, "new", 60)
    assert work().reasons == {}, "the table does not read it"
    write(home, "loyal", 60)
    assert work().reasons == {"2026-01-03": "catalogue:tags changed"}
    build(work())
    assert work().reasons == {}
    entries = ledger.days(tags)
    assert entries["2026-01-02"].input_digests["catalogue:tags"] != entries["2026-01-03"].input_digests["catalogue:tags"]


def test_a_builder_takes_its_items_under_the_name_of_the_catalogue(home):
    whole = table("tags.loyal", "sources", name="silver.marks", day_column=None, write="replace_whole", inputs=())
    run = SimpleNamespace(app=opened(home))
    given = building.built(run, Work(whole, {"whole": "never built"}), lambda **options: options)
    assert given == {"tags": {"loyal": Tag(name="loyal", description="x", window_days=30)}, "sources": run.app.sources}
