"""Which sources a lake holds records of, and that a run knows them all."""

from __future__ import annotations

from reclake.errors import UsageError
from reclake.tables import bronze

from .application import Application


def require_sources_named(app: Application) -> None:
    """Stop when the lake holds records of a source that is not enabled: its mapping and zone are part of every digest.

    Raises
    ------
    UsageError
        When there is one.
    """
    if missing := sorted(sources_in(app) - set(app.sources)):
        raise UsageError(
            f"the lake holds records of source {missing[0]}",
            found=f"enabled are {', '.join(app.sources)}",
            next_step=f"name it as well: {' '.join(f'--source {name}' for name in [*missing])}, or set sources.enabled",
        )


def sources_in(app: Application) -> set[str]:
    """The sources whose records the lake holds, or silver was built from."""
    return {
        name.removeprefix("source:")
        for table in bronze.TABLES
        for entry in app.ledger.ever(table).values()
        for name in entry.input_versions
        if name.startswith("source:")
    }
