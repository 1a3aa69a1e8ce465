"""The store's write rules on real Delta tables."""

from datetime import date
from decimal import Decimal

import pytest

from frames import contents, frame, in_order
from reclake.errors import LakeDamaged
from reclake.lake.store import Store
from reclake.tables import gold, silver

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


def test_rows_of_another_day_are_refused(spark, store):
    table = gold.SEGMENT_BINS
    store.replace_days(table, bins(spark, dict(as_of_date=D1, score=1, n_customers=1)), days=[D1], entry={"commit_id": "a"})
    stray = bins(spark, dict(as_of_date=D2, score=1, n_customers=1))
    with pytest.raises(Exception, match="REPLACE_WHERE"):
        store.replace_days(table, stray, days=[D1], entry={"commit_id": "b"})


def test_a_batch_is_appended_once(spark, store):
    table = gold.MODEL_METRICS
    row = dict(
        training_id="t", as_of_date=D1, model_name="als", split="s", metric="m", value=1.0, n_customers=1, is_promoted=False
    )
    rows = frame(spark, table, row)
    assert store.append_new(table, rows, batch="one", entry={"commit_id": "a"}) == 0
    assert store.append_new(table, rows, batch="one", entry={"commit_id": "b"}) is None
    assert store.append_new(table, rows, batch="two", entry={"commit_id": "c"}) is not None
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
