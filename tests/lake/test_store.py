"""The store's write rules on real Delta tables."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from delta import exceptions
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrameWriter
from pyspark.sql import functions as F

from frames import contents, frame, in_order
from reclake.errors import LakeDamaged, Overtaken
from reclake.lake.store import Store
from reclake.tables import gold, silver
from reclake.tables.declaration import plain

D1, D2 = date(2026, 3, 1), date(2026, 3, 2)


@pytest.fixture
def store(spark, tmp_path):
    return Store(spark, str(tmp_path / "lake"), keep_days=90)


def bins(spark, *rows):
    whole = dict(measure="recency", lower_edge=Decimal("1.0000"), upper_edge=Decimal("2.0000"))
    return frame(spark, gold.SEGMENT_BINS, *(whole | row for row in rows))


def test_replacing_days_leaves_the_others_and_versions_stay_readable(spark, store):
    first = bins(spark, dict(as_of_date=D1, score=1, n_customers=10), dict(as_of_date=D2, score=1, n_customers=20))
    second = bins(spark, dict(as_of_date=D2, score=2, n_customers=21))
    table = gold.SEGMENT_BINS
    v1 = store.replace_days(table, first, days=[D1, D2], entry={"commit_id": "a"})
    v2 = store.replace_days(table, second, days=[D2], entry={"commit_id": "b"})
    assert v2 == v1 + 1
    assert contents(store.read(table, version=v2), "as_of_date", "score", "n_customers") == in_order(
        dict(as_of_date=D1, score=1, n_customers=10), dict(as_of_date=D2, score=2, n_customers=21)
    )
    assert contents(store.read(table, version=v1, days=[D2]), "n_customers") == in_order(dict(n_customers=20))


def test_an_empty_day_that_held_nothing_is_a_commit_as_well(spark, store):
    table = gold.SEGMENT_BINS
    rows = bins(spark, dict(as_of_date=D1, score=1, n_customers=10))
    before = store.replace_days(table, rows, days=[D1], entry={"commit_id": "a"})
    version = store.replace_days(table, rows.where("false"), days=[D2], entry={"commit_id": "b"})
    assert version == before + 1
    assert store.log.commit(store.path(table), version).user_metadata == {"commit_id": "b"}
    assert store.read(table, version=version).count() == 1


def test_rows_of_another_day_are_refused(spark, store):
    table = gold.SEGMENT_BINS
    store.replace_days(table, bins(spark, dict(as_of_date=D1, score=1, n_customers=1)), days=[D1], entry={"commit_id": "a"})
    stray = bins(spark, dict(as_of_date=D2, score=1, n_customers=1))
    with pytest.raises(Exception, match="REPLACE_WHERE"):
        store.replace_days(table, stray, days=[D1], entry={"commit_id": "b"})


def test_an_append_under_a_number_that_is_not_newer_is_refused(spark, store):
    table = gold.MODEL_METRICS
    row = dict(
        training_id="t", as_of_date=D1, model_name="als", split="s", metric="m", value=1.0, n_customers=1, is_promoted=False
    )
    rows = frame(spark, table, row)
    assert store.append_new(table, rows, number=7, entry={"commit_id": "a"}) == 0
    for number in (7, 6):
        with pytest.raises(Overtaken, match="newer run"):
            store.append_new(table, rows, number=number, entry={"commit_id": "b"})
    assert store.append_new(table, rows, number=8, entry={"commit_id": "c"}) == 1
    assert store.read_newest(table).count() == 2


def test_tables_carry_comments_retention_and_no_personal_statistics(spark, store):
    table = silver.INTERACTIONS
    row = dict(event_date=D1, account_id="a_secret", product_id="p", kind="view", n_events=1, last_at=None)
    version = store.replace_days(table, frame(spark, table, row), days=[D1], entry={"commit_id": "a"})
    detail = spark.sql(f"DESCRIBE DETAIL delta.`{store.path(table)}`").first()
    assert (detail["minReaderVersion"], detail["partitionColumns"]) == (1, ["event_date"])
    assert detail["properties"]["delta.deletedFileRetentionDuration"] == "interval 90 days"
    log = store.log._files.text(f"{store.path(table)}/_delta_log/{version:020d}.json")
    assert "a_secret" not in log
    comments = {f.name: f.metadata.get("comment") for f in store.read_newest(table).schema}
    assert comments == {f.name: f.doc for f in table.fields}


def test_a_version_that_is_not_what_was_published_is_refused(spark, store):
    table = gold.SEGMENT_BINS
    version = store.replace_days(
        table, bins(spark, dict(as_of_date=D1, score=1, n_customers=1)), days=[D1], entry={"commit_id": "a"}
    )
    size = store.size(table, version)
    store.require_undamaged(table, version=version, n_files=size.n_files, n_bytes=size.n_bytes)
    with pytest.raises(LakeDamaged, match="not what was published"):
        store.require_undamaged(table, version=version, n_files=size.n_files + 1, n_bytes=size.n_bytes)
    with pytest.raises(LakeDamaged):
        store.require_undamaged(table, version=version, n_files=size.n_files, n_bytes=size.n_bytes + 1)


def test_a_column_declared_later_joins_and_stays_and_a_changed_type_is_refused(spark, store):
    table = gold.SEGMENT_BINS
    row = dict(score=1, n_customers=1)
    store.replace_days(table, bins(spark, row | dict(as_of_date=D1)), days=[D1], entry={"commit_id": "a"})
    longer = replace(table, fields=(*table.fields, plain("colour", "string", "A new one.")))
    # Read before anything was written under the new declaration: the column is there, and null.
    assert contents(store.read(longer, version=0), "as_of_date", "colour") == in_order(dict(as_of_date=D1, colour=None))
    whole = dict(measure="recency", lower_edge=Decimal(1), upper_edge=Decimal(2))
    added = frame(spark, longer, whole | row | dict(as_of_date=D2, colour="red"))
    version = store.replace_days(longer, added, days=[D2], entry={"commit_id": "b"})
    rows = in_order(dict(as_of_date=D1, colour=None), dict(as_of_date=D2, colour="red"))
    assert contents(store.read(longer, version=version), "as_of_date", "colour") == rows
    # Declared no more: what is written from then on has none.
    version = store.replace_days(table, bins(spark, row | dict(as_of_date=D2)), days=[D2], entry={"commit_id": "c"})
    assert contents(store.read(longer, version=version), "as_of_date", "colour") == in_order(
        dict(as_of_date=D1, colour=None), dict(as_of_date=D2, colour=None)
    )
    retyped = replace(table, fields=tuple(replace(f, type="double") if f.name == "n_customers" else f for f in table.fields))
    other = bins(spark, row | dict(as_of_date=D2)).withColumn("n_customers", F.lit(1.5))
    with pytest.raises(AnalysisException, match="n_customers"):
        store.replace_days(retyped, other, days=[D2], entry={"commit_id": "d"})


def held_until(path, frame):
    """The frame, whose rows wait on the worker until the file exists; that they wait, another file says."""

    def wait(batches):
        path.with_suffix(".waits").touch()
        while not path.exists():
            time.sleep(0.05)
        yield from batches

    return frame.coalesce(1).mapInArrow(wait, frame.schema)


@pytest.mark.parametrize("rule", ["replace_days", "replace_whole"])
def test_a_write_that_another_overtakes_says_so_and_changes_nothing(spark, store, tmp_path, rule):
    table = gold.SEGMENT_BINS
    options = {"days": [D1]} if rule == "replace_days" else {}
    first, late, early = (bins(spark, dict(as_of_date=D1, score=n, n_customers=n)) for n in range(3))
    store.replace_days(table, first, days=[D1], entry={"commit_id": "first"})
    free = tmp_path / "free"
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(getattr(store, rule), table, held_until(free, late), entry={"commit_id": "late"}, **options)
        while not free.with_suffix(".waits").exists():
            assert not writing.done()
            time.sleep(0.05)
        getattr(store, rule)(table, early, entry={"commit_id": "early"}, **options)
        free.touch()
        with pytest.raises(Overtaken) as stopped:
            writing.result()
    assert stopped.value.exit_code == 5
    what, found, next_step = str(stopped.value).splitlines()
    assert what == "gold.segment_bins was changed by another while it was written"
    assert found.startswith("  found: Concurrent")
    assert next_step == "  next:  run again: it starts from what the other wrote"
    assert contents(store.read_newest(table), "n_customers") == [dict(n_customers=2)]


CONFLICTS = [getattr(exceptions, name) for name in exceptions.__all__ if name != "ConcurrentTransactionException"]


@pytest.mark.parametrize("conflict", CONFLICTS, ids=lambda conflict: conflict.__name__)
def test_every_conflict_of_delta_is_told_as_overtaken(spark, store, monkeypatch, conflict):
    def lose(writer, path):
        raise conflict("a value of a row")

    monkeypatch.setattr(DataFrameWriter, "save", lose)
    rows = bins(spark, dict(as_of_date=D1, score=1, n_customers=1))
    with pytest.raises(Overtaken, match="changed by another") as stopped:
        store.append_new(gold.SEGMENT_BINS, rows, number=1, entry={"commit_id": "a"})
    assert "a value" not in str(stopped.value)


def test_an_append_at_the_same_time_as_a_newer_one_is_refused(spark, store, monkeypatch):
    def lose(writer, path):
        raise exceptions.ConcurrentTransactionException("the number")

    monkeypatch.setattr(DataFrameWriter, "save", lose)
    rows = bins(spark, dict(as_of_date=D1, score=1, n_customers=1))
    with pytest.raises(Overtaken, match="newer run"):
        store.append_new(gold.SEGMENT_BINS, rows, number=1, entry={"commit_id": "a"})
