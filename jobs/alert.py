"""Tell what a day's run left to tell, as [alerts] says: spark-submit jobs/alert.py --day 2026-03-01."""

import logging
from argparse import ArgumentParser, Namespace
from datetime import date

from reclake.look.alerts import findings_of
from reclake.look.lake import look_at
from reclake.run.application import Application, located
from reclake.run.job import main
from reclake.run.posting import sent, tell

logger = logging.getLogger("reclake")


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--day", required=True, type=date.fromisoformat, help="the delivery day")
    parser.add_argument("--as-of", action="append", default=[], type=date.fromisoformat, help="asked for; may be repeated")


def alert(app: Application, options: Namespace) -> None:
    """Look at gates, deliveries and tables of the day, and send one alert if there is something."""
    secrets = located(app.home, app.settings.secrets.directory)
    look = look_at(app.home, app.settings, clock=app.clock, spark=lambda: app.spark)
    findings = findings_of(look, options.day, as_ofs=options.as_of)
    for finding in findings:
        logger.warning("%s: %s: %s", finding.kind, finding.subject, finding.told)
    channel = tell(findings, day=str(options.day), run_id=app.run_id, alerts=app.settings.alerts, secrets=secrets)
    is_lost = bool(findings) and channel == "none"
    logger.log(logging.WARNING if is_lost else logging.INFO, "%s", sent(findings, channel))


if __name__ == "__main__":
    main(alert, arguments, needs_keys=False, publishes=False)
