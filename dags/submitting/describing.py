"""What Airflow shows beside a DAG or a task for whoever opens it: what it does, what its colour means, what to do."""

from collections.abc import Sequence

from reclake.tables import Table
from submitting.environment import DOCS

MORE = f"{DOCS}/operations.md#airflow"
_ENDS = """\
| ends with | means | do |
|---|---|---|
| 0 | done, or nothing to do | – |
| 1 | a fault of program or machine, or a damaged table | it is tried again; the log's last lines say what it was |
| 2 | a setting, an argument or a key | correct what the log names, then clear this task |
| 3 | a gate stopped a table, the others are published | the red table tasks say which and why; mend, then clear the failed tasks |
| 4 | more of a delivery was refused than its source allows | have it delivered again, then clear `bronze` with what is downstream |
| 5 | another run holds these days | it is tried again |
| 6 | a service does not answer | it is tried again; start the service |
"""
_DOES = {
    "ingest": "Takes in the files that were delivered for the day, each once.",
    "build": "Builds, checks and publishes what is stale of this stage for the day.",
    "train": "Trains the model on the days before, judges it against the one that serves, and promotes it if it is better.",
    "maintain": "Joins small files and removes what no kept manifest reads. Its log names files and bytes of each table.",
    "alert": "Reads what the lake knows of the day and sends one alert, or says that there is nothing to tell.",
    "export": "Writes the published gold as one DuckDB file.",
}
COLOURS = """\
* **green** – published; the asset has an event with version, rows and day
* **pink** – nothing to do: up to date, not fed, not asked for, or told before
* **red** – stopped, or waiting for a table that was: the log's last line says why and which
"""


def job_doc(job: str, task: str, tables: Sequence[Table], *, has_pool: bool) -> str:
    """The text beside a task that submits a job, as Markdown."""
    built = f"\n\nIts tables have a task each in `{task}_tables`: {len(tables)}." if tables else ""
    pool = (
        "\n\nIt takes the one slot of its pool, so that two applications never write the same table: "
        "while it is *scheduled* and does not start, another job has the slot (Admin, Pools)."
    )
    pool = pool if has_pool else ""
    return f"{_DOES.get(job, '')}{built}{pool}\n\n{_ENDS}\nMore: {MORE}.\n"


def table_doc(table: Table) -> str:
    """The text beside a table's task, as Markdown."""
    reads = ", ".join(f"`{i.table.name}`" for i in table.reads) or "files of the landing folder"
    columns = f"{DOCS}/data_dictionary.md#{table.layer}{table.noun}"
    return f"**{table.name}** – {table.grain}\n\nReads {reads}. Columns: `{columns}`.\n\n{COLOURS}"


def daily_doc(n_tables: int) -> str:
    """The text beside the daily DAG."""
    return f"""\
Takes in what was delivered on a day and builds what follows from it: {n_tables} tables in stages, one Spark application each.
A stage publishes what passed its gates, also when some of its tables were stopped; running again is always safe.

{COLOURS}
A stage is red after a red one, though its tables may be green: it was built as far as it could be. Mend the first red stage, then
clear the failed tasks of the run.

To run a day again: clear its tasks, or trigger a run with `day`. Files that were delivered again are taken in by `bronze`:
clear that one with what is downstream. `tables` builds some tables only, `force` also what is up to date.

More: {MORE}.
"""


MAINTAIN = f"""\
Joins small files, removes what no kept manifest reads, and rows beyond their retention. What is published stays the same.

It waits for the slot of the day's stages, and they for it. More: {MORE}, and Maintenance there.
"""
TRAIN = f"""\
Trains each model that a scenario names on the days before Monday and promotes it if it is better than the one that serves.
A promoted model serves from the next day's run on. `tune` searches the settings first. More: {MORE}.
"""
