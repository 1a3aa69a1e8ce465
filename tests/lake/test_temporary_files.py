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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where everything of the sessions lies; they run one after the other on the same temporary folder."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def session(folder):
    """Run a session by Python or by spark-submit on a lake of its own; gives the process and what it listed."""
    (folder / "session.py").write_text(SESSION)
    conf = spark_profile(folder, "test", {"spark.local.dir": str(folder / "scratch")})

    def run(starter, lake, how="ends", umask="077", **environment):
        (folder / lake).mkdir()
        command = [str(Path(sys.executable).with_name(starter)), str(folder / "session.py"), str(folder / "scratch")]
        done = subprocess.run(
            [*command, str(folder / lake), how, umask],
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


@pytest.fixture(scope="module")
def killed(session, folder):
    """A session with another umask, killed after its listing; what it left is as old as an hour."""
    done, modes = session("python", "killed", how="dies", umask="027")
    assert done.returncode == -9
    left = list((folder / "scratch").iterdir())
    assert len(left) == 1, "the killed run left nothing: nothing is tried"
    os.utime(left[0], (time.time() - 3600,) * 2)
    return modes


@pytest.fixture(scope="module")
def plain(session, folder, killed):
    """The next session; what it listed, and what it left in the temporary folder."""
    done, modes = session("python", "plain")
    assert done.returncode == 0, done.stderr
    return modes, list((folder / "scratch").iterdir())


@pytest.fixture(scope="module")
def submitted(session, folder, plain):
    """The same by spark-submit."""
    done, modes = session("spark-submit", "submitted")
    assert done.returncode == 0, done.stderr
    return modes, list((folder / "scratch").iterdir())


def open_ones(modes):
    return {path: oct(mode) for path, mode in modes.items() if mode & 0o077}


@pytest.mark.parametrize("starter", ["plain", "submitted"])
def test_nobody_else_can_open_temporary_files_or_the_lake(starter, request):
    modes, left = request.getfixturevalue(starter)
    top = {path: mode for path, mode in modes["scratch"].items() if "/" not in path}
    assert [(path.startswith(PREFIX), mode) for path, mode in top.items()] == [(True, 0o700)]
    assert any("blockmgr-" in path and path.endswith(".data") for path in modes["scratch"]), "nothing was shuffled"
    assert any(path.endswith(".parquet") for path in modes["lake"])
    assert any(path.endswith(".crc") for path in modes["lake"])
    assert open_ones(modes["lake"]) == {}
    assert left == []


def test_a_umask_opens_the_lake_to_the_group_and_no_temporary_files(killed):
    assert {mode for path, mode in killed["lake"].items() if path.endswith(".parquet")} == {0o640}
    assert killed["lake"]["table"] == 0o750
    assert {mode for path, mode in killed["scratch"].items() if "/" not in path} == {0o700}


def test_what_a_killed_run_left_goes_with_the_next(plain):
    """`killed` has seen that something was left."""
    assert plain[1] == []


def test_folders_that_the_environment_names_hold_nothing_to_read(session, plain, submitted, folder):
    """Spark takes them before any setting, so that what lies there is encrypted."""
    assert any(plain[0]["shown"]), "what is not encrypted does not show it either: nothing is proven"
    (folder / "named").mkdir()
    _, modes = session("python", "named-lake", SPARK_LOCAL_DIRS=str(folder / "named"))
    assert modes["shown"]
    assert not any(modes["shown"])
