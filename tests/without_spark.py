"""A lake that publishes one version of some tables, written by delta-rs."""

from datetime import datetime
from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake

from reclake.look.delta_rs import arrow_type
from reclake.tables import ops


def arrow(table, rows):
    """The rows with the table's columns; those that a row does not name are null."""
    columns = {f.name: pa.array([row.get(f.name) for row in rows], arrow_type(f.type)) for f in table.fields}
    # As Spark writes times: in UTC, with the zone.
    return pa.table({
        name: column.cast(pa.timestamp("us", "UTC")) if pa.types.is_timestamp(column.type) else column
        for name, column in columns.items()
    })


def write(root, table, rows):
    """One version of the table, and its files and their bytes."""
    place = f"{root}/{table.layer}/{table.noun}"
    write_deltalake(place, arrow(table, rows), partition_by=[table.day_column] if table.day_column else None)
    sizes = [path.stat().st_size for path in Path(place).rglob("*.parquet")]
    return {"n_files": len(sizes), "n_bytes": sum(sizes)}


def publish(root, rows_of):
    """Write table → rows, and a manifest that publishes them."""
    row = {"manifest_id": 1, "version": 0, "kind": "publish", "token": 1, "run_id": "t", "published_at": datetime(2026, 3, 2)}
    moved = [row | {"name": t.name, "n_rows": len(rows)} | write(root, t, rows) for t, rows in rows_of.items()]
    write(root, ops.PUBLISHED_VERSIONS, moved)
