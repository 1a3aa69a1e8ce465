"""A source file drafted from samples: valid where it can be, and every guess marked for a person to confirm."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reclake.sources.source import RECORDS, VERIFIED
from reclake.tables.silver import event_time_of

from .drafted_columns import ASK, IDS, RECORD_IDS, drafted_columns, toml_text, type_of
from .fields import FieldSummary
from .guesses import columns_of, table_of
from .marks import Marks
from .naming import day_pattern, exact_pattern, feed_name, pattern_of
from .personal import name_shown
from .sample import Sample
from .spans import days_within

LATE_LIMIT_DAYS = 3
_FEW_FILES = 5  # that get a feed of their own each
_FEW_NAMES = 50  # that are listed
_EVENT_TIMES = tuple(dict.fromkeys(filter(None, map(event_time_of, RECORDS.values()))))


@dataclass(frozen=True, slots=True)
class _FeedDraft:
    """Files that one feed takes."""

    pattern: str
    samples: tuple[Sample, ...]
    others: tuple[Sample, ...] = ()  # files that the pattern takes as well, and that have other fields

    @property
    def table(self) -> str:
        return table_of(self.samples[0].usable_fields)

    @property
    def columns(self) -> dict[str, FieldSummary]:
        return columns_of(self.table, self.samples[0].usable_fields)

    @property
    def is_history(self) -> bool:
        """Whether a file of it holds times further apart than a late limit allows, or seems to hold all there is."""
        at = next((self.columns[column].name for column in _EVENT_TIMES if column in self.columns), None)
        if at is None:
            return False
        if day_pattern([one.name for one in self.samples]) is None and not all(one.head.is_whole for one in self.samples):
            return True
        return any(days_within(sample, at) > LATE_LIMIT_DAYS for sample in self.samples)


def draft(name: str, samples: Sequence[Sample]) -> str:
    """The text of conf/sources/<name>.toml for these files: one feed per folder, kind of file and set of fields."""
    readable = [sample for sample in samples if sample.fields]
    feeds = _feeds(readable)
    lines = [
        f"# Drafted by `reclake check-source {name} --write` from {len(readable)} files. Every line that ends in",
        f'# "{ASK.strip()} …" is a guess: look at it, correct it, and delete the remark. docs/sources.md explains every key.',
        f'name = "{name}"',
        f'description = "Files of {name}"  {ASK}what it is, in a sentence',
        f'basis = "consent"  {ASK}the lawful basis; with "consent", who said nothing is not profiled',
        f'time_zone = "UTC"  {ASK}the zone of times that are written without offset, such as "Asia/Shanghai"',
        *_limits(feeds),
        "",
        "[completion]",
        f'marker = "stable"  {ASK}what marks a file as complete: rename, success_file or stable',
        "stable_seconds = 60",
        "",
        "[bots]",
        "by_user_agent = true",
        "by_behaviour = true",
    ]
    taken: set[str] = set()
    for feed in feeds:
        lines += ["", *_feed(feed, taken)]
    return "\n".join(lines) + "\n"


def _limits(feeds: Sequence[_FeedDraft]) -> Iterator[str]:
    if any(feed.is_history for feed in feeds):
        yield f"historical = true  {ASK}a file holds more than {LATE_LIMIT_DAYS} days, or all of them: nothing is late. Of daily"
        yield f"# files state late_limit_days = {LATE_LIMIT_DAYS} and repeat_days = {LATE_LIMIT_DAYS + 1} instead."
        return
    yield f"late_limit_days = {LATE_LIMIT_DAYS}  {ASK}days after the event within which a record may come"
    yield f"repeat_days = {LATE_LIMIT_DAYS + 1}  {ASK}days within which a record may come again; more than late_limit_days"


def _feeds(samples: Sequence[Sample]) -> list[_FeedDraft]:
    """The samples by pattern and set of fields, those with the most exact pattern first: the first that fits takes a file."""
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(pattern_of(sample.name), []).append(sample)
    drafts: list[_FeedDraft] = []
    for pattern, alike in groups.items():
        whole = _FeedDraft(pattern, tuple(alike))
        others = [sample for sample in alike if not _fits(whole, sample)]
        same = tuple(sample for sample in alike if sample not in others)
        if len(others) <= _FEW_FILES:
            drafts += [_FeedDraft(exact_pattern(other.name), (other,)) for other in others]
            if others and len(same) == 1:
                pattern = exact_pattern(same[0].name)
            drafts.append(_FeedDraft(pattern, same))
        else:
            drafts.append(_FeedDraft(pattern, same, tuple(others)))
    return sorted(drafts, key=lambda one: (one.pattern.count("*") > 0, -len(one.pattern.replace("*", "")))) if drafts else []


def _fits(feed: _FeedDraft, sample: Sample) -> bool:
    """Whether the mapping that is drafted from the feed's first file reads the sample too."""
    first = feed.samples[0]
    if sample is first or sample.head.names == first.head.names:
        return sample.head.kind == first.head.kind
    if sample.head.kind != first.head.kind or table_of(sample.usable_fields) != feed.table:
        return False
    return sample.head.kind == "json_lines" or {one.name for one in feed.columns.values()} <= set(sample.head.names)


def _feed(draft: _FeedDraft, taken: set[str]) -> Iterator[str]:
    sample, table, columns = draft.samples[0], draft.table, draft.columns
    feed = feed_name(sample.name, table, taken)
    taken.add(feed)
    yield f"[feeds.{feed}]  # {len(draft.samples)} files such as {sample.shown_name}"
    if draft.others:
        yield f"# {len(draft.others)} more have other fields, such as {draft.others[0].shown_name}: they need a feed of their own"
    yield f'table = "{table}"  {ASK}events, orders, accounts, products or consents'
    yield f"pattern = {toml_text(draft.pattern)}  {ASK}which files are of this kind"
    yield f'format = "{sample.head.kind}"'
    if sample.head.kind == "csv" and sample.head.delimiter != ",":
        yield f"delimiter = {toml_text(sample.head.delimiter)}"
    if sample.head.kind != "parquet" and (sample.head.encoding != "utf-8" or sample.head.has_mark):
        yield f'encoding = "{sample.head.encoding}"' + ("" if sample.head.is_certain else f"  {ASK}do the texts read right?")
    yield _delivery_day(draft, columns)
    ids = [column for column in RECORD_IDS[table] if column in columns]
    whole = ids if len(ids) == len(RECORD_IDS[table]) else []
    yield f"record_id = {json.dumps(whole)}  {ASK}" + (
        "do these identify a record?" if whole else "nothing seems to identify a record"
    )
    yield 'duplicates = "flag"' + f"  {ASK}without an id: keep and flag a repeat, or drop it"
    if table == "accounts" and (VERIFIED.keys() & columns.keys()) and not set(VERIFIED.values()) & columns.keys():
        yield f'verified_contacts = "none"  {ASK}"all" if the shop has tried every phone and address by a code or a link: only'
        yield '# such contacts tie accounts to one person; or map is_phone_verified, is_email_verified; "typed" if staff wrote them'
    if sample.head.kind == "json_lines" and _needs_text(sample, columns):
        yield f'values = "as_text"  {ASK}ids come as numbers or amounts as texts: each is read as it is written'
    yield ""
    yield f"[feeds.{feed}.columns]"
    yield from drafted_columns(table, columns, _marks(draft))
    mapped = {one.name for one in columns.values()}
    if unmapped := [one.name for one in sample.fields if one.name not in mapped and one.name.strip()]:
        yield f"# not mapped: {_named(unmapped)}"
    if doubled := [name for name, n in Counter(sample.head.names).items() if n > 1 and name.strip()]:
        yield f"# twice in the header, so that none can be read: {_named(doubled)}"


def _named(names: Sequence[str]) -> str:
    shown = list(dict.fromkeys(map(name_shown, names)))
    return ", ".join(shown[:_FEW_NAMES]) + (f" and {len(shown) - _FEW_NAMES:,} more" if len(shown) > _FEW_NAMES else "")


def _marks(draft: _FeedDraft) -> Marks:
    """The marks of the feed's numbers: a field with decimal commas tells them for all."""
    marks = [one.marks for sample in draft.samples for one in sample.fields if one.marks is not None]
    commas = [one for one in marks if one.decimal == ","]
    group = next((one.group for one in commas or marks if one.group), "")
    return Marks("," if commas else ".", group)


def _delivery_day(draft: _FeedDraft, columns: dict[str, FieldSummary]) -> str:
    if pattern := day_pattern([one.name for one in draft.samples]):
        return f"delivery_day = {{ from = \"name\", pattern = '{pattern}' }}"
    at = next((column for column in columns if column in (*_EVENT_TIMES, "changed_at")), None)
    if at is not None:
        return f'delivery_day = {{ from = "last_event", column = "{at}" }}  {ASK}the name states no day: the last time in the file does'
    return f'delivery_day = {{ from = "fixed", day = 2026-01-01 }}  {ASK}neither name nor records state a day: which is it?'


def _needs_text(sample: Sample, columns: dict[str, FieldSummary]) -> bool:
    """Whether a value of the JSON is a number where text belongs, or a text where a number or truth value does."""
    for column, one in columns.items():
        kind, rows = type_of(column), [row for row in sample.head.rows if row.fields.get(one.name) is not None]
        n_numbers = sum(one.name in row.is_number for row in rows)
        wants_number = kind in ("long", "decimal", "double") or one.time_format.startswith("epoch_")
        if kind == "boolean":
            wrong = any(row.fields[one.name] not in ("true", "false") for row in rows)
        elif wants_number and kind not in (*IDS, "string"):
            wrong = n_numbers < len(rows)
        else:
            wrong = n_numbers > 0
        if wrong:
            return True
    return False
