"""Trainings and models in MLflow: log, promote, load the champion, roll back. The only place that knows MLflow."""

from .models import CHAMPION, PREVIOUS, Registry
from .proof import PromotionRefused

__all__ = ["CHAMPION", "PREVIOUS", "PromotionRefused", "Registry"]
