"""Maintenance by calendar: files compacted, what no kept manifest reads removed. It publishes the same rows in other files."""

from airflow.sdk import DAG, CronTriggerTimetable
from submitting import DEFAULTS, LAKE_POOL, START, ZONE, SubmitJob, tell_failed

with DAG(
    dag_id="maintain_lake",
    description="Compact the lake's files and remove what no kept manifest reads",
    schedule=CronTriggerTimetable("0 14 * * 0", timezone=ZONE.key),  # Sundays, long after the day's run
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["reclake"],
) as dag:
    SubmitJob(task_id="maintain", job="maintain", pool=LAKE_POOL, on_failure_callback=tell_failed)
