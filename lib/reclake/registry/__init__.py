"""Trainings and models in MLflow: log, promote, load the champion, roll back. The only place that knows MLflow."""

import os

# Before mlflow is imported: nothing that is loaded may run code, and nothing is sent anywhere.
os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] = "False"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

from .models import PREVIOUS, Registry
from .proof import PromotionRefused
from .trainings import Training
from .versions import CHAMPION
from .weights import WeightsRegistry

__all__ = ["CHAMPION", "PREVIOUS", "PromotionRefused", "Registry", "Training", "WeightsRegistry"]
