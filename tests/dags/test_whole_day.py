"""A whole day by real spark-submit through the DAG, its silver driver killed in the middle: the local runner's lake."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from runs import DAY, ROOT, asset_events, read_dag, run_of, states_of, without_waiting

from conftest import JOBS

pytestmark = [pytest.mark.trial, pytest.mark.usefixtures("database")]

NOT_EMPTY = (
    "bronze.events", "bronze.orders", "silver.event_records", "silver.events", "silver.order_lines", "silver.accounts",
    "silver.sessions", "silver.interactions", "gold.customer_segments", "gold.recommendations",
)  # fmt: skip
# Kills the driver of the first silver try, workers and JVM with it, once one of its tables is committed.
KILLING = """#!/bin/bash
case "$*" in *"--stage silver"*)
    if mkdir {folder}/killed 2>/dev/null; then
        setsid {jobs}/bin/spark-submit "$@" & driver=$!
        until ls {lake}/silver/event_records/_delta_log/*.json >/dev/null 2>&1; do
            kill -0 $driver || exit 1
            sleep 0.2
        done
        kill -9 -- -$driver
        exit 137
    fi;;
esac
exec {jobs}/bin/spark-submit "$@"
"""


def in_jobs_environment(*command: str, lake: Path) -> str:
    environment = os.environ | {"RECLAKE__LAKE__ROOT": str(lake), "PYTHONPATH": str(ROOT / "lib")}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def reclake(*arguments: str, lake: Path) -> str:
    return in_jobs_environment(str(JOBS / "bin" / "python"), "-m", "reclake.cli", *arguments, lake=lake)


def differences(left: Path, right: Path) -> dict:
    compare = str(Path(__file__).with_name("same_bags.py"))
    told = in_jobs_environment(str(JOBS / "bin" / "python"), compare, str(left), str(right), lake=left)
    found = json.loads(told.splitlines()[-1])
    found["differ"] = sorted(name for name, n in found["tables"].items() if n["only_left"] or n["only_right"])
    return found


@pytest.fixture(scope="module")
def local(home) -> Path:
    """What the local runner builds of the day."""
    lake = home / "local-lake"
    reclake("generate", "--days", "2", lake=lake)
    reclake("run", "--day", DAY, lake=lake)
    return lake


def test_a_lake_with_more_deliveries_is_told_apart(local, home):
    """The known bad: without it the comparison below could pass on anything."""
    other = home / "other-lake"
    shutil.copytree(local, other)
    reclake("run", "--day", "2026-01-02", "--stage", "bronze", lake=other)
    assert {"bronze.events", "bronze.orders"} <= set(differences(local, other)["differ"])


def test_a_day_whose_driver_was_killed_ends_in_the_local_runners_lake(local, home, monkeypatch):
    lake, wrapped = home / "airflow-lake", home / "wrapped"
    (wrapped / "bin").mkdir(parents=True)
    (wrapped / "bin" / "spark-submit").write_text(KILLING.format(folder=wrapped, jobs=JOBS, lake=lake))
    (wrapped / "bin" / "python").write_text(f'#!/bin/sh\nexec {JOBS}/bin/python "$@"\n')
    for name in ("spark-submit", "python"):
        (wrapped / "bin" / name).chmod(0o755)
    monkeypatch.setenv("RECLAKE_JOBS_ENV", str(wrapped))
    run = run_of(without_waiting(read_dag(), retries=1))
    assert str(run.state) == "success", states_of(run)
    assert (wrapped / "killed").exists()

    found = differences(local, lake)
    assert found["in_one_only"] == []
    assert found["differ"] == [], found["tables"]
    assert all(found["tables"][name]["rows"] > 0 for name in NOT_EMPTY), found["tables"]
    # The lake was written by these spark-submits and by nothing else, the killed one among them.
    tries = {"bronze": (1,), "silver": (1, 2), "customers": (1,), "behaviour": (1,), "recommendations": (1,)}
    assert found["runs"][1] == sorted(f"{run.run_id}__{stage}__{number}" for stage in tries for number in tries[stage])
    assert set(asset_events(run)) == {f"delta://{name.replace('.', '/')}" for name in found["tables"]}
    require_no_key_in(home / "home", home / "secrets")


def require_no_key_in(folder: Path, secrets: Path) -> None:
    """No key stands in Airflow's database, which holds the rendered templates, nor in its logs."""
    keys = [path.read_bytes().strip() for path in secrets.glob("*.key")]
    assert len(keys) == 2
    contents = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert any(b"--run-id" in content for content in contents.values()), "no rendered template lies here: nothing is proven"
    assert [path for path, content in contents.items() if any(key in content for key in keys)] == []
