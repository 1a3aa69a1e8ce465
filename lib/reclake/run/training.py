"""Training as a run: published inputs, judged, logged, and promoted only through the gate of the decision."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.errors import UsageError
from reclake.lake.claims import ALL_DAYS, Claim
from reclake.lake.manifest import Published
from reclake.lake.schema import spark_schema
from reclake.lake.session import checkpoints_in
from reclake.recommend.interface import AlsValues
from reclake.recommend.settings import Tune
from reclake.recommend.training import TUNED, TrainingOutcome, evaluate_and_fit
from reclake.tables import Table, gold, ops, silver

from .application import Application
from .code import module_digest
from .gating import gate_row_of
from .jobs import counted_jobs
from .leftovers import CHECKPOINTS, passing_folder
from .outcome import is_try_of
from .phases import phase
from .report import TableReport

logger = logging.getLogger("reclake")
MODEL = "als"
_SECTIONS = ("als", "training", "tuning", "popularity", "interactions.weights")  # of the settings: all that a training takes
_INPUTS = (silver.INTERACTIONS, silver.IDENTITIES, silver.ACCOUNTS, silver.CONSENTS, silver.PRODUCTS)


def train(app: Application, *, as_of: date, tune: Tune = "when-due") -> TrainingOutcome | None:
    """Fit and judge on the days before `as_of`; register the refit and publish it if it is better.

    None where this run, or an earlier try of it, has published a training for this as_of: it is not done again.

    Parameters
    ----------
    tune
        Whether the settings are searched first: always, or when `tuning.every_days` have passed since the last search,
        or since the first training. What a search found for the champion is taken until then. Never: the section [als] is
        taken as it stands.

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
        done = _trained(app, as_of, tune)
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


def published_or_empty(app: Application, table: Table, published: Mapping[str, Published]) -> DataFrame:
    """The table at its version of these published ones; no rows where none of it is published.

    Raises
    ------
    LakeDamaged
        When it is not what was published.
    """
    row = published.get(table.name)
    return app.store.empty(table) if row is None else app.read(table, version=row.version, published=published)


def _is_due(measured: DataFrame, as_of: date, *, every_days: int) -> bool:
    """Whether the last search, or the first training, is `every_days` old at `as_of`; never for 0."""
    if not every_days:
        return False
    searched = F.when(F.col("metric") == TUNED, F.col("as_of_date"))
    since = measured.agg(F.coalesce(F.max(searched), F.min("as_of_date"))).first()
    return since is not None and since[0] is not None and as_of - since[0] >= timedelta(days=every_days)


def _tuned_settings(app: Application, champion_version: int | None, tune: Tune) -> dict[str, Any]:
    """What a search found for the champion: it stands above the section [als] until the next search."""
    if champion_version is None or tune == "never":
        return {}
    found: dict[str, Any] = app.registry.tuned_settings(str(champion_version))
    return found


def _refit_settings(app: Application, champion_version: int | None, as_of: date) -> AlsValues | None:
    """The champion's settings, if it learnt from customers who withdrew too long ago; None if it may go on serving."""
    if champion_version is None:
        return None
    since = app.registry.withdrawn_since(str(champion_version))
    if since is None or as_of - since <= timedelta(days=app.settings.models.max_withdrawn_days):
        return None
    logger.info("model version %d learnt from customers who withdrew, the first of them by %s", champion_version, since)
    settings: AlsValues | None = app.registry.fitted_settings(str(champion_version))
    return settings or AlsValues.of(app.settings.als)


def _trained(app: Application, as_of: date, tune: Tune) -> tuple[TrainingOutcome, dict[str, Any]] | None:
    """What came of the training, and the gate's verdict on its metrics; None if it has been published."""
    claim = app.claims.take(app.run_id, dict.fromkeys((f"model:{MODEL}", gold.MODEL_METRICS.name), (ALL_DAYS,)))
    try:
        # Only now: a training that was waited for may have published another champion.
        published = app.manifest.current()
        if silver.INTERACTIONS.name not in published:
            raise UsageError("there is nothing to train on", "silver.interactions is not published", "run the daily stages first")
        versions = {table.name: published[table.name].version for table in _INPUTS if table.name in published}

        measured, settings = published_or_empty(app, gold.MODEL_METRICS, published), app.settings
        champion_version = app.model_version(MODEL)
        # A crash between promotion and manifest leaves alias and metrics ahead; the manifest is what serves.
        app.registry.serve(None if champion_version is None else str(champion_version))
        metrics = published.get(gold.MODEL_METRICS.name)
        if _is_published(app, as_of, measured):
            return None
        # What a training wrote that ended before its manifest is taken back.
        app.store.restore(gold.MODEL_METRICS, version=None if metrics is None else metrics.version)
        tuned = _tuned_settings(app, champion_version, tune)
        if tuned:
            logger.info("an earlier search stands above [als]: %s", tuned)
        is_searching = tune == "always" or (
            tune == "when-due" and _is_due(measured, as_of, every_days=settings.tuning.every_days)
        )
        with checkpoints_in(app.spark, passing_folder(app, CHECKPOINTS)):
            outcome = evaluate_and_fit(
                **{table.noun: published_or_empty(app, table, published) for table in _INPUTS},
                as_of=as_of,
                als=replace(AlsValues.of(settings.als), **tuned),
                popularity=settings.popularity,
                weights=settings.interactions.weights,
                training=settings.training,
                min_age=settings.privacy.min_age,
                champion=None if champion_version is None else app.registry.load(app.spark, str(champion_version)),
                min_group_size=settings.privacy.min_group_size,
                tuning=settings.tuning if is_searching else None,
                refit=_refit_settings(app, champion_version, as_of),
                before_trial=lambda: app.claims.require_held(claim),
            )
            judged = _record(app, outcome, _logged(app, outcome, versions, is_tuned=bool(tuned)), claim)
    finally:
        app.claims.release(claim)
    return outcome, judged


def _logged(app: Application, outcome: TrainingOutcome, versions: dict[str, int], *, is_tuned: bool) -> str | None:
    """Log the training, and register the refit when the decision is for it; gives its version."""
    settings = {
        f"{section}.{key}": value for section in _SECTIONS for key, value in app.settings.value(section).model_dump().items()
    } | {f"als.{key}": value for key, value in asdict(outcome.als).items()}
    version: str | None = app.registry.log_training(
        outcome,
        training_id=app.run_id,
        at=app.clock(),
        settings=settings,
        inputs=versions,
        lake_root=app.store.root,
        code_digest=module_digest(evaluate_and_fit.__module__),
        is_tuned=is_tuned or (outcome.refit_of is None and outcome.search is not None and outcome.search.has_found_better),
    )
    return version


def _record(app: Application, outcome: TrainingOutcome, version: str | None, claim: Claim) -> dict[str, Any]:
    """Gate the metrics, then promote, record and publish: a model whose metrics are refused serves nowhere."""
    is_promoted = version is not None and outcome.is_promotable
    rows: list[dict[str, Any]] = outcome.rows(training_id=app.run_id, model_version=version, is_promoted=is_promoted)
    judged = _require_passed(app, rows)
    phase("gated", gold.MODEL_METRICS.name)
    app.claims.require_held(claim)
    if is_promoted and version is not None:
        app.registry.promote(app.spark, version, min_champion_ratio=app.settings.training.min_champion_ratio)
    before = app.manifest.current().get(gold.MODEL_METRICS.name)
    newest = app.store.append(gold.MODEL_METRICS, rows)
    moved = {gold.MODEL_METRICS.name: newest} if newest is not None else {}
    counted = {gold.MODEL_METRICS.name: len(rows) + (before.n_rows if before else 0)}
    phase("committed", gold.MODEL_METRICS.name)
    app.claims.require_held(claim)  # it may have gone while the model was promoted; the next training takes the metrics back
    if is_promoted and version is not None:
        moved[f"model:{MODEL}"] = int(version)
    app.manifest.publish(moved, counted, run_id=app.run_id, token=claim.token, at=app.clock())
    phase("published", gold.MODEL_METRICS.name)
    logger.info("training %s: %s", app.run_id, outcome.decision)
    return judged | {"version": newest}


def _is_published(app: Application, as_of: date, measured: DataFrame) -> bool:
    """Whether a try of this run has published what it measured; with the as_of, as a run may be named by hand."""
    return not measured.where(is_try_of(app.run_id, "training_id") & (F.col("as_of_date") == F.lit(as_of))).isEmpty()


def _require_passed(app: Application, rows: list[dict[str, Any]]) -> dict[str, Any]:
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
