"""MLflow's store: trainings and versions in its database, files below the configured folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from reclake.errors import ServiceDown

_EXPERIMENT = "reclake"
_FOLDER = "artifacts/model"


class Tracking:
    """The client, and where files of models lie.

    Parameters
    ----------
    tracking_uri
        MLflow's store, as `sqlite:///file.db` or a server.
    artifact_root
        Folder or URI of the model files; Spark writes and reads them there, so driver and workers must see it.
    """

    def __init__(self, tracking_uri: str, artifact_root: str) -> None:
        if tracking_uri.startswith("sqlite:///"):
            Path(tracking_uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        root = artifact_root if "://" in artifact_root else Path(artifact_root).resolve().as_uri()
        self._root = root.rstrip("/")
        self.shown = re.sub(r"(?<=//)[^/]*@", "", tracking_uri)  # without a login, for messages
        with self.reachable():
            self.client = MlflowClient(tracking_uri, registry_uri=tracking_uri)
            known = self.client.get_experiment_by_name(_EXPERIMENT)
            self.experiment = known.experiment_id if known else self.client.create_experiment(_EXPERIMENT, root)

    @contextmanager
    def reachable(self) -> Iterator[None]:
        """Say that the registry does not answer, whatever the reason is."""
        try:
            yield
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise ServiceDown(
                "the model registry does not answer",
                f"{type(error).__name__} at {self.shown}",
                "start it, or correct mlflow.tracking_uri",
            ) from error

    def folder(self, run_id: str) -> str:
        """Where the files of a training's model lie."""
        return f"{self._root}/{run_id}/{_FOLDER}"

    def address(self, version: ModelVersion) -> str:
        """Where the files of a version lie now: below the configured folder, wherever that lay when it was registered.

        What a release before wrote elsewhere lies where it was registered.
        """
        source = str(version.source)
        return self.folder(str(version.run_id)) if source.endswith(f"/{version.run_id}/{_FOLDER}") else source
