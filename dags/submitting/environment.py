"""What the processes of Airflow are told by their environment, read once when a DAG file is read."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

HOME = Path(os.environ.get("RECLAKE_HOME") or Path(__file__).resolve().parents[2])
JOBS = Path(os.environ.get("RECLAKE_JOBS_ENV") or HOME / ".venv" / "jobs")
WHEEL = os.environ.get("RECLAKE_WHEEL") or None  # ships the package to the executors; one machine needs none
# What Spark must know and git must not: a standalone master's secret.
PROPERTIES = os.environ.get("RECLAKE_SPARK_PROPERTIES") or None
PROFILE = os.environ.get("RECLAKE_PROFILE", "local")
# Where the nodes' Python is another than the worker's: its place on them, and the packed environments it comes from.
NODES_PYTHON, ARCHIVES = os.environ.get("RECLAKE_NODES_PYTHON"), os.environ.get("RECLAKE_ARCHIVES") or None
# Folder of this machine, or URI, that the drivers and Airflow's workers both see; in client mode a folder of the worker.
REPORTS = os.environ.get("RECLAKE_REPORTS") or str(HOME / ".reclake" / "reports")
if "://" not in REPORTS:
    REPORTS = Path(REPORTS).absolute().as_uri()  # a driver would look for a plain path in the cluster's default file system

# When a day's files have come: at this hour of the next day, in this zone. Both decide which day a run is for.
ZONE, HOUR = ZoneInfo(os.environ.get("RECLAKE_SCHEDULE_ZONE") or "UTC"), int(os.environ.get("RECLAKE_DAILY_HOUR") or 2)
# From the beginning of a day's interval to the hour by which it must be published: four hours after the run began.
DUE = timedelta(hours=float(os.environ.get("RECLAKE_DUE_HOURS") or 28))
DOCS = os.environ.get("RECLAKE_DOCS_URL") or "docs"  # where the texts in Airflow point to
START = datetime(2000, 1, 1, tzinfo=UTC)  # no run lies before it, backfills included

# One slot each (conf/airflow/pools.json): who writes the same tables waits for one another. Training's tables are its own,
# but for those in which every run tells of itself: a store that knows no two writers needs one pool for all.
LAKE_POOL, TRAINING_POOL = "reclake_lake", os.environ.get("RECLAKE_TRAINING_POOL") or "reclake_training"
DEFAULTS: dict[str, Any] = {
    "owner": "reclake",
    # Waits of 10, 20, 40 and 60 minutes or more: together longer than `run.claim_minutes`, for which a driver that died on
    # another host holds what it was writing.
    "retries": 4,
    "retry_delay": timedelta(minutes=10),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(hours=1),
    "execution_timeout": timedelta(hours=12),
}
ENVIRONMENT = {
    "RECLAKE_HOME": str(HOME),
    "SPARK_CONF_DIR": str(HOME / "conf" / "spark" / PROFILE),
    "PYSPARK_PYTHON": NODES_PYTHON or str(JOBS / "bin" / "python"),
    "PYSPARK_DRIVER_PYTHON": str(JOBS / "bin" / "python"),
    "PYTHONPATH": "" if WHEEL else str(HOME / "lib"),
    "TZ": "UTC",
}
