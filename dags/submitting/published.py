"""Tables as Airflow shows them: an asset each, and a task each that says what became of it in a run."""

from collections.abc import Iterable, Mapping
from typing import Any

from airflow.sdk import Asset, AssetAlias, BaseOperator, Context, TaskGroup
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.sdk.execution_time.context import InletEventsAccessor

from reclake.tables import Table
from submitting.days import delivery_day
from submitting.describing import table_doc
from submitting.environment import DOCS

REPORT = "report"  # the XCom with what a job reports; there is none of a job that ended before it had a lake
_STOPPED = ("stopped", "not built")
_ENDED = ("success", "skipped")  # states of a task that was not cleared, and so will not tell anything


def asset_of(table: Table) -> Asset:
    """The asset that stands for a table's published state."""
    return Asset(
        name=table.name,
        uri=f"delta://{table.layer}/{table.noun}",
        group="reclake",
        extra={"grain": table.grain, "stage": table.stage, "columns": f"{DOCS}/data_dictionary.md#{table.layer}{table.noun}"},
    )


def told_version(asset: Asset) -> int | None:
    """The version that the newest event of the asset tells of; None without one."""
    newest = list(InletEventsAccessor(asset_name=asset.name, asset_uri=asset.uri).ascending(False).limit(1))
    return newest[0].extra.get("version") if newest else None


class TableTask(BaseOperator):
    """What a job did for one table: green published, pink nothing to do, red stopped. Starts no process of its own."""

    ui_color = "#eef6ff"

    def __init__(self, *, job: str, table: Table, **options: Any) -> None:
        """Take the task that submits the job, and the table."""
        self.job, self.table_name = job, table.name
        super().__init__(
            task_id=table.name,
            inlets=[asset_of(i.table) for i in table.reads],
            outlets=[asset_of(table)],
            trigger_rule="all_done",
            doc_md=table_doc(table),
            **options,
        )

    def execute(self, context: Context) -> None:
        """Emit the asset's event for a version that was published, once.

        Raises
        ------
        AirflowSkipException
            When nothing was published: the table is up to date, not fed or not asked for, or this or a later version was
            told before.
        AirflowFailException
            When the table was stopped, waits for one that was, or the job broke off.
        """
        asked = context["params"].get("tables")
        report = context["ti"].xcom_pull(task_ids=self.job, key=REPORT)
        # A job may publish what was not asked for: bronze takes in all feeds, and what a dead run left is taken over.
        if asked and self.table_name not in asked and not (report and self.table_name in report["published"]):
            raise AirflowSkipException("the run did not ask for this table")
        if not report:
            raise AirflowFailException(f"{self.job} broke off before it told of its tables: its log says why")
        row = _row_of(report, self.table_name)
        [asset] = self.outlets
        if row is None:
            raise AirflowFailException(f"{self.job} ended before this table: {report['error']['wrong']}")
        if row["outcome"] in _STOPPED:
            raise AirflowFailException(f"{row['outcome']}: {row['message']}")
        version = report["published"].get(self.table_name)
        if version is None and row["outcome"] == "built" and report["error"]:
            raise AirflowFailException(f"built, but {self.job} broke off before it was published: its next try publishes it")
        if version is None:
            raise AirflowSkipException(row["message"] or row["outcome"])
        if (told := told_version(asset)) is not None and version <= told:
            raise AirflowSkipException(f"version {version} is published; version {told} was told before")
        context["outlet_events"][asset].extra = event_of(context, row, version)
        self.log.info("version %d is published: %s rows of %s days, %s s", version, row["rows"], row["days"], row["seconds"])


def _row_of(report: Mapping[str, Any], table: str) -> dict[str, Any] | None:
    """The table's row of a job's report; of a table that it does not name nothing was done. None where the job broke off."""
    rows = {row["table"]: row for row in report["tables"]}
    if table not in rows and report["error"] and table not in report["published"]:
        return None
    return {"outcome": "up to date", "message": "", "rows": 0, "days": 0, "seconds": 0.0} | rows.get(table, {})


def event_of(context: Context, row: Mapping[str, Any], version: int) -> dict[str, Any]:
    """What the event of a published table tells: version and rows, and the run's delivery day."""
    run = context["dag_run"]
    told = {"version": version, "run_id": run.run_id, "rows": row["rows"], "days": row["days"]}
    # The day is no partition key: Airflow starts no plain consumer on an event that has one (docs/decisions/0060).
    return told | ({"day": delivery_day(run)} if "day" in context["dag"].params else {})


def late_events_alias(job: str) -> AssetAlias:
    """The outlet of a job's own task, for what the tasks of its tables cannot tell."""
    return AssetAlias(f"published_by_{job}")


def tell_late(context: Context, job: str, tables: Iterable[Table]) -> None:
    """Emit events of tables whose own task stays as it is: one that was green before only failed tasks were cleared."""
    ti, run = context["ti"], context["dag_run"]
    report = ti.xcom_pull(task_ids=job, key=REPORT)
    ids = {task_id_of(job, table): table for table in tables if report and table.name in report["published"]}
    if not ids:
        return
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=list(ids), run_ids=[run.run_id]).get(run.run_id, {})
    for task_id, table in ids.items():
        version = report["published"][table.name]
        told = told_version(asset_of(table))
        if states.get(task_id) in _ENDED and (told is None or version > told):
            extra = event_of(context, _row_of(report, table.name) or {}, version)
            context["outlet_events"][late_events_alias(job)].add(asset_of(table), extra=extra)


def task_id_of(job: str, table: Table) -> str:
    """The full id of a table's task."""
    return f"{job}_tables.{table.name}"


def table_tasks(job: str, tables: Iterable[Table], **options: Any) -> TaskGroup:
    """A group with a task for each table of a job."""
    with TaskGroup(group_id=f"{job}_tables", tooltip=f"What became of the tables of {job}") as group:
        for table in tables:
            TableTask(job=job, table=table, **options)
    return group
