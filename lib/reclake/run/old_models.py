"""Models that no kept manifest names: their files hold factors of customers, and go."""

from __future__ import annotations

import logging

from reclake.lake.claims import ALL_DAYS
from reclake.lake.files import Files

from .application import Application
from .training import MODEL

logger = logging.getLogger("reclake")


def remove_old_models(app: Application, *, even_young: bool = False) -> list[str] | None:
    """Remove the files of models that no kept manifest names, as they hold factors of customers; gives their versions.

    None where no model was promoted yet, or all of them were withdrawn.

    A model that was never promoted goes when it is as old as a file that no version needs. With `even_young` none but the one
    that serves stays.

    Raises
    ------
    Overtaken
        When a training is at work.
    ServiceDown
        When the registry does not answer.
    """
    not_before = app.kept_since()
    kept = app.manifest.kept_models(MODEL, not_before)
    if not kept:
        return None
    claim = app.claims.take(app.run_id, {f"model:{MODEL}": (ALL_DAYS,)})
    try:
        serving = app.model_version(MODEL)  # only now: a training may just have ended
        removed = app.registry.remove_versions(
            keep={str(version) for version in ([serving] if even_young else [serving, *kept])},
            before=app.clock() if even_young else not_before,
            remove=Files(app.spark).remove,
        )
    finally:
        app.claims.release(claim)
    if removed:
        logger.info("removed the files of model versions %s, which no kept manifest names", ", ".join(removed))
    return removed
