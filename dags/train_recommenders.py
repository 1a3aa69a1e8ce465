"""Training by calendar and on request; a better model is published with its metrics and serves from the next day's run on."""

from airflow.sdk import DAG, CronDataIntervalTimetable, Param
from submitting import DEFAULTS, FILTERS, START, TRAINING_POOL, ZONE, SubmitJob, TellPublished, day_param, tell_failed

from reclake import tables

STAGE = "training"

with DAG(
    dag_id="train_recommenders",
    description="Train each model, judge it against its champion, promote it if it is better",
    # Mondays at noon, when Sunday is published: the days before Monday count.
    schedule=CronDataIntervalTimetable("0 12 * * 1", timezone=ZONE.key),
    start_date=START,
    catchup=False,  # a model of a past week would never serve
    max_active_runs=1,
    params={
        "as_of": day_param("Train on the days before this one, if not on those before the run"),
        "tune": Param(False, type="boolean", description="Search the settings now; else when the last search is a quarter old"),
    },
    default_args=DEFAULTS,
    user_defined_filters=FILTERS,
    tags=["reclake"],
) as dag:
    for model in tables.models.MODELS:  # the pool has them train one after the other
        SubmitJob(
            task_id=(task := f"{STAGE}_{model.name}"),
            job="train",
            arguments=[
                "--model",
                model.name,
                "--as-of",
                # A run without a logical date, as `airflow dags trigger` starts it, has no interval.
                "{{ params.as_of or (data_interval_end | default(dag_run.run_after, true) | local_day) }}",
                "--tune",
                "{{ 'always' if params.tune else 'when-due' }}",
            ],
            pool=TRAINING_POOL,
            on_failure_callback=tell_failed,
        ) >> TellPublished(job=task, tables=tables.of_stage(STAGE))
