"""Renew the metastore's views on the published gold: spark-submit jobs/register.py."""

from argparse import ArgumentParser, Namespace

from reclake.run.application import Application
from reclake.run.job import main
from reclake.run.register import log_shown, register


def arguments(parser: ArgumentParser) -> None:
    """No options of its own."""


def renew(app: Application, options: Namespace) -> None:
    """Let the views read what the current manifest publishes."""
    log_shown(register(app))


if __name__ == "__main__":
    main(renew, arguments, needs_keys=False, needs_metastore=True, publishes=False)
