"""An evaluation as a run: published inputs, all models beside what needs none, and the figures in gold.model_metrics."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import date
from typing import Any

from pyspark.sql import functions as F

from reclake.errors import UsageError
from reclake.lake.claims import ALL_DAYS
from reclake.lake.manifest import Published
from reclake.lake.session import checkpoints_in
from reclake.recommend.evaluation import Evaluation, evaluated
from reclake.recommend.interface import FittedRecommender, Judging, Recommender
from reclake.tables import gold, models, ops, silver
from reclake.tables.models import Model

from .application import Application
from .jobs import counted_jobs
from .leftovers import CHECKPOINTS, passing_folder
from .phases import phase
from .published_inputs import inputs_at, published_or_empty
from .report import TableReport
from .training import require_passed
from .training_settings import sections_of

logger = logging.getLogger("reclake")


def evaluate(app: Application, *, as_of: date) -> list[dict[str, Any]]:
    """Judge every declared model on the days before `as_of`, promoted or not; publish the figures and give them back.

    A model is judged with the settings of its champion, else with its own section. Nothing is promoted.

    Raises
    ------
    UsageError
        When the lake holds no interactions yet, or too few for any origin.
    """
    table, started = gold.MODEL_METRICS, time.monotonic()
    app.reporter.started(table.stage, table.name)
    claim = app.claims.take(app.run_id, {table.name: (ALL_DAYS,)})
    try:
        published = app.manifest.current()
        if silver.INTERACTIONS.name not in published:
            raise UsageError(
                "there is nothing to evaluate on", "silver.interactions is not published", "run the daily stages first"
            )
        before = published.get(table.name)
        # What a training wrote that ended before its manifest is taken back.
        app.store.restore(table, version=None if before is None else before.version)
        with (
            counted_jobs(app.spark, f"{app.run_id}:{table.name}") as jobs,
            checkpoints_in(app.spark, passing_folder(app, CHECKPOINTS)),
        ):
            rows = _rows(app, published, as_of)
            judged = require_passed(app, rows)
        app.claims.require_held(claim)
        newest = app.store.append(table, rows)
        phase("committed", table.name)
        counted = {table.name: len(rows) + (before.n_rows if before else 0)}
        app.claims.require_held(claim)
        moved = {table.name: newest} if newest is not None else {}
        app.manifest.publish(moved, counted, run_id=app.run_id, token=claim.token, at=app.clock())
    finally:
        app.claims.release(claim)
    seconds = time.monotonic() - started
    app.store.append(ops.GATE_RESULTS, [judged | {"version": newest, "n_build_jobs": jobs.total, "build_seconds": seconds}])
    app.reporter.finished(
        TableReport(
            table.stage, table.name, "built", n_rows=len(rows), verdict=judged["verdict"], n_jobs=jobs.total, seconds=seconds
        )
    )
    return rows


def _rows(app: Application, published: Mapping[str, Published], as_of: date) -> list[dict[str, Any]]:
    settings, recommenders, champions = app.settings, [], {}
    for model in models.BY_NAME.values():
        recommender, champion = _as_served(app, model)
        recommenders.append(recommender)
        if champion is not None:
            champions[model.name] = champion
    # Every model reads the same: interactions, people and products.
    inputs = inputs_at(app, next(iter(models.BY_NAME.values())), published, as_of=as_of)
    segments = published_or_empty(app, gold.CUSTOMER_SEGMENTS, published).where(F.col("as_of_date") == F.lit(as_of))
    evaluation = Evaluation(
        as_of=as_of,
        recommenders=recommenders,
        champions=champions,
        judging=Judging("ndcg_at_10", settings.training, settings.privacy.min_group_size),
        popularity=settings.popularity,
        weights=settings.interactions.weights,
        n_origins=settings.evaluation.origins,
    )
    measured = evaluated(**inputs, segments=segments, evaluation=evaluation)
    if not measured:
        raise UsageError(
            "there is nobody to judge a model by",
            f"no {settings.training.test_days} days before {as_of} in which {settings.privacy.min_group_size} customers who may be "
            "profiled took up a product new to them, with days before them to learn from",
            "take more days in, or widen training.test_days",
        )
    shared = {"training_id": app.run_id, "as_of_date": as_of, "model_version": None, "is_promoted": False}
    return [shared | row for row in measured]


def _as_served(app: Application, model: Model) -> tuple[Recommender, FittedRecommender | None]:
    """The model's recommender with the settings of its champion, and the champion; with its own section before there is one."""
    configured = app.registry(model.name).recommender.of(sections_of(app, model))
    version = app.model_version(model.name)
    if version is None:
        return configured, None
    registry = app.registry(model.name)
    fitted = registry.fitted_settings(str(version), like=configured.settings)
    return (configured if fitted is None else configured.with_settings(fitted)), registry.load(app.spark, str(version))
