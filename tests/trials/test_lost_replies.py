"""A commit whose reply is lost is neither repeated nor forgotten (R-09)."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pyspark
import pytest

from lakes import bag, open_lake, run_days, spark_profile
from reclake import tables
from reclake.tables import bronze, ops, silver
from trials.processes import Place, ended, told

pytestmark = pytest.mark.trial
DAY = date(2026, 1, 1)
JOBS = {"bronze": ("ingest", "--day", str(DAY)), "silver": ("build", "--stage", "silver", "--day", str(DAY))}
# Appends, a replacement of days, the rows that a run writes of itself, and the manifest: each loses its reply once.
FAULTS = {
    "bronze": (bronze.ORDERS, ops.CLAIMS, ops.PUBLISHED_VERSIONS),
    "silver": (silver.ORDER_LINES, ops.GATE_RESULTS, ops.LEDGER, ops.PUBLISHED_VERSIONS),
}
_JARS = Path(pyspark.__file__).parent / "jars"
_APPEND_AGAIN = """
import sys
from pathlib import Path
from py4j.protocol import Py4JJavaError
from reclake.lake.session import open_session
spark = open_session(Path(sys.argv[1]), name="append")
Path(sys.argv[3], "plain.table.error").touch()
for _ in range(2):
    try:
        spark.range(10).coalesce(1).write.format("delta").mode("append").save(sys.argv[2])
    except Py4JJavaError:
        continue
    break
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Environment variables under which jobs write through the log store that denies, and the folder of its faults."""
    if shutil.which("javac") is None:
        pytest.skip("compiling the log store needs a JDK (javac): not run is not passed")
    folder = tmp_path_factory.mktemp("lost-replies")
    (folder / "faults").mkdir()
    source = Path(__file__).with_name("LostReplies.java")
    subprocess.run(["javac", "-cp", f"{_JARS}/*", "-d", folder / "classes", source], check=True)
    store = {"spark.driver.extraClassPath": str(folder / "classes"), "spark.delta.logStore.file.impl": "LostReplies"}
    conf = spark_profile(folder, "test", store)
    return {"SPARK_CONF_DIR": str(conf), "LOST_REPLIES": str(folder / "faults")}


@pytest.fixture(scope="module")
def undisturbed(spark, company, tmp_path_factory):
    app = open_lake(spark, tmp_path_factory.mktemp("undisturbed"), source="demo", landing=company)
    assert run_days(app, DAY) == {}
    return {table.name: bag(app, table) for job in JOBS for table in tables.of_stage(job)}


@pytest.mark.parametrize(("kind", "codes"), [("error", {1}), ("exists", set())])
def test_a_lost_reply_leaves_what_an_undisturbed_run_leaves(spark, company, settings, undisturbed, tmp_path, kind, codes):
    """A broken connection ends the run, and the next one goes on; a commit that was sent twice is known for its own."""
    place = Place(tmp_path, company, settings)
    for job, lost_at in FAULTS.items():
        faults = [Path(settings["LOST_REPLIES"], f"{table.name}.{kind}") for table in lost_at]
        for fault in faults:
            fault.touch()
        ended_with = set()
        for _ in faults:
            if (code := ended(place, *JOBS[job])) == 0:
                break
            ended_with.add(code)
        assert ended_with == codes, told(place)
        assert code == 0 or ended(place, *JOBS[job]) == 0, told(place)
        assert [fault.name for fault in faults if fault.exists()] == [], "their replies were never lost"
    app = open_lake(spark, place.folder, source="demo", landing=company)
    assert [name for name, rows in undisturbed.items() if bag(app, tables.BY_NAME[name]) != rows] == []
    for table in ops.WRITTEN:
        if app.store.newest(table) is not None:
            rows = Counter(map(repr, app.store.read_newest(table).collect()))
            assert max(rows.values()) == 1, f"{table.name} says something twice"


def test_an_append_that_is_tried_again_is_doubled(spark, settings, tmp_path):
    """The known-bad variant: whoever takes a lost reply for a failure, and appends again."""
    table = tmp_path / "plain" / "table"
    command = [sys.executable, "-c", _APPEND_AGAIN, settings["SPARK_CONF_DIR"], str(table), settings["LOST_REPLIES"]]
    subprocess.run(command, env=os.environ | settings, check=True)
    assert spark.read.format("delta").load(str(table)).count() == 20
