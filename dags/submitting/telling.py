"""What Airflow alone knows is told from here: by the jobs' environment or, where that is missing, by this one."""

import logging
import os
import subprocess
import tomllib
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from submitting.days import delivery_day, local_day
from submitting.environment import ENVIRONMENT, HOME, JOBS, PROFILE, WHEEL

logger = logging.getLogger("airflow.task")
# Where no file of settings can be read: the environment alone may say where an alert goes.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "alerts": {
        "channel": "none", "timeout_seconds": 10.0, "tries": 3, "mail_host": "", "mail_port": 587, "mail_from": "", "mail_to": [],
    },
    "secrets": {"directory": ".reclake/secrets"},
}  # fmt: skip
_ALERT_SECONDS = 120  # more than the tries of a webhook that does not answer


class Stopped(AirflowFailException):
    """A stop that the lake itself tells of: its verdicts and refusals are what the job `alert` reads."""


def _alert(*arguments: str) -> None:
    """Have the jobs environment send an alert: address and channel are its settings, and no Spark is needed.

    Raises
    ------
    AirflowException
        With the last lines of what it said, when the alert could not be sent: nobody sends it again.
    """
    command = [str(JOBS / "bin" / "python"), "-m", "reclake.cli", "alert", "--profile", PROFILE, *arguments]
    environment = os.environ | ENVIRONMENT | ({"PYTHONPATH": WHEEL} if WHEEL else {})
    done = subprocess.run(command, env=environment, cwd=HOME, check=False, timeout=_ALERT_SECONDS, capture_output=True, text=True)
    if done.returncode:
        raise AirflowException("the alert was not sent: " + " ".join(done.stderr.splitlines()[-3:]))
    logger.warning("%s", (done.stdout.strip() or "nothing was said of the alert").splitlines()[-1])


def _settings(section: str) -> dict[str, Any]:
    """A section of the settings as the jobs read it, with nothing but the standard library: base, profile, environment."""
    found: dict[str, Any] = dict(_DEFAULTS[section])
    for name in ("base", PROFILE):
        path = HOME / "conf" / f"{name}.toml"
        if path.is_file():
            found |= tomllib.loads(path.read_text(encoding="utf-8")).get(section, {})
    prefix = f"RECLAKE__{section.upper()}__"
    for name, known in found.items():
        value = os.environ.get(f"{prefix}{name.upper()}")
        if value is not None:
            found[name] = value if isinstance(known, str) else tomllib.loads(f"value = {value}")["value"]
    return found


def tell_unready(context: Context) -> None:
    """Tell that a run was ended by its first task, which found the run or its environment unfit.

    The jobs' environment may be what is missing: this sends by itself, and needs no package but this project's own.
    """
    from reclake.run.posting import Finding, sent, tell  # of the standard library alone; most runs need none

    run = context["dag_run"]
    lines = [line.strip() for line in str(context.get("exception") or "its first task failed").splitlines()]
    wrong = ": ".join([lines[0], *(line.removeprefix("found: ") for line in lines[1:2])])
    finding = Finding("failure", f"{run.dag_id} {run.run_id}", f"the run ended before its first job: {wrong}")
    secrets = HOME / str(_settings("secrets")["directory"])
    channel = tell(
        [finding],
        day=local_day(run.run_after),
        run_id=run.run_id,
        alerts=SimpleNamespace(**_settings("alerts")),
        secrets=str(secrets),
    )
    logger.warning("%s", sent([finding], channel))


def _tell_failed(context: Context, day: str) -> None:
    task = f"{context['ti'].dag_id}.{context['ti'].task_id}"
    _alert("--failed", task, "--day", day, "--run-id", context["dag_run"].run_id)


def tell_failed(context: Context) -> None:
    """Tell that a task failed for good, of a DAG that is for no delivery day: the day of the run is named."""
    _tell_failed(context, local_day(context["dag_run"].run_after))


def tell_day_failed(context: Context) -> None:
    """Tell that a task failed for good: for tasks that no later job of the day's run tells about."""
    _tell_failed(context, delivery_day(context["dag_run"]))


def tell_broken(context: Context) -> None:
    """Tell at once that a stage failed for good, but for what the lake tells of: later stages may wait for hours yet."""
    if not isinstance(context.get("exception"), Stopped):
        tell_day_failed(context)


def tell_missed(context: dict[str, Any]) -> None:
    """Tell that a day was not published by its hour.

    A backfill is late by nature, a run by hand has no hour, and one that was queued after its hour, as the first run of a
    DAG that was just switched on, could not keep it.
    """
    run = context["dag_run"]
    queued, due = run.get("queued_at"), context["deadline"].get("deadline_time")
    is_late_by_nature = run["run_type"] != "scheduled" or (queued and due and _moment(queued) >= _moment(due))
    if not is_late_by_nature:
        begin = datetime.fromisoformat(str(run["data_interval_start"]))
        _alert("--missed-deadline", "--day", local_day(begin), "--run-id", run["dag_run_id"])


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
