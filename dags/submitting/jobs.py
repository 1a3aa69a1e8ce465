"""A job as one Spark application: how it is submitted, and what Airflow learns of its work."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Context, ObjectStoragePath
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from reclake.tables import Table
from submitting.describing import job_doc
from submitting.environment import ARCHIVES, ENVIRONMENT, HOME, JOBS, PROFILE, PROPERTIES, REPORTS, WHEEL
from submitting.published import REPORT, late_events_alias, tell_late
from submitting.telling import Stopped

# A retry is another run: the try's number keeps the two apart if the first driver still lives.
RUN = "{{ run_id }}__{{ ti.task_id }}__{{ ti.try_number }}"
# Exit codes that another try ends with as well: usage, a gate, too much refused. The last two are told by the job `alert`.
FINAL = (2, *(IN_THE_LAKE := (3, 4)))
_LINES_OF_AN_ERROR = 3  # what is wrong, what was found, what to do next: the last that a job writes


class SubmitJob(SparkSubmitOperator):
    """One job as one Spark application. What it reports of its tables goes to the tasks after it, even when it failed."""

    def __init__(
        self, *, job: str, arguments: Iterable[str] = (), after: Sequence[str] = (), tables: Iterable[Table] = (), **options: Any
    ) -> None:
        """Take the job's name and arguments.

        Parameters
        ----------
        after
            Tasks of the same run that submit earlier stages: this one reads what they build.
        tables
            What it publishes; each has a task of its own after it.
        """
        self.job, self.after, self.tables = job, list(after), list(tables)
        self.report = f"{REPORTS}/{{{{ ti.id }}}}.json"
        super().__init__(
            application=str(HOME / "jobs" / f"{job}.py"),
            application_args=["--profile", PROFILE, "--run-id", RUN, "--report", self.report, *arguments],
            name=f"reclake-{options['task_id']}",
            conn_id="spark_default",
            spark_binary=str(JOBS / "bin" / "spark-submit"),
            py_files=WHEEL,
            archives=ARCHIVES,
            properties_file=PROPERTIES,
            env_vars=dict(ENVIRONMENT),
            outlets=[late_events_alias(options["task_id"])] if self.tables else [],
            doc_md=job_doc(job, options["task_id"], self.tables, has_pool="pool" in options),
            **options,
        )

    def execute(self, context: Context) -> None:
        """Submit the job; a stop that a retry cannot mend is not tried again.

        Raises
        ------
        AirflowException
            With the job's own three lines.
        AirflowSkipException
            When the run asks for tables of other stages only.
        """
        self._take_up_params(context["params"])
        self._hook = self._get_hook()
        place = ObjectStoragePath(f"{REPORTS}/{context['ti'].id}.json")
        try:
            super().execute(context)
        except AirflowException as failure:
            report = _taken_up(place, context)
            code = report["exit_code"] if report else self._exit_code_of_submit()
            kind = Stopped if code in IN_THE_LAKE else AirflowFailException if code in FINAL else AirflowException
            red = _red_before(context, self.after) if code in IN_THE_LAKE else []
            raise kind(self._lines_of(report, code, red) or str(failure)) from None
        _taken_up(place, context)
        if self.tables:
            tell_late(context, self.task_id, self.tables)
        _require_earlier_stages_whole(context, self.task_id, self.after)

    def _take_up_params(self, params: Mapping[str, Any]) -> None:
        """Hand the run's choice of tables on, and its wish to build what is up to date as well."""
        mine = {table.name for table in self.tables}
        wanted = [name for name in params.get("tables") or () if name in mine]
        if params.get("tables") and mine and not wanted:
            raise AirflowSkipException(f"the run asks for no table of {self.task_id}")
        if self.job == "build":
            arguments = [word for name in wanted for word in ("--table", name)]
            self.application_args = [*self.application_args, *arguments, *(["--force"] if params.get("force") else [])]

    def _lines_of(self, report: Mapping[str, Any] | None, code: int | None, red: Sequence[str]) -> str:
        """The three lines of the error; those that the job wrote last, where it ended before it had a lake to report of.

        What waits for an earlier stage that is red is mended there: a run outside Airflow's pool would not be told of.
        """
        error = report and report.get("error")
        if error:
            next_step = f"mend {red[0]} first: its log says how" if red else error["next"]
            return f"{error['wrong']}\n  found: {error['found']}\n  next:  {next_step}"
        last = self._hook._submit_log_tail.strip().splitlines()[-_LINES_OF_AN_ERROR:] if self._hook else []
        return "\n".join(last) if last else f"spark-submit ended with exit code {code} and wrote nothing"

    def _exit_code_of_submit(self) -> int | None:
        """What spark-submit ended with; in client mode that is the driver's own exit code."""
        process = self._hook._submit_sp if self._hook else None
        return process.returncode if process else None

    def _get_hook(self) -> SparkSubmitHook:
        """The provider's hook, but that the profile counts beside a properties file: spark-submit would read that alone."""
        hook = super()._get_hook()
        if PROPERTIES:
            common = hook._build_spark_common_args
            hook._build_spark_common_args = lambda: [*common(), "--load-spark-defaults"]
        return hook


def _taken_up(place: ObjectStoragePath, context: Context) -> dict[str, Any] | None:
    """Hand the job's report on; gives it, None for a job that left none."""
    if not place.exists():
        return None
    report: dict[str, Any] = json.loads(place.read_text())
    context["ti"].xcom_push(REPORT, report)
    place.unlink()
    return report


def _red_before(context: Context, after: Sequence[str]) -> list[str]:
    """The tasks of earlier stages of the run that are red."""
    if not after or context["params"].get("tables"):
        return []
    ti, run_id = context["ti"], context["dag_run"].run_id
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=list(after), run_ids=[run_id]).get(run_id, {})
    return [task for task in after if states.get(task) in ("failed", "upstream_failed")]


def _require_earlier_stages_whole(context: Context, stage: str, after: Sequence[str]) -> None:
    """End red, though all that could be built was built, when an earlier stage of the run is red.

    Whoever mends that one builds tables that this one reads. "Clear only failed tasks" then runs both, and nothing that is
    green is stale (docs/decisions/0060).

    Raises
    ------
    Stopped
        When an earlier stage left tables unbuilt, or broke off.
    """
    if red := _red_before(context, after):
        raise Stopped(
            f"{stage} is built as far as it can be\n"
            f"  found: {', '.join(red)} {'is' if len(red) == 1 else 'are'} red, and what it did not build is missing here\n"
            f"  next:  mend {red[0]} first: its log says how; what is cleared with it builds this one again"
        )
