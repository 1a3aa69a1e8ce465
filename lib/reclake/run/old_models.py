"""Versions of models that no kept manifest names: their files hold rows of customers, and go."""

from __future__ import annotations

import logging

from reclake.lake.claims import ALL_DAYS
from reclake.lake.files import Files
from reclake.tables.models import Model

from .application import Application

logger = logging.getLogger("reclake")


def remove_old_versions(app: Application, model: Model, *, even_young: bool = False) -> list[str] | None:
    """Remove the files of versions that no kept manifest names, as they hold rows of customers; gives their numbers.

    None where no version was promoted yet, or all of them were withdrawn.

    A version that was never promoted goes when it is as old as a file that no version of a table needs. With `even_young` none
    but the one that serves stays.

    Raises
    ------
    Overtaken
        When a training is at work.
    ServiceDown
        When the registry does not answer.
    """
    not_before = app.kept_since()
    kept = app.manifest.kept_models(model.name, not_before)
    if not kept:
        return None
    claim = app.claims.take(app.run_id, {model.published_name: (ALL_DAYS,)})
    try:
        serving = app.model_version(model.name)  # only now: a training may just have ended
        removed = app.registry(model.name).remove_versions(
            keep={str(version) for version in ([serving] if even_young else [serving, *kept])},
            before=app.clock() if even_young else not_before,
            remove=Files(app.spark).remove,
        )
    finally:
        app.claims.release(claim)
    if removed:
        logger.info("removed the files of versions %s of %s, which no kept manifest names", ", ".join(removed), model.name)
    return removed
