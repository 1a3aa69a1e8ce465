"""Blocks of records as a worker gets them, made without Spark."""

import pyarrow as pa

from reclake.identity.linkage.blocking import pairs_of, whole_blocks

SCHEMA = pa.schema([
    ("record_id", pa.string()), ("exclusive", pa.string()), ("keys", pa.list_(pa.int64())), ("rule", pa.int32()), ("key", pa.int64()),
])  # fmt: skip


def in_blocks(records, *, columns=()):
    """One batch of rows by rule and key; a record is a dict of record_id, exclusive, keys and further texts."""
    rows = [
        record | {"rule": rule, "key": key} for record in records for rule, key in enumerate(record["keys"]) if key is not None
    ]
    schema = SCHEMA
    for name in columns:
        schema = schema.append(pa.field(name, pa.string()))
    return pa.RecordBatch.from_pylist(sorted(rows, key=lambda row: (row["rule"], row["key"])), schema=schema)


def pairs(records, *, rows_at_once=1_000_000):
    """The pairs that are compared, as a list of (smaller id, larger id): one that is compared twice stands twice."""
    batch = in_blocks(records)
    batches = (batch.slice(start, rows_at_once) for start in range(0, batch.num_rows, rows_at_once))
    found = []
    for whole in whole_blocks(batches):
        ids = whole.column("record_id").to_pylist()
        for left, right in pairs_of(whole):
            found += [tuple(sorted((ids[i], ids[j]))) for i, j in zip(left, right, strict=True)]
    return found


def numbered(values):
    """The same number for equal texts; null and blank stay null."""
    numbers = {}
    return [numbers.setdefault(value, len(numbers)) if value else None for value in values]
