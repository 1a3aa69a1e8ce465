"""Training as a run: published inputs, judged, logged, and promoted only through the gate of the decision."""

from __future__ import annotations

import logging
from datetime import date
from typing import Any

from reclake.errors import UsageError
from reclake.lake.claims import ALL_DAYS
from reclake.lake.schema import spark_schema
from reclake.recommend.training import TrainingOutcome, evaluate_and_fit
from reclake.tables import gold, ops, silver

from .application import Application
from .code import code_digest
from .stage import gate_row_of

logger = logging.getLogger("reclake")
MODEL = "als"
_INPUTS = (silver.INTERACTIONS, silver.IDENTITIES, silver.ACCOUNTS, silver.CONSENTS, silver.PRODUCTS)


def train(app: Application, *, as_of: date) -> TrainingOutcome:
    """Fit and judge on the days before `as_of`; register the refit and publish it if it is better.

    Raises
    ------
    UsageError
        When the lake holds no interactions yet.
    """
    published = app.manifest.current()
    if silver.INTERACTIONS.name not in published:
        raise UsageError("there is nothing to train on", "silver.interactions is not published", "run the daily stages first")
    versions = {table.name: published[table.name].version for table in _INPUTS if table.name in published}
    frames = {
        table.noun: app.store.read(table, version=versions[table.name]) if table.name in versions else app.store.empty(table)
        for table in _INPUTS
    }
    settings = app.settings
    champion_version = app.model_version(MODEL)
    claim = app.claims.take(app.run_id, {f"model:{MODEL}": (ALL_DAYS,)})
    try:
        # A crash between promotion and manifest leaves the alias ahead; the manifest is what serves.
        app.registry.serve(None if champion_version is None else str(champion_version))
        outcome = evaluate_and_fit(
            **frames,
            as_of=as_of,
            als=settings.als,
            popularity=settings.popularity,
            weights=settings.interactions.weights,
            training=settings.training,
            champion=None if champion_version is None else app.registry.load(app.spark, str(champion_version)),
        )
        version = _register(app, outcome, versions)
        _record(app, outcome, version, claim.token)
    finally:
        app.claims.release(claim)
    return outcome


def _register(app: Application, outcome: TrainingOutcome, versions: dict[str, int]) -> str | None:
    """Log the training; register and promote the refit when the decision is for it."""
    settings = {
        f"{section}.{key}": value
        for section in ("als", "training", "popularity")
        for key, value in app.settings.value(section).model_dump().items()
    }
    version = app.registry.log_training(
        outcome,
        training_id=app.run_id,
        at=app.clock(),
        settings=settings,
        inputs=versions,
        lake_root=app.store.root,
        code_digest=code_digest(gold.RECOMMENDATIONS),
    )
    if version is not None and outcome.is_promotable:
        app.registry.promote(app.spark, version, min_champion_ratio=app.settings.training.min_champion_ratio)
    return version


def _record(app: Application, outcome: TrainingOutcome, version: str | None, token: int) -> None:
    is_promoted = version is not None and outcome.is_promotable
    rows: list[dict[str, Any]] = outcome.rows(training_id=app.run_id, model_version=version, is_promoted=is_promoted)
    judged = _require_passed(app, rows)
    # The training's id is the fence: a repeated attempt adds no second set of rows.
    newest = app.store.append(gold.MODEL_METRICS, rows, fence=(f"training:{app.run_id}", 1))
    app.store.append(ops.GATE_RESULTS, [judged | {"version": newest}])
    moved = {gold.MODEL_METRICS.name: newest} if newest is not None else {}
    if is_promoted and version is not None:
        moved[f"model:{MODEL}"] = int(version)
    app.manifest.publish(moved, {}, run_id=app.run_id, token=token, at=app.clock())
    logger.info("training %s: %s", app.run_id, "promoted" if is_promoted else "; ".join(outcome.reasons) or "not promoted")


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
