"""Gold as BI readers get it: views that follow the manifest, a DuckDB file, and the queries of docs/bi.md in both."""

import json
import logging
import os
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from pyspark.errors import AnalysisException

from frames import frame
from gold_lake import (
    DAYS,
    N_ROWS,
    PYTHON,
    QUERIES,
    answered,
    columns_of,
    gold_lake,
    opened,
    plain_numbers,
    publish,
    read_by,
    rows_of,
    seen_by_spark,
)  # fmt: skip
from kept import copy_of
from reclake.errors import ReclakeError, ServiceDown, StageStopped, UsageError
from reclake.lake.catalog import Catalog
from reclake.run import register as registering
from reclake.run import thrift as serving
from reclake.run.export import _filled, _parts_of, _require_place, export
from reclake.run.leftovers import CHECKPOINTS, passing_folder, remove_leftovers
from reclake.run.maintain import maintain
from reclake.run.register import register, show_published, views_renewed
from reclake.run.thrift import effective_settings, require_closed, require_directory
from reclake.run.views import published
from reclake.settings import load_settings
from reclake.tables import gold
from reclake.tables.declaration import plain


def made(spark, folder):
    """A lake that every test gets a copy of, and the versions that are committed and not published."""
    _, unpublished = gold_lake(spark, folder)
    (folder / "unpublished.json").write_text(json.dumps(unpublished))


# With values of every type. That views and the file hold all tables is seen where the documentation's queries run.
FEW = (gold.CUSTOMER_SEGMENTS, gold.SEGMENT_BINS, gold.BEHAVIOUR_CUBE, gold.RECOMMENDATIONS)


def made_of_few(spark, folder):
    """The same with few tables, for what is done with every table alike."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gold, "TABLES", FEW)
        made(spark, folder)


@pytest.fixture(scope="module")
def whole(spark, tmp_path_factory):
    """An application on a lake with every table of gold, which no test changes."""
    return opened(spark, copy_of("gold", made, spark, tmp_path_factory.mktemp("whole")))


@pytest.fixture
def lake(spark, tmp_path, monkeypatch):
    """A copy of the lake of few tables, the versions that are committed and not published, and its catalogue."""
    monkeypatch.setattr(gold, "TABLES", FEW)
    copy_of("few-of-gold", made_of_few, spark, tmp_path)
    unpublished = json.loads((tmp_path / "unpublished.json").read_text())
    app = opened(spark, tmp_path)
    catalog = Catalog(app.store, database="gold")
    yield SimpleNamespace(app=app, folder=tmp_path, unpublished=unpublished, catalog=catalog)
    for database in (catalog.database, catalog.newest_database):
        spark.sql(f"DROP DATABASE IF EXISTS {database} CASCADE")


def same(spark, name, app, table, version):
    """Whether the named relation holds the rows of the version."""
    columns = [field.name for field in table.fields]
    one, other = spark.table(name).select(columns), app.store.read(table, version=version).select(columns)
    return other.count() > 0 and one.exceptAll(other).count() == other.exceptAll(one).count() == 0


def test_a_view_follows_the_manifest_and_a_table_the_newest_commit(spark, lake):
    app, table = lake.app, gold.SEGMENT_BINS
    shown = show_published(app, lake.catalog)
    assert [row["view"] for row in shown] == [f"gold.{t.noun}" for t in gold.TABLES]
    first, second = app.manifest.current()[table.name].version, lake.unpublished[table.name]
    assert same(spark, "gold.segment_bins", app, table, first)
    assert same(spark, "gold_newest.segment_bins", app, table, second)
    publish(app, lake.unpublished)
    assert same(spark, "gold.segment_bins", app, table, first), "a view moves when it is renewed"
    show_published(app, lake.catalog)
    assert same(spark, "gold.segment_bins", app, table, second)
    app.manifest.roll_back(1, run_id="test", token=2, at=app.clock())
    show_published(app, lake.catalog)
    assert same(spark, "gold.segment_bins", app, table, first)


def test_a_view_says_what_its_columns_mean_and_which_manifest_it_shows(spark, lake):
    show_published(lake.app, lake.catalog)
    publish(lake.app, lake.unpublished)
    show_published(lake.app, lake.catalog)
    for table in gold.TABLES:
        described = {row["col_name"]: row["comment"] for row in spark.sql(f"DESCRIBE gold.{table.noun}").collect()}
        assert described == {field.name: field.doc for field in gold.shown(table).fields}
        newest = {row["col_name"]: row["comment"] for row in spark.sql(f"DESCRIBE gold_newest.{table.noun}").collect()}
        assert newest.items() >= described.items()
        told = {row["key"]: row["value"] for row in spark.sql(f"SHOW TBLPROPERTIES gold.{table.noun}").collect()}
        row = lake.app.manifest.current()[table.name]
        assert (told["reclake.version"], told["reclake.manifest"]) == (str(row.version), str(row.manifest_id)) != ("0", "1")
        assert spark.catalog.getTable(f"gold.{table.noun}").description == table.grain


def test_no_view_and_no_export_tells_which_customers_a_figure_counts(spark, lake, tmp_path):
    show_published(lake.app, lake.catalog)
    assert "customer_bitmap" not in spark.table("gold.behaviour_cube").columns
    if PYTHON.exists():
        export(lake.app, tmp_path / "out.duckdb")
        statement = "SELECT column_name FROM duckdb_columns() WHERE table_name = 'behaviour_cube'"
        columns = read_by("duckdb_statements", file=str(tmp_path / "out.duckdb"), statements=[statement])[statement]
        assert ["n_customers"] in columns
        assert ["customer_bitmap"] not in columns


def test_a_reader_sees_which_versions_the_views_show(spark, lake):
    """Of gold and the models: what else is published is not a reader's business."""
    lake.app.manifest.publish(
        {"model:it's": 3, "ops.published_versions": 0}, {"model:it's": -1}, run_id="test", token=1, at=lake.app.clock()
    )
    for versions in ({}, lake.unpublished):
        if versions:
            publish(lake.app, versions)
        show_published(lake.app, lake.catalog)
        current = lake.app.manifest.current()
        told = [*(table.name for table in gold.TABLES), "model:it's"]
        wanted = {(name, current[name].version, current[name].manifest_id, current[name].n_rows) for name in told}
        shown = spark.table("gold.published_versions")
        assert {tuple(row) for row in shown.select("name", "version", "manifest_id", "n_rows").collect()} == wanted
        described = {row["col_name"]: row["comment"] for row in spark.sql("DESCRIBE gold.published_versions").collect()}
        assert described == {field.name: field.doc for field in gold.SHOWN_VERSIONS.fields}


def test_a_view_that_is_renewed_is_there_all_the_time(spark, lake):
    """Altered, not dropped and made anew: what else was noted at it is still there."""
    show_published(lake.app, lake.catalog)
    for view in ("gold.segment_bins", "gold.published_versions"):
        spark.sql(f"ALTER VIEW {view} SET TBLPROPERTIES ('noted' = 'by hand')")
    publish(lake.app, lake.unpublished)
    show_published(lake.app, lake.catalog)
    for view in ("gold.segment_bins", "gold.published_versions"):
        assert spark.sql(f"SHOW TBLPROPERTIES {view} ('noted')").first()["value"] == "by hand"


def test_what_was_withdrawn_has_no_view(spark, lake):
    show_published(lake.app, lake.catalog)
    lake.app.manifest.publish({gold.SEGMENT_BINS.name: -1}, {}, run_id="test", token=2, at=lake.app.clock(), kind="rollback")
    show_published(lake.app, lake.catalog)
    assert lake.catalog.names() == {table.noun for table in gold.TABLES} - {"segment_bins"} | {"published_versions"}
    assert spark.table("gold.published_versions").where("name = 'gold.segment_bins'").count() == 0


def test_a_column_declared_since_is_null_and_has_its_meaning(spark, lake):
    show_published(lake.app, lake.catalog)
    wider = replace(gold.SEGMENT_BINS, fields=(*gold.SEGMENT_BINS.fields, plain("n_orders", "long", "It's new.", "orders")))
    lake.catalog.show(wider, version=0, manifest_id=1)
    assert {tuple(row) for row in spark.table("gold.segment_bins").select("n_orders").collect()} == {(None,)}
    assert spark.sql("DESCRIBE gold.segment_bins").where("col_name = 'n_orders'").first()["comment"] == "It's new."


def test_a_database_of_another_lake_is_left_alone(spark, lake, tmp_path):
    show_published(lake.app, lake.catalog)
    other = Catalog(SimpleNamespace(spark=spark, root=str(tmp_path / "other")), database="gold")
    with pytest.raises(UsageError, match="belongs to another lake") as refused:
        other.create()
    assert refused.value.exit_code == 2


def test_a_database_that_somebody_else_made_is_told_as_that(spark, lake):
    spark.sql("CREATE DATABASE gold")
    with pytest.raises(UsageError, match=r"gold of the metastore was not made by reclake\n.*reclake\.lake"):
        show_published(lake.app, lake.catalog)


def test_a_table_under_the_name_of_a_view_is_named_before_any_view_moves(spark, lake, tmp_path):
    show_published(lake.app, lake.catalog)
    first = lake.app.manifest.current()[gold.CUSTOMER_SEGMENTS.name].version
    spark.sql("DROP VIEW gold.segment_bins")
    spark.sql(f"CREATE TABLE gold.segment_bins (n INT) USING parquet LOCATION '{tmp_path / 'own'}'")
    publish(lake.app, lake.unpublished)
    with pytest.raises(UsageError, match=r"found: gold\.segment_bins: .*\n.*DROP TABLE gold\.segment_bins, or"):
        show_published(lake.app, lake.catalog)
    assert same(spark, "gold.customer_segments", lake.app, gold.CUSTOMER_SEGMENTS, first)
    spark.sql("DROP TABLE gold.segment_bins")
    show_published(lake.app, lake.catalog)
    assert same(spark, "gold.segment_bins", lake.app, gold.SEGMENT_BINS, lake.unpublished[gold.SEGMENT_BINS.name])


def test_a_view_of_a_reader_stays(spark, lake):
    show_published(lake.app, lake.catalog)
    spark.sql("CREATE VIEW gold.own AS SELECT count(*) AS n FROM gold.segment_bins")
    lake.app.manifest.publish({gold.SEGMENT_BINS.name: -1}, {}, run_id="test", token=2, at=lake.app.clock(), kind="rollback")
    show_published(lake.app, lake.catalog)
    assert "own" in lake.catalog.names()
    assert "segment_bins" not in lake.catalog.names()


def test_a_session_without_a_metastore_is_told_so(lake):
    with pytest.raises(UsageError, match="no metastore"):
        register(lake.app)


@pytest.mark.parametrize("renew", [True, False])
def test_views_are_renewed_at_the_end_if_the_settings_say_so(monkeypatch, renew):
    app, asked = SimpleNamespace(settings=SimpleNamespace(bi=SimpleNamespace(renew_views=renew))), []
    monkeypatch.setattr(registering, "register", lambda app: asked.append(app) or [])
    with views_renewed(app):
        assert asked == []
    assert asked == [app] * renew


def test_a_stopped_stage_renews_what_it_published_and_stays_the_error(monkeypatch, caplog):
    app = SimpleNamespace(settings=SimpleNamespace(bi=SimpleNamespace(renew_views=True)))

    def down(app):
        raise ServiceDown("the metastore does not answer", "nothing", "start it")

    monkeypatch.setattr(registering, "register", down)
    with caplog.at_level(logging.ERROR, "reclake"), pytest.raises(StageStopped), views_renewed(app):
        raise StageStopped("stopped", "one", "mend it")
    assert "the metastore does not answer" in caplog.text
    with pytest.raises(ServiceDown), views_renewed(app):
        pass


def test_gold_is_readable_by_the_oldest_reader(spark, whole):
    """Reader version 1: no deletion vectors, column mapping, VARIANT or whatever else would need a newer one."""
    for table in gold.TABLES:
        detail = spark.sql(f"DESCRIBE DETAIL delta.`{whole.store.path(table)}`").first()
        assert (table.name, detail["minReaderVersion"]) == (table.name, 1)


def test_the_file_holds_what_is_published(lake, tmp_path):
    if not PYTHON.exists():
        pytest.skip("make bi creates DuckDB's environment")
    file = tmp_path / "out" / "file.duckdb"
    told = export(lake.app, file)
    assert file.stat().st_mode & 0o777 & ~0o640 == 0, "who has no business with it may not read it"
    current = lake.app.manifest.current()
    assert told == [{"table": t.name, "version": current[t.name].version, "rows": N_ROWS} for t in gold.TABLES]
    wanted = seen_by_spark(lake.app)
    assert read_by("duckdb_file", file=str(file), tables=columns_of(lake.app)) == wanted
    publish(lake.app, lake.unpublished)
    assert seen_by_spark(lake.app) != wanted
    file.chmod(0o440)
    export(lake.app, file)
    assert file.stat().st_mode & 0o777 == 0o440, "who may read it is told once"
    assert read_by("duckdb_file", file=str(file), tables=columns_of(lake.app)) == seen_by_spark(lake.app)
    assert [path.name for path in file.parent.iterdir()] == ["file.duckdb"]
    assert list((tmp_path / "lake" / "_export").iterdir()) == []


def test_what_a_killed_export_left_goes_after_a_day_or_with_an_erasure(spark, lake):
    def left_by_a_killed_one():
        folder = Path(_parts_of(lake.app).__enter__())
        published(lake.app, gold.SEGMENT_BINS).write.parquet(f"{folder}/segment_bins")
        return folder

    def hours_later(n):
        return opened(spark, lake.folder, clock=lambda: lake.app.clock() + timedelta(hours=n))

    folder = left_by_a_killed_one()
    assert remove_leftovers(hours_later(23)) == [], "an export may be at work"
    assert list(folder.rglob("*.parquet"))
    assert remove_leftovers(hours_later(25)) == [folder.name]
    assert not folder.exists()
    factors = Path(passing_folder(lake.app, CHECKPOINTS))
    factors.mkdir(parents=True)
    assert remove_leftovers(hours_later(25)) == [factors.name], "a killed training's as well"
    folder = left_by_a_killed_one()
    maintain(lake.app, only=[gold.SEGMENT_BINS.name])
    assert folder.exists(), "it was asked for one table"
    maintain(lake.app, only=[gold.SEGMENT_BINS.name], erasing=True)
    assert not folder.exists()


def test_a_reader_of_the_file_can_change_nothing_and_finds_meaning_and_versions(lake, tmp_path):
    if not PYTHON.exists():
        pytest.skip("make bi creates DuckDB's environment")
    file = tmp_path / "file.duckdb"
    export(lake.app, file)
    forbidden = [
        "INSERT INTO gold.segment_bins SELECT * FROM gold.segment_bins",
        "DELETE FROM gold.segment_bins",
        "DROP TABLE gold.segment_bins",
        "CREATE TABLE gold.mine (n INTEGER)",
        "CREATE MACRO gold.mine() AS 1",
    ]
    comments = (
        "SELECT comment FROM duckdb_columns() WHERE schema_name = 'gold' AND table_name = 'segment_bins' ORDER BY column_index"
    )
    meaning = comments.replace("segment_bins", "published_versions")
    grain = "SELECT comment FROM duckdb_tables() WHERE table_name = 'segment_bins'"
    versions = "SELECT name, version FROM gold.published_versions ORDER BY name"
    told = read_by("duckdb_statements", file=str(file), statements=[*forbidden, comments, meaning, grain, versions])
    assert {told[statement] for statement in forbidden} == {"InvalidInputException"}
    assert told[comments] == [[field.doc] for field in gold.SEGMENT_BINS.fields]
    assert told[grain] == [[gold.SEGMENT_BINS.grain]]
    current = lake.app.manifest.current()
    assert told[versions] == sorted([t.name, str(current[t.name].version)] for t in gold.TABLES)
    assert told[meaning] == [[field.doc] for field in gold.SHOWN_VERSIONS.fields]


def test_a_file_with_other_rows_never_takes_the_place_of_the_old_one(lake, tmp_path):
    if not PYTHON.exists():
        pytest.skip("make bi creates DuckDB's environment")
    (tmp_path / "parts").mkdir()
    (tmp_path / "file.duckdb").write_text("the old one")
    table = {"name": "t", "comment": "", "folder": str(tmp_path / "parts"), "n_rows": 1}
    table["columns"] = [{"name": "n", "type": "long", "comment": "", "required": True}]
    job = {"file": str(tmp_path / "file.duckdb"), "database": "gold", "tables": [table]}
    assert _filled(PYTHON, job) == {"t": 0}
    assert (tmp_path / "file.duckdb").read_text() == "the old one"
    with pytest.raises(ReclakeError, match="DuckDB did not fill the file"):
        _filled(PYTHON, job | {"tables": [table | {"folder": str(tmp_path / "missing")}]})
    assert sorted(path.name for path in tmp_path.iterdir() if "file" in path.name) == ["file.duckdb"]


@pytest.mark.parametrize(("hidden", "mode"), [(0o022, 0o640), (0o077, 0o600), (0o000, 0o640)])
def test_a_new_file_is_for_its_group_at_most(tmp_path, hidden, mode):
    if not PYTHON.exists():
        pytest.skip("make bi creates DuckDB's environment")
    before = os.umask(hidden)
    try:
        assert _filled(PYTHON, {"file": str(tmp_path / "file.duckdb"), "database": "gold", "tables": []}) == {}
    finally:
        os.umask(before)
    assert (tmp_path / "file.duckdb").stat().st_mode & 0o777 == mode


def test_an_export_without_duckdb_or_without_gold_says_what_is_missing(lake, tmp_path):
    app = lake.app
    bi = app.settings.bi.model_copy(update={"duckdb_python": str(tmp_path / "none")})
    with pytest.raises(UsageError, match="make bi"):
        export(replace(app, settings=app.settings.model_copy(update={"bi": bi})), tmp_path / "file.duckdb")
    assert not (tmp_path / "file.duckdb").exists()


def test_an_export_replaces_nothing_but_an_export(tmp_path):
    (tmp_path / "notes.md").write_text("DUCK: of somebody")
    (tmp_path / "empty.duckdb").touch()
    (tmp_path / "folder").mkdir()
    for place, told in (
        ("notes.md", "no DuckDB file"), ("folder", "no DuckDB file"),
        ("Gold.duckdb", "may not be called"), ("notes.md/file.duckdb", "cannot stand"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=told):
            _require_place(tmp_path / place, schema="gold")
    (tmp_path / "earlier.duckdb").write_bytes(bytes(8) + b"DUCK")
    for place in ("earlier.duckdb", "empty.duckdb", "new/file.duckdb"):
        _require_place(tmp_path / place, schema="gold")
    assert (tmp_path / "notes.md").read_text() == "DUCK: of somebody"


def test_views_that_cannot_be_renewed_now_do_not_end_the_server(lake, monkeypatch, caplog):
    """A reader's own table under a view's name, or storage that does not answer for a moment."""
    refused = AnalysisException("[TABLE_OR_VIEW_ALREADY_EXISTS] O'Hara's")
    for failure, told in (
        (ServiceDown("the metastore does not answer", "one", "start it"), "the metastore does not answer"),
        (refused, "AnalysisException: [TABLE_OR_VIEW_ALREADY_EXISTS]"),
    ):
        monkeypatch.setattr(serving, "register", Mock(side_effect=failure))
        with caplog.at_level(logging.ERROR, "reclake"):
            assert serving._followed(lake.app, shown=0) == 0
        assert told in caplog.text
        assert "Hara" not in caplog.text


TIMES = "SELECT TIMESTAMPTZ '2026-03-01 10:00:00+00'"  # as times of silver and ops come to readers of the folder


def test_the_queries_are_found():
    assert len(QUERIES) == 18


@pytest.mark.parametrize("query", QUERIES, ids=[query.splitlines()[0] for query in QUERIES])
def test_a_query_of_the_documentation_runs(queried, query):
    assert queried.spark[query], "a query that finds nothing shows nothing"


@pytest.mark.parametrize("query", QUERIES, ids=[query.splitlines()[0] for query in QUERIES])
def test_a_query_of_the_documentation_gives_the_same_in_duckdb(queried, query):
    if not PYTHON.exists():
        pytest.skip("make bi creates DuckDB's environment")
    by_spark, by_duckdb = (Counter(map(tuple, plain_numbers(rows[query]))) for rows in (queried.spark, queried.duckdb))
    assert by_duckdb == by_spark, (
        "as bags: rows of one key are alike in what a query sorts by, and nulls come first in Spark alone"
    )


def test_duckdb_gives_python_a_time_with_a_zone(queried):
    """It asks for pytz then, which no package of the environment brings along."""
    if not PYTHON.exists():
        pytest.skip("make bi creates DuckDB's environment")
    ((told,),) = queried.duckdb[TIMES]
    assert datetime.fromisoformat(told) == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_the_first_two_queries_count_and_add_up_what_the_rows_say(spark, lake):
    """Answers in plain Python: three as_ofs, of which two count; a customer who came, and one who went."""
    table, days, tiers = gold.CUSTOMER_SEGMENTS, [date(2026, 1, 31), *DAYS], ("loyal", "new", "dormant")
    rows = [
        rows_of(table)[0]
        | {
            "as_of_date": day,
            "customer_id": f"c{n}",
            "tier": tiers[(n * at + n // 4) % 3],
            "currency": ("CNY", "EUR")[n % 5 == 4],
        }
        | {"spend_amount": Decimal(100 * n + at) / 4}
        for at, day in enumerate(days)
        for n in range(100)
        if (at, n) not in {(1, 7), (2, 8)}
    ]
    written = lake.app.store.replace_days(table, frame(spark, table, *rows), days=days, entry={"commit_id": "known"})
    publish(lake.app, {table.name: written})
    show_published(lake.app, lake.catalog)
    *_, before, now = ({row["customer_id"]: row for row in rows if row["as_of_date"] == day} for day in days)
    spends = defaultdict(list)
    for row in now.values():
        spends[row["tier"], row["currency"]].append(row["spend_amount"])
    by_tier = [(*group, len(amounts), sum(amounts)) for group, amounts in spends.items()]
    moves = Counter((before[customer]["tier"], now[customer]["tier"]) for customer in before.keys() & now.keys())
    groups = [by_tier, [(*tiers, n) for tiers, n in moves.items()]]
    wanted = [[row for row in answer if row[2] >= 10] for answer in groups]
    assert [len(answer) for answer in wanted] == [4, 3], "too alike to tell a wrong query"
    assert all(len(kept) < len(answer) for kept, answer in zip(wanted, groups, strict=True)), "no group is too small"
    for query, answer in zip(QUERIES, wanted, strict=False):
        assert [tuple(row) for row in spark.sql(query).collect()] == sorted(answer, key=lambda row: (-row[2], *row[:2]))


@pytest.fixture(scope="module")
def queried(whole, tmp_path_factory):
    """What each query finds through the views, and in the file."""
    by_spark = answered(whole)
    if not PYTHON.exists():
        return SimpleNamespace(spark=by_spark, duckdb=None)
    file = tmp_path_factory.mktemp("queries") / "file.duckdb"
    exported = export(whole, file)
    assert [row["table"] for row in exported] == [table.name for table in gold.TABLES]
    by_duckdb = read_by("duckdb_statements", file=str(file), statements=[*QUERIES, TIMES])
    return SimpleNamespace(spark=by_spark, duckdb=by_duckdb)


OPEN = {"hive.server2.thrift.bind.host": "0.0.0.0", "hive.server2.authentication": "LDAP", "hive.server2.use.SSL": "true"}  # noqa: S104


@pytest.mark.parametrize(
    ("changed", "allowed"),
    [
        ({}, True),
        ({"hive.server2.authentication": "NONE"}, False),
        ({"hive.server2.authentication": ""}, False),
        ({"hive.server2.authentication": "NOSASL"}, False),
        ({"hive.server2.authentication": "ldap"}, True),
        ({"hive.server2.use.SSL": "false"}, False),
        ({"hive.server2.use.SSL": ""}, False),
        ({"hive.server2.thrift.bind.host": "", "hive.server2.authentication": "NONE"}, False),
        ({"hive.server2.thrift.bind.host": "::", "hive.server2.authentication": "NONE"}, False),
        ({"hive.server2.thrift.bind.host": "192.0.2.7", "hive.server2.authentication": "NONE"}, False),
        ({"hive.server2.thrift.bind.host": "127.0.0.1", "hive.server2.authentication": "NONE"}, True),
        ({"hive.server2.thrift.bind.host": "127.0.0.1", "hive.server2.transport.mode": "http"}, False),
        ({"hive.server2.transport.mode": "HTTP"}, False),
        ({"hive.server2.transport.mode": "binary"}, True),
        ({"hive.server2.thrift.bind.host": "::1", "hive.server2.authentication": "NONE"}, True),
        ({"hive.server2.thrift.bind.host": "localhost", "hive.server2.use.SSL": "false"}, True),
        ({"hive.server2.thrift.bind.host": "127.0.0.1.example.invalid", "hive.server2.use.SSL": "false"}, False),
    ],
)
def test_a_server_that_is_open_to_everybody_is_refused(changed, allowed):
    if allowed:
        require_closed(OPEN | changed, anonymous=True)
        return
    with pytest.raises(UsageError, match=r"may not (listen|speak)") as refused:
        require_closed(OPEN | changed, anonymous=True)
    assert refused.value.exit_code == 2


def test_what_the_environment_says_goes_before_the_settings(lake, monkeypatch):
    """As in the server itself; HTTP would listen on every address."""
    assert effective_settings(lake.app)["hive.server2.transport.mode"] == "binary"
    for name, value in (("THRIFT_BIND_HOST", "192.0.2.7"), ("THRIFT_PORT", "10001"), ("TRANSPORT_MODE", "http")):
        monkeypatch.setenv(f"HIVE_SERVER2_{name}", value)
    effective = effective_settings(lake.app)
    assert (effective["hive.server2.thrift.bind.host"], effective["hive.server2.thrift.port"]) == ("192.0.2.7", "10001")
    with pytest.raises(UsageError, match="may not speak HTTP"):
        require_closed(effective, anonymous=True)


def test_in_production_nobody_comes_in_unasked_on_loopback_either(root):
    assert not load_settings(root, profile="cluster", environment={}).bi.thrift_anonymous
    near = OPEN | {"hive.server2.thrift.bind.host": "127.0.0.1", "hive.server2.use.SSL": "false"}
    require_closed(near, anonymous=False)
    for believed in ("NONE", "", "NOSASL"):
        with pytest.raises(UsageError, match=r"(?s)may not listen on 127\.0\.0\.1.*next:  set authentication"):
            require_closed(near | {"hive.server2.authentication": believed}, anonymous=False)


def test_a_server_that_asks_no_directory_is_refused():
    """Spark's settings do not reach Hive's LDAP provider: without hive-site.xml everybody is refused, with a NullPointerException."""
    asking = {"hive.server2.authentication": "LDAP", "hive.server2.authentication.ldap.url": ""}
    with pytest.raises(UsageError, match="would let nobody in"):
        require_directory(asking)
    for told in ("ldaps://directory.example.org", "ldap://127.0.0.1:389", "ldaps://a.example.org ldap://[::1]"):
        require_directory(asking | {"hive.server2.authentication.ldap.url": told})
    for in_clear in ("ldap://192.0.2.7", "LDAP://192.0.2.7", "ldaps://a.example.org ldap://192.0.2.7:389", "192.0.2.7"):
        with pytest.raises(UsageError, match="in clear"):
            require_directory(asking | {"hive.server2.authentication.ldap.url": in_clear})
    require_directory(asking | {"hive.server2.authentication": "NONE"})
