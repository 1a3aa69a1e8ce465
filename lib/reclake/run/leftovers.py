"""Folders beside the lake's tables in which a run keeps what it needs for a while, and what killed ones left there."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import uuid4

from reclake.lake.files import Files

from .application import Application

logger = logging.getLogger("reclake")
EXPORT, CHECKPOINTS = "_export", "_checkpoints"
_STAMP = "%Y%m%dT%H%M%S"
_ABANDONED = timedelta(days=1)  # far longer than an export or a training takes


def passing_folder(app: Application, kind: str) -> str:
    """The address of a new folder, where executors can write; whoever makes it removes it in the end.

    Named after the time and not after the run, whose id is somebody's text.
    """
    return f"{app.store.root}/{kind}/{app.clock():{_STAMP}}-{uuid4().hex}"


def remove_leftovers(app: Application, *, even_young: bool = False) -> list[str]:
    """Remove what was left by exports and trainings that were killed, as it holds rows of gold or factors of customers.

    How old a folder is stands in its name, as object stores know no age of one. Those of the last day may belong to a run
    that is at work, and stay unless `even_young`.
    """
    files, removed = Files(app.spark), []
    before = f"{app.clock() - _ABANDONED:{_STAMP}}"
    for kind in (EXPORT, CHECKPOINTS):
        root = f"{app.store.root}/{kind}"
        for name in files.names(root):
            if even_young or name < before:
                files.remove(f"{root}/{name}")
                logger.info("removed what a killed run had left: %s/%s", kind, name)
                removed.append(name)
    return removed
