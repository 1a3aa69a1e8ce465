"""DAGs as Airflow reads them, runs of them in this process, and a stand-in for spark-submit."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
JOBS = Path(os.environ.get("RECLAKE_JOBS_ENV") or ROOT / ".venv" / "jobs")
DAGS = ("daily_lake", "maintain_lake", "train_recommenders")
DAY = "2026-01-01"
_versions: Iterator[int] = count(1)

STAND_IN = """#!{python}
import json, sys
from pathlib import Path
from urllib.parse import urlparse

sys.path.insert(0, {lib!r})  # with a wheel the job's environment names no folder
from reclake import tables

folder, asked = Path({folder!r}), sys.argv
stage = asked[asked.index("--stage") + 1] if "--stage" in asked else None
job = next(Path(word).stem for word in asked if word.endswith(".py") and "/jobs/" in word)
task = stage or {{"ingest": "bronze", "train": "training"}}.get(job, job)
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps([task, *asked]) + "\\n")
plan = json.loads((folder / "plan.json").read_text()).get(task, {{}})
published = plan.get("published", {{table.name: {version} for table in tables.of_stage(task)}})
report = Path(urlparse(asked[asked.index("--report") + 1]).path)
if plan.get("reports", True):
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps({{"run_id": "r", "exit_code": plan.get("exit_code", 0), "published": published}}))
sys.exit(plan.get("exit_code", 0))
"""


def read_dag(name: str = "daily_lake") -> Any:
    """The DAG as Airflow reads it from the folder, with the environment as it is now."""
    from airflow.dag_processing.dagbag import DagBag

    sys.modules.pop("submitting", None)
    bag = DagBag(str(ROOT / "dags"))
    assert bag.import_errors == {}
    assert sorted(bag.dags) == sorted(DAGS)
    return bag.dags[name]


def without_waiting(dag: Any, *, retries: int = 0) -> Any:
    """The DAG with retries that come at once, as `dag.test()` waits for them, and without its deadline.

    In Airflow 3.3.2 `dag.test()` looks a deadline up by its definition instead of its id, and breaks off. That it fires
    under a scheduler is shown by tests/trials/test_scheduler.py.
    """
    dag.deadline = None
    for task in dag.tasks:
        task.retries, task.retry_delay, task.retry_exponential_backoff = retries, timedelta(seconds=1), 0
    return dag


def run_of(dag: Any, day: str = DAY, **options: Any) -> Any:
    """A run started by hand at noon of the day after."""
    noon = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1, hours=12)
    return dag.test(logical_date=noon, **options)


def states_of(run: Any) -> dict[str, str]:
    return {instance.task_id: str(instance.state) for instance in run.get_task_instances()}


def asset_events(run: Any) -> dict[str, int]:
    """URI of the asset → version, of the events that the run produced; an asset may stand for one event only."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        found = session.execute(
            select(AssetModel.uri, AssetEvent.extra)
            .join(AssetEvent, AssetEvent.asset_id == AssetModel.id)
            .where(AssetEvent.source_run_id == run.run_id, AssetEvent.source_dag_id == run.dag_id)
        ).all()
    assert len({uri for uri, _ in found}) == len(found)
    return {uri: extra["version"] for uri, extra in found}


def write_command(folder: Path, name: str, text: str) -> None:
    """A command of a jobs environment that stands in `folder`."""
    command = folder / "bin" / name
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text(text)
    command.chmod(0o755)


@dataclass
class StandIn:
    """A spark-submit that notes how it was called and reports what its plan says."""

    folder: Path
    version: int  # of what it publishes unless its plan says otherwise; no two of them have the same

    @classmethod
    def at(cls, folder: Path) -> "StandIn":
        version = next(_versions)
        text = STAND_IN.format(python=sys.executable, lib=str(ROOT / "lib"), folder=str(folder), version=version)
        write_command(folder, "spark-submit", text)
        (folder / "plan.json").write_text("{}")
        os.environ["RECLAKE_JOBS_ENV"] = str(folder)
        return cls(folder, version)

    def with_python(self, python: Path) -> None:
        """Beside it the Python that alerts are sent by; a link would not find the packages of its environment."""
        write_command(self.folder, "python", f'#!/bin/sh\nexec {python} "$@"\n')

    def plan(self, **tasks: dict[str, Any]) -> None:
        """Task → exit_code, published (table → version), reports (whether it leaves a report)."""
        (self.folder / "plan.json").write_text(json.dumps(tasks))

    def calls(self) -> list[list[str]]:
        """Task and arguments of each call so far."""
        path = self.folder / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
