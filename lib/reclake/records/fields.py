"""What all records with the same field names share: their order in the fingerprint, and names that only look right."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from reclake.records.raw_json import canonical, canonical_fields
from reclake.sources.source import Feed


class Shape(NamedTuple):
    """Field names as they come in a record."""

    hashed: tuple[tuple[str, str], ...]  # name and its canonical form with colon, sorted, without transport fields
    faults: tuple[str, ...]  # reasons to refuse a record with these names


def is_nested(feed: Feed) -> bool:
    """Whether a dot in a field's name goes into an object; a CSV has no objects."""
    return feed.format != "csv"


def path_of(name: str, feed: Feed) -> tuple[str, ...]:
    """The names to follow from the record to the field."""
    return tuple(name.split(".")) if is_nested(feed) else (name,)


def _case_faults(names: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Names of the source file that stand in the record in another case: reading them as absent would hide a change."""
    there = set(names)
    folded = {name.casefold() for name in there - set(wanted)}
    return [f"its field {name} is written in another case" for name in wanted if name.casefold() in folded]


def shapes(feed: Feed, columns: Iterable[str]) -> Any:
    """A cached function from a record's field names to their `Shape`, for the columns that are read."""
    froms = [feed.columns[column].from_ for column in columns]
    wanted = sorted({path_of(name, feed)[0] for name in froms if name is not None})
    left_out = {path_of(name, feed)[0] for name in feed.transport if len(path_of(name, feed)) == 1}

    @lru_cache(maxsize=1024)
    def shape(names: tuple[str, ...]) -> Shape:
        faults = _case_faults(names, wanted)
        if feed.format == "csv":
            # A header names every column, so a name that is not there was dropped or changed by the source.
            faults += [f"its header lacks {name}" for name in wanted if name not in names]
        hashed = tuple((name, f"{canonical(name)}:") for name in sorted(set(names) - left_out))
        return Shape(hashed, tuple(faults))

    return shape


def without(fields: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    """The fields without the one at the end of the path; objects on the way are copied.

    Examples
    --------
    >>> without({"meta": {"sent_at": 1, "v": 2}, "id": 3}, ("meta", "sent_at"))
    {'meta': {'v': 2}, 'id': 3}
    """
    name, *rest = path
    if name not in fields:
        return fields
    if not rest:
        return {key: value for key, value in fields.items() if key != name}
    inner = fields[name]
    return {**fields, name: without(inner, tuple(rest))} if isinstance(inner, dict) else fields


def fingerprint(fields: Mapping[str, Any], shape: Shape) -> str:
    """SHA-256 of the canonical payload: neither the order of fields nor blanks between them count, transport fields neither."""
    return hashlib.sha256(canonical_fields(fields, shape.hashed).encode()).hexdigest()
