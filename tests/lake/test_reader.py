"""The reader without Spark against Spark itself: the same rows of every table, and the same refusals of what is damaged."""

import random
import shutil
from collections import Counter
from datetime import date, datetime
from decimal import Decimal

import pytest
from deltalake import DeltaTable
from pyspark.sql import functions as F

from frames import frame
from lakes import ROOT
from reclake import tables
from reclake.errors import LakeDamaged, UsageError
from reclake.lake.manifest import Manifest
from reclake.lake.store import Store
from reclake.look.by_spark import BySpark
from reclake.look.conditions import Condition, conditions_of
from reclake.look.delta_rs import DeltaRs
from reclake.look.lake import entries_of
from reclake.look.reader import Reader
from reclake.tables import bronze, gold, ops, silver

GOLDEN = ROOT / "tests" / "data" / "lake-0.1" / "lake"
DAY = date(2026, 3, 1)


def nobody():
    raise AssertionError("Spark is not asked")


def reader_of(place):
    return Reader(str(place), spark=nobody)


@pytest.fixture
def golden(tmp_path):
    """A lake of every table, which an earlier release wrote."""
    return shutil.copytree(GOLDEN, tmp_path / "lake")


@pytest.fixture
def store(spark, tmp_path):
    return Store(spark, str(tmp_path / "lake"), keep_days=90)


def as_bag(rows):
    return Counter(tuple(repr(bytes(value) if isinstance(value, bytearray) else value) for value in row) for row in rows)


def by_spark(store, table, version):
    names = [f.name for f in table.fields]
    return as_bag(tuple(row[name] for name in names) for row in store.read(table, version=version).collect())


def by_reader(reader, table):
    return as_bag(row.values() for row in reader.rows(table))


def test_every_table_holds_the_same_rows_both_ways(spark, golden):
    store, reader = Store(spark, str(golden), keep_days=90), reader_of(golden)
    published = Manifest(store).current()
    assert dict(reader.published) == published
    assert reader.manifest_id == Manifest(store).last_id() > 0
    compared = 0
    for table in tables.TABLES:
        version = (
            store.newest(table) if table in ops.WRITTEN else published[table.name].version if table.name in published else None
        )
        assert reader.version(table) == version
        rows = by_reader(reader, table)
        assert rows == (by_spark(store, table, version) if version is not None else Counter()), table.name
        assert reader.count(table) == sum(rows.values())
        compared += bool(rows)
    assert compared >= 28


def test_an_earlier_manifest_is_read_as_it_was(spark, golden):
    store = Store(spark, str(golden), keep_days=90)
    for manifest_id in range(1, Manifest(store).last_id() + 1):
        reader = Reader(str(golden), spark=nobody, manifest_id=manifest_id)
        assert (reader.manifest_id, dict(reader.published)) == (manifest_id, Manifest(store).current(manifest_id))
    first = Reader(str(golden), spark=nobody, manifest_id=3)
    assert by_reader(first, gold.CUSTOMER_SEGMENTS) == by_spark(store, gold.CUSTOMER_SEGMENTS, 0)


def test_the_ledger_is_the_same_both_ways(spark, golden):
    from reclake.lake.ledger import Ledger

    store = Store(spark, str(golden), keep_days=90)
    ledger = Ledger(store)
    ledger.load()
    entries = entries_of(reader_of(golden))
    held = {table.name: dict(entries.ever(table)) for table in tables.TABLES}
    assert held == {table.name: ledger.ever(table) for table in tables.TABLES}
    assert sum(map(len, held.values())) >= 30
    for table in tables.TABLES:
        assert entries.runs(table) == ledger.runs(table)
        assert entries.expired(table) == ledger.expired(table)


def test_entries_that_a_crash_left_in_the_commits_are_taken_up(spark, golden):
    """Without the ledger's own table everything is told by the commits."""
    whole = entries_of(reader_of(golden))
    shutil.rmtree(golden / "ops" / "ledger")
    told = entries_of(reader_of(golden))
    for table in (bronze.ORDERS, silver.ORDER_LINES, gold.CUSTOMER_SEGMENTS):
        digests = {day: entry.content for day, entry in whole.days(table).items()}
        assert digests == {day: entry.content for day, entry in told.days(table).items()}
        assert digests


EDGES = [
    dict(checked_at=datetime(1, 1, 1), seconds=0.1),
    dict(checked_at=datetime(1582, 10, 15), seconds=-0.0),
    dict(checked_at=datetime(1677, 9, 21, 0, 12, 43), seconds=1e300),
    dict(checked_at=datetime(2026, 3, 29, 1, 59, 59, 999_999), seconds=float("inf")),
    dict(checked_at=datetime(2262, 4, 11, 23, 47, 17), seconds=5e-324),
    dict(checked_at=datetime(9999, 12, 31, 23, 59, 59, 999_999), seconds=1 / 3),
]


@pytest.mark.parametrize("kind", ["INT96", "TIMESTAMP_MICROS"])
def test_times_are_exact_to_the_microsecond_in_every_year(spark, store, kind):
    spark.conf.set("spark.sql.parquet.outputTimestampType", kind)
    try:
        filled = [
            dict(run_id="r", table="t", stage="s", verdict="v", findings="[]", n_expectations=2**62) | edge for edge in EDGES
        ]
        store.append(ops.GATE_RESULTS, filled)
    finally:
        spark.conf.unset("spark.sql.parquet.outputTimestampType")
    found = reader_of(store.root).rows(
        ops.GATE_RESULTS, ("checked_at", "seconds", "n_expectations"), order=(("checked_at", False),)
    )
    assert found == [edge | {"n_expectations": 2**62} for edge in EDGES]


def test_decimals_days_lists_and_nulls_are_exact(spark, store):
    held = [
        dict(as_of_date=DAY, measure="monetary", unit="CNY", score=1, lower_edge=Decimal("0.0001"), upper_edge=None),
        dict(as_of_date=DAY, measure="monetary", unit="CNY", score=2, lower_edge=Decimal("-99999999999999.9999")),
        dict(as_of_date=date(1970, 1, 1), measure="数", unit="", score=3, upper_edge=Decimal("99999999999999.9999")),
    ]
    store.append_new(gold.SEGMENT_BINS, frame(spark, gold.SEGMENT_BINS, *held), number=1, entry={"commit_id": "1"})
    names = [f.name for f in gold.SEGMENT_BINS.fields]
    size = store.size(gold.SEGMENT_BINS, 0)
    reader = published_as(store, gold.SEGMENT_BINS, version=0, size=size)
    assert as_bag(row.values() for row in reader.rows(gold.SEGMENT_BINS)) == as_bag(
        [row.get(name) for name in names] for row in held
    )


def published_as(store, table, *, version, size):
    """A reader whose manifest names the version with these files and bytes."""
    from reclake.lake.published import Published

    reader = reader_of(store.root)
    row = Published(table.name, version, size.n_files, size.n_bytes, -1, "publish", 1, 1)
    reader.__dict__["published"] = {table.name: row}
    return reader


def test_rows_are_found_sorted_and_counted_as_spark_does(spark, golden):
    store, reader = Store(spark, str(golden), keep_days=90), reader_of(golden)
    table = silver.ORDER_RECORDS
    frame_ = store.read(table, version=reader.version(table))
    asked = {
        "record_class=kept": F.col("record_class") == "kept",
        "record_class!=kept": F.col("record_class") != "kept",
        "line_amount>100": F.col("line_amount") > 100,
        "line_amount<=100": F.col("line_amount") <= 100,
        "channel in app,pos": F.col("channel").isin("app", "pos"),
        "country=": F.col("country").isNull() | (F.col("country") == ""),
        "delivery_day=2026-01-01": F.col("delivery_day") == "2026-01-01",
        "delivery_day>2026-01-01": F.col("delivery_day") > "2026-01-01",
        "is_return=no": ~F.col("is_return"),
        "ordered_at<2026-01-01T09:00:00": F.col("ordered_at") < "2026-01-01 09:00:00",
        "reasons=it was delivered before": F.array_contains("reasons", "it was delivered before"),
    }
    n_found = Counter()
    for text, column in asked.items():
        where = conditions_of(table, [text])
        wanted = [tuple(row) for row in frame_.where(column).select("order_id", "position").collect()]
        rows = [tuple(row.values()) for row in reader.rows(table, ("order_id", "position"), where)]
        assert Counter(rows) == Counter(wanted), text
        assert reader.count(table, where) == len(wanted)
        n_found[bool(wanted)] += 1
    assert n_found[True] >= 9
    for name in ("country", "line_amount", "product_name"):
        ascending = [row[name] for row in frame_.orderBy(F.asc(name)).collect()]
        assert [row[name] for row in reader.rows(table, (name,), order=((name, False),))] == ascending
        descending = [row[name] for row in frame_.orderBy(F.desc(name)).collect()]
        assert [row[name] for row in reader.rows(table, (name,), order=((name, True),), limit=4)] == descending[:4]


def test_batches_hold_the_same_rows(golden):
    reader = reader_of(golden)
    where = (Condition("event_date", "=", (date(2026, 1, 1),)),)
    batches = list(reader.batches(silver.EVENTS, ("event_id", "event_date"), where))
    assert Counter(row["event_id"] for batch in batches for row in batch.to_pylist()) == Counter(
        row["event_id"] for row in reader.rows(silver.EVENTS, ("event_id",), where)
    )
    assert sum(batch.num_rows for batch in batches) > 0


def test_a_column_that_is_declared_later_is_null(golden):
    """The lake of release 0.1 knows no notes of records."""
    reader = reader_of(golden)
    stored = {field.name for field in DeltaTable(golden / "silver" / "order_records").schema().fields}
    assert "notes" not in stored
    assert {row["notes"] for row in reader.rows(silver.ORDER_RECORDS, ("notes",))} == {None}


def test_what_spark_reads_in_its_place_is_the_same(spark, golden):
    """HDFS is read by Spark: the engine is another, the rows are not."""
    quick, slow = reader_of(golden), Reader(str(golden), spark=lambda: spark)
    slow.__dict__["_engine"] = BySpark(Store(spark, str(golden), keep_days=90))
    assert dict(slow.published) == dict(quick.published)
    for table in (gold.CUSTOMER_SEGMENTS, silver.ORDER_RECORDS, silver.IDENTITIES, ops.LEDGER, silver.CONTACTS):
        assert by_reader(slow, table) == by_reader(quick, table), table.name
    where = (Condition("delivery_day", "=", (date(2026, 1, 2),)),)
    assert slow.count(silver.EVENT_RECORDS, where) == quick.count(silver.EVENT_RECORDS, where) > 0


def test_where_the_lake_lies_decides_who_reads(spark, monkeypatch):
    asked = []

    def session():
        asked.append("spark")
        return spark

    assert isinstance(Reader("s3a://bucket/lake", spark=nobody)._engine, DeltaRs)
    assert isinstance(Reader("hdfs:///reclake/lake", spark=session)._engine, BySpark)
    assert asked == ["spark"]


# --- damage ---------------------------------------------------------------------------------------------------------


def data_files(golden, table):
    return sorted((golden / table.layer / table.noun).rglob("*.parquet"))


def test_a_log_that_was_cut_is_noticed(golden):
    """The newest commit is emptied: the log then gives the files of the version before, without an error."""
    newest = sorted((golden / "silver" / "events" / "_delta_log").glob("*.json"))[-1]
    for name in (newest.with_suffix(".crc"), newest.parent / f".{newest.name}.crc"):
        name.unlink(missing_ok=True)
    lines = newest.read_text().splitlines()
    newest.write_text("".join(f"{line}\n" for line in lines if '"add"' not in line))
    with pytest.raises(LakeDamaged, match=r"silver\.events version 1 is not what was published"):
        reader_of(golden).rows(silver.EVENTS)


def test_a_version_that_is_gone_is_named(golden):
    newest = sorted((golden / "silver" / "events" / "_delta_log").glob("*.json"))[-1]
    newest.unlink()
    with pytest.raises(LakeDamaged) as stopped:
        reader_of(golden).rows(silver.EVENTS)
    assert str(stopped.value).splitlines()[:2] == [
        "silver.events version 1 was published and is not there",
        "  found: the newest version is 0",
    ]


def test_a_data_file_that_is_gone_is_named(golden):
    data_files(golden, silver.EVENTS)[0].unlink()
    with pytest.raises(LakeDamaged, match="a data file is missing"):
        reader_of(golden).rows(silver.EVENTS)


def test_a_flipped_bit_of_a_page_is_an_error_and_never_another_row(golden):
    """Files of the golden lake are not compressed: without the check of pages a flip is read as another value."""
    path = max(data_files(golden, silver.EVENT_RECORDS), key=lambda one: one.stat().st_size)
    whole, good = path.read_bytes(), by_reader(reader_of(golden), silver.EVENT_RECORDS)
    rng, met = random.Random(12), Counter()
    begin_of_footer = len(whole) - int.from_bytes(whole[-8:-4], "little") - 8
    for _ in range(40):
        hurt = bytearray(whole)
        hurt[rng.randrange(4, begin_of_footer)] ^= 1 << rng.randrange(8)
        path.write_bytes(hurt)
        try:
            met["right" if by_reader(reader_of(golden), silver.EVENT_RECORDS) == good else "wrong"] += 1
        except LakeDamaged:
            met["refused"] += 1
    assert met["wrong"] == 0, met
    assert met["refused"] > 20, met


def test_a_table_that_asks_more_of_its_readers_is_refused(spark, store):
    store.append(ops.WAIVERS, [])
    path = store.path(ops.WAIVERS)
    spark.sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
    with pytest.raises(UsageError) as stopped:
        reader_of(store.root).rows(ops.WAIVERS)
    first, found, _ = str(stopped.value).splitlines()
    assert first == "ops.waivers cannot be read without Spark"
    assert "deletionVectors" in found or "DeletionVectors" in found
