"""Four writers beside each other lose no update, on days of their own and on one that all want; maintenance beside (R-08)."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event

import pytest

from frames import frame
from lakes import ROOT
from reclake.errors import Overtaken
from reclake.lake.upkeep import Upkeep
from trials import counting
from trials.counting import OWN, SHARED, TABLE, Writer, counter, days_of, open_store
from trials.processes import kill
from trials.trial import Unchecked

pytestmark = pytest.mark.trial
N_WRITERS = 4  # of those that are not asked for in another number
N_OWN_DRIVERS, N_STEPS_OF_A_DRIVER = 2, 10


def begun(spark, root, sharing, *, n_writers=N_WRITERS):
    """A lake on which nothing has been counted yet."""
    days = sorted({day for number in range(n_writers) for day in days_of(number, sharing)})
    rows = frame(spark, TABLE, *(counter(day, 0) for day in days))
    open_store(spark, root).replace_days(TABLE, rows, days=days, entry={"commit_id": "start"})
    return root


def held(spark, root):
    """What the table says was counted, in all."""
    return sum(row["n_customers"] for row in open_store(spark, root).read_newest(TABLE).collect())


def counted(spark, root, sharing, n, *, n_writers=N_WRITERS, **options):
    """The writers when all have counted."""
    writers = [Writer(spark, root, number, sharing, **options) for number in range(n_writers)]
    with ThreadPoolExecutor(n_writers) as pool:
        list(pool.map(lambda writer: writer.count(n), writers))
    return writers


def total(writers):
    """What they say that they counted, in all."""
    return sum(writer.n_counted for writer in writers)


@pytest.mark.parametrize("sharing", [OWN, SHARED])
def test_no_update_is_lost(spark, tmp_path, trial_size, sharing):
    n, n_writers = trial_size.n_commits // 2, trial_size.n_writers  # the other half in the other test
    root = begun(spark, str(tmp_path / "lake"), sharing, n_writers=n_writers)
    writers = counted(spark, root, sharing, n, n_writers=n_writers)
    assert total(writers) == held(spark, root) == n_writers * n


def test_no_update_is_lost_beside_maintenance(spark, tmp_path):
    """It joins files of days that are being written, and may lose against their writers; they and the rows are unhurt."""
    root, n, is_over = begun(spark, str(tmp_path / "lake"), OWN), 10, Event()
    for day in days_of(N_WRITERS, OWN):  # days that nobody counts are crowded, so there is something to join
        rows = frame(spark, TABLE, *(counter(day, 0) | {"score": score} for score in range(1, 6))).repartition(5)
        open_store(spark, root).replace_days(TABLE, rows, days=[day], entry={"commit_id": str(day)})
    upkeep, outcomes = Upkeep(open_store(spark, root), max_small_files=0, small_file_bytes=1 << 20), []

    def maintain():
        while not is_over.is_set():
            version = open_store(spark, root).newest(TABLE)
            try:
                upkeep.compact(TABLE, upkeep.layout(TABLE, version).crowded)
                outcomes.append("joined")
            except Overtaken:
                outcomes.append("overtaken")

    with ThreadPoolExecutor(1) as beside:
        work = beside.submit(maintain)
        try:
            found = counted(spark, root, OWN, n)
        finally:
            is_over.set()
        work.result()
    assert total(found) == held(spark, root) == N_WRITERS * n
    assert "joined" in outcomes
    layout = upkeep.layout(TABLE, open_store(spark, root).newest(TABLE))
    assert layout.n_files == len(layout.crowded), "a file for each day is left"


def test_no_update_is_lost_between_drivers(spark, tmp_path):
    """Each writer is a driver with a JVM of its own: nothing but the files is shared."""
    root = begun(spark, str(tmp_path / "lake"), SHARED)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT / "lib"), str(ROOT / "tests")))}
    logs = [tmp_path / f"driver-{number}.txt" for number in range(N_OWN_DRIVERS)]
    with ExitStack() as stack:
        drivers = []
        for number, log in enumerate(logs):
            command = [sys.executable, str(Path(counting.__file__)), root, str(number), SHARED, str(N_STEPS_OF_A_DRIVER)]
            file = stack.enter_context(log.open("w"))
            driver = subprocess.Popen(
                command, env=environment, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, text=True, start_new_session=True
            )
            stack.callback(kill, driver)
            drivers.append(driver)
        codes = [driver.wait(timeout=600) for driver in drivers]
    told = [log.read_text() for log in logs]
    assert codes == [0] * N_OWN_DRIVERS, [text[-2000:] for text in told]
    assert [text.split()[-1] for text in told] == [str(N_STEPS_OF_A_DRIVER)] * N_OWN_DRIVERS
    assert held(spark, root) == N_OWN_DRIVERS * N_STEPS_OF_A_DRIVER


def test_writers_without_claims_lose_updates(spark, tmp_path):
    """The known-bad variant: rows are read before another's commit, and written after it, however often it is refused."""
    root = begun(spark, str(tmp_path / "lake"), SHARED)
    writers = counted(spark, root, SHARED, 5, claims=Unchecked, max_tries=100)
    assert total(writers) == N_WRITERS * 5
    assert held(spark, root) < total(writers)
    assert sum(writer.n_conflicts for writer in writers) > 0, "Delta refuses some, and lets others pass"
