"""While Spark runs, what it shuffles and spills lies in a folder that nobody else may open; what it writes is its owner's alone."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lakes import spark_profile
from reclake.lake.scratch import PREFIX

# Shuffles, spills and hands rows to Python, then lists all that lies in the temporary folder and the lake.
SESSION = """
import json, os, sys
from pathlib import Path
from reclake.lake.session import open_session
scratch, lake, how = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
spark = open_session(Path(os.environ["SPARK_CONF_DIR"]), name="temporary files", umask=sys.argv[4])
rows = spark.createDataFrame([(n, "Qx7-canary") for n in range(2000)], "n long, phone string")
kept = rows.repartition(3, "n").persist(__import__("pyspark").StorageLevel.DISK_ONLY)
kept.groupBy("phone").count().collect()
kept.write.format("delta").partitionBy("phone").save(str(lake / "table"))
def modes(folder):
    return {str(p.relative_to(folder)): p.stat().st_mode & 0o777 for p in folder.rglob("*")}
kept = [p.read_bytes() for p in Path(os.environ.get("SPARK_LOCAL_DIRS", scratch)).rglob("rdd_*") if p.is_file()]
shown = [b"Qx7-canary" in content for content in kept]
print(json.dumps({"scratch": modes(scratch), "lake": modes(lake), "shown": shown}), flush=True)
if how == "dies":
    os.kill(os.getpid(), 9)
spark.stop()
"""


@pytest.fixture
def session(tmp_path):
    """Run a session on folders of its own, by Python or by spark-submit; gives the process and what it listed."""
    (tmp_path / "session.py").write_text(SESSION)
    conf = spark_profile(tmp_path, "test", {"spark.local.dir": str(tmp_path / "scratch")})

    def run(starter, lake="lake", how="ends", umask="077", **environment):
        (tmp_path / lake).mkdir()
        command = [str(Path(sys.executable).with_name(starter)), str(tmp_path / "session.py"), str(tmp_path / "scratch")]
        done = subprocess.run(
            [*command, str(tmp_path / lake), how, umask],
            env=os.environ | {"SPARK_CONF_DIR": str(conf), "PYSPARK_PYTHON": sys.executable} | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            umask=0o022,  # as a login shell has it
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        assert lines, done.stderr
        return done, json.loads(lines[-1])

    return run


def open_ones(modes):
    return {path: oct(mode) for path, mode in modes.items() if mode & 0o077}


@pytest.mark.parametrize("starter", ["python", "spark-submit"])
def test_nobody_else_can_open_temporary_files_or_the_lake(session, starter, tmp_path):
    done, modes = session(starter)
    assert done.returncode == 0, done.stderr
    top = {path: mode for path, mode in modes["scratch"].items() if "/" not in path}
    assert [(path.startswith(PREFIX), mode) for path, mode in top.items()] == [(True, 0o700)]
    assert any("blockmgr-" in path and path.endswith(".data") for path in modes["scratch"]), "nothing was shuffled"
    assert any(path.endswith(".parquet") for path in modes["lake"])
    assert any(path.endswith(".crc") for path in modes["lake"])
    assert open_ones(modes["lake"]) == {}
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_umask_opens_the_lake_to_the_group_and_no_temporary_files(session):
    _, modes = session("python", umask="027")
    assert {mode for path, mode in modes["lake"].items() if path.endswith(".parquet")} == {0o640}
    assert modes["lake"]["table"] == 0o750
    assert {mode for path, mode in modes["scratch"].items() if "/" not in path} == {0o700}


def test_what_a_killed_run_left_goes_with_the_next(session, tmp_path):
    killed, _ = session("python", how="dies", lake="first")
    assert killed.returncode == -9
    left = list((tmp_path / "scratch").iterdir())
    assert len(left) == 1, "the killed run left nothing: nothing is tried"
    os.utime(left[0], (time.time() - 3600,) * 2)
    done, _ = session("python", lake="second")
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "scratch").iterdir()) == []


def test_folders_that_the_environment_names_hold_nothing_to_read(session, tmp_path):
    """Spark takes them before any setting, so that what lies there is encrypted."""
    _, modes = session("python", lake="first")
    assert any(modes["shown"]), "what is not encrypted does not show it either: nothing is proven"
    (tmp_path / "named").mkdir()
    _, modes = session("python", lake="second", SPARK_LOCAL_DIRS=str(tmp_path / "named"))
    assert modes["shown"]
    assert not any(modes["shown"])
