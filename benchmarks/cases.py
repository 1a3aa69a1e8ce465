"""Small deliveries that people met in other tools, taken in and looked at: what each should give, and what it gives.

python benchmarks/cases.py --cases DIR --work DIR

DIR is a folder of cases, each a landing folder, with source files in `conf`. Where a case needs a declaration, the source is
changed here, in words that a source file may use.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from reclake.errors import ReclakeError
from reclake.privacy.keys import make_key_files
from reclake.run.application import Application, open_application
from reclake.run.job import project_home
from reclake.run.report import Silent
from reclake.run.runner import run_graph
from reclake.run.views import published
from reclake.settings import load_settings
from reclake.tables import BY_NAME

STAGES = ("bronze", "silver", "customers", "behaviour", "recommendations")


@dataclass(frozen=True)
class Lake:
    """A lake that took a case in, and what was stopped on the way."""

    app: Application
    stopped: Mapping[str, ReclakeError]

    def rows(self, table: str, *columns: str, where: str = "true") -> list[tuple[Any, ...]]:
        """Published rows in order, some columns of them; none where nothing is published."""
        if table not in self.app.manifest.current():
            return []
        frame = published(self.app, BY_NAME[table]).where(where).select(*columns)
        return sorted(tuple(row) for row in frame.collect())

    def values(self, table: str, column: str, where: str = "true") -> list[Any]:
        """The values of one column, in order."""
        return [row[0] for row in self.rows(table, column, where=where)]

    def reasons(self) -> dict[str, int]:
        """Reason → records that were not kept."""
        if "silver.rejected_records" not in self.app.manifest.current():
            return {}
        rows = published(self.app, BY_NAME["silver.rejected_records"]).select(F.explode("reasons").alias("reason")).collect()
        return dict(sorted(Counter(row["reason"] for row in rows).items()))

    def files(self) -> dict[str, str]:
        """File → what became of it."""
        taken = {name: reason or f"{outcome}, {n} records" for name, outcome, reason, n in self.rows("bronze.files", *_FILE)}
        return taken | {file["file_name"]: f"{file['state']}: {file['reason']}" for file in self._reporter().files}

    def _reporter(self) -> Silent:
        assert isinstance(self.app.reporter, Silent)
        return self.app.reporter


_FILE = ("file_name", "outcome", "reason", "n_records")


@dataclass(frozen=True)
class Case:
    """A delivery, the changes to its source file, and what is looked at."""

    folder: str
    shows: Callable[[Lake], Any]
    right: Any
    changes: Sequence[tuple[str, str]] = ()
    note: str = ""
    as_ofs: Sequence[date] = ()
    only: Sequence[str] = field(default=())  # folders of the case that are delivered; all for none


def taken_in(spark: SparkSession, case: Case, cases: Path, work: Path, number: int) -> Lake:
    """The case in a lake of its own."""
    home, place = project_home(), work / f"{number:02}-{case.folder}"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(cases / case.folder, place / "landing")
    if case.only:
        for path in (place / "landing").iterdir():
            if path.name not in case.only:
                shutil.rmtree(path)
    text = (cases / "conf" / "messy.toml").read_text(encoding="utf-8")
    for old, new in case.changes:
        if old not in text:
            raise ValueError(f"{case.folder}: the source has no {old!r}")
        text = text.replace(old, new)
    (place / "conf").mkdir()
    (place / "conf" / "messy.toml").write_text(text, encoding="utf-8")
    make_key_files(str(work / "secrets"), ("id1", "c1"))
    chosen = [
        f"lake.root={place / 'lake'}", f"secrets.directory={work / 'secrets'}", f"sources.directory={place / 'conf'}",
        f"mlflow.tracking_uri=sqlite:///{place}.db", f"mlflow.artifact_root={place}-models", 'sources.enabled=["messy"]',
    ]  # fmt: skip
    settings = load_settings(home, profile="test", overrides=chosen, environment={})
    app = open_application(home, settings, name="cases", spark=spark, reporter=Silent())
    stopped = run_graph(app, folder=str(place / "landing"), stages=STAGES, as_ofs=tuple(case.as_ofs))
    return Lake(app, stopped)
