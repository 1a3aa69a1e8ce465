"""One training as a run of MLflow: what it read, with which settings, what it measured, and what its search tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from json import dumps
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from reclake.recommend.interface import Recommender
from reclake.recommend.training import TrainingOutcome
from reclake.recommend.tuning import Search, tuned
from reclake.registry.proof import metric_name
from reclake.registry.tracking import Tracking
from reclake.tables.models import Model


@dataclass(frozen=True)
class Training:
    """What is told of a training beside its outcome."""

    training_id: str  # names the run
    at: datetime  # when it began
    settings: Mapping[str, Any]  # every setting that it took, as section.key
    inputs: Mapping[str, int]  # table → Delta version that was read
    lake_root: str
    code_digest: str  # of the code that ran

    def input_tags(self) -> dict[str, str]:
        """The versions of the lake that it read, as tags."""
        return {f"input.{table}": str(version) for table, version in sorted(self.inputs.items())}


@contextmanager
def logged_run(
    tracking: Tracking, model: Model, recommender: type[Recommender], outcome: TrainingOutcome, training: Training
) -> Iterator[Run]:
    """The run with all that is known before a model is registered; it has failed unless the block ends well."""
    client, began = tracking.client, int(training.at.timestamp() * 1000)
    tags = {
        "training_id": training.training_id,
        "as_of": str(outcome.as_of),
        "cut": str(outcome.cut),
        "code_digest": training.code_digest,
        "compared_with": outcome.compared_with or "",
        "is_promotable": str(outcome.is_promotable),
        "reasons": "; ".join(outcome.reasons),
        **training.input_tags(),
        **{f"setting.{key}": str(value) for key, value in training.settings.items()},
    }
    run = client.create_run(tracking.experiment, began, tags, run_name=training.training_id)
    run_id, status = run.info.run_id, "FAILED"
    try:
        for key, value in training.settings.items():
            client.log_param(run_id, key, value)
        _log_metrics(tracking, run_id, outcome)
        _log_search(tracking, run, outcome.search, began, model, recommender)
        client.log_inputs(run_id, [_dataset(table, n, training.lake_root) for table, n in sorted(training.inputs.items())])
        yield run
        status = "FINISHED"
    finally:
        client.set_terminated(run_id, status)


def _log_metrics(tracking: Tracking, run_id: str, outcome: TrainingOutcome) -> None:
    first_split = outcome.metrics[0].split if outcome.metrics else ""
    for metric in outcome.metrics:
        name = metric_name(metric, first_split=first_split)
        tracking.client.log_metric(run_id, name, metric.value)
        for end, value in (("lower", metric.lower), ("upper", metric.upper)):
            if value is not None:
                tracking.client.log_metric(run_id, f"{name}.{end}", value)


def _log_search(
    tracking: Tracking, training: Run, search: Search | None, began: int, model: Model, recommender: type[Recommender]
) -> None:
    """Each of the settings that were tried as a run of its own below the training's."""
    if search is None:
        return
    client = tracking.client
    for number, one in enumerate(search.tried):
        tags = {MLFLOW_PARENT_RUN_ID: training.info.run_id, "split": search.split}
        run = client.create_run(tracking.experiment, began, tags, run_name=f"{training.info.run_name} {number}")
        for key in recommender.searched:
            client.log_param(run.info.run_id, f"{model.name}.{key}", getattr(one.settings, key))
        client.log_metric(run.info.run_id, tuned(model.metric), one.value)
        client.set_terminated(run.info.run_id)


def _dataset(table: str, version: int, lake_root: str) -> DatasetInput:
    """A table at a fixed version; its digest is the Delta version, so nothing is scanned."""
    source = dumps({"path": f"{lake_root}/{table.replace('.', '/')}", "delta_table_version": version})
    dataset = Dataset(name=table, digest=str(version), source_type="delta_dataset_source", source=source)
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])
