"""A fit of weights as a run: published inputs, judged by its own fit, logged, and promoted only through the gate."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pkgutil import resolve_name
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.errors import UsageError
from reclake.identity.linkage.account_weights import reasons_against
from reclake.identity.linkage.estimate import NothingToLearn
from reclake.identity.linkage.weights import Weights
from reclake.lake.claims import ALL_DAYS, Claim
from reclake.lake.manifest import Published
from reclake.recommend.settings import Tune
from reclake.tables import BY_NAME, gold, ops
from reclake.tables.models import WeightsModel

from .application import Application
from .code import module_digest
from .jobs import counted_jobs
from .phases import phase
from .published_inputs import inputs_at, published_or_empty
from .report import TableReport
from .training import is_published, require_passed

logger = logging.getLogger("reclake")


@dataclass(frozen=True, slots=True)
class FitOutcome:
    """What came of a fit."""

    weights: Weights
    n_accounts: int
    reasons: tuple[str, ...]  # against its promotion

    @property
    def is_promotable(self) -> bool:
        """Whether it may serve."""
        return not self.reasons

    @property
    def decision(self) -> str:
        """The decision in words."""
        told = f"threshold {self.weights.threshold:.1f} bits, expected precision {self.weights.expected_precision:.4f}"
        return f"promoted: {told}" if self.is_promotable else f"not promoted: {'; '.join(self.reasons)}"

    def rows(self, model: WeightsModel, *, training_id: str, as_of: date, model_version: str | None) -> list[dict[str, Any]]:
        """The rows of gold.model_metrics."""
        measured = {"expected_precision": self.weights.expected_precision, "expected_recall": self.weights.expected_recall}
        shared = {
            "training_id": training_id,
            "as_of_date": as_of,
            "model_name": model.name,
            "model_version": model_version,
            "split": "all pairs",
            "n_customers": self.n_accounts,
            "is_promoted": self.is_promotable,
        }
        return [shared | {"metric": metric, "value": value} for metric, value in measured.items()]


def fit(app: Application, model: WeightsModel, *, as_of: date, tune: Tune = "always") -> FitOutcome | None:
    """Fit the weights on what is published, register them, and publish them if nothing speaks against it.

    None where this run has published its fit before, or none is due.

    Parameters
    ----------
    as_of
        The day of the fit, from which the time to the next is counted.
    tune
        always: now. when-due: when the last one is `linkage.fit_every_days` old, and at first. never: not at all.

    Raises
    ------
    UsageError
        When the lake holds no accounts yet.
    NothingToLearn
        When they were asked for and hardly any accounts of one person stand out; the weights before go on serving.
    """
    table, started = gold.MODEL_METRICS, time.monotonic()
    app.reporter.started(table.stage, table.name)
    with counted_jobs(app.spark, f"{app.run_id}:{table.name}") as jobs:
        done = _fitted(app, model, as_of, tune)
    if done is None:
        app.reporter.finished(TableReport(table.stage, table.name, "up to date"))
        return None
    outcome, judged = done
    seconds = time.monotonic() - started
    app.store.append(ops.GATE_RESULTS, [judged | {"n_build_jobs": jobs.total, "build_seconds": seconds}])
    rows, verdict = judged["n_rows"], judged["verdict"]
    app.reporter.finished(
        TableReport(table.stage, table.name, "built", n_rows=rows, verdict=verdict, n_jobs=jobs.total, seconds=seconds)
    )
    return outcome


def _fitted(app: Application, model: WeightsModel, as_of: date, tune: Tune) -> tuple[FitOutcome, dict[str, Any]] | None:
    claim = app.claims.take(app.run_id, dict.fromkeys((model.published_name, gold.MODEL_METRICS.name), (ALL_DAYS,)))
    try:
        published = app.manifest.current()
        measured = published_or_empty(app, gold.MODEL_METRICS, published)
        if is_published(app, as_of, measured) or not _is_due(app, model, measured, as_of, tune):
            logger.info("weights %s: none are to be fitted now", model.name)
            return None
        metrics = published.get(gold.MODEL_METRICS.name)
        # What a training wrote that ended before its manifest is taken back.
        app.store.restore(gold.MODEL_METRICS, version=None if metrics is None else metrics.version)
        try:
            outcome = _learned(app, model, published, as_of)
        except NothingToLearn as nothing:
            if tune == "always":
                raise
            logger.warning("weights %s are due and stay as they are: %s", model.name, nothing)
            return None
        return outcome, _record(app, model, outcome, claim, published, as_of)
    finally:
        app.claims.release(claim)


def _is_due(app: Application, model: WeightsModel, measured: DataFrame, as_of: date, tune: Tune) -> bool:
    every_days = app.settings.linkage.fit_every_days
    if tune != "when-due":
        return tune == "always"
    last = measured.where(F.col("model_name") == model.name).agg(F.max("as_of_date")).first()
    return every_days > 0 and (last is None or last[0] is None or as_of - last[0] >= timedelta(days=every_days))


def _learned(app: Application, model: WeightsModel, published: dict[str, Published], as_of: date) -> FitOutcome:
    """The weights of the published accounts, with what their builder takes."""
    if missing := [i.table.name for i in model.reads if i.table.name not in published]:
        raise UsageError(
            "there is nothing to fit weights on", f"not published: {', '.join(missing)}", "run the daily stages first"
        )
    table = BY_NAME[model.serves]
    arguments = app.arguments(table.parameters) | app.items(table)
    weights, n_accounts = resolve_name(model.fitter)(**inputs_at(app, model, published, as_of=as_of), **arguments)
    least = app.settings.linkage.min_expected_precision
    return FitOutcome(weights, n_accounts, reasons_against(weights, min_expected_precision=least))


def _record(
    app: Application, model: WeightsModel, outcome: FitOutcome, claim: Claim, published: dict[str, Published], as_of: date
) -> dict[str, Any]:
    """Log and register, gate the metrics, then publish them and, where it may serve, the version."""
    registry, weights = app.weights_registry(model.name), outcome.weights
    version = registry.log(
        weights.to_json(),
        training_id=app.run_id,
        at=app.clock(),
        metrics={
            "threshold": weights.threshold,
            "n_matches": weights.n_matches,
            "n_pairs": float(weights.n_pairs),
            "expected_precision": weights.expected_precision,
            "expected_recall": weights.expected_recall,
        },
        settings={f"linkage.{key}": value for key, value in app.settings.linkage.model_dump(exclude={"default"}).items()},
        tags={
            "as_of": str(as_of),
            "reasons": "; ".join(outcome.reasons),
            "code_digest": module_digest(model.fitter.partition(":")[0]),
            **{i.table.name: str(published[i.table.name].version) for i in model.reads},
        },
    )
    rows = outcome.rows(model, training_id=app.run_id, as_of=as_of, model_version=version)
    judged = require_passed(app, rows)
    phase("gated", gold.MODEL_METRICS.name)
    app.claims.require_held(claim)
    before = app.manifest.current().get(gold.MODEL_METRICS.name)
    newest = app.store.append(gold.MODEL_METRICS, rows)
    moved = {gold.MODEL_METRICS.name: newest} if newest is not None else {}
    counted = {gold.MODEL_METRICS.name: len(rows) + (before.n_rows if before else 0)}
    phase("committed", gold.MODEL_METRICS.name)
    app.claims.require_held(claim)
    if outcome.is_promotable:
        registry.serve(version)
        moved[model.published_name] = int(version)
    app.manifest.publish(moved, counted, run_id=app.run_id, token=claim.token, at=app.clock())
    phase("published", gold.MODEL_METRICS.name)
    logger.info("weights %s: %s", model.name, outcome.decision)
    return judged | {"version": newest}
