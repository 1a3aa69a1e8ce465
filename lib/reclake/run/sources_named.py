"""Which sources a lake holds records of, and that a run knows them all."""

from __future__ import annotations

from reclake.errors import UsageError
from reclake.tables import bronze

from .opened import Opened


def require_sources_named(lake: Opened) -> None:
    """Stop when the lake holds records of a source that is not enabled: its mapping and zone are part of every digest.

    Raises
    ------
    UsageError
        When there is one.
    """
    if missing := sorted(sources_in(lake) - set(lake.sources)):
        raise UsageError(
            f"the lake holds records of source {missing[0]}",
            found=f"enabled are {', '.join(lake.sources)}",
            next_step=f"name it as well: {' '.join(f'--source {name}' for name in [*missing])}, or set sources.enabled",
        )


def sources_in(lake: Opened) -> set[str]:
    """The sources whose records the lake holds, or silver was built from."""
    return {
        name.removeprefix("source:")
        for table in bronze.TABLES
        for entry in lake.ledger.ever(table).values()
        for name in entry.input_versions
        if name.startswith("source:")
    }
