import gzip
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
from pyspark.sql import functions as F

from demo import demo_settings, dirtier
from reclake.errors import UsageError
from reclake.settings import load_settings
from reclake.sources.catalogues import SOURCES
from reclake.sources.intake import take_in
from reclake.synthetic.company import generate
from reclake.tables import silver
from sources_of_records import classified

SETTINGS = demo_settings(n_customers=60, n_days=4, **dirtier(6))


@pytest.fixture(scope="module")
def made(spark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, generate(spark, str(folder / "landing"), str(folder / "truth"), settings=SETTINGS, n_tasks=1)


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def records_in(name: str, content: bytes) -> list[bytes]:
    lines = (gzip.decompress(content) if name.endswith(".gz") else content).split(b"\n")
    assert lines.pop() == b""
    return lines[1:] if name.endswith(".csv") else lines


def test_the_files_are_the_same_for_any_partitioning(spark, made, tmp_path):
    folder, _ = made
    generate(spark, str(tmp_path / "landing"), str(tmp_path / "truth"), settings=SETTINGS, n_tasks=3)
    landed = bytes_below(folder / "landing")
    assert len(landed) > 30
    assert landed == bytes_below(tmp_path / "landing")
    for table in ("persons", "accounts", "visits", "orders"):
        assert bytes_below(folder / "truth" / table) == bytes_below(tmp_path / "truth" / table)


def test_the_truth_counts_what_lies_there(made):
    folder, generated = made
    landed = bytes_below(folder / "landing")
    told = {row["file_name"]: row for row in parquet.read_table(folder / "truth" / "files").to_pylist()}
    assert told.keys() == landed.keys()
    for name, content in landed.items():
        row = told[name]
        assert row["file_digest"] == hashlib.sha256(content).hexdigest()
        assert str(row["delivery_day"]) in name
        assert row["n_records"] == row["n_kept"] + row["n_duplicate"] + row["n_rejected"] + row["n_late"]
        if not name.endswith(".parquet"):
            assert row["n_records"] == len(records_in(name, content))
    assert generated.n_records == sum(row["n_records"] for row in told.values())
    assert generated.n_files == len(landed)


def test_what_lies_there_complete_is_left(spark, made):
    folder, first = made
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    again = generate(spark, str(folder / "landing"), str(folder / "truth"), settings=SETTINGS)
    assert (first.is_new, again.is_new) == (True, False)
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert again.n_by_table == first.n_by_table


def test_another_company_is_refused(spark, made):
    folder, _ = made
    with pytest.raises(UsageError, match="other seed"):
        generate(spark, str(folder / "landing"), str(folder / "truth"), settings=SETTINGS.model_copy(update={"seed": 8}))


def test_every_record_is_classified_as_it_was_planted(spark, made, root, tmp_path):
    folder, _ = made
    source = SOURCES.read(root / "conf" / "sources" / "demo.toml")
    limits = load_settings(root, profile="test", environment={}).landing
    for key in ("id1", "c1"):
        (tmp_path / f"{key}.key").write_text(os.urandom(32).hex())
        (tmp_path / f"{key}.key").chmod(0o600)
    intake = take_in(
        spark, source, str(folder / "landing"), known=None, delivery_days=None, limits=limits, now=datetime(2026, 6, 1, tzinfo=UTC),
        batch_id="b1", timezone=SETTINGS.time_zone,
    )  # fmt: skip
    assert (intake.waiting, intake.files.where("outcome = 'rejected'").count()) == ([], 0)
    given = {
        "sources": {"demo": source}, "id_key_id": "id1", "directory": str(tmp_path),
        "max_record_bytes": limits.max_record_bytes, "max_depth": limits.max_depth, "timezone": SETTINGS.time_zone,
        "contact_key_id": "c1", "default_region": "CN",
    }  # fmt: skip
    of_noun = {silver.raw_of(table).noun: table for table in silver.RECORDS}
    records = {noun: classified(of_noun[noun], arrived, **given) for noun, arrived in intake.records.items()}
    assert len(records) >= 5
    planted = spark.read.parquet(str(folder / "truth" / "planted"))
    for noun, of_table in records.items():
        truth = planted.where(F.col("record_table") == noun).select("file_digest", "position", "kind", "expected")
        judged = of_table.join(truth, on=["file_digest", "position"], how="left").select(
            "kind", F.coalesce("expected", F.lit("kept")).alias("expected"), "record_class", "reasons"
        )
        rows = judged.collect()
        assert rows
        assert [row for row in rows if row["record_class"] != row["expected"]] == [], noun
        assert sum(row["kind"] is not None for row in rows) == truth.count()
