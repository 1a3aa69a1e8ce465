"""Training by calendar and on request; a better model is published with its metrics and serves from the next day's run on."""

from airflow.sdk import DAG, CronDataIntervalTimetable, Param
from submitting.checking import Check
from submitting.days import FILTERS, day_param
from submitting.describing import TRAIN
from submitting.environment import DEFAULTS, START, TRAINING_POOL, ZONE
from submitting.jobs import SubmitJob
from submitting.published import table_tasks
from submitting.telling import tell_failed

from reclake import tables

STAGE = "training"

with DAG(
    dag_id="train_recommenders",
    description="Train each model that a scenario names, judge it against its champion, promote it if it is better",
    doc_md=TRAIN,
    # Mondays at noon, when Sunday is published: the days before Monday count.
    schedule=CronDataIntervalTimetable("0 12 * * 1", timezone=ZONE.key),
    start_date=START,
    catchup=False,  # a model of a past week would never serve
    max_active_runs=1,
    params={
        "as_of": day_param("Train on the days before this one, as 2026-03-02; empty for those before the run"),
        "tune": Param(False, type="boolean", description="Search the settings now; else when the last search is a quarter old"),
    },
    default_args=DEFAULTS,
    user_defined_filters=FILTERS,
    tags=["reclake", STAGE],
) as dag:
    check = Check(jobs=["train"]).as_setup()
    for model in (*tables.models.MODELS, *tables.models.WEIGHTS):  # the pool has them train one after the other
        train = SubmitJob(
            task_id=f"{STAGE}_{model.name}",
            job="train",
            arguments=[
                "--model",
                model.name,
                "--if-named",
                "--as-of",
                # A run without a logical date, as `airflow dags trigger` starts it, has no interval.
                "{{ params.as_of or (data_interval_end | default(dag_run.run_after, true) | local_day) }}",
                "--tune",
                "{{ 'always' if params.tune else 'when-due' }}",
            ],
            tables=tables.of_stage(STAGE),
            pool=TRAINING_POOL,
            owner=f"reclake-{STAGE}",
            on_failure_callback=tell_failed,
        )
        check >> train >> table_tasks(train.task_id, tables.of_stage(STAGE), owner=f"reclake-{STAGE}")
