"""What was found in a landing folder, as rows that a person reads: of each value only what may be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from reclake.printable import printable

from .fields import FieldSummary
from .heads import Head
from .looking import Inspection
from .naming import pattern_of
from .personal import name_shown
from .sample import Sample

_LISTED = 20  # files that are listed one by one
_FIELDS = 200  # of each kind of file
_SAMPLED = 3  # rows that are shown of each kind of file
_FEW = 0.2  # share of records from which one value of a key stands out

Rows = list[dict[str, Any]]


def file_rows(found: Inspection) -> Rows:
    """One row per file, or of many files per kind of them: what it is, and which feed takes it."""
    alike: dict[tuple[Any, ...], list[Sample]] = {}
    for sample in found.samples:
        head = sample.head
        alone = sample.name if len(found.samples) <= _LISTED else pattern_of(sample.name)
        kind = (alone, head.kind, _encoding(head), head.delimiter, head.names, head.problem, found.feeds.get(sample.name))
        alike.setdefault(kind, []).append(sample)
    return [_file_row(samples, found) for samples in alike.values()]


def _encoding(head: Head) -> str:
    return head.encoding + ("" if head.is_certain or not head.encoding else " (guessed)")


def _file_row(samples: Sequence[Sample], found: Inspection) -> dict[str, Any]:
    first = samples[0]
    n_records, is_whole = sum(len(one.head.rows) for one in samples), all(one.head.is_whole for one in samples)
    row = {
        "file": first.shown_name if len(samples) == 1 else f"{len(samples):,} files such as {first.shown_name}",
        "kind": first.head.kind,
        "encoding": _encoding(first.head),
        "delimiter": {"\t": "tab"}.get(first.head.delimiter, printable(first.head.delimiter)),
        "fields": len(first.head.names),
        "records seen": f"{n_records:,}" + ("" if is_whole else " and more"),
        "problem": first.head.problem,
    }
    return row | ({"feed": found.feeds[first.name] or "no feed takes this name"} if found.feeds else {})


def field_rows(found: Inspection) -> Rows:
    """One row per field and kind of file: what its values look like. Contact data is shown by its shape."""
    rows = []
    for sample in _one_of_each(found.samples):
        for one in sample.fields[:_FIELDS]:
            rows.append({
                "files": printable(pattern_of(sample.name)),
                "field": name_shown(one.name) or "(no name)",
                "type": (sample.head.types or {}).get(one.name, ""),
                "looks like": one.looks + (f" {one.time_format}" if one.time_format else ""),
                "blank": f"{one.n_blank / one.n_values:.0%}" if one.n_values else "",
                "such as": ", ".join(one.samples),
                "words for none": counted(one.none_words),
                "remark": "; ".join(_remarks(one)),
            })
        if (n_more := len(sample.fields) - _FIELDS) > 0:
            rows.append(dict.fromkeys(rows[-1], "") | {"files": rows[-1]["files"], "remark": f"and {n_more:,} more fields"})
    return rows


def counted(words: Mapping[str, int]) -> str:
    """Words with how often each occurs."""
    return ", ".join(f"{word} ({n:,})" for word, n in sorted(words.items()))


def _remarks(one: FieldSummary) -> Iterator[str]:
    if one.is_ambiguous:
        yield "day and month could be the other way round"
    if one.zeros:
        words = ", ".join(f'"{word}"' for word in one.zeros)
        yield f"if it is an id and these mean none, declare none = [{words}]: {counted(one.zeros)}"
    if one.looks == "decimal comma":
        yield 'declare decimal_mark = ","'
    if one.looks == "fraction of an id":
        yield "as an id: declare whole_number = true"
    if one.is_rounded:
        yield "a spreadsheet has rounded long numbers, such as 4.00638E+12: ids among them are lost, export them as text"
    if one.top_share >= _FEW and one.n_distinct > 1:
        yield f"{one.shown(one.top_value)} in {one.top_share:.0%} of the records"


def sample_rows(found: Inspection) -> Rows:
    """The first records of each kind of file."""
    rows = []
    for sample in _one_of_each(found.samples):
        fields = {one.name: one for one in sample.fields}
        for row in sample.head.rows[:_SAMPLED]:
            told = islice(row.fields.items(), _FIELDS)
            values = "  ".join(f"{name_shown(name)}={fields[name].shown(value)}" for name, value in told if value and name)
            rows.append({"files": printable(pattern_of(sample.name)), "line": row.line, "values": values})
    return rows


def refusal_rows(found: Inspection) -> Rows:
    """One row per file and reason: how often in what was read, and one of the places with its value."""
    return [
        {
            "file": printable(one.file_name),
            "reason": printable(one.reason),
            "records": one.n_records,
            "line": one.line,
            "value": one.value,
        }
        for one in sorted(found.refusals, key=lambda one: (one.file_name, -one.n_records, one.reason))
    ]


def untaken_rows(found: Inspection) -> Rows:
    """One row per file that an ingest would leave where it lies, with its reason."""
    return [{"file": printable(one.file_name), "state": one.state, "reason": one.reason} for one in found.untaken]


def _one_of_each(samples: Sequence[Sample]) -> list[Sample]:
    """The first readable sample of each pattern, kind and set of fields."""
    kinds: dict[tuple[str, str, tuple[str, ...]], Sample] = {}
    for sample in samples:
        if sample.fields:
            kinds.setdefault((pattern_of(sample.name), sample.head.kind, sample.head.names), sample)
    return list(kinds.values())
