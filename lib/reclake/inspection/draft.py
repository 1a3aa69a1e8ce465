"""A source file drafted from samples: valid where it can be, and every guess marked for a person to confirm."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from reclake.sources.feed import NEEDED
from reclake.tables.vocabulary import EVENT_TYPES

from .fields import FieldSummary
from .guesses import columns_of, event_of, table_of
from .heads import Head
from .personal import in_one_line, name_shown, shape

_DAY = (r"(\d{4}-\d{2}-\d{2})", r"(?<!\d)(\d{8})(?!\d)")
_TYPES = {
    "quantity": "long", "unit_price_amount": "decimal", "price_amount": "decimal", "rating": "double", "birth_year": "long",
    "is_active": "boolean", "is_granted": "boolean", "login_account_id": "account", "account_id": "account", "device_id": "device",
    "product_id": "product", "phone_token": "phone", "email_token": "email", "search_query": "free_text", "region": "free_text",
    "product_name": "free_text",
}  # fmt: skip
_IDS = ("account", "device", "product")
_RECORD_IDS = {
    "orders": ("order_id", "line_id"), "events": ("event_id",), "accounts": ("account_id", "changed_at"), "products": ("product_id",),
    "consents": ("consent_id",),
}  # fmt: skip
_HELD_IDS = ("order_id", "line_id", "event_id", "consent_id", "account_id", "login_account_id", "device_id")
_WORDED = ("event_type", "channel", "currency", "purpose", "country", "gender", "category", "is_active", "is_granted")
_ASK = "# confirm: "


@dataclass(frozen=True, slots=True)
class Sample:
    """A file that was looked into."""

    name: str  # below the landing folder
    head: Head
    fields: tuple[FieldSummary, ...]

    @property
    def shown_name(self) -> str:
        """The name without control characters."""
        return in_one_line(self.name)


def draft(name: str, samples: Sequence[Sample]) -> str:
    """The text of conf/sources/<name>.toml for these files: one feed per folder, kind of file and set of fields."""
    readable = [sample for sample in samples if sample.fields]
    lines = [
        f"# Drafted by `reclake check-source {name} --write` from {len(readable)} files. Every line that ends in",
        f'# "{_ASK.strip()} …" is a guess: look at it, correct it, and delete the remark. docs/sources.md explains every key.',
        f'name = "{name}"',
        f'description = "Files of {name}"  {_ASK}what it is, in a sentence',
        f'basis = "consent"  {_ASK}the lawful basis; with "consent", who said nothing is not profiled',
        f'time_zone = "UTC"  {_ASK}the zone of times that are written without offset, such as "Asia/Shanghai"',
        f"late_limit_days = 3  {_ASK}days after the event within which a record may come",
        f"repeat_days = 4  {_ASK}days within which a record may come again; more than late_limit_days",
        "",
        "[completion]",
        f'marker = "stable"  {_ASK}what marks a file as complete: rename, success_file or stable',
        "stable_seconds = 60",
        "",
        "[bots]",
        "by_user_agent = true",
        "by_behaviour = true",
    ]
    taken: set[str] = set()
    for feed_samples in _feeds(readable):
        lines += ["", *_feed(feed_samples, taken)]
    return "\n".join(lines) + "\n"


def _feeds(samples: Sequence[Sample]) -> Iterator[list[Sample]]:
    """The samples by pattern and kind, in the order of their names."""
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((pattern_of(sample.name), sample.head.kind), []).append(sample)
    yield from groups.values()


def pattern_of(name: str) -> str:
    """The pattern that takes the file and its like of other days: letters stay, whatever holds digits becomes `*`.

    Examples
    --------
    >>> pattern_of("tills/shop7-2026-02-01.csv.gz"), pattern_of("events.csv"), pattern_of("2026/02/01/clicks.jsonl")
    ('tills/shop*.csv', 'events.csv', '*/*/*/clicks.jsonl')
    """
    path = PurePosixPath(name.removesuffix(".gz"))
    *folders, last = path.parts
    stem, dot, ending = last.partition(".") if last.count(".") == 1 else last.rpartition(".")
    parts = [re.sub(r"\d[\d\-_.:T]*.*", "*", part) if re.search(r"\d", part) else part for part in [*folders, stem]]
    return "/".join(parts) + dot + ending.lower()


def _feed(samples: Sequence[Sample], taken: set[str]) -> Iterator[str]:
    sample = samples[0]
    fields = sample.fields
    table = table_of(fields)
    columns = columns_of(table, fields)
    feed = _name(sample.name, table, taken)
    yield f"[feeds.{feed}]  # {len(samples)} files such as {sample.name}"
    yield f'table = "{table}"  {_ASK}events, orders, accounts, products or consents'
    yield f"pattern = {_quoted(pattern_of(sample.name))}  {_ASK}which files are of this kind"
    yield f'format = "{sample.head.kind}"'
    if sample.head.kind == "csv" and sample.head.delimiter != ",":
        yield f"delimiter = {_quoted(sample.head.delimiter)}"
    if sample.head.kind != "parquet" and (sample.head.encoding != "utf-8" or sample.head.has_mark):
        yield f'encoding = "{sample.head.encoding}"' + ("" if sample.head.is_certain else f"  {_ASK}do the texts read right?")
    yield _delivery_day(sample, columns)
    ids = [column for column in _RECORD_IDS[table] if column in columns]
    whole = ids if len(ids) == len(_RECORD_IDS[table]) else []
    yield f"record_id = {json.dumps(whole)}  {_ASK}" + (
        "do these identify a record?" if whole else "nothing seems to identify a record"
    )
    yield 'duplicates = "flag"' + f"  {_ASK}without an id: keep and flag a repeat, or drop it"
    if sample.head.kind == "json_lines" and _needs_text(sample, columns):
        yield f'values = "as_text"  {_ASK}ids come as numbers or amounts as texts: each is read as it is written'
    yield ""
    yield f"[feeds.{feed}.columns]"
    yield from _columns(table, columns, has_commas=any(one.looks == "decimal comma" for one in fields))
    unmapped = [name_shown(one.name) for one in fields if one not in columns.values() and one.name]
    if unmapped:
        yield f"# not mapped: {', '.join(unmapped)}"


def _columns(table: str, columns: dict[str, FieldSummary], *, has_commas: bool) -> Iterator[str]:
    for column, one in columns.items():
        yield f"{column} = {{ {', '.join(_mapping(table, column, one, has_commas=has_commas))} }}  {_ASK}{_why(column, one)}"
    missing = NEEDED[table] - columns.keys()
    constants = {"channel": "web", "currency": "EUR", "event_type": "view_item", "purpose": "personalisation"}
    for column in sorted(missing):
        if column in constants:
            yield f'{column} = {{ constant = "{constants[column]}", type = "string" }}  {_ASK}no field looks like it'
        else:
            yield f"# {column} = {{ from = … }}  is needed, and no field looks like it"


def _mapping(table: str, column: str, one: FieldSummary, *, has_commas: bool) -> Iterator[str]:
    kind = _TYPES.get(column, "timestamp" if column.endswith("_at") else "string")
    yield f"from = {_quoted(one.name)}"
    yield f'type = "{kind}"'
    if kind == "timestamp":
        yield f"format = {_quoted(one.time_format or 'iso')}"
    if kind in ("decimal", "long", "double") and has_commas:  # one field shows what 1.234 means in all of them
        yield 'decimal_mark = ","'
        yield 'group_mark = "."'
    if kind in _IDS and one.looks == "fraction of an id":
        yield "whole_number = true"
    words = [word for word in one.none_words if word.casefold() in ("0", "-1", "-", "na", "unknown")]
    words += one.zeros if kind in _IDS else []
    if words and (kind in _IDS or one.looks == "text"):
        yield f"none = {json.dumps(words, ensure_ascii=False)}"
    if column == "event_type" and one.words and not set(one.words) <= set(EVENT_TYPES):
        named = {word: event for word in one.words if (event := event_of(word)) is not None}
        yield f"map = {{ {', '.join(f'{_quoted(word)} = {_quoted(event)}' for word, event in named.items())} }}"
    if column in NEEDED[table] or column in _RECORD_IDS[table]:
        yield "required = true"


def _why(column: str, one: FieldSummary) -> str:
    looks = {"nothing": "holds nothing in the sample", "fraction of an id": "whole numbers written as 17850.0"}.get(
        one.looks, one.looks
    )
    samples = _samples(column, one)
    parts = [f"{looks}, such as {', '.join(samples)}" if samples else looks]
    if one.words and (unknown := [one.shown(word) for word in one.words if event_of(word) is None]) and column == "event_type":
        parts.append(f"no event of the standard is called {', '.join(unknown)}: map them, or their records are refused")
    if one.is_ambiguous:
        parts.append("day and month could be the other way round")
    if one.top_share > 0.5 and one.n_distinct > 1:
        parts.append(f"{one.top_share:.0%} of the records hold one value")
    return "; ".join(parts)


def _samples(column: str, one: FieldSummary) -> list[str]:
    """Values of the field as they may stay in a file: of ids and texts their shape, of what people typed nothing."""
    if _TYPES.get(column) == "free_text" or (one.looks == "text" and one.is_personal and column not in _WORDED):
        return []
    if one.looks != "text" and column not in _HELD_IDS:
        return list(one.samples)
    return list(one.samples if column in _WORDED else dict.fromkeys(map(shape, one.samples)))


def _delivery_day(sample: Sample, columns: dict[str, FieldSummary]) -> str:
    for pattern in _DAY:
        if re.search(pattern, sample.name):
            return f"delivery_day = {{ from = \"name\", pattern = '{pattern}' }}"
    at = next((column for column in columns if column in ("ordered_at", "occurred_at", "changed_at")), None)
    if at is not None:
        return f'delivery_day = {{ from = "last_event", column = "{at}" }}  {_ASK}the name states no day: the last time in the file does'
    return f'delivery_day = {{ from = "fixed", day = 2026-01-01 }}  {_ASK}neither name nor records state a day: which is it?'


def _needs_text(sample: Sample, columns: dict[str, FieldSummary]) -> bool:
    """Whether an id is a number in the JSON, or a number a text."""
    numbers = frozenset().union(*(row.is_number for row in sample.head.rows))
    types = {one.name: _TYPES.get(column, "timestamp" if column.endswith("_at") else "string") for column, one in columns.items()}
    as_number = any(kind in (*_IDS, "string") and name in numbers for name, kind in types.items())
    as_text = any(kind in ("long", "decimal", "double") and name not in numbers for name, kind in types.items())
    return as_number or as_text


def _name(file_name: str, table: str, taken: set[str]) -> str:
    """A name for the feed: that of its folder, else of its table, with a number where it is taken."""
    folder = PurePosixPath(file_name).parent.name
    name = re.sub(r"[^a-z0-9_]+", "_", folder.lower()).strip("_")
    base = name if re.fullmatch(r"[a-z][a-z0-9_]*", name) else table
    chosen = next(one for one in (base, *(f"{base}_{n}" for n in range(2, 1000))) if one not in taken)
    taken.add(chosen)
    return chosen


def _quoted(text: str) -> str:
    """As a TOML string."""
    return json.dumps(text, ensure_ascii=False)


def without_blank_fields(sample: Sample) -> Sample:
    """The sample without the nameless columns that trailing delimiters make."""
    return replace(sample, fields=tuple(one for one in sample.fields if one.name))
