"""One registered model, its versions, and two names that move: the champion and the one before it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from json import dumps, loads
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Protocol, cast, get_type_hints

# Before mlflow is imported: nothing that is loaded may run code, and nothing is sent anywhere.
os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "False"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID
from pyspark.sql import DataFrame, SparkSession
from sqlalchemy.exc import SQLAlchemyError

from reclake.errors import ServiceDown, UsageError
from reclake.recommend.interface import FittedRecommender, Recommender
from reclake.recommend.training import TrainingOutcome
from reclake.recommend.tuning import Search, tuned
from reclake.registry.artefacts import Signature, StoredModel, write
from reclake.registry.proof import PromotionRefused, metric_name, require_proof
from reclake.tables.models import Model

CHAMPION, PREVIOUS = "champion", "previous"
_EXPERIMENT = "reclake"
_FOLDER = "model"
_TUNED_SETTINGS = "tuned_settings"


class FolderFiles(Protocol):
    """Folders at a URI, on whatever storage."""

    def names(self, path: str) -> list[str]:
        """Names in the folder."""

    def remove(self, path: str) -> None:
        """Remove a folder and all below it."""


def trainer_of(model: Model) -> type[Recommender]:
    """The class that trains the model: its declaration names module and class."""
    return cast("type[Recommender]", resolve_name(model.trainer))


class Registry:
    """Trainings and versions of one model.

    Parameters
    ----------
    tracking_uri
        MLflow's store, as `sqlite:///file.db` or a server.
    artifact_root
        Folder or URI of the model files; Spark writes and reads them there, so driver and workers must see it.
    model
        The declared model.
    name
        Of the registered model, if not reclake_<name of the model>.
    """

    def __init__(self, tracking_uri: str, artifact_root: str, model: Model, *, name: str | None = None) -> None:
        self.model = model
        self.name = name or f"reclake_{model.name}"
        self.recommender = trainer_of(model)
        if tracking_uri.startswith("sqlite:///"):
            Path(tracking_uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        self._root = artifact_root if "://" in artifact_root else Path(artifact_root).resolve().as_uri()
        self._told = re.sub(r"(?<=//)[^/]*@", "", tracking_uri)  # without a login: it is told in logs
        with self._reachable():
            self._client = MlflowClient(tracking_uri, registry_uri=tracking_uri)
            found = self._client.get_experiment_by_name(_EXPERIMENT)
            self._experiment = found.experiment_id if found else self._client.create_experiment(_EXPERIMENT, self._root)

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise ServiceDown(
                "the model registry does not answer",
                f"{type(error).__name__} at {self._told}",
                "start it, or correct mlflow.tracking_uri",
            ) from error

    def log_training(
        self,
        outcome: TrainingOutcome,
        *,
        training_id: str,
        at: datetime,
        settings: Mapping[str, Any],
        inputs: Mapping[str, int],
        lake_root: str,
        code_digest: str,
        is_tuned: bool = False,
    ) -> str | None:
        """Log one training, and register its model if it has one; returns the version. The same training again: its version.

        Parameters
        ----------
        outcome
            What the training found.
        training_id
            Names the run.
        at
            When the training began.
        settings
            Every setting it took, as section.key.
        inputs
            Table → Delta version that was read.
        lake_root
            Where the tables lie.
        code_digest
            Digest of the code that ran.
        is_tuned
            Whether a search chose the settings, in this training or in an earlier one.
        """
        with self._reachable():
            if (registered := self._version_of_training(training_id)) is not None:
                return registered
            tags = {
                "training_id": training_id,
                "as_of": str(outcome.as_of),
                "cut": str(outcome.cut),
                "code_digest": code_digest,
                "compared_with": outcome.compared_with or "",
                "is_promotable": str(outcome.is_promotable),
                "reasons": "; ".join(outcome.reasons),
            }
            run = self._client.create_run(self._experiment, int(at.timestamp() * 1000), tags, run_name=training_id)
            status = "FAILED"
            try:
                for key, value in settings.items():
                    self._client.log_param(run.info.run_id, key, value)
                self._log_metrics(run.info.run_id, outcome)
                self._log_search(run, outcome.search, at)
                datasets = [_dataset(table, version, lake_root) for table, version in sorted(inputs.items())]
                self._client.log_inputs(run.info.run_id, datasets)
                version = self._register(outcome, run, training_id, is_tuned=is_tuned)
                status = "FINISHED"
            finally:
                self._client.set_terminated(run.info.run_id, status)
            return version

    def _version_of_training(self, training_id: str) -> str | None:
        versions = self._client.search_model_versions(f"name = '{self.name}'")
        return next((str(found.version) for found in versions if found.tags.get("training_id") == training_id), None)

    def _log_metrics(self, run_id: str, outcome: TrainingOutcome) -> None:
        first_split = outcome.metrics[0].split if outcome.metrics else ""
        for metric in outcome.metrics:
            name = metric_name(metric, first_split=first_split)
            self._client.log_metric(run_id, name, metric.value)
            for end, value in (("lower", metric.lower), ("upper", metric.upper)):
                if value is not None:
                    self._client.log_metric(run_id, f"{name}.{end}", value)

    def _log_search(self, training: Run, search: Search | None, at: datetime) -> None:
        """Each of the settings that were tried as a run of its own below the training's."""
        if search is None:
            return
        for number, one in enumerate(search.tried):
            tags = {MLFLOW_PARENT_RUN_ID: training.info.run_id, "split": search.split}
            name = f"{training.info.run_name} {number}"
            run = self._client.create_run(self._experiment, int(at.timestamp() * 1000), tags, run_name=name)
            for key in self.recommender.searched:
                self._client.log_param(run.info.run_id, f"{self.model.name}.{key}", getattr(one.settings, key))
            self._client.log_metric(run.info.run_id, tuned(self.model.metric), one.value)
            self._client.set_terminated(run.info.run_id)

    def tuned_settings(self, version: str) -> dict[str, Any]:
        """What was searched of the settings that the version was fitted with; nothing if no search is behind it.

        Raises
        ------
        UsageError
            When there is no such version.
        """
        tags = self._found(version).tags
        return dict(loads(tags[_TUNED_SETTINGS])) if _TUNED_SETTINGS in tags else {}

    def fitted_settings(self, version: str, like: Any) -> Any:
        """The settings that the version was fitted with; None if its training did not log all of them.

        Parameters
        ----------
        like
            Settings of the recommender: a frozen dataclass of numbers and texts, of whose class the result is.

        Raises
        ------
        UsageError
            When there is no such version.
        """
        with self._reachable():
            logged = self._client.get_run(str(self._found(version).run_id)).data.params
        kinds, prefix = get_type_hints(type(like)), f"{self.model.name}."
        if any(f"{prefix}{key}" not in logged for key in kinds):
            return None
        return type(like)(**{key: kind(logged[f"{prefix}{key}"]) for key, kind in kinds.items()})

    def withdrawn_since(self, version: str) -> date | None:
        """The day on which the first customer left the version who withdrew; None if none did.

        Raises
        ------
        UsageError
            When there is no such version.
        LakeDamaged
            When the version has no signature.
        """
        return Signature.from_tags(self._found(version).tags, self.recommender).withdrawn_since

    def learnt_customers(self, spark: SparkSession, version: str) -> DataFrame:
        """customer_id, one row each, of whom the version holds rows.

        Raises
        ------
        UsageError
            When there is no such version.
        LakeDamaged
            When its files are missing.
        """
        return self._stored(spark, self._found(version)).customers()

    def leave_out(
        self,
        spark: SparkSession,
        version: str,
        left: DataFrame,
        *,
        mark: str,
        withdrawn_on: date | None,
        files: FolderFiles,
    ) -> None:
        """Take customers out of the version's files: the others are written anew, and every earlier file of customers is removed.

        The version keeps its number, so a rollback to it brings none of them back. The caller holds the model's claim, so no
        training reads these files meanwhile. A scoring of other as_ofs may: it fails then, and its next try reads the new ones.

        Parameters
        ----------
        left
            customer_id of those who go.
        mark
            Tells the new folders from all before them: no two calls have the same.
        withdrawn_on
            The day, if some of them withdrew; the earliest one is kept (`withdrawn_since`).
        files
            Lists and removes folders by their URI.
        """
        stored = self._stored(spark, self._found(version))
        written = stored.without(left, mark=mark)
        signature = replace(written, withdrawn_since=written.withdrawn_since or withdrawn_on)
        with self._reachable():
            self._client.set_model_version_tag(self.name, version, *signature.kept_tag())
        for name in stored.replaced_by(signature, files.names(stored.folder)):
            files.remove(f"{stored.folder}/{name}")

    def _stored(self, spark: SparkSession, version: ModelVersion) -> StoredModel:
        signature = Signature.from_tags(version.tags, self.recommender)
        return StoredModel(spark, str(version.source), self.recommender, signature)

    def _register(self, outcome: TrainingOutcome, run: Run, training_id: str, *, is_tuned: bool) -> str | None:
        """Register the refit; gives its version, None without one."""
        if outcome.model is None:
            return None
        folder = f"{run.info.artifact_uri}/{_FOLDER}"
        tags = {
            **write(outcome.model, folder, self.recommender).as_tags(),
            "training_id": training_id,
            "compared_with": outcome.compared_with or "",
            "refit_of": outcome.refit_of or "",
        }
        if is_tuned:
            searched = {key: getattr(outcome.recommender.settings, key) for key in self.recommender.searched}
            tags[_TUNED_SETTINGS] = dumps(searched)
        outcome.model.release()
        if not self._client.search_registered_models(f"name = '{self.name}'"):
            self._client.create_registered_model(self.name)
        return str(self._client.create_model_version(self.name, source=folder, run_id=run.info.run_id, tags=tags).version)

    def champion_version(self) -> str | None:
        """The version that serves; resolve it once per run, as it may move."""
        return self._version_of(CHAMPION)

    def _version_of(self, alias: str) -> str | None:
        with self._reachable():
            models = self._client.search_registered_models(f"name = '{self.name}'")
            version = models[0].aliases.get(alias) if models else None
            return None if version is None else str(version)

    def _found(self, version: str) -> ModelVersion:
        try:
            return self._client.get_model_version(self.name, version)
        except MlflowException as error:
            raise UsageError(
                f"there is no version {version} of {self.name}", f"registry {self._told}", "take one that mlflow lists"
            ) from error

    def load(self, spark: SparkSession, version: str) -> FittedRecommender:
        """The named version.

        Raises
        ------
        UsageError
            When there is no such version.
        LakeDamaged
            When its files are missing or other than registered.
        """
        return self._stored(spark, self._found(version)).read(version=version)

    def load_champion(self, spark: SparkSession) -> FittedRecommender | None:
        """The version that serves; None before the first promotion."""
        version = self.champion_version()
        return None if version is None else self.load(spark, version)

    def promote(self, spark: SparkSession, version: str, *, min_champion_ratio: float) -> None:
        """Make the version the champion. It must have proven itself in its own training's records.

        Its metrics are finite; it is better than popularity; it was compared with today's champion, is better on
        average, and the lower end of the interval lies above `min_champion_ratio`; its files are whole.

        Raises
        ------
        PromotionRefused
            When one of the first three does not hold; the alias stays where it was.
        LakeDamaged
            When files are missing, have other columns or other content; the alias stays where it was.
        """
        found, incumbent = self._found(version), self.champion_version()
        if incumbent == version:
            return
        metrics = self._client.get_run(str(found.run_id)).data.metrics
        require_proof(found, metrics, self.model, incumbent=incumbent, min_champion_ratio=min_champion_ratio)
        self._stored(spark, found).require_sound()
        with self._reachable():
            # The champion moves last: a crash before it leaves the incumbent serving.
            self._client.set_model_version_tag(self.name, version, "replaces", incumbent or "")
            self._set(PREVIOUS, incumbent)
            self._set(CHAMPION, version)

    def roll_back(self) -> str:
        """Make the version before the champion serve again; returns it. May be repeated, back to the first.

        Raises
        ------
        PromotionRefused
            When there is none before it.
        """
        champion = self.champion_version()
        earlier = self._found(champion).tags.get("replaces") if champion else None
        if not earlier:
            raise PromotionRefused(
                f"{self.name} has no earlier champion", f"champion: version {champion or 'none'}", "train and promote another one"
            )
        self.serve(earlier)
        return earlier

    def serve(self, version: str | None) -> None:
        """Make the aliases say what the lake's manifest says: `version` serves; None: no model does.

        Nothing is proven here: for a version that was promoted before, after a rollback or a crash between the
        promotion and the manifest.
        """
        if version == self.champion_version():
            return
        earlier = self._found(version).tags.get("replaces") if version else None
        with self._reachable():
            self._set(PREVIOUS, earlier or None)
            self._set(CHAMPION, version)

    def remove_versions(self, *, keep: Collection[str], before: datetime, remove: Callable[[str], object]) -> list[str]:
        """Remove the versions that were registered before then and need not be kept, with their files; gives their numbers.

        What was measured of their trainings stays. Files go first, so that none is forgotten: should this end between the two,
        the version is still listed.

        Parameters
        ----------
        before
            A time in UTC.
        remove
            Removes a folder by its URI.
        """
        with self._reachable():
            old = [
                found
                for found in self._client.search_model_versions(f"name = '{self.name}'")
                if str(found.version) not in keep and found.creation_timestamp < before.replace(tzinfo=UTC).timestamp() * 1000
            ]
            for alias in (CHAMPION, PREVIOUS):
                if self._version_of(alias) in {str(found.version) for found in old}:
                    self._set(alias, None)
        for found in old:
            remove(str(found.source))
            with self._reachable():
                self._client.delete_model_version(self.name, str(found.version))
        return sorted((str(found.version) for found in old), key=int)

    def _set(self, alias: str, version: str | None) -> None:
        if version is not None:
            self._client.set_registered_model_alias(self.name, alias, version)
        elif self._version_of(alias) is not None:
            self._client.delete_registered_model_alias(self.name, alias)


def _dataset(table: str, version: int, lake_root: str) -> DatasetInput:
    """A table at a fixed version; its digest is the Delta version, so nothing is scanned."""
    source = dumps({"path": f"{lake_root}/{table.replace('.', '/')}", "delta_table_version": version})
    dataset = Dataset(name=table, digest=str(version), source_type="delta_dataset_source", source=source)
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])
