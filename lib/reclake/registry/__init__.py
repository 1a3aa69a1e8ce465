"""Trainings and models in MLflow: log, promote, load the champion, roll back. The only place that knows MLflow."""

from .models import CHAMPION, PREVIOUS, Registry
from .proof import PromotionRefused
from .weights import WeightsRegistry

__all__ = ["CHAMPION", "PREVIOUS", "PromotionRefused", "Registry", "WeightsRegistry"]
