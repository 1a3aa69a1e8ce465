"""Whole days by real spark-submit through the DAG: one whose silver driver is killed, one on which a gate stops a table."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from runs import (
    DAY,
    ROOT,
    all_asset_events,
    asset_events,
    forget_asset_events,
    go_on,
    read_dag,
    run_of,
    states_of,
    without_waiting,
    write_command,
)

from conftest import JOBS
from suites import demand_what_no_row_is

pytestmark = [pytest.mark.trial, pytest.mark.usefixtures("database")]

DAY_AFTER = "2026-01-02"
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


@pytest.fixture(scope="module", autouse=True)
def test_profile():
    """Everything in this file runs by it: plans of a few rows that are not compiled first."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RECLAKE_PROFILE", "test")
        yield


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


@dataclass(frozen=True)
class Day:
    """A day that the DAG has run, and the lake that it wrote."""

    run: Any
    lake: Path


@pytest.fixture(scope="module")
def killed_day(local, home) -> Day:
    """The same day by the DAG, its first silver driver killed, its second let go on."""
    lake, wrapped = home / "airflow-lake", home / "wrapped"
    write_command(wrapped, "spark-submit", KILLING.format(folder=wrapped, jobs=JOBS, lake=lake))
    write_command(wrapped, "python", f'#!/bin/sh\nexec {JOBS}/bin/python "$@"\n')
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RECLAKE_JOBS_ENV", str(wrapped))
        run = run_of(without_waiting(read_dag(), retries=1))
    assert (wrapped / "killed").exists()
    return Day(run, lake)


def test_a_day_whose_driver_was_killed_ends_in_the_local_runners_lake(local, killed_day, home):
    run, lake = killed_day.run, killed_day.lake
    assert str(run.state) == "success", states_of(run)
    found = differences(local, lake)
    assert found["in_one_only"] == []
    assert found["differ"] == [], found["tables"]
    assert all(found["tables"][name]["rows"] > 0 for name in NOT_EMPTY), found["tables"]
    # The lake was written by these spark-submits and by nothing else, the killed one among them.
    tries = {"bronze": (1,), "silver": (1, 2), "customers": (1,), "behaviour": (1,), "recommendations": (1,)}
    assert found["runs"][1] == sorted(f"{run.run_id}__{stage}__{number}" for stage in tries for number in tries[stage])
    assert set(asset_events(run)) == {f"delta://{name.replace('.', '/')}" for name in found["tables"]}
    require_no_key_in(home / "home", home / "secrets")


def test_jobs_without_their_keys_are_not_tried_again(tmp_path, monkeypatch):
    """They end before they have a lake, and so without a report: their own exit code comes through spark-submit."""
    monkeypatch.setenv("RECLAKE__SECRETS__DIRECTORY", str(tmp_path))
    monkeypatch.setenv("RECLAKE__LAKE__ROOT", str(tmp_path / "lake"))
    run = run_of(without_waiting(read_dag(), retries=1))
    assert str(run.state) == "failed"
    tries = {task.task_id: (str(task.state), task.try_number) for task in run.get_task_instances()}
    stages = ("bronze", "silver", "customers", "behaviour", "recommendations")
    assert {stage: tries[stage] for stage in stages} == dict.fromkeys(stages, ("failed", 1))


def published_versions(lake: Path) -> dict[str, int]:
    """Table → the version that readers see."""
    rows = json.loads(reclake("status", "--json", lake=lake))["tables"]
    return {row["table"]: row["published_version"] for row in rows}


@pytest.fixture(scope="module")
def undisturbed(local, home) -> Path:
    """What the local runner makes of the day after, from the same files."""
    lake = home / "undisturbed-lake"
    shutil.copytree(local, lake)
    reclake("run", "--day", DAY_AFTER, lake=lake)
    return lake


def colours(run) -> dict[str, set[str]]:
    """State → tasks in it, less those that are green or had nothing to do."""
    found: dict[str, set[str]] = {}
    for task, state in states_of(run).items():
        if state not in ("success", "skipped"):
            found.setdefault(state, set()).add(task)
    return found


def require_each_version_told_once(run, lake: Path, before: dict[str, int]) -> None:
    """The last event of every table that moved is of the version that readers see, and no version has two."""
    told = [(uri, extra["version"]) for uri, extra in all_asset_events(run)]
    assert len(set(told)) == len(told)
    moved = {name: version for name, version in published_versions(lake).items() if version != before[name]}
    assert dict(told) == {f"delta://{name.replace('.', '/')}": version for name, version in moved.items()}


def test_a_gate_that_fails_stops_only_what_reads_the_table_and_is_mended_by_clearing_what_failed(
    killed_day, undisturbed, home, monkeypatch
):
    """The day after, on a copy of that lake: the same DAG went green on the day before, by the rules as they stand."""
    lake, suites = home / "gated-lake", home / "suites"
    shutil.copytree(killed_day.lake, lake)
    shutil.copytree(ROOT / "expectations", suites)
    demand_what_no_row_is(suites / "gold.customer_segments.json")
    before = published_versions(lake)
    forget_asset_events()
    monkeypatch.setenv("RECLAKE__LAKE__ROOT", str(lake))
    monkeypatch.setenv("RECLAKE__EXPECTATIONS__DIRECTORY", str(suites))
    dag = without_waiting(read_dag(), retries=1)
    run = run_of(dag, day=DAY_AFTER)
    assert str(run.state) == "failed"
    stopped = {"gold.customer_segments", "gold.segment_bins", "gold.segment_quality", "gold.tier_changes"}
    assert colours(run) == {
        "failed": {"customers", "recommendations", *(f"customers_tables.{name}" for name in stopped)},
        "upstream_failed": {"all_built"},
    }
    assert {task.task_id: task.try_number for task in run.get_task_instances()}["customers"] == 1, "a gate is not tried again"
    after = published_versions(lake)
    assert {name: after[name] for name in stopped} == {name: before[name] for name in stopped}
    moved = {name: version for name, version in after.items() if version != before[name]}
    assert {"silver.order_lines", "silver.accounts", "silver.sessions", "gold.recommendations"} <= set(moved)
    assert asset_events(run) == {f"delta://{name.replace('.', '/')}": version for name, version in moved.items()}
    # The rule is mended, and only failed tasks are cleared.
    shutil.copy(ROOT / "expectations" / "gold.customer_segments.json", suites)
    run = go_on(dag, run, only_failed=True)
    assert str(run.state) == "success", states_of(run)
    assert colours(run) == {}
    require_each_version_told_once(run, lake, before)
    assert differences(undisturbed, lake)["differ"] == []


def test_a_refused_file_and_a_bad_delivery_are_mended_by_delivering_again(killed_day, undisturbed, home, monkeypatch):
    """The same day in three steps: a file that cannot be read, then one with half its records bad, then the right one."""
    lake, landing = home / "redelivered-lake", home / "redelivered"
    shutil.copytree(killed_day.lake, lake)
    shutil.copytree(Path(os.environ["RECLAKE__LANDING__ROOT"]), landing)
    file = landing / "demo" / "orders" / "app" / f"{DAY_AFTER}.jsonl"
    right = file.read_bytes()
    before = published_versions(lake)
    forget_asset_events()
    monkeypatch.setenv("RECLAKE__LAKE__ROOT", str(lake))
    monkeypatch.setenv("RECLAKE__LANDING__ROOT", str(landing))
    dag = without_waiting(read_dag(), retries=1)
    file.write_bytes(right.replace(b'"qty"', b'"\xff\xfe"'))
    run = run_of(dag, day=DAY_AFTER)
    assert str(run.state) == "success", "a refused file stops nobody"
    assert colours(run) == {}
    lines = right.splitlines()
    file.write_bytes(
        b"\n".join([*(line.replace(b'"qty":', b'"qty":"many",  "q":') for line in lines[::2]), *lines[1::2]]) + b"\n"
    )
    run = go_on(dag, run, task_ids=("bronze",))
    assert str(run.state) == "failed"
    red = colours(run)["failed"]
    assert {"silver", "customers", "recommendations", "silver_tables.silver.order_records"} <= red
    assert {"bronze", "silver_tables.silver.account_records", "bronze_tables.bronze.orders"} & red == set()
    file.write_bytes(right)
    run = go_on(dag, run, task_ids=("bronze",))
    assert str(run.state) == "success", states_of(run)
    assert colours(run) == {}
    require_each_version_told_once(run, lake, before)
    # What tells of deliveries tells of three; everything that counts is as it would be.
    assert set(differences(undisturbed, lake)["differ"]) <= {
        "bronze.files", "bronze.orders", "silver.order_records", "silver.rejected_records", "ops.reconciliation", "ops.freshness",
    }  # fmt: skip


def require_no_key_in(folder: Path, secrets: Path) -> None:
    """No key stands in Airflow's database, which holds the rendered templates, nor in its logs."""
    keys = [path.read_bytes().strip() for path in secrets.glob("*.key")]
    assert len(keys) == 2
    contents = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert any(b"--run-id" in content for content in contents.values()), "no rendered template lies here: nothing is proven"
    assert [path for path, content in contents.items() if any(key in content for key in keys)] == []
