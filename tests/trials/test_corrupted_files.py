"""A flipped byte or a cut log ends in a named error, never in a wrong row (R-12)."""

import random
import shutil
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from frames import frame
from reclake.errors import LakeDamaged
from reclake.lake.store import Store
from reclake.tables import gold

pytestmark = pytest.mark.trial
TABLE = gold.SEGMENT_BINS
N_FLIPS = 12  # of data; one in eight passes unseen where no checksum is looked at
N_ROWS = 2000
LOUD = (PySparkException, Py4JJavaError, LakeDamaged)


def rows(found):
    return Counter(map(tuple, found.collect()))


@pytest.fixture
def store(spark, tmp_path):
    return Store(spark, str(tmp_path / "lake"), keep_days=90)


@pytest.fixture
def written(spark, store):
    """Two versions of a table; gives its folder and what each version holds."""
    whole = dict(measure="recency", upper_edge=Decimal("9.0000"), as_of_date=date(2026, 3, 1))
    told = [whole | dict(score=n % 5, lower_edge=Decimal(n * 7919 % 1000), n_customers=n * 104729 % 9973) for n in range(N_ROWS)]
    held = frame(spark, TABLE, *told)
    for number in (1, 2):
        store.append_new(
            TABLE, held.withColumn("score", F.lit(number)).coalesce(1), number=number, entry={"commit_id": f"{number}"}
        )
    return [rows(store.read(TABLE, version=version)) for version in range(2)]


def flip(path, rng, *, among=None):
    """Change one byte of the file; without Hadoop's sidecar, as on an object store, which has none."""
    for sidecar in path.parent.glob(f".{path.name}.crc"):
        sidecar.unlink()
    content = bytearray(path.read_bytes())
    content[rng.randrange(*(among or (4, len(content) - 8)))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def forget(spark):
    """What the session remembers of files and logs."""
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
    spark.catalog.clearCache()


def met(spark, path, good, *, checked):
    """What a reader of one Parquet file meets: right, wrong, or an error."""
    option = str(checked).lower()
    try:
        found = rows(spark.read.option("parquet.page.verify-checksum.enabled", option).parquet(str(path)))
    except LOUD as error:
        return type(error).__name__
    return "right" if found == good else "wrong"


def test_a_flipped_byte_of_data_is_an_error_and_never_another_row(spark, store, written, tmp_path, trial_seed):
    rng, path = random.Random(trial_seed), max((tmp_path / "lake" / "gold" / "segment_bins").rglob("*.parquet"))
    good = rows(spark.read.parquet(str(path)))
    size, seen = path.stat().st_size, {True: Counter(), False: Counter()}
    for number in range(N_FLIPS):
        # The pages of data, where a flip may give other values; the footer's own length and magic come last.
        hurt = shutil.copy(path, tmp_path / f"{number}.parquet")
        flip(hurt, rng, among=(size // 20, size * 3 // 4))
        for checked in seen:
            seen[checked][met(spark, hurt, good, checked=checked)] += 1
    assert seen[True]["wrong"] == 0, seen
    assert sum(seen[True].values()) - seen[True]["right"] > 0, "no flip was noticed: none has hit the data"
    # The known-bad variant: without the check of pages some flips are read as other values.
    assert seen[False]["wrong"] > 0, seen


def test_the_session_checks_the_pages_of_a_table(spark, store, written, tmp_path, trial_seed):
    rng = random.Random(trial_seed)
    newest = max((tmp_path / "lake").rglob("*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    size = newest.stat().st_size
    flip(newest, rng, among=(size // 20, size // 2))
    forget(spark)
    with pytest.raises(Exception, match=r"(?i)checksum|corrupt|decod|parquet|crc"):
        store.read(TABLE, version=1).collect()
    assert rows(store.read(TABLE, version=0)) == written[0], "the version before lies in other files"


def published_size(store, version):
    size = store.log.size(store.path(TABLE), version)
    return dict(n_files=size.n_files, n_bytes=size.n_bytes)


def last_log(folder):
    return max((folder / "lake" / "gold" / "segment_bins" / "_delta_log").glob("*.json"))


@pytest.mark.parametrize("cut", ["at a line end", "emptied", "in a line"])
def test_a_log_that_was_cut_is_not_read(spark, store, written, tmp_path, cut):
    size, log = published_size(store, 1), last_log(tmp_path)
    for sidecar in log.parent.glob(f".{log.name}.crc"):
        sidecar.unlink()
    lines = log.read_text().splitlines(keepends=True)
    log.write_text(
        {
            "at a line end": "".join(line for line in lines if '"add"' not in line),
            "emptied": "",
            "in a line": log.read_text()[:-40],
        }[cut]
    )
    forget(spark)
    # Where a line is broken Delta says so itself.
    with pytest.raises(LakeDamaged if cut != "in a line" else Py4JJavaError):
        Store(spark, store.root, keep_days=90).require_undamaged(TABLE, version=1, **size)


def test_a_log_that_was_cut_gives_other_rows_to_whom_does_not_ask(spark, store, written, tmp_path):
    """The known-bad variant: Delta itself reads a log that was cut at a line end, and says nothing."""
    log = last_log(tmp_path)
    for sidecar in log.parent.glob(f".{log.name}.crc"):
        sidecar.unlink()
    log.write_text("".join(line for line in log.read_text().splitlines(keepends=True) if '"add"' not in line))
    forget(spark)
    assert rows(store.read(TABLE, version=1)) == written[0] != written[1]


def test_a_flipped_byte_of_a_checkpoint_is_an_error_or_changes_nothing(spark, store, written, tmp_path, trial_seed):
    delta_log = spark._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(spark._jsparkSession, store.path(TABLE))
    delta_log.checkpoint()
    checkpoint = next((tmp_path / "lake" / "gold" / "segment_bins" / "_delta_log").glob("*.checkpoint*.parquet"))
    kept, rng, size = checkpoint.read_bytes(), random.Random(trial_seed), published_size(store, 1)
    seen = Counter()
    for _ in range(N_FLIPS):
        checkpoint.write_bytes(kept)
        flip(checkpoint, rng)
        forget(spark)
        fresh = Store(spark, store.root, keep_days=90)
        try:
            fresh.require_undamaged(TABLE, version=1, **size)
            seen["right" if rows(fresh.read(TABLE, version=1)) == written[1] else "wrong"] += 1
        except LOUD as error:
            seen[type(error).__name__] += 1
    assert seen["wrong"] == 0, seen
    # The runbook's way back: the log's own entries still say everything while they are kept.
    checkpoint.unlink()
    (checkpoint.parent / "_last_checkpoint").unlink(missing_ok=True)
    forget(spark)
    assert rows(Store(spark, store.root, keep_days=90).read(TABLE, version=1)) == written[1]
