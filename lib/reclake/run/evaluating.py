"""An evaluation as a run: published inputs, models and scenarios beside what needs none, and the figures in gold.model_metrics."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from pyspark.sql import functions as F

from reclake.errors import UsageError
from reclake.lake.claims import ALL_DAYS
from reclake.lake.manifest import Published
from reclake.lake.session import checkpoints_in
from reclake.recommend.evaluation import Evaluation, evaluated
from reclake.recommend.interface import FittedRecommender, Judging, Recommender
from reclake.recommend.scenarios.definition import Scenario
from reclake.tables import gold, models, ops, silver
from reclake.tables.models import Model

from .application import Application
from .jobs import counted_jobs
from .judging_scenarios import Judged, judged_scenarios
from .leftovers import CHECKPOINTS, passing_folder
from .phases import phase
from .published_inputs import inputs_at, published_or_empty
from .report import TableReport
from .training import require_passed
from .training_settings import sections_of

logger = logging.getLogger("reclake")


def evaluate(app: Application, *, as_of: date, scenarios: Collection[str] = ()) -> list[dict[str, Any]]:
    """Judge models and scenarios on the days before `as_of`, promoted or not; publish the figures and give them back.

    A model is judged with the settings of its champion, else with its own section. Nothing is promoted.

    Parameters
    ----------
    scenarios
        Names of those that are judged, and nothing else; without any every model and every scenario is.

    Raises
    ------
    UsageError
        When there is no such scenario, and when the lake holds no interactions yet, or too few for any origin.
    """
    table, started = gold.MODEL_METRICS, time.monotonic()
    chosen = _chosen(app, scenarios)
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
            rows = _rows(app, published, as_of, chosen, with_models=not scenarios)
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


def _chosen(app: Application, names: Collection[str]) -> dict[str, Scenario]:
    """The scenarios of these names, or all."""
    known: Mapping[str, Any] = app.items(gold.RECOMMENDATIONS)["scenarios"]
    for name in names:
        if name not in known:
            raise UsageError(f"there is no scenario {name!r}", f"known are {', '.join(sorted(known))}", "reclake scenarios list")
    return {name: one for name, one in known.items() if name in names or not names}


def _rows(
    app: Application, published: Mapping[str, Published], as_of: date, scenarios: Mapping[str, Scenario], *, with_models: bool
) -> list[dict[str, Any]]:
    settings = app.settings
    served = {name: _as_served(app, model) for name, model in models.BY_NAME.items()}
    # Every model reads the same: interactions, people and products.
    inputs = inputs_at(app, next(iter(models.BY_NAME.values())), published, as_of=as_of)
    segments = published_or_empty(app, gold.CUSTOMER_SEGMENTS, published).where(F.col("as_of_date") == F.lit(as_of))
    judged_with: dict[str, Any] = dict(
        as_of=as_of,
        recommenders=[recommender for recommender, _ in served.values()],
        champions={name: champion for name, (_, champion) in served.items() if champion is not None},
        judging=Judging("ndcg_at_10", settings.training, settings.privacy.min_group_size),
    )
    measured: list[dict[str, Any]] = []
    if with_models:
        limits: dict[str, Any] = dict(
            popularity=settings.popularity, weights=settings.interactions.weights, n_origins=settings.evaluation.origins
        )
        measured += evaluated(**inputs, segments=segments, evaluation=Evaluation(**judged_with, **limits))
    people = inputs["people"].persist()
    try:
        taken = dict(interactions=inputs["interactions"], people=people, segments=segments)
        measured += judged_scenarios(Judged(app, published, **judged_with, **taken), scenarios)
    finally:
        people.unpersist()
    if not measured:
        raise UsageError(
            "there is nobody to judge by",
            f"no held-out days before {as_of} in which {settings.privacy.min_group_size} customers who may be "
            "profiled did what is asked for, with days before them to learn from",
            "take more days in, or widen training.test_days and the within_days of scenarios",
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
