"""Training as a run: published inputs, judged, logged, and promoted only through the gate of the decision."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.errors import UsageError
from reclake.lake.claims import ALL_DAYS, Claim
from reclake.lake.files import Files
from reclake.lake.manifest import Published
from reclake.lake.schema import spark_schema
from reclake.lake.session import checkpoints_in
from reclake.recommend.interface import Judging
from reclake.recommend.settings import Tune
from reclake.recommend.training import TrainingOutcome, evaluate_and_fit
from reclake.tables import gold, ops, silver
from reclake.tables.models import Model

from .application import Application
from .code import module_digest
from .gating import gate_row_of
from .jobs import counted_jobs
from .leftovers import CHECKPOINTS, passing_folder
from .outcome import is_try_of
from .phases import phase
from .published_inputs import inputs_at, published_or_empty
from .report import TableReport
from .training_settings import found_by_search, is_search_due, refit_of, sections_of

logger = logging.getLogger("reclake")


def runs_of(app: Application, chosen: Sequence[Model]) -> Iterator[tuple[Application, Model]]:
    """Each model with the application to train it by: a training is a run, so several in one process have names of their own."""
    for model in chosen:
        yield (app if len(chosen) == 1 else replace(app, run_id=f"{model.name}-{app.run_id}")), model


def train(app: Application, model: Model, *, as_of: date, tune: Tune = "when-due") -> TrainingOutcome | None:
    """Fit and judge on the days before `as_of`; register the refit and publish it if it is better.

    None where this run, or an earlier try of it, has published a training for this as_of: it is not done again.

    Parameters
    ----------
    tune
        Whether the settings are searched first: always, or when `tuning.every_days` have passed since the last search,
        or since the model's first training. What a search found for the champion is taken until then. Never: the model's own
        section is taken as it stands.

    Raises
    ------
    UsageError
        When the lake holds no interactions yet.
    LakeDamaged
        When what is read, or would be added to, is not what was published.
    """
    table, started = gold.MODEL_METRICS, time.monotonic()
    app.reporter.started(table.stage, table.name)
    with counted_jobs(app.spark, f"{app.run_id}:{table.name}") as jobs:
        done = _trained(app, model, as_of, tune)
    if done is None:
        logger.info("run %s has published its training before", app.run_id)
        app.reporter.finished(TableReport(table.stage, table.name, "up to date"))
        return None
    outcome, judged = done
    seconds = time.monotonic() - started
    app.store.append(ops.GATE_RESULTS, [judged | {"n_build_jobs": jobs.total, "build_seconds": seconds}])
    app.reporter.finished(
        TableReport(
            table.stage,
            table.name,
            "built",
            n_rows=judged["n_rows"],
            verdict=judged["verdict"],
            n_jobs=jobs.total,
            seconds=seconds,
        )
    )
    return outcome


def _trained(app: Application, model: Model, as_of: date, tune: Tune) -> tuple[TrainingOutcome, dict[str, Any]] | None:
    """What came of the training, and the gate's verdict on its metrics; None if it has been published."""
    claim = app.claims.take(app.run_id, dict.fromkeys((model.published_name, gold.MODEL_METRICS.name), (ALL_DAYS,)))
    try:
        # Only now: a training that was waited for may have published another champion.
        published = app.manifest.current()
        if silver.INTERACTIONS.name not in published:
            raise UsageError("there is nothing to train on", "silver.interactions is not published", "run the daily stages first")
        measured = published_or_empty(app, gold.MODEL_METRICS, published)
        champion_version = app.model_version(model.name)
        # A crash between promotion and manifest leaves alias and metrics ahead; the manifest is what serves.
        app.registry(model.name).serve(None if champion_version is None else str(champion_version))
        metrics = published.get(gold.MODEL_METRICS.name)
        if is_published(app, as_of, measured):
            return None
        # What a training wrote that ended before its manifest is taken back.
        app.store.restore(gold.MODEL_METRICS, version=None if metrics is None else metrics.version)
        settings_of_search = found_by_search(app, model, champion_version, tune)
        if settings_of_search:
            logger.info("an earlier search stands above the settings of %s: %s", model.name, settings_of_search)
        is_searching = tune == "always" or (
            tune == "when-due" and is_search_due(measured, model, as_of, every_days=app.settings.tuning.every_days)
        )
        with checkpoints_in(app.spark, passing_folder(app, CHECKPOINTS)):
            outcome = _judged(app, model, published, claim, champion_version, settings_of_search, as_of, is_searching)
            version = _logged(app, model, outcome, published, is_tuned=bool(settings_of_search))
            judged = _record(app, model, outcome, version, claim)
    finally:
        app.claims.release(claim)
    return outcome, judged


def _judged(
    app: Application,
    model: Model,
    published: Mapping[str, Published],
    claim: Claim,
    champion_version: int | None,
    settings_of_search: Mapping[str, Any],
    as_of: date,
    is_searching: bool,
) -> TrainingOutcome:
    """The outcome for the inputs as they are published, with the settings of the model and of an earlier search."""
    registry, settings = app.registry(model.name), app.settings
    configured = registry.recommender.of(sections_of(app, model))
    return evaluate_and_fit(
        **inputs_at(app, model, published, as_of=as_of),
        as_of=as_of,
        recommender=configured.with_settings(replace(configured.settings, **settings_of_search)),
        judging=Judging(model.metric, settings.training, settings.privacy.min_group_size),
        popularity=settings.popularity,
        weights=settings.interactions.weights,
        champion=None if champion_version is None else registry.load(app.spark, str(champion_version)),
        tuning=settings.tuning if is_searching else None,
        refit=refit_of(app, model, configured, champion_version, as_of),
        before_trial=lambda: app.claims.require_held(claim),
    )


def _logged(
    app: Application, model: Model, outcome: TrainingOutcome, published: Mapping[str, Published], *, is_tuned: bool
) -> str | None:
    """Log the training, and register the refit when the decision is for it; gives its version."""
    settings = {
        f"{section}.{key}": value
        for section, values in sections_of(app, model).items()
        for key, value in values.model_dump().items()
    } | {f"{model.name}.{key}": value for key, value in asdict(outcome.recommender.settings).items()}
    from reclake.registry import Training  # as the application opens it: most runs need none

    training = Training(
        training_id=app.run_id,
        at=app.clock(),
        settings=settings,
        inputs={i.table.name: published[i.table.name].version for i in model.reads if i.table.name in published},
        lake_root=app.store.root,
        code_digest=module_digest(evaluate_and_fit.__module__, type(outcome.recommender).__module__),
    )
    version: str | None = app.registry(model.name).log_training(
        outcome,
        training,
        files=Files(app.spark),
        is_tuned=is_tuned or (outcome.refit_of is None and outcome.search is not None and outcome.search.has_found_better),
    )
    return version


def _record(app: Application, model: Model, outcome: TrainingOutcome, version: str | None, claim: Claim) -> dict[str, Any]:
    """Gate the metrics, then promote, record and publish: a model whose metrics are refused serves nowhere."""
    is_promoted = version is not None and outcome.is_promotable
    rows: list[dict[str, Any]] = outcome.rows(training_id=app.run_id, model_version=version, is_promoted=is_promoted)
    judged = require_passed(app, rows)
    phase("gated", gold.MODEL_METRICS.name)
    app.claims.require_held(claim)
    if is_promoted and version is not None:
        app.registry(model.name).promote(app.spark, version, min_champion_ratio=app.settings.training.min_champion_ratio)
    before = app.manifest.current().get(gold.MODEL_METRICS.name)
    newest = app.store.append(gold.MODEL_METRICS, rows)
    moved = {gold.MODEL_METRICS.name: newest} if newest is not None else {}
    counted = {gold.MODEL_METRICS.name: len(rows) + (before.n_rows if before else 0)}
    phase("committed", gold.MODEL_METRICS.name)
    app.claims.require_held(claim)  # it may have gone while the model was promoted; the next training takes the metrics back
    if is_promoted and version is not None:
        moved[model.published_name] = int(version)
    app.manifest.publish(moved, counted, run_id=app.run_id, token=claim.token, at=app.clock())
    phase("published", gold.MODEL_METRICS.name)
    logger.info("training %s: %s", app.run_id, outcome.decision)
    return judged | {"version": newest}


def is_published(app: Application, as_of: date, measured: DataFrame) -> bool:
    """Whether a try of this run has published what it measured; with the as_of, as a run may be named by hand."""
    return not measured.where(is_try_of(app.run_id, "training_id") & (F.col("as_of_date") == F.lit(as_of))).isEmpty()


def require_passed(app: Application, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The gate's verdict on the metrics as a row of ops.gate_results.

    Raises
    ------
    GateFailed
        When it did not pass: then the manifest keeps the champion.
    """
    table, schema = gold.MODEL_METRICS, spark_schema(gold.MODEL_METRICS)
    frame = app.spark.createDataFrame([tuple(row.get(name) for name in schema.names) for row in rows], schema).persist()
    try:
        verdict = app.gate.check(table, frame, n_rows=len(rows))
    finally:
        frame.unpersist()
    judged = gate_row_of(app, table, verdict, n_rows=len(rows))
    if verdict.blocks:
        app.store.append(ops.GATE_RESULTS, [judged])
        raise verdict.failure(days=app.run_id)
    return judged
