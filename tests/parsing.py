"""Raw records through the parser, without Spark."""

import pyarrow as pa

from reclake.records.parser import Parsing, parsed_batches
from reclake.records.raw_records import Limits
from sources_of_records import DAY, EVENT_COLUMNS, feed, source

COLUMNS = ("event_id", "channel", "event_type", "login_account_id", "device_id", "product_id", "rating", "search_query")


def read(
    keys, raws, *, table="events", columns=COLUMNS, required=(), header=None, name=None, limits=None, notes=None, of=None, **feeds
):
    """The parsed rows in the order of the records; `of` holds keys of the source, `notes` what the intake says of each."""
    feeds = feeds or {"events": feed("events", EVENT_COLUMNS)}
    kind = next(iter(feeds.values()))["format"]
    parsing = Parsing(source(**(of or {}), **feeds), table, tuple(columns), frozenset(required), keys, limits or Limits())
    n = len(raws)
    arrived = pa.RecordBatch.from_pydict({
        "source": ["demo"] * n,
        "delivery_day": [DAY] * n,
        "file_digest": ["f1"] * n,
        "position": list(range(n)),
        "file_name": [name or f"{table}/2026-03-01.{kind}"] * n,
        "header": pa.array([header] * n, pa.string()),
        "intake_note": pa.array(notes or [None] * n, pa.string()),
        "raw": [raw.encode() if isinstance(raw, str) else raw for raw in raws],
    })
    return sorted(
        (row for batch in parsed_batches(arrived, parsing) for row in batch.to_pylist()), key=lambda row: row["position"]
    )
