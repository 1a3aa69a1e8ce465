"""Maintenance by calendar: files compacted, what no kept manifest reads removed. It publishes the same rows in other files."""

from airflow.sdk import DAG, CronTriggerTimetable
from submitting.checking import Check
from submitting.describing import MAINTAIN
from submitting.environment import DEFAULTS, LAKE_POOL, START, ZONE
from submitting.jobs import SubmitJob
from submitting.telling import tell_failed

with DAG(
    dag_id="maintain_lake",
    description="Compact the lake's files and remove what no kept manifest reads",
    doc_md=MAINTAIN,
    schedule=CronTriggerTimetable("0 14 * * 0", timezone=ZONE.key),  # Sundays, long after the day's run
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["reclake", "maintenance"],
) as dag:
    check = Check(jobs=["maintain"]).as_setup()
    check >> SubmitJob(
        task_id="maintain", job="maintain", pool=LAKE_POOL, owner="reclake-maintenance", on_failure_callback=tell_failed
    )
