"""Join small files and remove old ones: spark-submit jobs/maintain.py."""

from argparse import ArgumentParser, Namespace

from reclake import tables
from reclake.run.application import Application
from reclake.run.job import main
from reclake.run.maintain import maintain, require_maintained


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--table", action="append", choices=sorted(tables.BY_NAME), help="only this table; may be repeated")
    parser.add_argument("--erase-history", action="store_true", help="keep no version but the published one: for an erasure")


def keep_up(app: Application, options: Namespace) -> None:
    """Work on every table that exists."""
    rows = maintain(app, only=options.table, erasing=options.erase_history)
    require_maintained(rows, erasing=options.erase_history)


if __name__ == "__main__":
    main(keep_up, arguments, needs_keys=False)
