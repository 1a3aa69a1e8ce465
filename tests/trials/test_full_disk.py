"""A disk that is full stops a run with a clear error; readers keep what was published, and space alone mends it (R-10)."""

import subprocess
from dataclasses import replace
from datetime import date

import pytest

from lakes import as_environment, bag, open_lake, run_days, with_inputs
from reclake import tables
from reclake.run.ingest import ingest
from reclake.tables import silver
from trials.killed_job import FILLER
from trials.processes import Place, commits_of, ended, told

pytestmark = pytest.mark.trial
FIRST, DAY = date(2026, 1, 1), date(2026, 1, 2)
JOB = ("build", "--stage", "silver", "--day", str(DAY))
TABLE = silver.ORDER_LINES
TABLES = tables.of_stage("silver")
READ = (silver.EVENTS, TABLE)  # while the disk is full; at the end all are compared
FULL = "No space left on device"
DISK_BYTES = 40_000_000  # small, as what is left of it has to be taken faster than a log entry is written
EACH_COMMIT = "spark.databricks.delta.properties.defaults.checkpointInterval"
# Where the disk is full when the table is committed: before its data, before its log entry, before its checkpoint.
MOMENTS = ("write", "log", "checkpoint")


@pytest.fixture(scope="module")
def before(spark, company, tmp_path_factory):
    """A lake with the first day, and the second one's files taken in; each of its commits writes a checkpoint."""
    place = Place(tmp_path_factory.mktemp("before"), company)
    spark.conf.set(EACH_COMMIT, "1")
    try:
        app = open_lake(spark, place.folder, source="demo", landing=company)
        assert run_days(app, FIRST, only=with_inputs(*TABLES)) == {}
        assert ingest(app, days=[DAY]) == {}
    finally:
        spark.conf.unset(EACH_COMMIT)
    return place


@pytest.fixture(scope="module")
def undisturbed(spark, before, tmp_path_factory):
    """What the job leaves where there is room, and in how many files it writes the table."""
    place = before.copy(tmp_path_factory.mktemp("undisturbed"))
    lying = data_files(place.lake)
    assert ended(place, *JOB) == 0, told(place)
    return read(spark, place.folder, place.landing), len(data_files(place.lake) - lying)


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


def read(spark, folder, landing, of=TABLES):
    app = open_lake(spark, folder, source="demo", landing=landing)
    return {table.name: bag(app, table) for table in of}


def data_files(lake):
    return set((lake / TABLE.layer / TABLE.noun).glob("*/*.parquet"))


def checkpoints(lake):
    return set((lake / TABLE.layer / TABLE.noun / "_delta_log").glob("*.checkpoint*.parquet"))


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_full_disk_stops_the_run_and_space_mends_it(spark, before, undisturbed, small_disk, tmp_path, moment):
    """The lake alone lies on the small disk: what the job says of it is kept."""
    wanted, n_files = undisturbed
    on_disk = before.copy(small_disk)
    published = read(spark, small_disk, on_disk.landing, READ)
    (tmp_path / "job").mkdir()
    place = Place(tmp_path / "job", on_disk.landing, as_environment({"lake.root": str(on_disk.lake)}))
    full_from = {"write": {}, "log": {"FULL_FROM": str(n_files)}, "checkpoint": {"FULL_FROM": "log"}}
    full = {"FULL_DISK": str(small_disk), **full_from[moment]}
    commits, earlier = commits_of(on_disk, [TABLE]), checkpoints(on_disk.lake)
    code = ended(replace(place, settings={**place.settings, **full}), *JOB, killed_at=("in_commit", TABLE.name))
    assert code == 1, f"{code}\n{told(place)}"
    assert FULL in "".join(told(place).splitlines()[-3:]), "the last lines name the cause"
    assert (small_disk / FILLER).exists()
    # It broke where it says that it did: data without an entry in the log, or an entry without a checkpoint.
    assert (commits_of(on_disk, [TABLE]) == commits) == (moment != "checkpoint")
    assert checkpoints(on_disk.lake) == earlier
    assert read(spark, small_disk, on_disk.landing, READ) == published, "what was published is read as before"

    if moment == "write":  # the known-bad variant: nothing but space mends it
        assert ended(place, *JOB) == 1, told(place)
        assert [name for name, rows in published.items() if wanted[name] != rows] == list(published)
    (small_disk / FILLER).unlink()
    assert ended(place, *JOB) == 0, told(place)
    assert read(spark, small_disk, on_disk.landing) == wanted
