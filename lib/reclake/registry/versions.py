"""The registered versions of one model: which there are, what each was fitted with, and its files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from json import loads
from pkgutil import resolve_name
from typing import Any, Protocol, cast, get_type_hints

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from pyspark.sql import DataFrame, SparkSession

from reclake.errors import UsageError
from reclake.recommend.interface import FittedRecommender, Recommender
from reclake.registry.artefacts import Signature, StoredModel
from reclake.registry.tracking import Tracking
from reclake.tables.models import Model

CHAMPION = "champion"
TUNED_SETTINGS = "tuned_settings"  # the tag of what a search found


class FolderFiles(Protocol):
    """Folders at a URI, on whatever storage."""

    def names(self, path: str) -> list[str]:
        """Names in the folder."""

    def remove(self, path: str) -> None:
        """Remove a folder and all below it."""

    def write(self, path: str, text: str) -> None:
        """Write a small file."""


def trainer_of(model: Model) -> type[Recommender]:
    """The class that trains the model: its declaration names module and class."""
    return cast("type[Recommender]", resolve_name(model.trainer))


class Versions:
    """Versions of one model.

    Parameters
    ----------
    tracking_uri, artifact_root
        As of `tracking.Tracking`.
    model
        The declared model.
    name
        Of the registered model, if not reclake_<name of the model>.
    """

    def __init__(self, tracking_uri: str, artifact_root: str, model: Model, *, name: str | None = None) -> None:
        self.model = model
        self.name = name or f"reclake_{model.name}"
        self.recommender = trainer_of(model)
        self._tracking = Tracking(tracking_uri, artifact_root)
        self._client, self._reachable = self._tracking.client, self._tracking.reachable

    def address(self, version: str) -> str:
        """The URI of the version's files as they lie now: what `mlflow.pyfunc.load_model` takes.

        Raises
        ------
        UsageError
            When there is no such version.
        """
        return self._tracking.address(self._found(version))

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
                f"there is no version {version} of {self.name}", f"registry {self._tracking.shown}", "take one that mlflow lists"
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

    def tuned_settings(self, version: str) -> dict[str, Any]:
        """What was searched of the settings that the version was fitted with; nothing if no search is behind it.

        Raises
        ------
        UsageError
            When there is no such version.
        """
        tags = self._found(version).tags
        return dict(loads(tags[TUNED_SETTINGS])) if TUNED_SETTINGS in tags else {}

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
        return StoredModel(spark, self._tracking.address(version), self.recommender, signature)
