"""The daily graph, derived from the declared stages: one spark-submit per stage, each in the jobs environment."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG, Asset

from reclake import tables

HOME = Path(os.environ.get("RECLAKE_HOME") or Path(__file__).resolve().parents[1])
JOBS = Path(os.environ.get("RECLAKE_JOBS_ENV") or HOME / ".venv" / "jobs")
PROFILE = os.environ.get("RECLAKE_PROFILE", "local")


def application(stage: str) -> tuple[str, list[str]]:
    """The job that builds a stage, and its arguments; the day is the run's logical date."""
    run = ["--profile", PROFILE, "--run-id", "{{ run_id }}__" + stage, "--day", "{{ ds }}"]
    if stage == "bronze":
        return str(HOME / "jobs" / "ingest.py"), run
    return str(HOME / "jobs" / "build.py"), [*run, "--stage", stage]


with DAG(
    dag_id="daily_lake",
    description="What was delivered on a day, through bronze, silver and gold",
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "reclake", "retries": 2, "retry_delay": timedelta(minutes=5), "retry_exponential_backoff": True},
    tags=["reclake"],
) as dag:
    before = None
    for stage in tables.STAGES:
        job, arguments = application(stage)
        task = SparkSubmitOperator(
            task_id=stage,
            application=job,
            application_args=arguments,
            name=f"reclake-{stage}",
            conn_id="spark_default",
            spark_binary=str(JOBS / "bin" / "spark-submit"),
            env_vars={
                "RECLAKE_HOME": str(HOME),
                "SPARK_CONF_DIR": str(HOME / "conf" / "spark" / PROFILE),
                "PYSPARK_PYTHON": str(JOBS / "bin" / "python"),
                "PYTHONPATH": str(HOME / "lib"),
                "TZ": "UTC",
            },
            # A stage starts when the earlier ones are done, not only when all succeeded: it builds what has its inputs.
            trigger_rule="all_done",
            outlets=[Asset(f"delta://{table.name.replace('.', '/')}") for table in tables.of_stage(stage)],
        )
        if before is not None:
            before >> task
        before = task
