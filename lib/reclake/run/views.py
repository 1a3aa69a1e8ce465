"""What is published, for what works on it with Spark: a table's rows, and the manifest's of gold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame

from reclake.errors import UsageError
from reclake.lake.published import Published
from reclake.tables import Table, gold, models, ops

from .application import Application

Rows = list[dict[str, Any]]


def shown_versions(current: Mapping[str, Published]) -> Rows:
    """The rows of `gold.published_versions`: what of the manifest is gold's or a model's, by name."""
    names = {table.name for table in gold.TABLES}
    told = [row for name, row in sorted(current.items()) if name in names or name.startswith(models.PREFIX)]
    return [{field.name: getattr(row, field.name) for field in gold.SHOWN_VERSIONS.fields} for row in told]


def published(app: Application, table: Table) -> DataFrame:
    """The table's published rows.

    Raises
    ------
    UsageError
        When nothing of it is published.
    LakeDamaged
        When the version is not what was published.
    """
    if table in ops.WRITTEN:
        return app.store.read_newest(table)
    current = app.manifest.current()
    if table.name not in current:
        raise UsageError(f"{table.name} is not published yet", "no manifest names it", "reclake status says why")
    return app.read(table, version=current[table.name].version, published=current)
