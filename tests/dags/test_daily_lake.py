"""The daily DAG imports cleanly, holds every stage once, and builds with spark-submit what the local runner builds."""

import ast
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
JOBS = Path(os.environ.get("RECLAKE_JOBS_ENV") or ROOT / ".venv" / "jobs")
DAY = "2026-01-01"
NOT_EMPTY = ("bronze.events", "bronze.orders", "silver.event_records", "silver.events", "silver.order_lines", "silver.accounts")


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An Airflow home and a landing folder of their own; the lake of the spark-submit runs lies in `airflow-lake`."""
    folder = tmp_path_factory.mktemp("airflow")
    own = {
        "AIRFLOW_HOME": str(folder / "home"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": "local[2]"}),
        "RECLAKE_HOME": str(ROOT),
        "RECLAKE_JOBS_ENV": str(JOBS),
        "RECLAKE__LANDING__ROOT": str(folder / "landing"),
        "RECLAKE__SECRETS__DIRECTORY": str(folder / "secrets"),
        "RECLAKE__MLFLOW__TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "RECLAKE__DEMO__N_CUSTOMERS": "40",
        "RECLAKE__LAKE__ROOT": str(folder / "airflow-lake"),
    }
    os.environ.update(own)
    for name in ("SPARK_HOME", "SPARK_CONF_DIR", "PYSPARK_PYTHON", "RECLAKE_PROFILE", "RECLAKE_WHEEL"):
        os.environ.pop(name, None)
    sys.path[:0] = [str(ROOT / "lib")]
    return folder


@pytest.fixture(scope="session")
def database(home: Path) -> None:
    migrate = [str(Path(sys.executable).with_name("airflow")), "db", "migrate"]
    done = subprocess.run(migrate, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def read_dag():
    """The DAG as Airflow reads it from the folder."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(ROOT / "dags"))
    assert bag.import_errors == {}
    assert "daily_lake" in bag.dags
    return bag.dags["daily_lake"]


@pytest.fixture
def dag(database: None):
    return read_dag()


def tried_once(dag):
    """The DAG without retries, which `dag.test()` would wait for."""
    for task in dag.tasks:
        task.retries = 0
    return dag


def run_of(dag, **options):
    """A run started by hand at noon of the day after."""
    noon = datetime.fromisoformat(DAY).replace(tzinfo=UTC) + timedelta(days=1, hours=12)
    return dag.test(logical_date=noon, **options)


def states_of(run) -> dict[str, str]:
    return {instance.task_id: str(instance.state) for instance in run.get_task_instances()}


def in_jobs_environment(*command: str, lake: Path) -> str:
    environment = os.environ | {"RECLAKE__LAKE__ROOT": str(lake), "PYTHONPATH": str(ROOT / "lib")}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def reclake(*arguments: str, lake: Path) -> str:
    return in_jobs_environment(str(JOBS / "bin" / "reclake"), *arguments, lake=lake)


def test_every_stage_is_one_task_in_order(dag):
    from reclake import tables

    assert [task.task_id for task in dag.topological_sort()] == [*tables.STAGES, "all_built"]
    assert all(task.owner == "reclake" and task.retries for task in dag.tasks)
    assert dag.task_dict["all_built"].upstream_task_ids == set(tables.STAGES)
    assert {dag.task_dict[stage].application for stage in tables.STAGES[1:]} == {str(ROOT / "jobs" / "build.py")}


def test_every_table_of_a_stage_is_an_asset_of_its_task(dag):
    from reclake import tables

    for stage in tables.STAGES:
        found = {asset.uri for asset in dag.task_dict[stage].outlets}
        assert found == {f"delta://{table.layer}/{table.noun}" for table in tables.of_stage(stage)}
        assert found


def test_a_dag_imports_of_reclake_the_declarations_only():
    files = sorted((ROOT / "dags").glob("*.py"))
    assert files
    for path in files:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {f"{node.module}.{alias.name}" for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
        assert {name for name in names if name.startswith("reclake")} == {"reclake.tables"}
        assert not {name for name in names if name.split(".")[0] in ("pyspark", "delta", "pandas", "mlflow")}


def test_the_run_that_starts_in_the_night_is_for_the_day_before(dag):
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    begin = datetime(2026, 3, 1, tzinfo=UTC)
    info = coerce_to_core_timetable(dag.timetable).next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(earliest=begin, latest=None, catchup=True)
    )
    assert (str(info.logical_date.date()), str(info.run_after)[:16]) == ("2026-03-01", "2026-03-02 02:00")


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """What a stand-in for spark-submit was called with; it ends the silver stage with code 3 once `fails` exists."""
    stand_in = tmp_path / "bin" / "spark-submit"
    stand_in.parent.mkdir()
    stand_in.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\ncase "$*" in *"--stage silver"*) test ! -e {tmp_path}/fails || exit 3;; esac\n'
    )
    stand_in.chmod(0o755)
    monkeypatch.setenv("RECLAKE_JOBS_ENV", str(tmp_path))
    return lambda: (tmp_path / "calls").read_text().splitlines()


def test_a_run_by_hand_is_for_the_last_day_whose_files_have_come(database, calls):
    run = run_of(tried_once(read_dag()))
    assert str(run.state) == "success"
    assert [call.split("--day ")[1].split(" ")[0] for call in calls()] == [DAY] * 5


def test_a_stopped_stage_lets_the_later_ones_start_and_the_run_end_red(database, calls, tmp_path):
    (tmp_path / "fails").touch()
    run = run_of(tried_once(read_dag()), run_conf={"day": "2026-01-05"})
    assert str(run.state) == "failed"
    expected = dict.fromkeys(("bronze", "customers", "behaviour", "recommendations"), "success")
    assert states_of(run) == expected | {"silver": "failed", "all_built": "upstream_failed"}
    assert len(calls()) == 5
    assert all("--day 2026-01-05" in call and f"--run-id {run.run_id}__" in call for call in calls())


def test_spark_submit_builds_what_the_local_runner_builds(dag, home):
    local, airflow = home / "local-lake", home / "airflow-lake"
    reclake("generate", "--days", "2", lake=local)
    reclake("run", "--day", DAY, "--stage", "bronze", "--stage", "silver", lake=local)
    run = run_of(tried_once(dag), mark_success_pattern="customers|behaviour|recommendations")
    assert str(run.state) == "success", states_of(run)

    compare = str(Path(__file__).with_name("same_bags.py"))
    told = in_jobs_environment(str(JOBS / "bin" / "python"), compare, str(local), str(airflow), lake=airflow)
    found = json.loads(told.splitlines()[-1])
    assert found["in_one_only"] == []
    assert [name for name, n in found["tables"].items() if n["only_left"] or n["only_right"]] == [], found["tables"]
    assert all(found["tables"][name]["rows"] > 0 for name in NOT_EMPTY), found["tables"]
    # The lake was written by the two spark-submits and by nothing else.
    assert found["runs"][1] == [f"{run.run_id}__bronze__1", f"{run.run_id}__silver__1"]
    require_no_key_in(home / "home", home / "secrets")


def require_no_key_in(folder: Path, secrets: Path) -> None:
    """No key stands in Airflow's database, which holds the rendered templates, nor in its logs."""
    keys = [path.read_bytes().strip() for path in secrets.glob("*.key")]
    assert len(keys) == 2
    contents = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert any(b"--run-id" in content for content in contents.values()), "no rendered template lies here: nothing is proven"
    assert [path for path, content in contents.items() if any(key in content for key in keys)] == []
