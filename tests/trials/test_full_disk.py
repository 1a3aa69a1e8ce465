"""A disk that is full stops a run with a clear error; readers keep what was published, and space alone mends it (R-10)."""

import subprocess
from dataclasses import replace
from datetime import date

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from lakes import as_environment, bag, open_lake, run_days, with_inputs
from reclake.tables import silver
from trials.killed_job import FILLER, fill
from trials.processes import Place, commits_of, ended, told

pytestmark = pytest.mark.trial
FIRST, DAY = date(2026, 1, 1), date(2026, 1, 2)
TABLE = silver.ORDER_LINES
JOB = ("build", "--stage", "silver", "--table", TABLE.name, "--day", str(DAY))
FULL = "No space left on device"
PAGE_BYTES = 4096
DISK_BYTES = 40_000_000  # small, as what is left of it has to be taken faster than a log entry is written
EACH_COMMIT = "spark.databricks.delta.properties.defaults.checkpointInterval"
# Where the disk is full when the table is committed: before its data, before its log entry, before its checkpoint.
MOMENTS = ("write", "log", "checkpoint")


@pytest.fixture(scope="module")
def before(spark, company, tmp_path_factory):
    """A lake with the first day, and with what the table's second is made from; each of its commits writes a checkpoint."""
    place = Place(tmp_path_factory.mktemp("before"), company)
    spark.conf.set(EACH_COMMIT, "1")
    try:
        app = open_lake(spark, place.folder, source="demo", landing=company)
        assert run_days(app, FIRST, only=with_inputs(TABLE)) == {}
        assert run_days(app, DAY, only=with_inputs(TABLE) - {TABLE.name}) == {}
    finally:
        spark.conf.unset(EACH_COMMIT)
    return place


@pytest.fixture(scope="module")
def undisturbed(spark, before, tmp_path_factory):
    """What the job leaves where there is room, and how much of it the data of its commit take."""
    place = before.copy(tmp_path_factory.mktemp("undisturbed"))
    lying = data_files(place.lake)
    assert ended(place, *JOB) == 0, told(place)
    pages = (-(-path.stat().st_size // PAGE_BYTES) for path in data_files(place.lake) - lying)
    return read(spark, place.folder, place.landing), sum(pages) * PAGE_BYTES


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own in memory; gives its folder."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = f"size={DISK_BYTES}"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting a file system needs the right to: not run is not passed")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def read(spark, folder, landing):
    return bag(open_lake(spark, folder, source="demo", landing=landing), TABLE)


def data_files(lake):
    """With Hadoop's hidden sidecars."""
    found = (lake / TABLE.layer / TABLE.noun).glob("event_date=*/*")
    return {path for path in found if path.name.endswith((".parquet", ".parquet.crc"))}


def checkpoints(lake):
    return set((lake / TABLE.layer / TABLE.noun / "_delta_log").glob("*.checkpoint*.parquet"))


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_full_disk_stops_the_run_and_space_mends_it(spark, before, undisturbed, small_disk, tmp_path, moment):
    """The lake alone lies on the small disk: what the job says of it is kept."""
    wanted, data_bytes = undisturbed
    on_disk = before.copy(small_disk)
    published = read(spark, small_disk, on_disk.landing)
    (tmp_path / "job").mkdir()
    place = Place(tmp_path / "job", on_disk.landing, as_environment({"lake.root": str(on_disk.lake)}))
    moments = {"write": {}, "log": {"LEFT_BYTES": str(data_bytes)}, "checkpoint": {"FULL_FROM": "log"}}
    full = {"FULL_DISK": str(small_disk), **moments[moment]}
    lying, commits, earlier = data_files(on_disk.lake), commits_of(on_disk, [TABLE]), checkpoints(on_disk.lake)
    code = ended(replace(place, settings={**place.settings, **full}), *JOB, killed_at=("in_commit", TABLE.name))
    assert code == 1, f"{code}\n{told(place)}"
    assert FULL in "".join(told(place).splitlines()[-3:]), "the last lines name the cause"
    assert (small_disk / FILLER).exists()
    # It broke where it says that it did: data without an entry in the log, or an entry without a checkpoint.
    assert (commits_of(on_disk, [TABLE]) == commits) == (moment != "checkpoint")
    new = {path for path in data_files(on_disk.lake) - lying if path.stat().st_size}
    assert bool(new) == (moment != "write")
    assert checkpoints(on_disk.lake) == earlier
    assert read(spark, small_disk, on_disk.landing) == published, "what was published is read as before"

    if moment == "write":  # nothing but space mends it
        assert ended(place, *JOB) == 1, told(place)
        assert read(spark, small_disk, on_disk.landing) == published != wanted
    (small_disk / FILLER).unlink()
    assert ended(place, *JOB) == 0, told(place)
    assert read(spark, small_disk, on_disk.landing) == wanted


def test_a_table_that_is_written_over_on_a_full_disk_is_lost(spark, small_disk):
    """The known-bad variant: files without a log, which go before there is room for those that are to replace them."""
    path = str(small_disk / "numbers")
    spark.range(1000).coalesce(1).write.parquet(path)
    fill(small_disk)
    with pytest.raises((PySparkException, Py4JJavaError)):
        spark.range(100_000).select(F.xxhash64("id")).write.mode("overwrite").parquet(path)
    (small_disk / FILLER).unlink()
    assert not list(small_disk.glob("numbers/*.parquet")), "nobody reads the rows of before"
