"""Write the published gold as one DuckDB file: spark-submit jobs/export.py --file /srv/bi/reclake.duckdb."""

import logging
from argparse import ArgumentParser, Namespace
from pathlib import Path

from reclake.run.application import Application
from reclake.run.export import export, place_of
from reclake.run.job import main

logger = logging.getLogger("reclake")


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--file", type=Path, help="the DuckDB file, on the driver's machine; by default bi.duckdb_file")


def write(app: Application, options: Namespace) -> None:
    """Write the file, or replace it in one step."""
    file = place_of(app, options.file)
    for row in export(app, file):
        logger.info("%s holds version %d of %s: %d rows", file, row["version"], row["table"], row["rows"])


if __name__ == "__main__":
    main(write, arguments, needs_keys=False, publishes=False)
