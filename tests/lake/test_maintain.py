"""Maintenance changes files and logs, and nothing that anybody reads, plans or goes back to."""

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import partial

import pytest

from frames import contents, frame
from kept import copy_of
from lakes import bag, looked_at, run_days, with_inputs
from reclake.errors import LakeDamaged, Overtaken, SettingsInvalid, StageStopped, UsageError
from reclake.lake.claims import ALL_DAYS, Claims
from reclake.lake.log import Size
from reclake.lake.manifest import Manifest
from reclake.lake.store import Store
from reclake.lake.upkeep import Upkeep
from reclake.look.planned import plan
from reclake.run.application import utc_now
from reclake.run.maintain import DAMAGED, maintain, require_maintained, would_do
from reclake.run.phases import observed
from reclake.run.plan import Scope
from reclake.run.rollback import roll_back
from reclake.run.stage import build_stage
from reclake.run.upkeep import HELD, LEFT, MAINTAINED, TO_MAINTAIN
from reclake.run.views import published
from reclake.settings import load_settings
from reclake.tables import bronze, gold, ops, silver
from reclake.tables.declaration import plain
from till import FIRST, MENDED, SECOND, THIRD, opened_lake, order

ONLY = frozenset({"silver.order_records", "silver.order_lines", "silver.interactions"})
COMPARED = (bronze.ORDERS, bronze.FILES, silver.ORDER_RECORDS, silver.ORDER_LINES, silver.INTERACTIONS)
TILL = "order,at,customer,sku,n,price\n"
RAW_DAYS = 100
NEXT = FIRST + timedelta(days=40)  # within the reach of nothing that went
EAGER = {"max_small_files": 1, "small_file_bytes": 1_000_000}


def two_days(spark, folder):
    """A lake of two delivery days, the first delivered in two parts: two files of one day, and as many runs."""
    (folder / "mended").mkdir()
    (folder / "mended" / "till.toml").write_text(MENDED)
    for feed in ("app", "till"):
        (folder / "landing" / "till" / feed).mkdir(parents=True)
    for number, day in enumerate((FIRST, SECOND)):
        deliver(folder, day, order(f"o{number}", day=day, sku=f"p{number}"))
    app = opened_lake(spark, folder / "one", folder / "landing", "mended")
    assert run_days(app, FIRST, only=ONLY) == {}
    (folder / "landing" / "till" / "till" / f"{FIRST}.csv").write_text(f"{TILL}o8,{FIRST}T11:00:00Z,c1,p8,1,2.50\n")
    assert run_days(app, FIRST, SECOND, only=ONLY) == {}


@pytest.fixture(scope="module")
def prepared(spark, tmp_path_factory):
    return copy_of("two-days", two_days, spark, tmp_path_factory.mktemp("maintained"))


def deliver(folder, day, line):
    (folder / "landing" / "till" / "app" / f"{day}.jsonl").write_text(f"{line}\n")


@pytest.fixture
def app(spark, prepared, tmp_path):
    """The lake in a place of its own, whose days of two small files are too many."""
    shutil.copytree(prepared / "one" / "lake", tmp_path / "lake")
    shutil.copytree(prepared / "landing", tmp_path / "landing")
    shutil.copytree(prepared / "mended", tmp_path / "mended")
    shutil.copytree(prepared / "secrets", tmp_path / "secrets")
    return eager(opened_lake(spark, tmp_path, tmp_path / "landing", "mended"))


def eager(app):
    settings = app.settings.model_copy(update={"maintenance": app.settings.maintenance.model_copy(update=EAGER)})
    object.__setattr__(app, "settings", settings)
    return app


def again(spark, tmp_path):
    """A new process on the lake: nothing is remembered."""
    return eager(opened_lake(spark, tmp_path, tmp_path / "landing", "mended"))


def bags(app):
    return {table.name: bag(app, table) for table in COMPARED}


def of_table(rows, table):
    [row] = [row for row in rows if row["table"] == table.name]
    return row


def test_small_files_are_joined(spark, app, tmp_path):
    before, worked_on = bags(app), (bronze.ORDERS, silver.INTERACTIONS, ops.CLAIMS)
    rows = maintain(app, only=[table.name for table in worked_on])
    assert {row["table"]: row["outcome"] for row in rows} == {table.name: MAINTAINED for table in worked_on}
    require_maintained(rows)
    orders = of_table(rows, bronze.ORDERS)
    assert (orders["n_files_before"], orders["n_files_after"], orders["n_days_compacted"]) == (3, 2, 1)
    of_orders = next(report for report in reversed(app.reporter.reports) if report.table == bronze.ORDERS.name)
    assert of_orders.outcome == MAINTAINED
    assert re.fullmatch(r"\d+ -> \d+ files, [\d,]+ -> [\d,]+ bytes, 1 day joined", of_orders.message)
    after = again(spark, tmp_path)
    assert bags(after) == before
    for table in worked_on[:2]:
        row = after.manifest.current()[table.name]
        assert row.version == after.store.newest(table), table.name
        assert row.n_rows == before[table.name].total()
    assert after.manifest.last(bronze.ORDERS.name).kind == "maintenance"
    assert orders["n_rows_expired"] == 0
    noted = contents(after.store.read_newest(ops.MAINTENANCE), *orders)
    assert orders in noted
    assert len(noted) == len(rows)


@pytest.mark.trial
def test_after_maintenance_of_all_tables_everything_goes_on_as_before(spark, app, tmp_path):
    before, ledger = bags(app), app.ledger.days(silver.ORDER_LINES)
    assert {row["outcome"] for row in maintain(app)} == {MAINTAINED}
    after = again(spark, tmp_path)
    assert bags(after) == before
    versions = {table.name: after.store.newest(table) for table in COMPARED}
    again_rows = maintain(after)
    assert {table.name: after.store.newest(table) for table in COMPARED} == versions, "nothing is left to join"
    assert of_table(again_rows, bronze.ORDERS)["n_days_compacted"] == 0

    after.reporter.reports.clear()
    assert run_days(after, FIRST, SECOND, only=ONLY) == {}
    assert {report.outcome for report in after.reporter.reports} <= {"up to date", "not fed", "not asked for"}
    assert after.ledger.days(silver.ORDER_LINES) == ledger
    deliver(tmp_path, THIRD, order("o2", day=THIRD, sku="p2"))
    assert run_days(after, THIRD, only=ONLY) == {}
    products = sorted(row["product_id"] for row in published(after, silver.INTERACTIONS).collect())
    assert products == ["p0", "p1", "p2", "p8"]


@pytest.mark.trial
def test_a_rollback_over_maintenance_and_back_gives_the_same_rows(spark, app, tmp_path):
    now, last = bags(app), app.manifest.last_id()
    maintain(app)
    optimised = app.manifest.last_id()
    first = next(n for n in range(1, last + 1) if silver.INTERACTIONS.name in app.manifest.current(n))
    roll_back(app, first)
    assert [row["product_id"] for row in published(app, silver.INTERACTIONS).collect()] == ["p0"]
    rows = maintain(app, only=[silver.INTERACTIONS.name])
    assert of_table(rows, silver.INTERACTIONS)["outcome"] == LEFT
    roll_back(app, optimised)
    assert bags(app) == now
    after = again(spark, tmp_path)
    assert run_days(after, FIRST, SECOND, only=ONLY) == {}
    assert bags(after) == now


def test_a_table_that_is_ahead_of_its_manifest_is_left_alone(app):
    table = silver.INTERACTIONS
    newest = app.store.replace_whole(table, app.store.read_newest(table).limit(1), entry={"commit_id": "not published"})
    rows = maintain(app, only=[table.name])
    assert of_table(rows, table)["outcome"] == LEFT
    assert app.store.newest(table) == newest
    require_maintained(rows)
    with pytest.raises(StageStopped, match=r"(?s)history of 1 tables is still there.*silver\.interactions"):
        require_maintained(maintain(app, only=[table.name], erasing=True), erasing=True)


def test_a_table_that_a_run_holds_is_left_for_later_and_the_others_are_done(app):
    claim = app.claims.take("another", {silver.INTERACTIONS.name: ("2026-03-28",)})
    rows = maintain(app, only=[silver.INTERACTIONS.name, bronze.ORDERS.name])
    assert [of_table(rows, table)["outcome"] for table in (silver.INTERACTIONS, bronze.ORDERS)] == [HELD, MAINTAINED]
    with pytest.raises(Overtaken, match=r"(?s)1 tables.*silver\.interactions"):
        require_maintained(rows)
    app.claims.release(claim)
    claim = app.claims.take("a third", {bronze.ORDERS.name: (ALL_DAYS,)})
    app.claims.release(claim)


@pytest.mark.trial
def test_what_a_crash_left_unpublished_is_published_by_the_next_maintenance_and_hurts_no_run(spark, app, tmp_path, monkeypatch):
    before, table = bags(app), bronze.ORDERS

    def crash(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(app.manifest, "publish", crash)
    with pytest.raises(KeyboardInterrupt):
        maintain(app, only=[table.name])
    after = again(spark, tmp_path)
    newest = after.store.newest(table)
    assert after.manifest.current()[table.name].version < newest
    deliver(tmp_path, THIRD, order("o2", day=THIRD, sku="p2"))
    assert run_days(after, THIRD, only=ONLY) == {}
    assert (bag(after, table) - before[table.name]).total() == 1
    assert before[table.name] - bag(after, table) == {}
    assert of_table(maintain(again(spark, tmp_path), only=[table.name]), table)["outcome"] == MAINTAINED


def test_what_would_be_done_is_told_and_not_done(app):
    table = bronze.ORDERS
    before, stored = app.manifest.last_id(), app.store.newest(table)
    row = of_table(would_do(app, only=[table.name]), table)
    assert (row["outcome"], row["n_days_compacted"], row["n_rows_expired"], row["properties"]) == (TO_MAINTAIN, 1, 0, "")
    assert (app.manifest.last_id(), app.store.newest(table), app.store.newest(ops.MAINTENANCE)) == (before, stored, None)
    app.store.keep_days = 40
    assert "delta.logRetentionDuration" in of_table(would_do(app, only=[table.name]), table)["properties"]


def test_a_damaged_table_does_not_keep_the_others_from_their_maintenance(app, tmp_path):
    """It is told in the end, with the exit code of damage."""
    damaged, other = bronze.ORDERS, silver.INTERACTIONS
    log = tmp_path / "lake" / "bronze" / "orders" / "_delta_log"
    newest = f"{app.store.newest(damaged):020d}"
    for path in [*log.glob(f"{newest}.*"), *log.glob(f".{newest}.*")]:
        path.unlink()
    with pytest.raises(LakeDamaged, match=damaged.name):
        maintain(app, only=[damaged.name, other.name])
    outcomes = {report.table: report.outcome for report in app.reporter.reports}
    assert outcomes == {damaged.name: DAMAGED, other.name: MAINTAINED}


@pytest.mark.trial
def test_an_erasure_leaves_one_version_and_no_rollback_goes_behind_it(spark, app, tmp_path):
    table, before = silver.INTERACTIONS, bags(app)
    first = next(n for n in range(1, app.manifest.last_id() + 1) if table.name in app.manifest.current(n))
    older = app.manifest.current(first)[table.name].version
    row = of_table(maintain(app, only=[table.name, ops.CLAIMS.name], erasing=True), table)
    assert row["oldest_version"] == app.manifest.current()[table.name].version > older
    data = list((tmp_path / "lake" / "silver" / "interactions").glob("event_date=*/*.parquet"))
    assert len(data) == row["n_files_after"], "no other version's files are left"
    with pytest.raises(Exception, match="FILE_NOT_EXIST"):
        app.store.read(table, version=older).collect()
    assert bags(app) == before
    with pytest.raises(UsageError, match=r"(?s)cannot be read any more.*files were removed"):
        roll_back(again(spark, tmp_path), first)
    assert bags(again(spark, tmp_path)) == before


@pytest.mark.trial
def test_tables_that_exist_follow_the_settings(spark, app):
    app.store.keep_days = 40
    for table in (silver.INTERACTIONS, ops.LEDGER):
        maintain(app, only=[table.name])
        found = spark.sql(f"DESCRIBE DETAIL delta.`{app.store.path(table)}`").first()["properties"]
        for name in ("logRetentionDuration", "deletedFileRetentionDuration"):
            assert found[f"delta.{name}"] == "interval 40 days"
        assert found["delta.enableExpiredLogCleanup"] == str(table is ops.LEDGER).lower()
    row = app.manifest.current()[silver.INTERACTIONS.name]
    assert (row.version, row.kind) == (app.store.newest(silver.INTERACTIONS), "maintenance")


@pytest.fixture(scope="module")
def with_segments(spark, prepared):
    """The folder of a lake of two as_ofs."""
    for day in (FIRST, SECOND):
        app = opened_lake(spark, prepared / "segmented", prepared / "landing", "mended")
        assert run_days(app, day, only=with_inputs(gold.CUSTOMER_SEGMENTS)) == {}
    return prepared / "segmented"


def at_a_time(spark, tmp_path, clock=utc_now):
    """A new process on the lake, as it will be then."""
    app = opened_lake(spark, tmp_path, tmp_path / "landing", "mended")
    object.__setattr__(app, "clock", clock)
    object.__setattr__(app, "claims", Claims(app.store, clock, minutes=60, wait_seconds=0))
    return app


@pytest.mark.trial
@pytest.mark.usefixtures("app")
def test_days_beyond_their_retention_go_and_are_not_built_again(spark, with_segments, tmp_path):
    shutil.rmtree(tmp_path / "lake")
    shutil.copytree(with_segments / "lake", tmp_path / "lake")
    segmented = partial(at_a_time, spark, tmp_path)
    table, only = gold.CUSTOMER_SEGMENTS, with_inputs(gold.CUSTOMER_SEGMENTS)
    before, last = bag(segmented(), table), segmented().manifest.last_id()
    # The first as_of is a day older than what stays, the second is not.
    newest = THIRD + timedelta(days=segmented().settings.retention.as_of_days)
    later = partial(segmented, lambda: datetime.combine(newest, time()) + timedelta(days=10_000))
    assert of_table(maintain(later(), only=[table.name]), table)["outcome"] == MAINTAINED
    assert bag(segmented(), table) == before, "however long nobody builds another"
    assert build_stage(later(), table.stage, Scope(as_ofs=(newest,), tables=frozenset({table.name}))) == {}
    before, last = bag(segmented(), table), segmented().manifest.last_id()
    assert of_table(maintain(later(), only=[table.name]), table)["outcome"] == MAINTAINED
    after = segmented()
    held = bag(after, table)
    assert {row["as_of_date"] for row in published(after, table).collect()} == {THIRD, newest}
    assert 0 < held.total() < before.total()
    assert after.manifest.current()[table.name].n_rows == held.total()
    assert set(after.ledger.days(table)) == {str(THIRD), str(newest)}
    assert run_days(after, only=only) == {}, "everything that is stale"
    assert bag(after, table) == held
    roll_back(after, last)
    assert bag(after, table) == before


@pytest.mark.trial
@pytest.mark.usefixtures("app")
def test_raw_records_beyond_their_retention_go_and_what_was_built_from_them_stays(spark, tmp_path):
    """Their readers are built anew for later days only, and a file that comes for such a day is refused by name."""
    only = with_inputs(silver.ORDER_LINES, ops.RECONCILIATION, ops.FRESHNESS)
    made_from_it = (silver.ORDER_RECORDS, silver.ORDER_LINES, ops.RECONCILIATION)
    shutil.rmtree(tmp_path / "lake")

    def opened(days):
        """A process as many days after the first delivery."""
        app = at_a_time(spark, tmp_path, lambda: datetime.combine(FIRST, time()) + timedelta(days=days))
        retention = app.settings.retention.model_copy(update={"raw_days": RAW_DAYS})
        object.__setattr__(app, "settings", app.settings.model_copy(update={"retention": retention}))
        return app

    def maintained(app):
        return of_table(maintain(app, only=[bronze.ORDERS.name]), bronze.ORDERS)["outcome"]

    def raw_days(app):
        return {str(row["delivery_day"]) for row in published(app, bronze.ORDERS).collect()}

    # Freshness looks back 28 days, and a rollback over 97: the last that must be built from a raw day is so by then.
    early, late = 1, RAW_DAYS + 1
    assert run_days(opened(early), FIRST, SECOND, only=only - {ops.FRESHNESS.name}) == {}
    assert maintained(opened(late)) == MAINTAINED
    assert raw_days(opened(late)) == {str(FIRST), str(SECOND)}, "freshness was not built yet"
    assert run_days(opened(early), FIRST, SECOND, only=only) == {}
    assert maintained(opened(RAW_DAYS - 4)) == MAINTAINED
    before = bag(opened(late), bronze.ORDERS)
    rows = {table.name: bag(opened(late), table) for table in made_from_it}

    def broken_off(name, of):
        if (name, of) == ("expired", bronze.ORDERS.name):
            raise KeyboardInterrupt

    with observed(broken_off), pytest.raises(KeyboardInterrupt):
        maintained(opened(late))
    assert raw_days(opened(late)) == {str(FIRST), str(SECOND)}, "what broke off is not published"
    assert maintained(opened(late)) == MAINTAINED

    after = opened(late)
    assert raw_days(after) == {str(SECOND)}
    with pytest.raises(UsageError, match=rf"(?s)raw records are gone.*{FIRST}"):
        roll_back(after, 1)
    assert after.manifest.current()[bronze.ORDERS.name].n_rows == bag(after, bronze.ORDERS).total() < before.total()
    assert plan(looked_at(after), Scope(tables=only)) == []
    assert run_days(after, only=only) == {}
    (tmp_path / "landing" / "till" / "till" / f"{FIRST}.csv").write_text(f"{TILL}o9,{FIRST}T11:00:00Z,c1,p8,1,2.50\n")
    deliver(tmp_path, NEXT, order("o2", day=NEXT, sku="p2"))
    assert run_days(after, only=only) == {}
    (refused,) = published(after, bronze.FILES).where("outcome = 'rejected'").collect()
    assert refused["file_name"] == f"till/{FIRST}.csv"
    assert "retention.raw_days" in refused["reason"]
    assert raw_days(after) == {str(SECOND), str(NEXT)}
    for table in made_from_it:
        assert rows[table.name] - bag(after, table) == {}, table.name
    assert "p2" in {row["product_id"] for row in published(after, silver.ORDER_LINES).collect()}
    assert run_days(after, only=only) == {}, "and once more"
    assert {report.outcome for report in after.reporter.reports[-len(only) :]} <= {"up to date", "not fed", "not asked for"}


def test_raw_records_cannot_go_beside_a_source_of_all_time(app):
    retention = app.settings.retention.model_copy(update={"raw_days": RAW_DAYS})
    object.__setattr__(app, "settings", app.settings.model_copy(update={"retention": retention}))
    object.__setattr__(app, "sources", {name: one.model_copy(update={"historical": True}) for name, one in app.sources.items()})
    with pytest.raises(UsageError, match=r"(?s)source of long ago.*till"):
        maintain(app, only=[bronze.ORDERS.name])


@pytest.mark.parametrize(("days", "keep"), [(89, 60), (100, 93)])
def test_raw_records_stay_as_long_as_a_rollback_may_need_them(root, days, keep):
    overrides = [f"retention.raw_days={days}", f"lake.keep_manifests_days={keep}"]
    with pytest.raises(SettingsInvalid, match=r"raw_days"):
        load_settings(root, profile="test", overrides=overrides, environment={})
    load_settings(root, profile="test", overrides=[f"retention.raw_days={days + 1}", overrides[1]], environment={})


def test_notes_beyond_their_retention_go_and_claims_go_on(spark, app, tmp_path):
    days = app.settings.retention.notes_days
    # A day more than the least: late in the evening a claim expires on the next day.
    later = at_a_time(spark, tmp_path, lambda: utc_now() + timedelta(days=days + 2))
    tables_of_notes = (ops.GATE_RESULTS, ops.CLAIMS)
    n_before = [later.store.read_newest(table).count() for table in tables_of_notes]
    highest = max(row["token"] for row in later.store.read_newest(ops.CLAIMS).collect())
    maintain(later, only=[table.name for table in tables_of_notes])
    n_after = [later.store.read_newest(table).count() for table in tables_of_notes]
    assert min(n_before) > 2
    assert n_after == [0, 4], "what is left are the claims under which this was done"
    assert at_a_time(spark, tmp_path).claims.take("next", {silver.SESSIONS.name: (ALL_DAYS,)}).token > highest
    n_ledger = later.store.read_newest(ops.LEDGER).count()
    maintain(later, only=[ops.LEDGER.name])
    assert later.store.read_newest(ops.LEDGER).count() == n_ledger, "it has no retention"


@pytest.fixture
def store(spark, tmp_path):
    return Store(spark, str(tmp_path / "bins"), keep_days=97)


def bins(spark, day, score):
    whole = dict(measure="recency", lower_edge=Decimal("1.0000"), upper_edge=Decimal("2.0000"), n_customers=1)
    return frame(spark, gold.SEGMENT_BINS, whole | dict(as_of_date=day, score=score))


def test_a_trimmed_log_still_holds_every_version_that_is_kept(spark, store, tmp_path):
    table = gold.SEGMENT_BINS
    path = store.path(table)
    for score in range(5):
        version = store.replace_days(table, bins(spark, FIRST, score), days=[FIRST], entry={"commit_id": f"{score}"})
        if version in (1, 3):
            spark._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(spark._jsparkSession, path).checkpoint()
    store.log.trim(path, below=0)
    assert store.log.versions(path) == [0, 1, 2, 3, 4], "the checkpoint before version 0 is its own commit"
    store.log.trim(path, below=2)
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    assert store.log.versions(path) == [1, 2, 3, 4]
    assert [store.read(table, version=version).first()["score"] for version in (1, 2, 3, 4)] == [1, 2, 3, 4]
    kept = {item.name for item in (tmp_path / "bins" / "gold" / "segment_bins" / "_delta_log").iterdir()}
    assert "00000000000000000001.checkpoint.parquet" in kept
    assert not [name for name in kept if "00000000000000000000." in name]


def test_a_column_declared_since_the_last_write_is_no_property_yet(spark, store):
    table = gold.SEGMENT_BINS
    longer = replace(table, fields=(*table.fields, plain("colour", "string", "A colour.")))
    version = store.replace_days(table, bins(spark, FIRST, 1), days=[FIRST], entry={"commit_id": "a"})
    assert store.columns(longer, version=version) == [field.name for field in table.fields]
    assert "colour" in store.read(longer, version=version).columns
    assert Upkeep(store, **EAGER).lacking(longer, version) == {}


def test_a_manifest_row_keeps_its_version_from_the_next_row_on(store):
    manifest, table, start = Manifest(store), gold.SEGMENT_BINS, datetime(2026, 3, 1)
    store.size = lambda table, version: Size(1, 1)  # the versions need not exist
    for number, (version, kind) in enumerate([(5, "publish"), (7, "publish"), (5, "rollback"), (9, "publish")]):
        at = start + timedelta(days=10 * number)
        manifest.publish({table.name: version, "model:als": 1 + number}, {}, run_id="r", token=number, at=at, kind=kind)
    kept = [manifest.lowest_kept(start + timedelta(days=days)) for days in (0, 30, 31, 300)]
    assert kept == [{table.name: version} for version in (5, 5, 9, 9)]


def test_a_runner_s_append_beside_the_joining_of_its_files_lands(spark, store):
    table, upkeep = ops.CLAIMS, Upkeep(store, max_small_files=1, small_file_bytes=1_000_000)
    row = dict(
        action="taken", run_id="r", holder="h", days="{}", recorded_at=datetime(2026, 3, 1), expires_at=datetime(2026, 3, 1)
    )
    with ThreadPoolExecutor(1) as pool:
        appending = [pool.submit(store.append, table, [row | dict(token=n)], fence=("claims", n)) for n in range(6)]
        appending[1].result()
        while not appending[-1].done():
            upkeep.compact(table, [None])
        assert all(one.result() is not None for one in appending)
    operations = [commit.operation for commit in store.log.commits_after(store.path(table), -1)]
    assert "OPTIMIZE" in operations
    assert sorted(row["token"] for row in store.read_newest(table).collect()) == list(range(6))


def test_less_than_a_week_of_manifests_is_refused(root):
    with pytest.raises(SettingsInvalid, match=r"lake\.keep_manifests_days"):
        load_settings(root, profile="test", overrides=["lake.keep_manifests_days=6"], environment={})
