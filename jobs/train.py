"""Train and, if it is better, promote the recommender: spark-submit jobs/train.py --as-of 2026-03-02."""

from argparse import ArgumentParser, Namespace
from datetime import date
from typing import get_args

from reclake.recommend.settings import Tune
from reclake.run.application import Application
from reclake.run.job import main
from reclake.run.training import train


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--as-of", required=True, type=date.fromisoformat, help="training uses the days before it")
    parser.add_argument(
        "--tune", choices=get_args(Tune), default="when-due", help="search the settings first; never: take [als] as it stands"
    )


def fit(app: Application, options: Namespace) -> None:
    """Train on the published state of the lake."""
    train(app, as_of=options.as_of, tune=options.tune)


if __name__ == "__main__":
    main(fit, arguments, needs_keys=False)
