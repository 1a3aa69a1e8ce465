"""The pseudonyms of an id as a source writes it, made on the spot with the key: neither is stored or shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reclake.errors import UsageError
from reclake.privacy.pseudonyms import Keys, account_ids, device_ids
from reclake.records.column_reader import reader_of
from reclake.records.columns import column_texts
from reclake.records.fields import path_of
from reclake.sources.source import ColumnMapping, Feed, Source
from reclake.tables.vocabulary import WORDS


def accounts_of(source: Source, native_id: str, keys: Keys) -> frozenset[str]:
    """Every account_id and device_id that the source's feeds would make of the id: one per channel that they may name.

    Raises
    ------
    UsageError
        When no feed of the source would read the text as an id.
    SecretMissing
        When the key is not there.
    """
    found = {one for feed in source.feeds.values() for one in _of_feed(source, feed, native_id, keys)}
    if not found:
        raise UsageError(
            f"source {source.name} makes no account of such an id",
            "its feeds map no column of accounts, or read the text as no id",
            "write the id as the source writes it",
        )
    return frozenset(found)


def _of_feed(source: Source, feed: Feed, native_id: str, keys: Keys) -> Iterator[str]:
    for column, mapping in feed.columns.items():
        if mapping.type not in ("account", "device") or mapping.from_ is None:
            continue
        (text,) = column_texts([_record(native_id, mapping, feed)], reader_of(column, feed, source), _unheard)
        if text is None:
            continue
        if mapping.type == "device":
            yield device_ids(keys, source.name)(text)
        else:
            account_id = account_ids(keys, source.name)
            yield from (account_id(scope, text) for scope in _scopes(mapping, feed))


def _record(native_id: str, mapping: ColumnMapping, feed: Feed) -> dict[str, Any]:
    """A record that holds the id alone, where the mapping looks for it."""
    value: Any = native_id
    for name in reversed(path_of(str(mapping.from_), feed)):
        value = {name: value}
    record: dict[str, Any] = value
    return record


def _scopes(mapping: ColumnMapping, feed: Feed) -> tuple[str, ...]:
    """What may tell the account's channel: the one that the feed states, or every one that it may name."""
    scope = feed.columns[mapping.scope]
    if scope.constant is not None:
        return (scope.constant,)
    if scope.map is not None:
        return tuple(dict.fromkeys(scope.map.values()))
    return tuple(scope.one_of or WORDS.get(mapping.scope, ()))


def _unheard(row: int, reason: str) -> None:
    """A fault of the text: what is no id gives no pseudonym, and the caller says so."""
