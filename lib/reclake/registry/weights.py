"""Fitted weights in MLflow: each fit a run, each promoted one a version of a registered model, its numbers in a tag.

Weights are some kilobytes and hold no row of a person, so they need no files: nobody has to leave them, and nothing is cleared away.
"""

from collections.abc import Mapping
from datetime import datetime

from mlflow.exceptions import MlflowException

from reclake.errors import UsageError
from reclake.registry.tracking import Tracking

_CHAMPION, _WEIGHTS = "champion", "weights"


class WeightsRegistry:
    """Fits and versions of one declared model of weights.

    Parameters
    ----------
    tracking_uri, artifact_root
        As of `tracking.Tracking`.
    name
        Of the declared model.
    """

    def __init__(self, tracking_uri: str, artifact_root: str, *, name: str) -> None:
        self.name = f"reclake_{name}"
        tracking = Tracking(tracking_uri, artifact_root)
        self._client, self._experiment, self._reachable, self._shown = (
            tracking.client, tracking.experiment, tracking.reachable, tracking.shown,
        )  # fmt: skip

    def log(
        self,
        weights: str,
        *,
        training_id: str,
        at: datetime,
        metrics: Mapping[str, float],
        settings: Mapping[str, object],
        tags: Mapping[str, str],
    ) -> str:
        """Log a fit and register its weights; gives the version. The same fit again: its version."""
        with self._reachable():
            versions = self._client.search_model_versions(f"name = '{self.name}'")
            known = (str(one.version) for one in versions if one.tags.get("training_id") == training_id)
            if (registered := next(known, None)) is not None:
                return registered
            told = {"training_id": training_id, **tags}
            run = self._client.create_run(self._experiment, int(at.timestamp() * 1000), told, run_name=training_id)
            status = "FAILED"
            try:
                for key, setting in settings.items():
                    self._client.log_param(run.info.run_id, key, setting)
                for key, value in metrics.items():
                    self._client.log_metric(run.info.run_id, key, value)
                if not self._client.search_registered_models(f"name = '{self.name}'"):
                    self._client.create_registered_model(self.name)
                version = self._client.create_model_version(
                    self.name, source=str(run.info.artifact_uri), run_id=run.info.run_id, tags={**told, _WEIGHTS: weights}
                )
                status = "FINISHED"
            finally:
                self._client.set_terminated(run.info.run_id, status)
            return str(version.version)

    def load(self, version: str) -> str:
        """The weights of a version.

        Raises
        ------
        UsageError
            When there is no such version, or it holds none.
        """
        try:
            return str(self._client.get_model_version(self.name, version).tags[_WEIGHTS])
        except (MlflowException, KeyError) as error:
            raise UsageError(
                f"there are no weights {version} of {self.name}", f"registry {self._shown}", "take a version that mlflow lists"
            ) from error

    def serve(self, version: str | None) -> None:
        """Make the alias say what the lake's manifest says; None: no version serves."""
        with self._reachable():
            if version is not None:
                self._client.set_registered_model_alias(self.name, _CHAMPION, version)
                return
            models = self._client.search_registered_models(f"name = '{self.name}'")
            if models and _CHAMPION in models[0].aliases:
                self._client.delete_registered_model_alias(self.name, _CHAMPION)
