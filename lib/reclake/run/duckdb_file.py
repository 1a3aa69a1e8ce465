"""Fill a DuckDB file from Parquet parts. Runs in the environment that has DuckDB, with nothing of this package in it.

The job comes as JSON on standard input: file, database, and tables (name, comment, folder, n_rows, columns with name,
type, comment and whether required). How many rows each table came to goes to standard output; the file stands only if they
are as many as `n_rows` says.
"""

import json
import os
import sys
from typing import Any

import duckdb

_TYPES = {
    "string": "VARCHAR", "long": "BIGINT", "integer": "INTEGER", "double": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
}  # fmt: skip
# The rows are of persons: a file that is being filled is its owner's alone, and a finished one at most its group's as well.
_HIDE_UNFINISHED, _NEW = 0o077, 0o640


def fill(job: dict[str, Any]) -> dict[str, int]:
    """Write the file aside, then put it in the old one's place in one step; gives the rows of each table."""
    unfinished, hidden = f"{job['file']}.{os.getpid()}.unfinished", os.umask(_HIDE_UNFINISHED)
    try:
        # What it lacks it would fetch from the network: it has all that is needed here.
        with duckdb.connect(unfinished, config={"autoinstall_known_extensions": "false"}) as connection:
            # Rows have no order to keep; keeping it would hold them in memory.
            connection.execute("SET preserve_insertion_order = false")
            connection.execute(f"CREATE SCHEMA {_name(job['database'])}")
            counts = {table["name"]: _fill(connection, job["database"], table) for table in job["tables"]}
        if counts == {table["name"]: table["n_rows"] for table in job["tables"]}:
            _let_in(unfinished, job["file"], new_mode=_NEW & ~hidden)
            os.replace(unfinished, job["file"])
    finally:
        for left in (unfinished, f"{unfinished}.wal"):
            if os.path.exists(left):
                os.remove(left)
    return counts


def _let_in(unfinished: str, file: str, *, new_mode: int) -> None:
    """Whoever may read the file that is replaced may read the new one, and nobody else; the first one has `new_mode`."""
    if not os.path.exists(file):
        os.chmod(unfinished, new_mode)
        return
    before = os.stat(file)
    if before.st_gid != os.stat(unfinished).st_gid:
        os.chown(unfinished, -1, before.st_gid)
    os.chmod(unfinished, before.st_mode & 0o777)


def _fill(connection: duckdb.DuckDBPyConnection, database: str, table: dict[str, Any]) -> int:
    name, columns = f"{_name(database)}.{_name(table['name'])}", table["columns"]
    declared = ", ".join(
        f"{_name(c['name'])} {_TYPES.get(c['type'], c['type'])}{' NOT NULL' if c['required'] else ''}" for c in columns
    )
    connection.execute(f"CREATE TABLE {name} ({declared})")
    connection.execute(f"COMMENT ON TABLE {name} IS {_text(table['comment'])}")
    for column in columns:
        connection.execute(f"COMMENT ON COLUMN {name}.{_name(column['name'])} IS {_text(column['comment'])}")
    if any(part.endswith(".parquet") for part in os.listdir(table["folder"])):
        named = ", ".join(_name(column["name"]) for column in columns)
        parts = os.path.join(table["folder"], "*.parquet")
        connection.execute(f"INSERT INTO {name} SELECT {named} FROM read_parquet({_text(parts)})")  # noqa: S608
    found = connection.execute(f"SELECT count(*) FROM {name}").fetchone()  # noqa: S608
    return int(found[0]) if found else 0


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    json.dump(fill(json.load(sys.stdin)), sys.stdout)
