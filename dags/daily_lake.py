"""The daily graph, derived from the declared stages: one spark-submit per stage, and a task for each of its tables."""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, CronDataIntervalTimetable, DeadlineAlert, DeadlineReference, Param, SyncCallback, chain
from submitting.checking import Check
from submitting.days import FILTERS, day_param
from submitting.describing import daily_doc
from submitting.environment import DEFAULTS, DUE, HOUR, LAKE_POOL, START, ZONE
from submitting.jobs import SubmitJob
from submitting.published import table_tasks
from submitting.telling import tell_broken, tell_day_failed, tell_missed

from reclake import tables

DAY, AS_OF = "{{ dag_run | delivery_day }}", "{{ dag_run | delivery_day | next_day }}"
BUILT = [table for stage in tables.STAGES for table in tables.of_stage(stage)]


def submit(stage: str) -> SubmitJob:
    """One stage as one Spark application; it starts when the earlier ones are done and builds what has its inputs."""
    # The as_of by name: a day without a delivery leaves no gap among them.
    arguments = ["--day", DAY] if stage == "bronze" else ["--day", DAY, "--as-of", AS_OF, "--stage", stage]
    return SubmitJob(
        task_id=stage,
        job="ingest" if stage == "bronze" else "build",
        arguments=arguments,
        after=tables.STAGES[: tables.STAGES.index(stage)],
        tables=tables.of_stage(stage),
        pool=LAKE_POOL,
        owner=f"reclake-{stage}",
        trigger_rule="all_success" if stage == tables.STAGES[0] else "all_done",
        on_failure_callback=tell_broken,
    )


with DAG(
    dag_id="daily_lake",
    description="What was delivered on a day, through bronze, silver and gold",
    doc_md=daily_doc(len(BUILT)),
    # The interval that begins on day D ends at that hour of D + 1, when D's files have come.
    schedule=CronDataIntervalTimetable(f"0 {HOUR} * * *", timezone=ZONE.key),
    start_date=START,
    catchup=False,  # days that were missed are run by a backfill, or in one pass by `reclake run --from --to`
    max_active_runs=1,
    max_active_tasks=4,  # a driver, and a few of the small tasks beside it: all at once they would take its processors
    params={
        "day": day_param("Delivery day, as 2026-03-01; empty for that of the run"),
        "tables": Param(
            None,
            type=["null", "array"],
            items={"type": "string", "enum": [table.name for table in BUILT]},
            description="Only these tables, as silver.events; empty for all. Name an input too if it is to be built again. "
            "A table of bronze takes in all feeds",
        ),
        "force": Param(False, type="boolean", description="Build what is up to date as well"),
    },
    default_args=DEFAULTS,
    user_defined_filters=FILTERS,
    deadline=DeadlineAlert(DeadlineReference.DAGRUN_LOGICAL_DATE, interval=DUE, callback=SyncCallback(tell_missed)),
    tags=["reclake", *tables.STAGES],
) as dag:
    # A set-up task: where it fails nothing behind it runs, whatever its trigger rule.
    check = Check(jobs=["ingest", "build", "alert"]).as_setup()
    submits = [submit(stage) for stage in tables.STAGES]
    chain(check, *submits)
    groups = [table_tasks(stage, tables.of_stage(stage), owner=f"reclake-{stage}") for stage in tables.STAGES]
    for stage, group in zip(submits, groups, strict=True):
        stage >> group
    # Airflow judges a run by its last tasks: without this one a stopped stage would hide behind a later one that went well.
    built = EmptyOperator(task_id="all_built", trigger_rule="none_failed", doc_md="Green when nothing of the day was stopped.")
    [*submits, *groups] >> built
    # What the lake knows of a bad day is told by a job that reads it; what broke off before is for Airflow to tell.
    submits >> SubmitJob(
        task_id="alert",
        job="alert",
        arguments=["--day", DAY, "--as-of", AS_OF],
        trigger_rule="all_done",
        on_failure_callback=tell_day_failed,
    )
