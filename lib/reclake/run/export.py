"""`reclake export`: the published gold as one DuckDB file, for readers without Spark, metastore or access to the lake."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reclake.errors import LakeDamaged, ReclakeError, UsageError
from reclake.lake.files import Files
from reclake.lake.schema import spark_schema
from reclake.tables import Table, gold

from .application import Application
from .faults import cause_text
from .leftovers import EXPORT, passing_folder
from .views import Rows, published, shown_versions

logger = logging.getLogger("reclake")
_CHECKSUM_BYTES, _MAGIC = 8, b"DUCK"  # how a DuckDB file begins


def export(app: Application, target: Path | None = None) -> Rows:
    """Write the file, or replace it in one step; gives table, version and rows of what it holds.

    Spark writes each published version as Parquet parts, and DuckDB, in its own environment, reads them: no row passes
    through the driver. The parts lie beside the lake for as long as that takes, the file on the machine that runs this.

    Parameters
    ----------
    target
        The file; by default `bi.duckdb_file`.

    Raises
    ------
    UsageError
        When DuckDB's environment is missing, nothing of gold is published, or the file cannot be what was named.
    LakeDamaged
        When a version is not what was published, or the file would hold other rows than it.
    """
    file, python = place_of(app, target), app.at_home(app.settings.bi.duckdb_python)
    if shutil.which(python) is None:
        raise UsageError(
            "DuckDB's environment is missing", f"no Python at {python}", "make bi creates it, or set bi.duckdb_python"
        )
    _require_place(file, schema=app.settings.bi.database)
    current = app.manifest.current()
    wanted = [table for table in gold.TABLES if table.name in current]
    if not wanted:
        raise UsageError("there is nothing to export", "no table of gold is published", "reclake status says why")
    versions = app.spark.createDataFrame(shown_versions(current), spark_schema(gold.SHOWN_VERSIONS))
    counts: dict[str, int] = {}
    with _parts_of(app) as parts, TemporaryDirectory(prefix="reclake-export-", dir=file.parent) as aside:
        shown = [(gold.shown(table), published(app, table)) for table in wanted]
        contents = [(table, rows.select([f.name for f in table.fields])) for table, rows in shown]
        tables = []
        for table, rows in [*contents, (gold.SHOWN_VERSIONS, versions)]:
            rows.write.parquet(f"{parts}/{table.noun}")
            counts[table.noun] = rows.count()
            tables.append(_told(table, counts[table.noun], _on_this_machine(app, f"{parts}/{table.noun}", Path(aside))))
        held = _filled(python, {"file": str(file), "database": app.settings.bi.database, "tables": tables})
    if held != counts:
        raise LakeDamaged("the file would hold other rows than are published", f"{held} of {counts}", "export again")
    return [{"table": t.name, "version": current[t.name].version, "rows": counts[t.noun]} for t in wanted]


def place_of(app: Application, target: Path | None) -> Path:
    """Where the file is to stand: what was named, in the working directory if its path is relative, else `bi.duckdb_file`."""
    return target.absolute() if target else app.at_home(app.settings.bi.duckdb_file)


def _require_place(file: Path, *, schema: str) -> None:
    """Make the file's folder; nothing but an earlier export is ever replaced.

    Raises
    ------
    UsageError
        When the file is called as its schema is, is something else than a DuckDB file, or has no folder.
    """
    if file.name.partition(".")[0].lower() == schema.lower():
        raise UsageError(
            f"the file may not be called {file.name}",
            f"DuckDB takes {schema}.<table> for a schema of that file or for the file itself",
            "choose another name with --file or bi.duckdb_file",
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        is_other = file.exists() and not (file.is_file() and _head(file) in (_MAGIC, b""))
    except OSError as error:
        raise UsageError(
            f"the file cannot stand at {file}", f"{type(error).__name__}: {error.strerror}", "choose another place"
        ) from error
    if is_other:
        raise UsageError(f"{file} is no DuckDB file", "an export would replace it", "choose another name, or remove it")


def _head(file: Path) -> bytes:
    """The bytes that tell a DuckDB file, behind its checksum; none of an empty file."""
    with file.open("rb") as opened:
        return opened.read(_CHECKSUM_BYTES + len(_MAGIC))[_CHECKSUM_BYTES:]


@contextmanager
def _parts_of(app: Application) -> Iterator[str]:
    """A folder of its own beside the lake's tables, where executors can write; removed in the end."""
    folder = passing_folder(app, EXPORT)
    try:
        yield folder
    finally:
        Files(app.spark).remove(folder)


def _on_this_machine(app: Application, folder: str, aside: Path) -> str:
    """The folder, or a copy of it below `aside` where DuckDB could not read it."""
    return Files(app.spark).copied(folder, str(aside)) if "://" in folder else folder


def _told(table: Table, n_rows: int, folder: str) -> dict[str, Any]:
    columns = [{"name": f.name, "type": f.type, "comment": f.doc, "required": f.required} for f in table.fields]
    return {"name": table.noun, "comment": table.grain, "folder": folder, "n_rows": n_rows, "columns": columns}


def _filled(python: Path, job: dict[str, Any]) -> dict[str, int]:
    """Rows of each table as DuckDB's environment filled them.

    Raises
    ------
    ReclakeError
        When it broke off; the file is the one from before.
    """
    # The text, not the file: this package may have been imported from a wheel. -I: its modules are named like Python's own.
    program = files("reclake.run").joinpath("duckdb_file.py").read_text(encoding="utf-8")
    done = subprocess.run([str(python), "-I", "-c", program], input=json.dumps(job), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        # Its message may quote a value of a row.
        last = cause_text((done.stderr.strip().splitlines() or ["no message"])[-1])
        raise ReclakeError("DuckDB did not fill the file", last, "mend what it says, or make bi; the file is as it was before")
    held: dict[str, int] = json.loads(done.stdout)
    return held
