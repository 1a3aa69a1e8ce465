"""What the DAGs share: how a job is submitted, what Airflow learns of its work, and who is told what Airflow alone knows."""

import json
import os
import subprocess
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Asset, AssetAlias, BaseOperator, Context, ObjectStoragePath, Param
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from reclake.tables import Table

HOME = Path(os.environ.get("RECLAKE_HOME") or Path(__file__).resolve().parents[1])
JOBS = Path(os.environ.get("RECLAKE_JOBS_ENV") or HOME / ".venv" / "jobs")
WHEEL = os.environ.get("RECLAKE_WHEEL") or None  # ships the package to the executors; one machine needs none
# What Spark must know and git must not: a standalone master's secret.
PROPERTIES = os.environ.get("RECLAKE_SPARK_PROPERTIES") or None
PROFILE = os.environ.get("RECLAKE_PROFILE", "local")
# Where the nodes' Python is another than the worker's: its place on them, and the packed environments it comes from.
NODES_PYTHON, ARCHIVES = os.environ.get("RECLAKE_NODES_PYTHON"), os.environ.get("RECLAKE_ARCHIVES") or None
# Folder of this machine, or URI, that the drivers and Airflow's workers both see; in client mode a folder of the worker.
REPORTS = os.environ.get("RECLAKE_REPORTS") or str(HOME / ".reclake" / "reports")
if "://" not in REPORTS:
    REPORTS = Path(REPORTS).absolute().as_uri()  # a driver would look for a plain path in the cluster's default file system

# When a day's files have come: at this hour of the next day, in this zone. Both decide which day a run is for.
ZONE, HOUR = ZoneInfo(os.environ.get("RECLAKE_SCHEDULE_ZONE") or "UTC"), int(os.environ.get("RECLAKE_DAILY_HOUR") or 2)
START = datetime(2000, 1, 1, tzinfo=UTC)  # no run lies before it, backfills included

# One slot each (conf/airflow/pools.json): who writes the same tables waits for one another. Training's tables are its own,
# but for those in which every run tells of itself: a store that knows no two writers needs one pool for all.
LAKE_POOL, TRAINING_POOL = "reclake_lake", os.environ.get("RECLAKE_TRAINING_POOL") or "reclake_training"
# A retry is another run: the try's number keeps the two apart if the first driver still lives.
RUN = "{{ run_id }}__{{ ti.task_id }}__{{ ti.try_number }}"
# Exit codes that another try ends with as well: usage, a gate, too much refused. The last two are told by the job `alert`.
FINAL = (2, *(IN_THE_LAKE := (3, 4)))
DEFAULTS: dict[str, Any] = {
    "owner": "reclake",
    # Waits of 10, 20, 40 and 60 minutes or more: together longer than `run.claim_minutes`, for which a driver that died on
    # another host holds what it was writing.
    "retries": 4,
    "retry_delay": timedelta(minutes=10),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(hours=1),
    "execution_timeout": timedelta(hours=12),
}
ENVIRONMENT = {
    "RECLAKE_HOME": str(HOME),
    "SPARK_CONF_DIR": str(HOME / "conf" / "spark" / PROFILE),
    "PYSPARK_PYTHON": NODES_PYTHON or str(JOBS / "bin" / "python"),
    "PYSPARK_DRIVER_PYTHON": str(JOBS / "bin" / "python"),
    "PYTHONPATH": "" if WHEEL else str(HOME / "lib"),
    "TZ": "UTC",
}
_A_DAY = "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_ALERT_SECONDS = 120  # more than the tries of a webhook that does not answer


def day_param(description: str) -> Param:
    """A day that may be left out: plain text of an ISO date, hence no path and no template."""
    # A pattern as well as the format: Python reads 20260101 and 2026-W01-1 as ISO dates too. `$` lets a newline pass.
    return Param(None, type=["null", "string"], format="date", pattern=_A_DAY, maxLength=10, description=description)


def local_day(moment: datetime) -> str:
    """The calendar day on which a moment lies in the zone of the schedule."""
    return str(moment.astimezone(ZONE).date())


def delivery_day(run: Any) -> str:
    """The day whose deliveries a run of the daily graph is for, as its DAG run tells it.

    A run by hand has the last complete interval as its own; without a logical date it has none, and gets the same day here.
    """
    begin = run.data_interval_start or run.run_after - timedelta(hours=24 + HOUR)
    return (run.conf or {}).get("day") or local_day(begin)


def next_day(day: str) -> str:
    """The as_of of a day's run: the first day that does not count."""
    return str(date.fromisoformat(day) + timedelta(days=1))


FILTERS = {"local_day": local_day, "delivery_day": delivery_day, "next_day": next_day}  # for the templates of the DAGs


class Stopped(AirflowFailException):
    """A stop that the lake itself tells of: its verdicts and refusals are what the job `alert` reads."""


def require_plain_conf(context: Context) -> None:
    """End the task for good when the run was given what the DAG does not know, or a day that has not begun.

    Airflow checks the types and forms of the params; it lets unknown names pass, and a mistyped one would run another day.
    """
    run = context["dag_run"]
    if unknown := sorted(set(run.conf or {}) - set(context["dag"].params)):
        raise AirflowFailException(
            f"the run's conf names {len(unknown)} unknown params; known are {sorted(context['dag'].params)}"
        )
    for name, value in context["params"].items():
        if isinstance(value, str) and value > local_day(run.run_after):
            raise AirflowFailException(f"{name} {value} lies after the day of the run")


def require_whole_environment(master: str) -> None:
    """End the task for good when the worker's environment lacks what spark-submit would miss much later, or not tell of."""
    if not master.startswith("local") and not WHEEL:
        raise AirflowFailException(
            f"the connection spark_default submits to {master}, so RECLAKE_WHEEL must name the wheel that the nodes import from"
        )
    if PROPERTIES and not Path(PROPERTIES).is_file():
        raise AirflowFailException(f"RECLAKE_SPARK_PROPERTIES names no file on this worker: {PROPERTIES}")


class SubmitJob(SparkSubmitOperator):
    """One job as one Spark application; what its report says it published goes to the next task, even when it failed."""

    def __init__(self, *, job: str, arguments: Iterable[str] = (), **options: Any) -> None:
        self.report = f"{REPORTS}/{{{{ ti.id }}}}.json"
        super().__init__(
            application=str(HOME / "jobs" / f"{job}.py"),
            application_args=["--profile", PROFILE, "--run-id", RUN, "--report", self.report, *arguments],
            name=f"reclake-{options['task_id']}",
            conn_id="spark_default",
            spark_binary=str(JOBS / "bin" / "spark-submit"),
            py_files=WHEEL,
            archives=ARCHIVES,
            properties_file=PROPERTIES,
            env_vars=dict(ENVIRONMENT),
            **options,
        )

    def execute(self, context: Context) -> None:
        """Submit the job; a stop that a retry cannot mend is not tried again."""
        self._hook = self._get_hook()
        require_whole_environment(self._hook._connection["master"])
        require_plain_conf(context)
        place = ObjectStoragePath(f"{REPORTS}/{context['ti'].id}.json")
        try:
            super().execute(context)
        except AirflowException as failure:
            code = _taken_up(place, context)
            if code is None:  # it ended before it had a lake to tell of
                code = self._exit_code_of_submit()
            if code in FINAL:
                raise (Stopped if code in IN_THE_LAKE else AirflowFailException)(str(failure)) from None
            raise
        _taken_up(place, context)

    def _exit_code_of_submit(self) -> int | None:
        """What spark-submit ended with; in client mode that is the driver's own exit code."""
        process = self._hook._submit_sp if self._hook else None
        return process.returncode if process else None

    def _get_hook(self) -> SparkSubmitHook:
        """The provider's hook, but that the profile counts beside a properties file: spark-submit would read that alone."""
        hook = super()._get_hook()
        if PROPERTIES:
            common = hook._build_spark_common_args
            hook._build_spark_common_args = lambda: [*common(), "--load-spark-defaults"]
        return hook


def _taken_up(place: ObjectStoragePath, context: Context) -> int | None:
    """Hand on what the report says was published; gives the exit code, None for a job that left no report."""
    if not place.exists():
        return None
    report = json.loads(place.read_text())
    context["ti"].xcom_push("published", report["published"])
    place.unlink()
    return int(report["exit_code"])


def asset_of(table: Table) -> Asset:
    """The asset that stands for a table's published state."""
    return Asset(f"delta://{table.layer}/{table.noun}")


class TellPublished(BaseOperator):
    """Emit an asset event for each table that the task before has published, and for no other.

    A task of its own, as Airflow takes events of successful tasks only, and a stage with one stopped table has failed and
    published all the others.
    """

    def __init__(self, *, job: str, tables: Iterable[Table], **options: Any) -> None:
        self.job = job
        self.assets = {table.name: asset_of(table) for table in tables}
        self.alias = AssetAlias(f"published_by_{job}")
        super().__init__(
            task_id=f"{job}_published",
            inlets=list(self.assets.values()),
            outlets=[self.alias],
            **options,
        )

    def execute(self, context: Context) -> None:
        """Emit what has not been told of yet: a cleared task finds the tables of its first time published."""
        published = context["ti"].xcom_pull(task_ids=self.job, key="published") or {}
        for name, version in published.items():
            asset = self.assets[name]
            newest = list(context["inlet_events"][asset].ascending(False).limit(1))
            if not newest or newest[0].extra.get("version") != version:
                extra = {"version": version, "run_id": context["run_id"]}
                context["outlet_events"][self.alias].add(asset, extra=extra)
                self.log.info("%s is published at version %d", name, version)


def _alert(*arguments: str) -> None:
    """Have the jobs environment send an alert: address and channel are its settings, and no Spark is needed.

    Raises
    ------
    AirflowException
        With the last lines of what it said, when the alert could not be sent: nobody sends it again.
    """
    command = [str(JOBS / "bin" / "python"), "-m", "reclake.cli", "alert", "--profile", PROFILE, *arguments]
    environment = os.environ | ENVIRONMENT | ({"PYTHONPATH": WHEEL} if WHEEL else {})
    done = subprocess.run(command, env=environment, cwd=HOME, check=False, timeout=_ALERT_SECONDS, capture_output=True, text=True)
    if done.returncode:
        raise AirflowException("the alert was not sent: " + " ".join(done.stderr.splitlines()[-3:]))


def _tell_failed(context: Context, day: str) -> None:
    task = f"{context['ti'].dag_id}.{context['ti'].task_id}"
    _alert("--failed", task, "--day", day, "--run-id", context["dag_run"].run_id)


def tell_failed(context: Context) -> None:
    """Tell that a task failed for good, of a DAG that is for no delivery day: the day of the run is named."""
    _tell_failed(context, local_day(context["dag_run"].run_after))


def tell_day_failed(context: Context) -> None:
    """Tell that a task failed for good: for tasks that no later job of the day's run tells about."""
    _tell_failed(context, delivery_day(context["dag_run"]))


def tell_broken(context: Context) -> None:
    """Tell at once that a stage failed for good, but for what the lake tells of: later stages may wait for hours yet."""
    if not isinstance(context.get("exception"), Stopped):
        tell_day_failed(context)


def tell_missed(context: dict[str, Any]) -> None:
    """Tell that a day was not published by its hour; a backfill is late by nature, and a run by hand has no hour."""
    run = context["dag_run"]
    if run["run_type"] == "scheduled":
        begin = datetime.fromisoformat(str(run["data_interval_start"]))
        _alert("--missed-deadline", "--day", local_day(begin), "--run-id", run["dag_run_id"])
