"""Serve the published gold to JDBC readers: spark-submit jobs/thrift.py --profile cluster."""

from argparse import ArgumentParser, Namespace

from reclake.run.application import Application
from reclake.run.job import main
from reclake.run.thrift import serve, until_told


def arguments(parser: ArgumentParser) -> None:
    """No options of its own."""


def thrift(app: Application, options: Namespace) -> None:
    """Serve until the process is asked to end."""
    with until_told() as until:
        serve(app, until=until)


if __name__ == "__main__":
    main(thrift, arguments, needs_keys=False, needs_metastore=True, publishes=False)
