"""Take in and build many days in one pass: spark-submit jobs/run.py --from 2026-01-01 --to 2026-01-31."""

from argparse import ArgumentParser, Namespace
from datetime import date

from reclake import tables
from reclake.run.application import Application
from reclake.run.job import main
from reclake.run.runner import run_graph
from reclake.run.stops import require_nothing_stopped


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--from", dest="first", required=True, type=date.fromisoformat, help="first delivery day")
    parser.add_argument("--to", dest="last", required=True, type=date.fromisoformat, help="last delivery day")
    parser.add_argument("--as-of", action="append", default=[], type=date.fromisoformat, help="for as-of tables; may be repeated")
    parser.add_argument("--force", action="store_true", help="build even what is up to date")


def run(app: Application, options: Namespace) -> None:
    """Take in what was delivered for the days and build what is stale, every stage in one application."""
    days = {"first": options.first, "last": options.last, "as_ofs": options.as_of}
    require_nothing_stopped(run_graph(app, **days, force=options.force))


if __name__ == "__main__":
    main(run, arguments, stages=lambda _: tables.STAGES)
