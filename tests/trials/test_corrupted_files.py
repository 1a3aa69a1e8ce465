"""A flipped byte or a cut log ends in a named error, never in a wrong row (R-12)."""

import random
import re
import shutil
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from py4j.protocol import Py4JJavaError
from pyarrow import parquet
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from frames import frame
from lakes import bag, run_days, with_inputs
from reclake.errors import LakeDamaged
from reclake.lake.published import Published
from reclake.lake.store import Store
from reclake.look.reader import Reader
from reclake.run.rollback import roll_back
from reclake.tables import gold, ops, silver
from till import FIRST, MENDED, SECOND, THIRD, opened_lake, order

pytestmark = pytest.mark.trial
TABLE = gold.SEGMENT_BINS
N_FLIPS, MAX_FLIPS = 12, 100
N_ROWS = 2000
LOUD = (PySparkException, Py4JJavaError, LakeDamaged)
# What the error must say, so that somebody who reads it knows: a page, a log entry, or a version that is another.
NAMED = r"(?i)checksum|crc|parquet|not what was published|json|FAILED_READ_FILE"


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


def write_over(path, content):
    """Without Hadoop's sidecar, as on an object store, which has none."""
    path.parent.joinpath(f".{path.name}.crc").unlink(missing_ok=True)
    path.write_bytes(content)


def begin_of_footer(content):
    return len(content) - int.from_bytes(content[-8:-4], "little") - 8


def end_of_pages(path):
    """Where the last page of a Parquet file ends; the index of pages lies between here and the footer."""
    found = parquet.read_metadata(path)
    chunks = [found.row_group(n).column(k) for n in range(found.num_row_groups) for k in range(found.num_columns)]
    begins = [min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset) for chunk in chunks]
    return max(begin + chunk.total_compressed_size for begin, chunk in zip(begins, chunks, strict=True))


def flip(path, rng, *, is_of_a_page=False):
    """Change one bit of a Parquet file's data: between the magic bytes with which it begins and the footer.

    Or of one of its pages: the index of the pages lies behind them, and who reads all of them does not look at it.
    """
    content = bytearray(path.read_bytes())
    end = end_of_pages(path) if is_of_a_page else begin_of_footer(content)
    content[rng.randrange(4, end)] ^= 1 << rng.randrange(8)
    write_over(path, content)


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
    good, seen = rows(spark.read.parquet(str(path))), {True: Counter(), False: Counter()}
    for number in range(MAX_FLIPS):
        hurt = Path(shutil.copy(path, tmp_path / f"{number}.parquet"))
        flip(hurt, rng)
        for checked in seen:
            seen[checked][met(spark, hurt, good, checked=checked)] += 1
        # The known-bad variant: without the check of pages some flips, about one in four, are read as other values.
        if number + 1 >= N_FLIPS and seen[False]["wrong"]:
            break
    assert seen[True]["wrong"] == 0, seen
    assert seen[False]["wrong"] > 0, seen
    assert sum(seen[True].values()) - seen[True]["right"] >= seen[False]["wrong"], "what was read wrongly is noticed"


def test_the_session_checks_the_pages_of_a_table(spark, store, written, tmp_path, trial_seed):
    rng = random.Random(trial_seed)
    newest = max((tmp_path / "lake").rglob("*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    kept, seen = newest.read_bytes(), Counter()
    for _ in range(N_FLIPS):
        write_over(newest, kept)
        flip(newest, rng)
        forget(spark)
        try:
            seen["right" if rows(store.read(TABLE, version=1)) == written[1] else "wrong"] += 1
        except LOUD as error:
            seen["named" if re.search(NAMED, str(error)) else "other error"] += 1
    assert seen["wrong"] == 0, seen
    assert seen["named"] > N_FLIPS / 2, seen
    assert rows(store.read(TABLE, version=0)) == written[0], "the version before lies in other files"


def reader_of(store):
    """The reader without Spark; its manifest names both versions' files and bytes as they were written."""
    size, reader = store.size(TABLE, 1), Reader(store.root, spark=lambda: store.spark)
    reader.__dict__["published"] = {TABLE.name: Published(TABLE.name, 1, size.n_files, size.n_bytes, -1, "publish", 1, 1)}
    return reader


def test_who_looks_without_spark_meets_an_error_and_never_another_row(store, written, trial_seed, pytestconfig):
    """Any bit of a data file: of its pages, of what stands before them, which has no checksum, and of the index of pages."""
    rng = random.Random(trial_seed)
    newest = max(Path(store.root).rglob("*.parquet"), key=lambda path: path.stat().st_mtime_ns)
    kept, seen = newest.read_bytes(), Counter()
    reader = reader_of(store)
    good = Counter(tuple(row.values()) for row in reader.rows(TABLE))
    assert good == written[1]
    for _ in range({"ci": 200, "nightly": 2000}[pytestconfig.option.trial_size]):
        write_over(newest, kept)
        flip(newest, rng)
        try:
            rows_now = Counter(tuple(row.values()) for row in reader.rows(TABLE))
            seen["right" if rows_now == good else "wrong"] += 1
        except LakeDamaged as error:
            seen["named" if re.search("checksum|data file", str(error)) else "other error"] += 1
    assert seen["wrong"] == 0, seen
    assert seen["other error"] == 0, seen
    assert seen["named"] > seen["right"], seen


N_FILTERED, N_OF_A_PAGE, WANTED = 20_000, 1000, 10_500


@pytest.mark.parametrize(
    ("place", "upper_bound", "asked"),
    [
        ("index of pages", 11 * N_OF_A_PAGE - 1, "parquet.filter.columnindex.enabled"),
        ("footer", N_FILTERED - 1, "parquet.filter.stats.enabled"),
    ],
)
def test_what_a_filter_may_leave_out_is_not_taken_from_where_nothing_is_checked(spark, tmp_path, place, upper_bound, asked):
    """Neither the bounds of pages nor those of row groups have a checksum: a flipped bit there would hide rows."""
    ids = spark.range(N_FILTERED).coalesce(1)
    ids.write.option("parquet.page.row.count.limit", N_OF_A_PAGE).parquet(str(tmp_path / "whole"))
    (path,) = (tmp_path / "whole").glob("*.parquet")
    content = path.read_bytes()
    footer = begin_of_footer(content)
    begin, end = (end_of_pages(path), footer) if place == "index of pages" else (footer, len(content))
    told, negative = upper_bound.to_bytes(8, "little"), (upper_bound | 1 << 63).to_bytes(8, "little")
    assert told in content[begin:end]
    hurt = tmp_path / "hurt.parquet"
    write_over(hurt, content[:begin] + content[begin:end].replace(told, negative) + content[end:])

    def found(**options):
        return spark.read.options(**options).parquet(str(hurt)).where(F.col("id") == WANTED).count()

    assert found() == 1
    # The known-bad variant: what Parquet does where nobody says otherwise.
    assert found(**{asked: "true"}) == 0


def published_size(store, version):
    size = store.log.size(store.path(TABLE), version)
    return dict(n_files=size.n_files, n_bytes=size.n_bytes)


def last_log(folder, table=TABLE):
    return max((folder / "lake" / table.layer / table.noun / "_delta_log").glob("*.json"))


def cut_log(log, where):
    """As an upload or a disk leaves it that broke off."""
    text = log.read_text()
    left = {
        "at a line end": "".join(line for line in text.splitlines(keepends=True) if '"add"' not in line),
        "emptied": "",
        "in a line": text[:-40],
    }
    write_over(log, left[where].encode())


@pytest.mark.parametrize("cut", ["at a line end", "emptied", "in a line"])
def test_a_log_that_was_cut_is_not_read(spark, store, written, tmp_path, cut):
    size = published_size(store, 1)
    cut_log(last_log(tmp_path), cut)
    forget(spark)
    # Where a line is broken Delta says so itself.
    with pytest.raises(LakeDamaged if cut != "in a line" else Py4JJavaError):
        Store(spark, store.root, keep_days=90).require_undamaged(TABLE, version=1, **size)


def test_a_log_that_was_cut_gives_other_rows_to_whom_does_not_ask(spark, store, written, tmp_path):
    """The known-bad variant: Delta itself reads a log that was cut at a line end, and says nothing."""
    cut_log(last_log(tmp_path), "at a line end")
    forget(spark)
    assert rows(store.read(TABLE, version=1)) == written[0] != written[1]


@pytest.fixture
def checkpointed(spark, store, written, tmp_path):
    """A third version after a checkpoint; gives what it holds, its size, the checkpoint and the entry that lies aside.

    The checkpoint is all that tells of the first version: its own entry has gone, as old ones do.
    """
    spark._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(spark._jsparkSession, store.path(TABLE)).checkpoint()
    third = store.read(TABLE, version=1).withColumn("score", F.lit(3))
    assert store.append_new(TABLE, third, number=3, entry={"commit_id": "3"}) == 2
    wanted, size = rows(store.read(TABLE, version=2)), published_size(store, 2)
    log = tmp_path / "lake" / "gold" / "segment_bins" / "_delta_log"
    (checkpoint,) = log.glob("*.checkpoint*.parquet")
    backup = tmp_path / "first-entry.json"
    (log / f"{0:020}.json").rename(backup)
    forget(spark)
    assert rows(Store(spark, store.root, keep_days=90).read(TABLE, version=2)) == wanted, "unhurt it is enough"
    return wanted, size, checkpoint, backup


def test_a_checkpoint_that_lacks_a_file_gives_other_rows_to_whom_does_not_ask(spark, store, checkpointed):
    """The known-bad variant: Delta itself believes whatever a checkpoint says that can be read."""
    wanted, size, checkpoint, _ = checkpointed
    told = parquet.read_table(checkpoint)
    adds = [row for row, add in enumerate(told["add"].to_pylist()) if add]
    parquet.write_table(told.take([row for row in range(len(told)) if row != adds[0]]), checkpoint)
    checkpoint.parent.joinpath(f".{checkpoint.name}.crc").unlink(missing_ok=True)
    forget(spark)
    fresh = Store(spark, store.root, keep_days=90)
    assert rows(fresh.read(TABLE, version=2)) < wanted
    with pytest.raises(LakeDamaged):
        fresh.require_undamaged(TABLE, version=2, **size)


def test_a_flipped_byte_of_a_checkpoint_is_an_error_or_changes_nothing(spark, store, checkpointed, trial_seed):
    wanted, size, checkpoint, backup = checkpointed
    log = checkpoint.parent
    kept, rng, seen = checkpoint.read_bytes(), random.Random(trial_seed), Counter()
    for _ in range(N_FLIPS):
        write_over(checkpoint, kept)
        flip(checkpoint, rng)
        forget(spark)
        fresh = Store(spark, store.root, keep_days=90)
        try:
            fresh.require_undamaged(TABLE, version=2, **size)
            seen["right" if rows(fresh.read(TABLE, version=2)) == wanted else "wrong"] += 1
        except LOUD as error:
            seen[type(error).__name__] += 1
    assert seen["wrong"] == 0, seen
    assert seen["right"] < N_FLIPS, f"no flip was noticed: the checkpoint was not read: {seen}"
    # The runbook's way back: the entries, where they are still kept, say everything.
    checkpoint.unlink()
    (log / "_last_checkpoint").unlink()
    backup.rename(log / f"{0:020}.json")
    forget(spark)
    assert rows(Store(spark, store.root, keep_days=90).read(TABLE, version=2)) == wanted


HURT = silver.ORDER_LINES
ONLY = with_inputs(HURT)
WAYS_BACK = {"flipped": "roll back", "at a line end": "roll back", "emptied": "roll back", "in a line": "backup"}


def delivered(folder, day):
    landing = folder / "landing" / "till" / "app"
    landing.mkdir(parents=True, exist_ok=True)
    lines = [order(f"{day}-{number}", customer=f"c{number % 7}", price=number, day=day) for number in range(40)]
    (landing / f"{day}.jsonl").write_text("\n".join(lines) + "\n")


@pytest.fixture
def undisturbed(spark, tmp_path):
    """What the lake publishes once the second day is in, and once the third is, where nothing was hurt."""
    app, found = shop(spark, tmp_path, "undisturbed"), []
    for day in (FIRST, SECOND, THIRD):
        delivered(tmp_path, day)
        assert run_days(app, day, only=ONLY) == {}
        found.append(bag(app, HURT))
    return found


def shop(spark, folder, name):
    """A new process on the lake of that name, on the same landing files."""
    (folder / "mended").mkdir(exist_ok=True)
    (folder / "mended" / "till.toml").write_text(MENDED)
    return opened_lake(spark, folder / name, folder / "landing", "mended")


@pytest.mark.parametrize("hurt", WAYS_BACK)
def test_what_is_hurt_stops_readers_and_runs_and_the_runbook_brings_it_back(spark, undisturbed, tmp_path, trial_seed, hurt):
    rng, lake = random.Random(trial_seed), tmp_path / "hurt" / "lake"
    path = lake / HURT.layer / HURT.noun
    for day in (FIRST, SECOND):
        assert run_days(shop(spark, tmp_path, "hurt"), day, only=ONLY) == {}
    first = min(
        row["manifest_id"]
        for row in shop(spark, tmp_path, "hurt").store.read_newest(ops.PUBLISHED_VERSIONS).collect()
        if row["name"] == HURT.name
    )
    backup = Path(shutil.copytree(path, tmp_path / "backup"))
    if hurt == "flipped":
        of_the_day = path.glob(f"event_date={SECOND}/*.parquet")
        flip(max(of_the_day, key=lambda file: file.stat().st_size), rng, is_of_a_page=True)
    else:
        cut_log(last_log(tmp_path / "hurt", HURT), hurt)
    forget(spark)
    with pytest.raises(LOUD, match=NAMED):
        bag(shop(spark, tmp_path, "hurt"), HURT)

    if WAYS_BACK[hurt] == "backup":
        shutil.rmtree(path)
        shutil.copytree(backup, path)
        forget(spark)
        assert bag(shop(spark, tmp_path, "hurt"), HURT) == undisturbed[1]
    else:
        roll_back(shop(spark, tmp_path, "hurt"), first)
        assert bag(shop(spark, tmp_path, "hurt"), HURT) == undisturbed[0]
    assert run_days(shop(spark, tmp_path, "hurt"), SECOND, THIRD, only=ONLY) == {}
    assert bag(shop(spark, tmp_path, "hurt"), HURT) == undisturbed[2]
