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
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[2]
JOBS = Path(os.environ.get("RECLAKE_JOBS_ENV") or ROOT / ".venv" / "jobs")
DAGS = ("daily_lake", "maintain_lake", "train_recommenders")
DAY = "2026-01-01"
_versions: Iterator[int] = count(1000, 1000)  # a later stand-in publishes later versions

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
names = [table.name for table in tables.of_stage(task)]
published = plan.get("published", dict.fromkeys(names, {version}))
rows = {{name: {{"table": name, "outcome": "built" if name in published else "up to date", "rows": 3, "days": 1, "refused": 0,
                 "verdict": "passed", "seconds": 0.1, "message": "", "as_ofs": []}} for name in names}}
for name, changed in plan.get("tables", {{}}).items():
    rows[name] |= changed
rows = {{}} if plan.get("no_tables") else rows
code = plan.get("exit_code", 0)
error = {{"wrong": f"{{task}} is not whole", "found": "a stand-in", "next": "mend its plan"}} if code else None
report = Path(urlparse(asked[asked.index("--report") + 1]).path)
if plan.get("reports", True):
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps(
        {{"run_id": "r", "exit_code": code, "published": published, "tables": list(rows.values()), "error": error}}
    ))
print(plan.get("says", "the last line of a stand-in"))
sys.exit(code)
"""


def read_dag(name: str = "daily_lake") -> Any:
    """The DAG as Airflow reads it from the folder, with the environment as it is now."""
    from airflow.dag_processing.dagbag import DagBag

    for module in [name for name in sys.modules if name.partition(".")[0] == "submitting"]:
        del sys.modules[module]
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


def go_on(dag: Any, run: Any, *, only_failed: bool = False, task_ids: tuple[str, ...] = ()) -> Any:
    """Clear tasks of a run as a person does, and let it go on.

    Cleared are the failed ones of the whole run, or named ones with all that is downstream. `dag.test()` itself would begin
    another run.
    """
    from airflow.models.dagrun import DagRun
    from airflow.serialization.definitions.dag import SerializedDAG
    from airflow.utils.state import DagRunState
    from sqlalchemy import select

    def cleared(*, dag: Any, session: Any, **_: Any) -> Any:
        part = dag.partial_subset(task_ids, include_downstream=True, include_upstream=False) if task_ids else dag
        part.clear(run_id=run.run_id, only_failed=only_failed, session=session, dag_run_state=DagRunState.RUNNING)
        found = session.scalar(select(DagRun).where(DagRun.run_id == run.run_id, DagRun.dag_id == run.dag_id))
        found.dag = dag
        return found

    with patch("airflow.models.dagrun.get_or_create_dagrun", cleared), patch.object(SerializedDAG, "clear_dags"):
        return dag.test(logical_date=run.logical_date)


def states_of(run: Any) -> dict[str, str]:
    return {instance.task_id: str(instance.state) for instance in run.get_task_instances()}


def asset_events(run: Any) -> dict[str, int]:
    """URI of the asset → version, of the events that the run produced; an asset may stand for one event only."""
    found = all_asset_events(run)
    assert len({uri for uri, _ in found}) == len(found)
    return {uri: extra["version"] for uri, extra in found}


def all_asset_events(run: Any) -> list[tuple[str, dict[str, Any]]]:
    """URI of the asset and what the event tells, of all events that the run produced, in their order."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        found = session.execute(
            select(AssetModel.uri, AssetEvent.extra)
            .join(AssetEvent, AssetEvent.asset_id == AssetModel.id)
            .where(AssetEvent.source_run_id == run.run_id, AssetEvent.source_dag_id == run.dag_id)
            .order_by(AssetEvent.id)
        ).all()
    return [(uri, extra) for uri, extra in found]


def forget_asset_events() -> None:
    """Before another lake is run by the same Airflow: its versions begin anew, and would pass for told."""
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with create_session() as session:
        session.execute(delete(AssetEvent))


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
        write_command(folder, "python", "#!/bin/sh\nexit 0\n")  # alerts go nowhere, unless it is made the real one
        (folder / "plan.json").write_text("{}")
        os.environ["RECLAKE_JOBS_ENV"] = str(folder)
        return cls(folder, version)

    def with_python(self, python: Path) -> None:
        """Beside it the Python that alerts are sent by; a link would not find the packages of its environment."""
        write_command(self.folder, "python", f'#!/bin/sh\nexec {python} "$@"\n')

    def plan(self, **tasks: dict[str, Any]) -> None:
        """Task → exit_code, published (table → version), tables (what differs in a row), no_tables, says, reports (whether it does)."""
        (self.folder / "plan.json").write_text(json.dumps(tasks))

    def calls(self) -> list[list[str]]:
        """Task and arguments of each call so far."""
        path = self.folder / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
