"""The whole suite of a table as a reader asks for it. No Spark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reclake.errors import UsageError
from reclake.quality.particular import SuiteRefused, suite_path
from reclake.quality.whole import whole_suite
from reclake.settings import Settings
from reclake.tables import GATED, Table


def listed_suite(home: Path, settings: Settings, table: Table) -> dict[str, Any]:
    """The suite that judges the table, in the form of Great Expectations.

    Raises
    ------
    UsageError
        When no gate judges the table, or its file is refused.
    """
    if table not in GATED:
        raise UsageError(
            f"{table.name} has no suite", "no gate judges it", "name a table that is built: reclake tables lists them"
        )
    folder = home / settings.expectations.directory
    try:
        return whole_suite(folder, table)
    except SuiteRefused as refused:
        path = suite_path(folder, table)
        raise UsageError(f"the suite of {table.name} cannot be used", str(refused), f"correct or restore {path}") from None
