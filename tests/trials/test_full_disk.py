"""A disk that is full stops a run with a clear error; readers keep what was published, and space alone mends it (R-10)."""

import shutil
import subprocess
from datetime import date

import pytest

from lakes import bag, open_lake, run_days
from reclake import tables
from reclake.run.ingest import ingest
from trials.processes import Place, ended, told

pytestmark = pytest.mark.trial
FIRST, DAY = date(2026, 1, 1), date(2026, 1, 2)
JOB = ("build", "--stage", "silver", "--day", str(DAY))
SPARE_SHARES = (0.05, 0.4, 0.8)  # of what the job writes: it breaks at its first table, in the middle, near its end
PLENTY = 2_000_000_000
TABLES = tables.of_stage("silver")


def bytes_below(folder):
    """As a disk counts them: in blocks."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*"))


@pytest.fixture(scope="module")
def before(spark, company, tmp_path_factory):
    """A lake with the first day, and the second one's files taken in."""
    place = Place(tmp_path_factory.mktemp("before"), company)
    app = open_lake(spark, place.folder, source="demo", landing=company)
    assert run_days(app, FIRST) == {}
    assert ingest(app, days=[DAY]) == {}
    return place


@pytest.fixture(scope="module")
def undisturbed(spark, before, tmp_path_factory):
    """What the job leaves where there is room, and how many bytes it needs for that."""
    place = before.copy(tmp_path_factory.mktemp("undisturbed"))
    already = bytes_below(place.lake)
    assert ended(place, *JOB) == 0, told(place)
    return read(spark, place), bytes_below(place.lake) - already


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own in memory; gives its folder and a function that sets its size in bytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={PLENTY}", "tmpfs", folder], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting a file system needs the right to: not run is not passed")

    def resize(n_bytes):
        subprocess.run(["mount", "-o", f"remount,size={n_bytes}", folder], check=True)

    yield folder, resize
    subprocess.run(["umount", "-l", folder], check=True)


def read(spark, place):
    app = open_lake(spark, place.folder, source="demo", landing=place.landing)
    shown = app.manifest.current()
    return {table.name: bag(app, table) for table in TABLES if table.name in shown}


@pytest.mark.parametrize("share", SPARE_SHARES)
def test_a_full_disk_stops_the_run_and_space_mends_it(spark, before, undisturbed, small_disk, share):
    wanted, n_bytes = undisturbed
    folder, resize = small_disk
    place = before.copy(folder / "here")
    published = read(spark, place)
    resize(bytes_below(folder) + int(share * n_bytes))
    code = ended(place, *JOB)
    # A log of the test's own may not fit either: what the job said is then lost, its exit code is not.
    assert code in (1, 5), f"it must break off, and did with {code}"
    assert shutil.disk_usage(folder).free < n_bytes, "it was the disk"
    assert read(spark, place) == published, "what was published is read as before"
    resize(PLENTY)
    assert ended(place, *JOB) == 0, told(place)
    assert read(spark, place) == wanted
