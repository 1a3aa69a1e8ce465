"""What a landing folder holds, file by file, and what an ingest would make of it: found in seconds, without Spark."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from reclake.errors import UsageError
from reclake.printable import printable
from reclake.sources.found import FoundFile, Waiting
from reclake.sources.settings import LandingSettings
from reclake.sources.sorting import finished_name, sorted_out, unusable
from reclake.sources.source import Feed, Source
from reclake.sources.walk import walked

from .drafted_columns import type_of
from .fields import FieldSummary, summary
from .guesses import columns_of, table_of
from .heads import Head, head_of
from .personal import personal_fields, tells_person
from .refusals import Refusal, refusals_of
from .sample import Sample

HEAD_BYTES = 2 << 20  # of each file, at most
_ROWS = 20_000  # of all files together; of one at most a quarter of them
_FEWEST_ROWS = 50  # of each file
_BYTES = 32 << 20  # that are judged as a whole, of all files together
_FEWEST_BYTES = 64 << 10  # of each file


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in a landing folder."""

    samples: tuple[Sample, ...]
    refusals: tuple[Refusal, ...] = ()
    feeds: dict[str, str | None] = field(default_factory=dict)  # file → feed of the source; None: no feed takes it
    untaken: tuple[Waiting, ...] = ()  # what an ingest would leave where it lies
    unjudged: tuple[str, ...] = ()  # files that are too large to be judged by their beginning


def inspect(
    folder: Path,
    source: Source | None,
    limits: LandingSettings,
    *,
    timezone: str = "UTC",
    now: datetime | None = None,
    samples: Sequence[Sample] = (),
) -> Inspection:
    """Look into every ordinary file below the folder: its head, and what the source would refuse of it.

    Parameters
    ----------
    timezone
        The zone of the business, in which days are cut.
    now
        When the files are looked at; None: now.
    samples
        What was seen of the files a moment ago: they are not looked into again.

    Raises
    ------
    UsageError
        When there is no such folder, or nothing in it.
    """
    names, untaken = _lying(folder, source, now or datetime.now(UTC))
    feeds = {name: source.feed_name(name) if source else None for name in names}
    seen = {sample.name: sample for sample in samples}
    looked, refusals, unjudged = list[Sample](), list[Refusal](), list[str]()
    n_files = max(1, len(names))
    n_rows, n_bytes = max(_FEWEST_ROWS, _ROWS // max(4, n_files)), max(_FEWEST_BYTES, _BYTES // n_files)
    for name in names:
        feed_name = feeds[name]
        feed = source.feeds[feed_name] if source and feed_name else None
        looked.append(seen[name] if name in seen else _sample(folder, name, feed, n_rows))
        if source is not None and feed_name is not None:
            of_file = refusals_of(
                folder / name, name, feed_name, source, limits, n_records=n_rows, n_bytes=n_bytes, timezone=timezone
            )
            refusals += of_file or ()
            unjudged += [name] if of_file is None else []
    return Inspection(tuple(looked), tuple(refusals), feeds if source else {}, tuple(untaken), tuple(unjudged))


def _lying(folder: Path, source: Source | None, now: datetime) -> tuple[list[str], list[Waiting]]:
    """Names of the files that can be looked into, and what an ingest would leave, both sorted."""
    if folder.is_file():
        raise UsageError(
            "a folder is looked into, not a file", str(folder), f"name the folder that holds it: --landing {folder.parent}"
        )
    if not folder.is_dir():
        raise UsageError("the landing folder does not exist", str(folder), "name another with --landing")
    found, left = walked(f"file:{folder.absolute()}")
    if not found and not left:
        raise UsageError(
            "there is nothing to look into", f"no file below {folder}", "name the folder with the files: --landing DIR"
        )
    untaken = _untaken(found, source, now)
    refused = {one.file_name for one in untaken if one.state == "refused"}
    names = sorted(file.name for file in found if printable(file.name) not in refused and finished_name(file.name) == file.name)
    return names, sorted([*untaken, *left], key=lambda one: one.file_name)


def _untaken(found: Collection[FoundFile], source: Source | None, now: datetime) -> list[Waiting]:
    if source is not None:
        marked = {folder for folder in {file.path.rpartition("/")[0] for file in found} if _has_success(folder)}
        return sorted_out(source, found, now=now, marked=marked)[1]
    untaken = [Waiting(printable(file.name), fault, "refused") for file in found if (fault := unusable(file))]
    return untaken + [Waiting(file.name, "is still being written") for file in found if finished_name(file.name) != file.name]


def _has_success(folder: str) -> bool:
    return Path(folder.removeprefix("file:"), "_SUCCESS").exists()


def _sample(folder: Path, name: str, feed: Feed | None, n_rows: int) -> Sample:
    """What the head of the file shows; whatever goes wrong with it is a problem of this file alone."""
    stated = {"encoding": feed.encoding, "delimiter": feed.delimiter if feed.format == "csv" else None} if feed else {}
    try:
        head = head_of(folder / name, max_bytes=HEAD_BYTES, max_rows=n_rows, **stated)
        fields = tuple(_summaries(head, personal_fields(feed) if feed else frozenset()))
        return Sample(name, head, fields if feed else tuple(_guessed_persons(head, fields)))
    except MemoryError:
        raise
    except Exception as fault:  # noqa: BLE001 - one file must not stop the others, and its message may quote a record
        return Sample(name, Head("unreadable", problem=f"cannot be read: {type(fault).__name__}"), ())


def _summaries(head: Head, personal: Collection[str]) -> Iterator[FieldSummary]:
    for name in head.names:
        yield summary(name, [row.fields.get(name) for row in head.rows], tells_person=name in personal)


def _guessed_persons(head: Head, fields: Sequence[FieldSummary]) -> Iterator[FieldSummary]:
    """The fields, those by their shape that would be drafted as somebody's account, device, contact or address."""
    columns = columns_of(table_of(fields), fields)
    persons = {one.name for column, one in columns.items() if tells_person(column, type_of(column))}
    for one in fields:
        if one.name in persons and not one.is_personal:
            yield summary(one.name, [row.fields.get(one.name) for row in head.rows], tells_person=True)
        else:
            yield one
