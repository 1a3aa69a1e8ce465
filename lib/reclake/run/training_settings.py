"""The settings that a training fits with: the model's own, those that an earlier search found, and those of the champion."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.recommend.interface import Recommender
from reclake.recommend.settings import Tune
from reclake.recommend.tuning import tuned
from reclake.tables.models import Model

from .application import Application

logger = logging.getLogger("reclake")


def sections_of(app: Application, model: Model) -> dict[str, Any]:
    """The settings sections that the model takes."""
    return {section: app.settings.value(section) for section in model.settings}


def is_search_due(measured: DataFrame, model: Model, as_of: date, *, every_days: int) -> bool:
    """Whether the model's last search, or its first training, is `every_days` old at `as_of`; never for 0."""
    if not every_days:
        return False
    searched = F.when(F.col("metric") == tuned(model.metric), F.col("as_of_date"))
    trained = F.col("segment_kind").isNull()  # an evaluation trains nothing that serves
    since = (
        measured
        .where(trained & (F.col("model_name") == model.name))
        .agg(F.coalesce(F.max(searched), F.min("as_of_date")))
        .first()
    )
    return since is not None and since[0] is not None and as_of - since[0] >= timedelta(days=every_days)


def found_by_search(app: Application, model: Model, champion_version: int | None, tune: Tune) -> dict[str, Any]:
    """What a search found for the champion: it stands above the model's own section until the next search."""
    if champion_version is None or tune == "never":
        return {}
    settings: dict[str, Any] = app.registry(model.name).tuned_settings(str(champion_version))
    return settings


def refit_of(
    app: Application, model: Model, recommender: Recommender, champion_version: int | None, as_of: date
) -> Recommender | None:
    """With the champion's settings, if it learnt from customers who withdrew too long ago; None if it may go on serving."""
    if champion_version is None:
        return None
    registry = app.registry(model.name)
    since = registry.withdrawn_since(str(champion_version))
    if since is None or as_of - since <= timedelta(days=app.settings.models.max_withdrawn_days):
        return None
    logger.info("version %d of %s learnt from customers who withdrew, the first by %s", champion_version, model.name, since)
    settings = registry.fitted_settings(str(champion_version), like=recommender.settings)
    return recommender if settings is None else recommender.with_settings(settings)
