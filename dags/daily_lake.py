"""The daily graph, derived from the declared stages: one spark-submit per stage, each in the jobs environment."""

import os
from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronDataIntervalTimetable, DeadlineAlert, DeadlineReference, SyncCallback, chain
from submitting import DEFAULTS, LAKE_POOL, SubmitJob, TellPublished, day_param, tell_failed, tell_missed

from reclake import tables

# A run by hand has the last complete interval as its own; without a logical date it has none, and gets the same day here.
DAY = "{{ params.day or (data_interval_start | default(dag_run.run_after - macros.timedelta(hours=26), true) | ds) }}"
# From the beginning of a day's interval, which is 02:00 UTC, to the hour by which it must be published: 06:00 of the next day.
DUE = timedelta(hours=float(os.environ.get("RECLAKE_DUE_HOURS") or 28))


def submit(stage: str) -> SubmitJob:
    """One stage as one Spark application; it starts when the earlier ones are done and builds what has its inputs."""
    arguments = ["--day", DAY] if stage == "bronze" else ["--day", DAY, "--stage", stage]
    job = "ingest" if stage == "bronze" else "build"
    return SubmitJob(task_id=stage, job=job, arguments=arguments, pool=LAKE_POOL, trigger_rule="all_done")


with DAG(
    dag_id="daily_lake",
    description="What was delivered on a day, through bronze, silver and gold",
    # The interval that begins on day D ends at 02:00 of D + 1, when D's files have come.
    schedule=CronDataIntervalTimetable("0 2 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,  # days that were missed are run by a backfill, or in one pass by `reclake run --from --to`
    max_active_runs=1,
    params={"day": day_param("Delivery day, if not that of the run")},
    default_args=DEFAULTS,
    deadline=DeadlineAlert(DeadlineReference.DAGRUN_LOGICAL_DATE, interval=DUE, callback=SyncCallback(tell_missed)),
    tags=["reclake"],
) as dag:
    submits = [submit(stage) for stage in tables.STAGES]
    chain(*submits)
    told = [TellPublished(job=stage, tables=tables.of_stage(stage), trigger_rule="all_done") for stage in tables.STAGES]
    for stage, task in zip(submits, told, strict=True):
        stage >> task
    # Airflow judges a run by its last tasks: without this one a stopped stage would hide behind a later one that went well.
    [*submits, *told] >> EmptyOperator(task_id="all_built")
    # What the lake knows of a bad day is told by a job that reads it; only its own failure is for Airflow to tell.
    submits >> SubmitJob(
        task_id="alert", job="alert", arguments=["--day", DAY], trigger_rule="all_done", on_failure_callback=tell_failed
    )
