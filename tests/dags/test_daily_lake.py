"""The daily DAG imports cleanly, holds every stage once, and builds with spark-submit what the local runner builds."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
JOBS = Path(os.environ.get("RECLAKE_JOBS_ENV") or ROOT / ".venv" / "jobs")
DAY = "2026-01-01"
COMPARED = ("silver.event_records", "silver.order_lines", "silver.events", "silver.accounts")


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
        "RECLAKE__DEMO__N_CUSTOMERS": "40",
        "RECLAKE__LAKE__ROOT": str(folder / "airflow-lake"),
    }
    os.environ.update(own)
    os.environ.pop("SPARK_HOME", None)
    sys.path[:0] = [str(ROOT / "lib")]
    return folder


@pytest.fixture(scope="session")
def dag(home: Path):
    from airflow.dag_processing.dagbag import DagBag

    subprocess.run([str(Path(sys.executable).with_name("airflow")), "db", "migrate"], check=True, capture_output=True)
    bag = DagBag(str(ROOT / "dags"))
    assert bag.import_errors == {}
    assert "daily_lake" in bag.dags
    return bag.dags["daily_lake"]


def reclake(*arguments: str, lake: Path) -> str:
    environment = os.environ | {"RECLAKE__LAKE__ROOT": str(lake)}
    done = subprocess.run(
        [str(JOBS / "bin" / "reclake"), *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_stage_is_one_task_in_order(dag):
    from reclake import tables

    assert [task.task_id for task in dag.topological_sort()] == list(tables.STAGES)
    assert all(task.owner == "reclake" and task.retries for task in dag.tasks)


def test_no_secret_stands_in_a_rendered_template(dag):
    for task in dag.tasks:
        told = " ".join(map(str, [*task.application_args, task.conf, task.env_vars]))
        assert "secret" not in told.lower()


def test_spark_submit_builds_what_the_local_runner_builds(dag, home):
    reclake("generate", "--days", "2", lake=home / "local-lake")
    reclake("run", "--day", DAY, "--stage", "bronze", "--stage", "silver", lake=home / "local-lake")
    run = dag.test(
        logical_date=datetime.fromisoformat(DAY).replace(tzinfo=UTC), mark_success_pattern="customers|behaviour|recommendations"
    )
    assert str(run.state) == "success"
    for table in COMPARED:
        rows = [
            sorted(
                json.dumps(row, sort_keys=True)
                for row in json.loads(reclake("show", table, "--limit", "1000000", "--json", lake=home / lake))
            )
            for lake in ("local-lake", "airflow-lake")
        ]
        assert rows[0], f"{table} is empty: nothing is compared"
        assert rows[0] == rows[1], table
