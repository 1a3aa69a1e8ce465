"""Take new files of the enabled sources in: spark-submit jobs/ingest.py --day 2026-03-01."""

from argparse import ArgumentParser, Namespace
from datetime import date

from reclake.run.application import Application
from reclake.run.ingest import ingest
from reclake.run.job import main
from reclake.run.stops import require_nothing_stopped


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--day", type=date.fromisoformat, help="only files delivered for this day")
    parser.add_argument("--landing", help="where the source's files lie")


def take_in(app: Application, options: Namespace) -> None:
    """Take in what the enabled sources delivered."""
    days = [options.day] if options.day else None
    require_nothing_stopped(ingest(app, options.landing, days=days))


if __name__ == "__main__":
    main(take_in, arguments, stages=lambda _: ("bronze",))
