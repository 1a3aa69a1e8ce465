"""The first task of every DAG: a run or an environment that is unfit ends here in seconds, and holds no slot of a pool."""

import json
import os
from pathlib import Path
from typing import Any

from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from submitting.days import require_plain_conf
from submitting.environment import ARCHIVES, HOME, JOBS, PROFILE, PROPERTIES, WHEEL
from submitting.telling import tell_unready

DOC = """\
Looks whether the run's conf is one that this DAG knows, and whether this worker has what a job needs: the project folder,
its profile, spark-submit, the jobs, the wheel. It takes a second and starts no Spark.

* **red** – the log says what is missing and what to do; one alert was sent, and no other task has run. Mend it, then clear
  this task with what is downstream. A wrong conf cannot be mended: start a new run.
"""


def unfit(jobs: list[str], master: str) -> list[str]:
    """What this worker lacks, a sentence each; empty where it is fit.

    Parameters
    ----------
    jobs
        Names of the jobs that the DAG submits.
    master
        Where the connection `spark_default` submits to.
    """
    profile, conf = HOME / "conf" / f"{PROFILE}.toml", HOME / "conf" / "spark" / PROFILE / "spark-defaults.conf"
    needed = {
        HOME / "conf" / "base.toml": "the project folder; RECLAKE_HOME names it",
        profile: "the settings of RECLAKE_PROFILE",
        conf: "Spark's settings of RECLAKE_PROFILE",
        HOME / "expectations": "the suites",
        **{HOME / "jobs" / f"{job}.py": f"the job {job}" for job in jobs},
        JOBS / "bin" / "spark-submit": "spark-submit of the jobs' environment; RECLAKE_JOBS_ENV names it",
        JOBS / "bin" / "python": "Python of the jobs' environment; RECLAKE_JOBS_ENV names it",
    }
    if WHEEL and "://" not in WHEEL:
        needed[Path(WHEEL)] = "the wheel of RECLAKE_WHEEL"
    if ARCHIVES and "://" not in ARCHIVES:
        needed[Path(ARCHIVES.partition("#")[0])] = "the archive of RECLAKE_ARCHIVES"
    if PROPERTIES:
        needed[Path(PROPERTIES)] = "RECLAKE_SPARK_PROPERTIES names no file on this worker"
    lacks = [f"{path} is not there: {what}" for path, what in needed.items() if not path.exists()]
    programs = (JOBS / "bin" / "spark-submit", JOBS / "bin" / "python")
    lacks += [f"{path} may not be run by this user" for path in programs if path.exists() and not os.access(path, os.X_OK)]
    if not master.startswith("local") and not WHEEL:
        lacks.append(
            f"the connection spark_default submits to {master}, so RECLAKE_WHEEL must name the wheel that the nodes import from"
        )
    return lacks


def master_of_connection() -> str:
    """Where the connection `spark_default` submits to, as the provider reads it."""
    return str(SparkSubmitHook(conn_id="spark_default", spark_binary="spark-submit")._connection["master"])


class Check(BaseOperator):
    """Ends the run for good where its conf or this worker is unfit, and tells so once."""

    def __init__(self, *, jobs: list[str], **options: Any) -> None:
        self.jobs = jobs
        super().__init__(
            task_id="check",
            doc_md=DOC,
            on_failure_callback=tell_unready,
            **options,
        )

    def execute(self, context: Context) -> None:
        """Look at both.

        Raises
        ------
        AirflowFailException
            With what is wrong, what was found and what to do.
        """
        require_plain_conf(context)
        if lacks := unfit(self.jobs, master_of_connection()):
            raise AirflowFailException(
                "this worker cannot start the jobs\n  found: "
                + "\n         ".join(lacks)
                + "\n  next:  mend its environment (docs/operations.md, Airflow), then clear this task with what is downstream"
            )
        self.log.info("conf %s; profile %s, jobs of %s", json.dumps(context["dag_run"].conf or {}), PROFILE, JOBS)
