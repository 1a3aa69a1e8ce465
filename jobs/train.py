"""Train a model and, if it is better, promote it: spark-submit jobs/train.py --model als --as-of 2026-03-02."""

import logging
from argparse import ArgumentParser, Namespace
from datetime import date
from typing import get_args

from reclake.recommend.settings import Tune
from reclake.run.application import Application
from reclake.run.fitting import fit
from reclake.run.job import main
from reclake.run.training import runs_of, train
from reclake.tables import models

logger = logging.getLogger("reclake")


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--as-of", required=True, type=date.fromisoformat, help="training uses the days before it")
    parser.add_argument(
        "--tune",
        choices=get_args(Tune),
        default="when-due",
        help="search the settings first, or fit weights when due; never: take the model's section as it stands",
    )
    names = (*models.BY_NAME, *models.WEIGHTS_BY_NAME)
    parser.add_argument("--model", choices=names, help="the model to train; all that scenarios name without it")
    parser.add_argument("--if-named", action="store_true", help="train no recommender that no scenario names")


def learn(app: Application, options: Namespace) -> None:
    """Train on the published state of the lake."""
    if options.model in models.WEIGHTS_BY_NAME:
        fit(app, models.WEIGHTS_BY_NAME[options.model], as_of=options.as_of, tune=options.tune)
        return
    wanted = (models.BY_NAME[options.model],) if options.model else app.named_models
    if options.if_named:
        wanted = tuple(model for model in wanted if model in app.named_models)
    if not wanted:
        logger.info("no scenario names %s: nothing is trained", options.model or "a model")
    for training, model in runs_of(app, wanted):
        train(training, model, as_of=options.as_of, tune=options.tune)


if __name__ == "__main__":
    main(learn, arguments, needs_keys=False, stages=lambda _: ("training",))
