"""A small lake as this release writes it, to be kept for the releases after it (R-25).

    python tests/golden_lake.py tests/data/lake-0.1      # once per release, before its tag

Below the folder lie the files of three days of a company of a few people (`landing`), the lake that took in the first two
(`lake`), and the rows of each published table as JSON (`rows`). Keys are not kept: KEYS writes them.
"""

from __future__ import annotations

import os
import shutil
import sys
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakes import ROOT, open_lake, run_days
from reclake import tables
from reclake.run.application import Application
from reclake.run.views import published
from reclake.settings import load_settings
from reclake.synthetic.company import generate

FIRST, SECOND, THIRD = (date(2026, 1, day) for day in (1, 2, 3))
KEYS = {"id1": "0e" * 32, "c1": "1f" * 32}  # of nobody's data
_COMPANY = ("demo.n_customers=6", "demo.products.n_products=60", "demo.life.early_share=1.0", "demo.life.early_days=1.0")


def write_keys(folder: Path) -> None:
    """The keys under which the lake was written."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, key in KEYS.items():
        with os.fdopen(os.open(folder / f"{name}.key", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(key)


def opened(spark: SparkSession, folder: Path, landing: Path, *, sources: Path | None = None) -> Application:
    """The lake below the folder, of the files below `landing`; with source files of another folder if there is one."""
    write_keys(landing.parent / "secrets")
    overrides = [f"sources.directory={sources}"] if sources else []
    return open_lake(spark, folder, source="demo", landing=landing, overrides=overrides)


def rows_of(app: Application, name: str, columns: list[str]) -> list[str]:
    """The published rows in these columns, as sorted lines of JSON."""
    frame = published(app, tables.BY_NAME[name]).select(F.to_json(F.struct(*sorted(columns)), {"ignoreNullFields": "false"}))
    return sorted(row[0] for row in frame.collect())


def write(spark: SparkSession, folder: Path) -> None:
    """Make the company, take its first two days in, and note what is published."""
    spark.conf.set("spark.sql.parquet.compression.codec", "uncompressed")
    with TemporaryDirectory() as name:
        work = Path(name)
        demo = load_settings(ROOT, profile="test", overrides=_COMPANY, environment={}).demo
        generate(spark, str(work / "landing" / "demo"), str(work / "truth"), settings=demo, n_days=3)
        app = opened(spark, work, work / "landing")
        for day in (FIRST, SECOND):
            stopped = run_days(app, day)
            if stopped:
                raise next(iter(stopped.values()))
        (folder / "rows").mkdir(parents=True)
        for table in sorted(app.manifest.current().keys() & tables.BY_NAME.keys()):
            columns = app.store.columns(tables.BY_NAME[table], version=app.manifest.current()[table].version)
            (folder / "rows" / f"{table}.jsonl").write_text("".join(f"{row}\n" for row in rows_of(app, table, columns)))
        # Hadoop's own checksums, which object stores do not have either, would double the number of files.
        for part in ("lake", "landing"):
            shutil.copytree(work / part, folder / part, ignore=shutil.ignore_patterns(".*.crc"))


def main() -> None:
    from reclake.lake.session import open_session

    spark = open_session(ROOT / "conf" / "spark" / "test", name="golden lake")
    # A claim names the machine that holds it.
    with patch("reclake.lake.claims.this_holder", lambda: "release:0"):
        write(spark, Path(sys.argv[1]))
    spark.stop()


if __name__ == "__main__":
    main()
