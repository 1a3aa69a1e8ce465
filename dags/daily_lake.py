"""The daily graph, derived from the declared stages: one spark-submit per stage, each in the jobs environment."""

import os
from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronDataIntervalTimetable, DeadlineAlert, DeadlineReference, SyncCallback, chain
from submitting import (
    DEFAULTS,
    FILTERS,
    HOUR,
    LAKE_POOL,
    START,
    ZONE,
    SubmitJob,
    TellPublished,
    day_param,
    tell_broken,
    tell_day_failed,
    tell_missed,
)

from reclake import tables

DAY, AS_OF = "{{ dag_run | delivery_day }}", "{{ dag_run | delivery_day | next_day }}"
# From the beginning of a day's interval to the hour by which it must be published: four hours after the run began.
DUE = timedelta(hours=float(os.environ.get("RECLAKE_DUE_HOURS") or 28))


def submit(stage: str) -> SubmitJob:
    """One stage as one Spark application; it starts when the earlier ones are done and builds what has its inputs."""
    # The as_of by name: a day without a delivery leaves no gap among them.
    arguments = ["--day", DAY] if stage == "bronze" else ["--day", DAY, "--as-of", AS_OF, "--stage", stage]
    job = "ingest" if stage == "bronze" else "build"
    return SubmitJob(
        task_id=stage,
        job=job,
        arguments=arguments,
        pool=LAKE_POOL,
        trigger_rule="all_done",
        on_failure_callback=tell_broken,
    )


with DAG(
    dag_id="daily_lake",
    description="What was delivered on a day, through bronze, silver and gold",
    # The interval that begins on day D ends at that hour of D + 1, when D's files have come.
    schedule=CronDataIntervalTimetable(f"0 {HOUR} * * *", timezone=ZONE.key),
    start_date=START,
    catchup=False,  # days that were missed are run by a backfill, or in one pass by `reclake run --from --to`
    max_active_runs=1,
    params={"day": day_param("Delivery day, if not that of the run")},
    default_args=DEFAULTS,
    user_defined_filters=FILTERS,
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
    # What the lake knows of a bad day is told by a job that reads it; what broke off before is for Airflow to tell.
    submits >> SubmitJob(
        task_id="alert",
        job="alert",
        arguments=["--day", DAY, "--as-of", AS_OF],
        trigger_rule="all_done",
        on_failure_callback=tell_day_failed,
    )
