"""Maintenance by calendar: files compacted, what no kept manifest reads removed. It publishes the same rows in other files."""

from datetime import UTC, datetime

from airflow.sdk import DAG, CronTriggerTimetable
from submitting import DEFAULTS, LAKE_POOL, SubmitJob, tell_failed

with DAG(
    dag_id="maintain_lake",
    description="Compact the lake's files and remove what no kept manifest reads",
    schedule=CronTriggerTimetable("0 14 * * 0", timezone="UTC"),  # Sundays, long after the day's run
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["reclake"],
) as dag:
    SubmitJob(task_id="maintain", job="maintain", pool=LAKE_POOL, on_failure_callback=tell_failed)
