"""Train a model and, if it is better, promote it: spark-submit jobs/train.py --model als --as-of 2026-03-02."""

from argparse import ArgumentParser, Namespace
from datetime import date
from typing import get_args

from reclake.recommend.settings import Tune
from reclake.run.application import Application
from reclake.run.job import main
from reclake.run.training import runs_of, train
from reclake.tables import models


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--as-of", required=True, type=date.fromisoformat, help="training uses the days before it")
    parser.add_argument(
        "--tune",
        choices=get_args(Tune),
        default="when-due",
        help="search the settings first; never: take the model's section as it stands",
    )
    parser.add_argument("--model", choices=tuple(models.BY_NAME), help="the model to train; all of them without it")


def fit(app: Application, options: Namespace) -> None:
    """Train on the published state of the lake."""
    for training, model in runs_of(app, [models.BY_NAME[options.model]] if options.model else models.MODELS):
        train(training, model, as_of=options.as_of, tune=options.tune)


if __name__ == "__main__":
    main(fit, arguments, needs_keys=False, stages=lambda _: ("training",))
