"""What a landing folder holds, file by file, as rows that a person reads: found in seconds, without Spark."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reclake.errors import UsageError
from reclake.sources.broken import LandingLimits
from reclake.sources.source import Source

from .draft import Sample, pattern_of
from .fields import FieldSummary, summary
from .heads import Head, head_of
from .personal import name_shown, personal_fields
from .refusals import Refusal, refusals_of

HEAD_BYTES = 2 << 20  # of each file, at most
_ROWS = 20_000  # of all files together; of one at most a quarter of them
_FEWEST_ROWS = 50  # of each file
_BYTES = 32 << 20  # that are judged as a whole, of all files together
_FEWEST_BYTES = 64 << 10  # of each file
_LISTED = 20  # files that are listed one by one
_SAMPLED = 3  # rows that are shown of each kind of file
_FEW = 0.2  # share of records from which one value of a key stands out
_KEYS = ("account", "device", "product")

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in a landing folder."""

    samples: tuple[Sample, ...]
    refusals: tuple[Refusal, ...] = ()
    feeds: dict[str, str | None] = field(default_factory=dict)  # file → feed of the source; None: no feed takes it

    @property
    def has_refusals(self) -> bool:
        """Whether the source would refuse or pass over anything of what was read."""
        return bool(self.refusals) or None in self.feeds.values()


def inspect(folder: Path, source: Source | None, limits: LandingLimits, *, samples: Sequence[Sample] | None = None) -> Inspection:
    """Look into every file below the folder: its head, and what the source would refuse of it.

    Parameters
    ----------
    samples
        What was seen of the files a moment ago: they are not looked into again.

    Raises
    ------
    UsageError
        When there is no such folder, or no file in it.
    """
    names = sorted(_names(folder))
    if not names:
        raise UsageError(
            "there is nothing to look into", f"no file below {folder}", "name the folder with the files: --landing DIR"
        )
    feeds = {name: source.feed_name(name) if source else None for name in names}
    seen = {sample.name: sample for sample in samples or ()}
    looked, refusals = list[Sample](), list[Refusal]()
    n_rows, n_bytes = max(_FEWEST_ROWS, _ROWS // max(4, len(names))), max(_FEWEST_BYTES, _BYTES // len(names))
    for name in names:
        feed_name = feeds[name]
        feed = source.feeds[feed_name] if source and feed_name else None
        stated = {"encoding": feed.encoding, "delimiter": feed.delimiter if feed.format == "csv" else None} if feed else {}
        if name not in seen:
            head = head_of(folder / name, max_bytes=HEAD_BYTES, max_rows=n_rows, **stated)
            seen[name] = Sample(name, head, tuple(_summaries(head, personal_fields(feed) if feed else frozenset())))
        looked.append(seen[name])
        if source is not None and feed_name is not None:
            refusals += refusals_of(folder / name, name, feed_name, source, limits, n_records=n_rows, n_bytes=n_bytes)
    return Inspection(tuple(looked), tuple(refusals), feeds if source else {})


def _names(folder: Path) -> Iterator[str]:
    """Files below the folder, relative to it; links and hidden names are left out, as an ingest leaves them out."""
    if not folder.is_dir():
        raise UsageError("the landing folder does not exist", str(folder), "name another with --landing")
    for at, folders, files in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        for name in files:
            path = Path(at, name)
            if not name.startswith((".", "_")) and not path.is_symlink():
                yield path.relative_to(folder).as_posix()


def _summaries(head: Head, personal: Collection[str]) -> Iterator[FieldSummary]:
    for name in head.names:
        yield summary(name, [row.fields.get(name) for row in head.rows], tells_person=name in personal)


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
        "file": first.name if len(samples) == 1 else f"{len(samples):,} files such as {first.name}",
        "kind": first.head.kind,
        "encoding": _encoding(first.head),
        "delimiter": {"\t": "tab"}.get(first.head.delimiter, first.head.delimiter),
        "fields": len(first.head.names),
        "records seen": f"{n_records:,}" + ("" if is_whole else " and more"),
        "problem": first.head.problem,
    }
    return row | ({"feed": found.feeds[first.name] or "no feed takes this name"} if found.feeds else {})


def field_rows(found: Inspection) -> Rows:
    """One row per field and kind of file: what its values look like. Contact data is shown by its shape."""
    rows = []
    for sample in _one_of_each(found.samples):
        for one in sample.fields:
            rows.append({
                "files": pattern_of(sample.name),
                "field": name_shown(one.name) or "(no name)",
                "type": (sample.head.types or {}).get(one.name, ""),
                "looks like": one.looks + (f" {one.time_format}" if one.time_format else ""),
                "blank": f"{one.n_blank / one.n_values:.0%}" if one.n_values else "",
                "such as": ", ".join(one.samples),
                "words for none": counted(one.none_words),
                "remark": "; ".join(_remarks(one)),
            })
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
    if one.top_share >= _FEW and one.n_distinct > 1:
        yield f"{one.shown(one.top_value)} in {one.top_share:.0%} of the records"


def sample_rows(found: Inspection) -> Rows:
    """The first records of each kind of file."""
    rows = []
    for sample in _one_of_each(found.samples):
        fields = {one.name: one for one in sample.fields}
        for row in sample.head.rows[:_SAMPLED]:
            told = row.fields.items()
            values = "  ".join(f"{name_shown(name)}={fields[name].shown(value)}" for name, value in told if value and name)
            rows.append({"files": pattern_of(sample.name), "line": row.line, "values": values})
    return rows


def refusal_rows(found: Inspection) -> Rows:
    """One row per file and reason: how often in what was read, and one of the places with its value."""
    return [
        {
            "file": one.file_name,
            "reason": one.reason,
            "records": one.n_records,
            "line": one.line,
            "value": one.value,
        }
        for one in sorted(found.refusals, key=lambda one: (one.file_name, -one.n_records, one.reason))
    ]


def _one_of_each(samples: Sequence[Sample]) -> list[Sample]:
    """The first readable sample of each pattern, kind and set of fields."""
    kinds: dict[tuple[str, str, tuple[str, ...]], Sample] = {}
    for sample in samples:
        if sample.fields:
            kinds.setdefault((pattern_of(sample.name), sample.head.kind, sample.head.names), sample)
    return list(kinds.values())
