"""A run that ends at the worst moment leaves nothing lost, doubled or believed (R-02, in the process's own terms)."""

from datetime import date, timedelta

import pytest

from lakes import bag, open_lake, run_days, with_inputs
from reclake.errors import GateFailed, UsageError
from reclake.lake.ledger import Ledger
from reclake.lake.store import Store
from reclake.run import commit as commit_module
from reclake.run import ingest as ingest_module
from reclake.run import stage_run
from reclake.run.rollback import roll_back
from reclake.run.views import published
from reclake.tables import bronze, ops, silver

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(3)]
ONLY = with_inputs(silver.ORDER_LINES)


class Crash(Exception):
    """The process is gone."""


def crash(*args, **options):
    raise Crash


@pytest.fixture(scope="module")
def undisturbed(spark, company, tmp_path_factory):
    app = open_lake(spark, tmp_path_factory.mktemp("undisturbed"), source="demo", landing=company)
    found = {}
    for day in DAYS[:2]:
        assert run_days(app, day, only=ONLY) == {}
        found[day] = bag(app, silver.ORDER_LINES)
    found[bronze.FILES.name] = bag(app, bronze.FILES)
    return found


@pytest.fixture
def app(spark, company, tmp_path):
    return open_lake(spark, tmp_path, source="demo", landing=company)


def crashed_before_the_manifest(app, day, monkeypatch):
    """Bronze is taken in and published; silver ends between its last commit and its manifest."""
    publish = app.manifest.publish

    def publish_bronze(versions, rows, **options):
        if any(name.startswith("silver.") for name in versions):
            raise Crash
        return publish(versions, rows, **options)

    with monkeypatch.context() as patched:
        patched.setattr(app.manifest, "publish", publish_bronze)
        with pytest.raises(Crash):
            run_days(app, day, only=ONLY)


def again(spark, company, folder):
    """A new process on the same lake: nothing is remembered."""
    return open_lake(spark, folder, source="demo", landing=company)


def test_what_was_committed_and_not_published_is_published_by_the_next_run(spark, company, app, tmp_path, monkeypatch):
    crashed_before_the_manifest(app, DAYS[0], monkeypatch)
    assert silver.ORDER_LINES.name not in app.manifest.current()
    after = again(spark, company, tmp_path)
    newest = after.store.newest(silver.ORDER_LINES)
    assert run_days(after, DAYS[0], only=ONLY) == {}
    assert after.manifest.current()[silver.ORDER_LINES.name].version == newest, "it is published, and not built again"
    assert {report.outcome for report in after.reporter.reports} <= {"up to date", "not fed", "not asked for"}
    assert published(after, silver.ORDER_LINES).count() > 0


@pytest.mark.trial
def test_a_crash_after_a_rollback_is_taken_up_as_well(spark, company, app, undisturbed, tmp_path, monkeypatch):
    for day in DAYS[:2]:
        run_days(app, day, only=ONLY)
    number = min(
        row["manifest_id"]
        for row in app.store.read_newest(ops.PUBLISHED_VERSIONS).collect()
        if row["name"] == silver.ORDER_LINES.name
    )
    roll_back(app, number)
    assert bag(app, silver.ORDER_LINES) == undisturbed[DAYS[0]]
    crashed_before_the_manifest(app, DAYS[1], monkeypatch)
    after = again(spark, company, tmp_path)
    assert run_days(after, DAYS[1], only=ONLY) == {}
    assert bag(after, silver.ORDER_LINES) == undisturbed[DAYS[1]]


@pytest.mark.trial
def test_a_run_that_adopts_nothing_is_told(spark, company, app, tmp_path, monkeypatch):
    """The known-bad variant of both: the ledger calls the day done, and no manifest names it."""
    crashed_before_the_manifest(app, DAYS[0], monkeypatch)
    monkeypatch.setattr(stage_run, "unpublished", lambda app, table, published: None)
    after = again(spark, company, tmp_path)
    run_days(after, DAYS[0], only=ONLY)
    assert silver.ORDER_LINES.name not in after.manifest.current()


def crashed_before_the_files(app, day, monkeypatch):
    """Records are taken in; the run ends before it notes the files that they come from."""
    append = ingest_module._append_or_stop
    with monkeypatch.context() as patched:
        patched.setattr(
            ingest_module, "_append_or_stop",
            lambda run, table, *args, **options: crash() if table is bronze.FILES else append(run, table, *args, **options),
        )  # fmt: skip
        with pytest.raises(Crash):
            run_days(app, day, only=ONLY)


@pytest.mark.trial
def test_files_of_a_run_that_ended_before_it_noted_them_are_not_taken_in_again(
    spark, company, app, undisturbed, tmp_path, monkeypatch
):
    crashed_before_the_files(app, DAYS[0], monkeypatch)
    after = again(spark, company, tmp_path)
    for day in DAYS[:2]:
        # The second run notes files of its own: the first run's must still be known.
        assert run_days(after, day, only=ONLY) == {}
    assert bag(after, bronze.FILES) == undisturbed[bronze.FILES.name], "the first run's files are noted by the second"
    lines = published(after, bronze.ORDERS)
    assert lines.count() == lines.select("file_digest", "position").distinct().count()
    third = again(spark, company, tmp_path)
    assert run_days(third, DAYS[0], DAYS[1], only=ONLY) == {}
    assert published(third, bronze.ORDERS).count() == lines.count()
    assert bag(third, silver.ORDER_LINES) == undisturbed[DAYS[1]]


@pytest.mark.trial
def test_an_intake_that_looks_at_noted_files_alone_is_told(spark, company, app, tmp_path, monkeypatch):
    """The known-bad variant: the files of the run that ended are taken in a second time."""
    crashed_before_the_files(app, DAYS[0], monkeypatch)
    monkeypatch.setattr(Ledger, "runs", lambda ledger, table: set())
    after = again(spark, company, tmp_path)
    assert run_days(after, DAYS[0], only=frozenset()) == {}
    lines = published(after, bronze.ORDERS)
    assert lines.count() == 2 * lines.select("file_digest", "position").distinct().count() > 0


@pytest.mark.trial
def test_a_commit_that_holds_other_rows_than_were_judged_is_put_back(spark, company, app, undisturbed, tmp_path, monkeypatch):
    assert run_days(app, DAYS[0], only=ONLY) == {}
    require = commit_module._require_all_written

    def refuse(run, table, version, n_rows):
        require(run, table, version, n_rows + (table is silver.ORDER_LINES))

    monkeypatch.setattr(commit_module, "_require_all_written", refuse)
    stopped = run_days(app, DAYS[1], only=ONLY)
    assert isinstance(stopped[silver.ORDER_LINES.name], GateFailed)
    monkeypatch.undo()
    assert bag(app, silver.ORDER_LINES) == undisturbed[DAYS[0]]
    newest = app.store.read_newest(silver.ORDER_LINES).drop(*silver.ORDER_LINES.run_columns)
    assert newest.exceptAll(published(app, silver.ORDER_LINES).drop(*silver.ORDER_LINES.run_columns)).isEmpty()
    after = again(spark, company, tmp_path)
    assert run_days(after, DAYS[1], only=ONLY) == {}
    assert bag(after, silver.ORDER_LINES) == undisturbed[DAYS[1]]


@pytest.mark.trial
def test_a_commit_that_nobody_counts_is_told(spark, company, app, undisturbed, tmp_path, monkeypatch):
    """The known-bad variant: a commit that lacks a judged row is published."""
    replace_days = Store.replace_days

    def lossy(store, table, frame, **options):
        lost = frame.limit(1) if table is silver.ORDER_LINES else frame.limit(0)
        return replace_days(store, table, frame.exceptAll(lost), **options)

    monkeypatch.setattr(Store, "replace_days", lossy)
    monkeypatch.setattr(commit_module, "_require_all_written", lambda *told: None)
    assert run_days(app, DAYS[0], only=ONLY) == {}
    assert bag(app, silver.ORDER_LINES).total() == undisturbed[DAYS[0]].total() - 1


@pytest.mark.trial
def test_a_lake_of_another_source_is_refused_before_anything_is_taken_in(spark, company, app, tmp_path):
    run_days(app, DAYS[0], only=ONLY)
    before = app.manifest.last_id()
    other = open_lake(spark, tmp_path, source="online_retail", landing=company)
    with pytest.raises(UsageError, match="source demo"):
        ingest_module.ingest(other, str(company / "demo"))
    assert other.manifest.last_id() == before
