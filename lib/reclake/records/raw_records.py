"""Raw records to their fields: read whole, or refused with the reason."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reclake.records.batch import Batch
from reclake.records.fields import fingerprint, path_of, shapes, without
from reclake.records.raw_csv import csv_record
from reclake.records.raw_json import Unreadable, json_object, what_it_names
from reclake.sources.source import Feed

# By bronze noun the columns that say whose an unreadable record is: a consent suspends that account (docs/decisions/0039).
NAMED_BY: Mapping[str, tuple[str, ...]] = {"consents": ("account_id",)}


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest record that is read."""

    max_record_bytes: int = 1_048_576
    max_depth: int = 32


def _reader(feed: Feed, limits: Limits) -> Callable[[bytes, str | None], Mapping[str, Any]]:
    if feed.format == "csv":
        mapped, longest = feed.fields_read, limits.max_record_bytes
        return lambda raw, header: csv_record(raw, header, delimiter=feed.delimiter, mapped=mapped, max_bytes=longest)
    return lambda raw, header: json_object(raw, max_bytes=limits.max_record_bytes, max_depth=limits.max_depth)


def read_batch(
    raws: Sequence[bytes], headers: Sequence[str | None], feed: Feed, columns: Collection[str], limits: Limits
) -> Batch:
    """The records' fields, fingerprints and structural reasons."""
    batch, read = Batch(len(raws)), _reader(feed, limits)
    shape_of = shapes(feed, [column for column in columns if column in feed.columns])
    nested_transport = [path for name in feed.transport if len(path := path_of(name, feed)) > 1]
    for row, (raw, header) in enumerate(zip(raws, headers, strict=True)):
        try:
            fields = read(raw, header)
            shape, payload = shape_of(tuple(fields)), fields
            for path in nested_transport:
                payload = without(payload, path)
            batch.fingerprints[row] = fingerprint(payload, shape)
        except Unreadable as refused:
            batch.reasons[row].append(str(refused))
            if feed.table in NAMED_BY and feed.format != "csv" and (named := what_it_names(raw, refused)):
                batch.records[row] = named
                batch.named.add(row)
            continue
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a record does to the parser, it costs that record alone
            batch.reasons[row].append(f"it cannot be read ({type(error).__name__})")
            continue
        batch.reasons[row].extend(shape.faults)
        batch.records[row] = fields
    return batch
