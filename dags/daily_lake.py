"""The daily graph, derived from the declared stages: one spark-submit per stage, each in the jobs environment."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, CronDataIntervalTimetable, Param, chain

from reclake import tables

HOME = Path(os.environ.get("RECLAKE_HOME") or Path(__file__).resolve().parents[1])
JOBS = Path(os.environ.get("RECLAKE_JOBS_ENV") or HOME / ".venv" / "jobs")
WHEEL = os.environ.get("RECLAKE_WHEEL")  # ships the package to the executors; one machine needs none
PROFILE = os.environ.get("RECLAKE_PROFILE", "local")
# A run by hand has the moment of its start as logical date, but the last complete interval as its own.
DAY = "{{ params.day or (data_interval_start | ds) }}"
# A retry is another run: the try's number keeps the two apart if the first driver still lives.
RUN = "{{ run_id }}__{{ ti.task_id }}__{{ ti.try_number }}"


def application(stage: str) -> tuple[str, list[str]]:
    """The job that builds a stage, and its arguments."""
    arguments = ["--profile", PROFILE, "--run-id", RUN, "--day", DAY]
    if stage == "bronze":
        return str(HOME / "jobs" / "ingest.py"), arguments
    return str(HOME / "jobs" / "build.py"), [*arguments, "--stage", stage]


def submit(stage: str) -> SparkSubmitOperator:
    """One stage as one Spark application."""
    job, arguments = application(stage)
    return SparkSubmitOperator(
        task_id=stage,
        application=job,
        application_args=arguments,
        name=f"reclake-{stage}",
        conn_id="spark_default",
        spark_binary=str(JOBS / "bin" / "spark-submit"),
        py_files=WHEEL,
        env_vars={
            "RECLAKE_HOME": str(HOME),
            "SPARK_CONF_DIR": str(HOME / "conf" / "spark" / PROFILE),
            "PYSPARK_PYTHON": str(JOBS / "bin" / "python"),
            "PYTHONPATH": "" if WHEEL else str(HOME / "lib"),
            "TZ": "UTC",
        },
        # A stage starts when the earlier ones are done, not only when all succeeded: it builds what has its inputs.
        trigger_rule="all_done",
        outlets=[Asset(f"delta://{table.name.replace('.', '/')}") for table in tables.of_stage(stage)],
    )


with DAG(
    dag_id="daily_lake",
    description="What was delivered on a day, through bronze, silver and gold",
    # The interval that begins on day D ends at 02:00 of D + 1, when D's files have come.
    schedule=CronDataIntervalTimetable("0 2 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={"day": Param(None, type=["null", "string"], format="date", description="Delivery day, if not that of the run")},
    default_args={"owner": "reclake", "retries": 2, "retry_delay": timedelta(minutes=5), "retry_exponential_backoff": True},
    tags=["reclake"],
) as dag:
    submits = [submit(stage) for stage in tables.STAGES]
    chain(*submits)
    # Airflow judges a run by its last tasks: without this one a stopped stage would hide behind a later one that went well.
    submits >> EmptyOperator(task_id="all_built")
