"""Which day a run is for, and what a run may be given: the params of the DAGs and the filters of their templates."""

from datetime import date, timedelta
from typing import Any

from airflow.sdk import Context, Param
from airflow.sdk.exceptions import AirflowFailException

from submitting.environment import HOUR, ZONE

_A_DAY = "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"


def day_param(description: str) -> Param:
    """A day that may be left out: plain text of an ISO date, hence no path and no template."""
    # A pattern as well as the format: Python reads 20260101 and 2026-W01-1 as ISO dates too. `$` lets a newline pass.
    return Param(None, type=["null", "string"], format="date", pattern=_A_DAY, maxLength=10, description=description)


def local_day(moment: Any) -> str:
    """The calendar day on which a moment lies in the zone of the schedule."""
    return str(moment.astimezone(ZONE).date())


def delivery_day(run: Any) -> str:
    """The day whose deliveries a run of the daily graph is for, as its DAG run tells it.

    A run by hand has the last complete interval as its own; without a logical date it has none, and gets the same day here.
    """
    begin = run.data_interval_start or run.run_after - timedelta(hours=24 + HOUR)
    return (run.conf or {}).get("day") or local_day(begin)


def next_day(day: str) -> str:
    """The as_of of a day's run: the first day that does not count."""
    return str(date.fromisoformat(day) + timedelta(days=1))


FILTERS = {"local_day": local_day, "delivery_day": delivery_day, "next_day": next_day}  # for the templates of the DAGs


def require_plain_conf(context: Context) -> None:
    """End the task for good when the run was given what the DAG does not know, or a day that has not begun.

    Airflow checks the types and forms of the params; it lets unknown names pass, and a mistyped one would run another day.
    """
    run = context["dag_run"]
    known = sorted(set(context["dag"].params))
    if unknown := sorted(set(run.conf or {}) - set(known)):
        shown = ", ".join(repr(name[:40]) for name in unknown[:3])
        raise AirflowFailException(
            f"the run's conf has {len(unknown)} unknown {'key' if len(unknown) == 1 else 'keys'}: {shown}\n"
            f"  found: this DAG knows {', '.join(known) or 'none'}\n"
            "  next:  start a new run with a correct conf; nothing was run"
        )
    for name, value in context["params"].items():
        if isinstance(value, str) and value > local_day(run.run_after):
            raise AirflowFailException(
                f"{name} {value} lies after the day of the run\n"
                f"  found: the run is of {local_day(run.run_after)}\n"
                "  next:  start a new run for a day that has begun; nothing was run"
            )
