"""Going back: an earlier manifest becomes current again, model version included."""

from __future__ import annotations

from uuid import uuid4

from reclake.lake.claims import ALL_DAYS
from reclake.lake.manifest import WITHDRAWN
from reclake.tables import BY_NAME

from .application import Application

_NOTHING = "nothing"  # a claim names something


def roll_back(app: Application, to: int) -> dict[str, int]:
    """Make manifest `to` current again as a new manifest; gives table or model → version, -1 for what was withdrawn.

    The next write to a rolled-back table first restores it to that version, so that nothing of the later ones returns.
    """
    claim = app.claims.take(app.run_id, dict.fromkeys(app.manifest.moves_to(to) or (_NOTHING,), (ALL_DAYS,)))
    try:
        app.ledger.load()
        moved = app.manifest.moves_to(to)
        # The ledger first: what it knows as built and no manifest names is taken for unpublished, and published.
        for name in moved.keys() & BY_NAME.keys():
            app.ledger.roll_back(BY_NAME[name], version=moved[name], run_id=app.run_id, token=claim.token, at=app.clock())
            if moved[name] == WITHDRAWN:
                # Else the days of before would come back with the first day that is built again.
                app.store.replace_whole(BY_NAME[name], app.store.empty(BY_NAME[name]), entry={"commit_id": uuid4().hex})
        app.ledger.save()
        app.manifest.roll_back(to, run_id=app.run_id, token=claim.token, at=app.clock())
        for name in moved.keys() - BY_NAME.keys():
            app.registry.serve(None if moved[name] == WITHDRAWN else str(moved[name]))
    finally:
        app.claims.release(claim)
    return moved
