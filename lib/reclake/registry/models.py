"""One registered model, its versions, and two names that move: the champion and the one before it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from json import dumps

from mlflow.entities import Run
from pyspark.sql import SparkSession

from reclake.recommend.training import TrainingOutcome
from reclake.registry.artefacts import write
from reclake.registry.mlmodel import NAME, mlmodel
from reclake.registry.proof import PromotionRefused, require_proof
from reclake.registry.trainings import Training, logged_run
from reclake.registry.versions import CHAMPION, TUNED_SETTINGS, FolderFiles, Versions

PREVIOUS = "previous"


class Registry(Versions):
    """Trainings of one model, and the names that move over its versions."""

    def log_training(
        self, outcome: TrainingOutcome, training: Training, *, files: FolderFiles, is_tuned: bool = False
    ) -> str | None:
        """Log one training, and register its model if it has one; returns the version. The same training again: its version.

        Parameters
        ----------
        outcome
            What the training found.
        is_tuned
            Whether a search chose the settings, in this training or in an earlier one.
        """
        with self._reachable():
            if (registered := self._version_of_training(training.training_id)) is not None:
                return registered
            with logged_run(self._tracking, self.model, self.recommender, outcome, training) as run:
                return self._register(outcome, run, training, files, is_tuned=is_tuned)

    def _version_of_training(self, training_id: str) -> str | None:
        versions = self._client.search_model_versions(f"name = '{self.name}'")
        return next((str(found.version) for found in versions if found.tags.get("training_id") == training_id), None)

    def _register(
        self, outcome: TrainingOutcome, run: Run, training: Training, files: FolderFiles, *, is_tuned: bool
    ) -> str | None:
        """Register the refit; gives its version, None without one."""
        if outcome.model is None:
            return None
        run_id = str(run.info.run_id)
        folder = self._tracking.folder(run_id)
        tags = {
            **write(outcome.model, folder, self.recommender).as_tags(),
            "training_id": training.training_id,
            "compared_with": outcome.compared_with or "",
            "refit_of": outcome.refit_of or "",
            **training.input_tags(),
        }
        if is_tuned:
            searched = {key: getattr(outcome.recommender.settings, key) for key in self.recommender.searched}
            tags[TUNED_SETTINGS] = dumps(searched)
        if self.recommender.file_lists:
            files.write(f"{folder}/{NAME}", mlmodel(self.recommender.file_lists, run_id=run_id))
        outcome.model.release()
        if not self._client.search_registered_models(f"name = '{self.name}'"):
            self._client.create_registered_model(self.name)
        return str(self._client.create_model_version(self.name, source=folder, run_id=run_id, tags=tags).version)

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
            remove(self._tracking.address(found))
            with self._reachable():
                self._client.delete_model_version(self.name, str(found.version))
        return sorted((str(found.version) for found in old), key=int)

    def _set(self, alias: str, version: str | None) -> None:
        if version is not None:
            self._client.set_registered_model_alias(self.name, alias, version)
        elif self._version_of(alias) is not None:
            self._client.delete_registered_model_alias(self.name, alias)
