"""Build one stage for one day: spark-submit jobs/build.py --stage silver --day 2026-03-01."""

from argparse import ArgumentParser, Namespace
from datetime import date

from reclake import tables
from reclake.run.application import Application
from reclake.run.job import main
from reclake.run.plan import require_of_daily_stages
from reclake.run.runner import scope_of
from reclake.run.stage import build_stage
from reclake.run.stops import require_nothing_stopped


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--stage", required=True, choices=tables.STAGES[1:])
    parser.add_argument("--day", required=True, type=date.fromisoformat, help="the delivery day")
    parser.add_argument("--as-of", action="append", default=[], type=date.fromisoformat, help="for as-of tables; may be repeated")
    parser.add_argument(
        "--table",
        action="append",
        default=[],
        help="only this table; may be repeated, and name tables of other stages; what it reads must have been built",
    )
    parser.add_argument("--force", action="store_true", help="build even what is up to date")


def build(app: Application, options: Namespace) -> None:
    """Build what of the stage is stale for the day."""
    require_of_daily_stages(options.table)
    days = {"first": options.day, "last": options.day, "as_ofs": options.as_of}
    scope = scope_of(app, **days, only=options.table, force=options.force)
    require_nothing_stopped(build_stage(app, options.stage, scope))


if __name__ == "__main__":
    main(build, arguments, stages=lambda options: (options.stage,))
