"""Tell what a day's run left to tell, as [alerts] says: spark-submit jobs/alert.py --day 2026-03-01."""

from argparse import ArgumentParser, Namespace
from datetime import date

from reclake.look.alerts import findings_of
from reclake.look.lake import look_at
from reclake.run.application import Application, located
from reclake.run.job import main
from reclake.run.posting import tell


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--day", required=True, type=date.fromisoformat, help="the delivery day")
    parser.add_argument("--as-of", action="append", default=[], type=date.fromisoformat, help="asked for; may be repeated")


def alert(app: Application, options: Namespace) -> None:
    """Look at gates, deliveries and tables of the day, and send one alert if there is something."""
    secrets = located(app.home, app.settings.secrets.directory)
    look = look_at(app.home, app.settings, clock=app.clock, spark=lambda: app.spark)
    findings = findings_of(look, options.day, as_ofs=options.as_of)
    tell(findings, day=str(options.day), run_id=app.run_id, alerts=app.settings.alerts, secrets=secrets)


if __name__ == "__main__":
    main(alert, arguments, needs_keys=False, publishes=False)
