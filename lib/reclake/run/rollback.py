"""Going back: an earlier manifest becomes current again, model version included."""

from __future__ import annotations

from reclake.lake.claims import ALL_DAYS
from reclake.tables import BY_NAME

from .application import Application


def roll_back(app: Application, to: int) -> dict[str, int]:
    """Make manifest `to` current again as a new manifest; gives table or model → version.

    The next write to a rolled-back table first restores it to that version, so that nothing of the later ones returns.
    """
    wanted, current = app.manifest.current(to), app.manifest.current()
    moving = [name for name, row in wanted.items() if row.is_revocable and current[name].version != row.version]
    claim = app.claims.take(app.run_id, dict.fromkeys(moving or current, (ALL_DAYS,)))
    try:
        moved = app.manifest.roll_back(to, run_id=app.run_id, token=claim.token, at=app.clock())
        for name, version in moved.items():
            if name in BY_NAME:
                app.ledger.roll_back(BY_NAME[name], version=version, run_id=app.run_id, token=claim.token, at=app.clock())
            else:
                app.registry.serve(str(version))
        app.ledger.save()
    finally:
        app.claims.release(claim)
    return moved
