"""What a records table says of the records of one file, without Spark: the same rules, in the same words.

tests/spark/test_check_source.py holds this module against the builders of the records tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from reclake.privacy.pseudonyms import Keys
from reclake.records.batch import Batch, one_by_one
from reclake.records.classify import ID_CLASH, SAME_AGAIN, TOO_LATE, WITHOUT_CLASH
from reclake.records.column_reader import NUMBERS, Report, Texts, is_time, reader_of
from reclake.records.columns import column_times
from reclake.records.parser import unsealed
from reclake.records.records import stored_columns
from reclake.records.sealing import sealed
from reclake.records.spelling import line_kinds, services_of, without_services
from reclake.records.values import NUMBER_PATTERNS, WHAT_IT_IS_NOT
from reclake.sources.source import CONTACT_TYPES, RECORDS, REQUIRED, ColumnMapping, Feed, Source
from reclake.tables.silver import event_time_of

from .days import Delivery, bounded
from .judges import JUDGES, Values

_NUMBERS = {kind: re.compile(pattern, re.ASCII) for kind, pattern in NUMBER_PATTERNS.items()}
_LONGEST_LONG = 2**63


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the rules of all records of one file need to know."""

    batch: Batch
    feed: Feed
    source: Source
    delivery: Delivery

    def hear(self, column: str) -> Report:
        """Who hears of a value that cannot be used."""
        mapping = self.feed.columns.get(column)
        return self.batch.note if mapping is not None and mapping.drops(column) else self.batch.report


def judge(batch: Batch, feed: Feed, source: Source, delivery: Delivery) -> None:
    """Let the batch hear the reasons and notes of each record; its rows are the records of one file in their order."""
    rules = _Rules(batch, feed, source, delivery)
    values = _values(rules)
    _require_ids(rules, values)
    if feed.table in JUDGES:
        JUDGES[feed.table](batch, feed, values)
    _classify(rules, values)


def columns_read(feed: Feed, source: Source) -> list[str]:
    """The standard columns that the records table reads of the feed's records."""
    return [column for column in stored_columns(source, feed.table) if column in feed.columns]


def _values(rules: _Rules) -> Values:
    """The typed values by standard column, null where one cannot be used."""
    batch, feed = rules.batch, rules.feed
    nothing: Texts = [None] * len(batch.records)
    required = REQUIRED[feed.table]
    texts = {
        column: unsealed(batch, column, feed, rules.source, is_required=column in required)
        for column in columns_read(feed, rules.source)
    }
    codes = texts.get("product_id", nothing)
    services = services_of(codes, feed.columns["product_id"]) if "product_id" in texts else frozenset()
    if services:
        texts["product_id"] = without_services(codes, services)
    values: Values = {column: _ready(rules, column, found, texts) for column, found in texts.items()}
    if feed.table == "orders":
        values["line_kind"] = line_kinds(texts.get("line_kind", nothing), codes, services)
    return values


def _ready(rules: _Rules, column: str, texts: Texts, all_texts: Mapping[str, Texts]) -> list[Any]:
    mapping, hear, n_rows = rules.feed.columns[column], rules.hear(column), len(texts)
    if is_time(mapping):
        reader = reader_of(column, rules.feed, rules.source)
        times = one_by_one(lambda rows, report: column_times(texts[rows], reader, report), n_rows, column, hear)
        return bounded(times, column, rules.delivery, hear, note=rules.batch.note)
    if mapping.type in (*NUMBERS, "boolean"):
        return _typed(rules, column, texts)
    if mapping.type == "account":
        scopes = all_texts.get(mapping.scope, [None] * n_rows)
        return [_account(row, column, mapping, pair, hear) for row, pair in enumerate(zip(scopes, texts, strict=True))]
    if mapping.type in ("device", *CONTACT_TYPES):
        return texts
    # Neither keys nor scopes are asked for.
    return sealed(texts, column, mapping, Keys(directory=""), rules.source.name, texts, hear, rules.batch.note)


def _account(
    row: int, column: str, mapping: ColumnMapping, pair: tuple[str | None, str | None], hear: Report
) -> tuple[str | None, str | None] | None:
    scope, text = pair
    if text is not None and scope is None:
        hear(row, f"{column} cannot be told without {mapping.scope}")
    return pair if scope and text else None


def _long(text: str) -> int | None:
    return number if -_LONGEST_LONG <= (number := int(text)) < _LONGEST_LONG else None


def _double(text: str) -> float | None:
    return number if isfinite(number := float(text)) else None


_READ: dict[str, Callable[[str], Any]] = {"long": _long, "decimal": Decimal, "double": _double}


def _typed(rules: _Rules, column: str, texts: Texts) -> list[Any]:
    mapping, hear = rules.feed.columns[column], rules.hear(column)
    low, high = mapping.limits_of(column)
    if column == "birth_year" and rules.delivery.day is not None:  # nobody is born after the day on which it was stated
        high = min(rules.delivery.day.year, high or rules.delivery.day.year)
    values: list[Any] = []
    for row, text in enumerate(texts):
        value = None if text is None else _number_of(text, mapping.type)
        if text is not None and value is None:
            hear(row, f"{column} is not {WHAT_IT_IS_NOT[mapping.type]}")
        elif value is not None and ((low is not None and value < low) or (high is not None and value > high)):
            hear(row, f"{column} is outside its limits")
            value = None if mapping.drops(column) else value
        values.append(value)
    return values


def _number_of(text: str, kind: str) -> Any:
    if kind == "boolean":
        return {"true": True, "false": False}.get(text)
    return _READ[kind](text) if _NUMBERS[kind].match(text) and "\n" not in text else None


def _require_ids(rules: _Rules, values: Values) -> None:
    batch = rules.batch
    for column in rules.feed.record_id:
        for row, value in enumerate(values.get(column, ())):
            if value is None and not any(reason.startswith(f"{column} ") for reason in batch.reasons[row]):
                batch.report(row, f"{column} is missing")


def _classify(rules: _Rules, values: Values) -> None:
    """Clashes and repeats within the file, and what is late: of a valid record alone."""
    batch, feed = rules.batch, rules.feed
    scopes = values.get("channel") if feed.id_scope == "channel" else None
    times, limit = values.get(event_time_of(RECORDS[feed.table]) or ""), rules.source.late_limit_days
    firsts: dict[Hashable, str] = {}
    for row, fingerprint in enumerate(batch.fingerprints):
        if fingerprint is None or batch.reasons[row]:
            continue
        ids = tuple(values[column][row] for column in feed.record_id)
        first = firsts.setdefault((scopes and scopes[row], ids) if ids else fingerprint, fingerprint)
        is_again = first is not fingerprint
        is_other = is_again and bool(ids) and first != fingerprint
        if is_other and feed.table not in WITHOUT_CLASH:
            batch.report(row, ID_CLASH)
        elif is_again and not is_other and (ids or feed.duplicates == "drop"):
            batch.report(row, SAME_AGAIN)
        elif times is not None and limit is not None and _is_late(times[row], limit, rules.delivery):
            batch.report(row, TOO_LATE)


def _is_late(at: int | None, limit: int, delivery: Delivery) -> bool:
    happened: date | None = None if at is None else delivery.day_of(at)
    return happened is not None and delivery.day is not None and delivery.day - happened > timedelta(limit)
