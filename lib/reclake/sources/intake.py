"""Files from a landing folder into bronze: each file judged by name, each good one taken in once.

Two passes over a file's bytes, both on the workers. The first, light one gives its verdict: identity, number of records,
last day, or why it is refused; nothing of a file is taken in before its last byte was understood. The second gives the
records, lazily and as often as asked; it stops if a file is no longer the one that was judged.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reclake.tables import BY_NAME, bronze

from .earlier import decided_before
from .found import OfferedFile, Waiting
from .landing import offered_files
from .reading import Decided, ddl, judge_files, read_files
from .settings import LandingSettings
from .source import Source
from .verdict import Verdict, Zones

__all__ = ["Decided", "Intake", "OfferedFile", "Waiting", "files_to_read", "offered_files", "read_files", "take_in"]


@dataclass(frozen=True, slots=True)
class Intake:
    """What a drop holds. Nothing is written here."""

    records: dict[str, DataFrame]  # bronze noun → its new records, lazily; only nouns that have a new file with a record
    files: DataFrame  # rows of bronze.files: taken in or rejected, and what an earlier run took in and did not come to note
    waiting: list[Waiting]  # by name: not complete yet, refused unread, or of no feed, as their state says
    skipped: list[Waiting]  # decided on before
    offered: list[OfferedFile]  # every complete file of its feeds that lies there, of whatever day


def take_in(
    spark: SparkSession,
    source: Source,
    folder: str,
    *,
    known: DataFrame | None,
    delivery_days: Collection[date] | None,
    limits: LandingSettings,
    now: datetime,
    batch_id: str,
    timezone: str = "UTC",
    open_from: date | None = None,
) -> Intake:
    """Judge the files in the source's landing folder and give the records of the good, new ones.

    Parameters
    ----------
    known
        Files decided on before: source, file_digest, file_name and, where there, outcome (else all count as taken in),
        arrived_at (which tells what lay last under a name), delivery_day and n_bytes (null where bronze holds the records
        of the file and has no row of it yet).
    delivery_days
        Only files of these days; None for all.
    now
        Decides only whether a `stable` file waits.
    timezone
        Zone in which the day of a file's last event is cut.
    open_from
        The first delivery day for which new files are taken in: days before it cannot be built again.

    Raises
    ------
    UsageError
        When the folder does not exist.
    """
    offered, waiting = offered_files(spark, source, folder, now=now)
    wanted, unchanged = _changed_since(spark, source, _of_days(offered, delivery_days), known)
    zones = Zones(source.zone, ZoneInfo(timezone))
    judged, unread = judge_files(spark, source, wanted, limits, zones)
    if delivery_days is not None:
        judged = [each for each in judged if each.day is None or each.day in delivery_days]
    new, unnoted, skipped = _only_new(source, judged, known, open_from)
    return Intake(
        records=_records_by_noun(spark, source, new, limits, batch_id),
        files=_files_frame(spark, source, [*new, *unnoted], batch_id),
        waiting=sorted([*waiting, *unread], key=lambda each: each.file_name),
        skipped=[*unchanged, *skipped],
        offered=offered,
    )


def files_to_read(
    spark: SparkSession,
    source: Source,
    folder: str,
    *,
    known: DataFrame | None,
    delivery_days: Collection[date] | None,
    now: datetime,
) -> tuple[list[OfferedFile], list[OfferedFile], list[Waiting]]:
    """Files of the days that do not lie as they lay when they were decided on; then all complete files, and the others.

    The parameters are those of `take_in`; no file is opened.
    """
    offered, waiting = offered_files(spark, source, folder, now=now)
    return _changed_since(spark, source, _of_days(offered, delivery_days), known)[0], offered, waiting


def _of_days(offered: Collection[OfferedFile], delivery_days: Collection[date] | None) -> list[OfferedFile]:
    """The files that are, or may be, of the delivery days."""
    return [file for file in offered if file.day is None or delivery_days is None or file.day in delivery_days]


def _changed_since(
    spark: SparkSession, source: Source, offered: Collection[OfferedFile], known: DataFrame | None
) -> tuple[list[OfferedFile], list[Waiting]]:
    """Files that have to be read, and those that lie as they lay when they were decided on: same name, size and time.

    Without this every run would read the whole landing folder again.
    """
    if known is None or not offered or not {"n_bytes", "arrived_at"} <= set(known.columns):
        return list(offered), []
    lying = [(file.name, file.n_bytes, file.modified_millis) for file in offered]
    asked = spark.createDataFrame(lying, "file_name string, n_bytes long, modified long")
    earlier = known.where(F.col("source") == source.name).withColumn("modified", F.unix_millis("arrived_at"))
    same = earlier.join(F.broadcast(asked), on=["file_name", "n_bytes", "modified"], how="inner")
    outcomes = {row["file_name"]: row["outcome"] for row in same.select("file_name", "outcome").distinct().collect()}
    said = {"ingested": "was taken in before", "rejected": "was rejected before"}
    unchanged = [Waiting(name, f"{said[outcome]} and has not changed", "skipped") for name, outcome in sorted(outcomes.items())]
    return [file for file in offered if file.name not in outcomes], unchanged


def _only_new(
    source: Source, judged: Collection[Decided], known: DataFrame | None, open_from: date | None
) -> tuple[list[Decided], list[Decided], list[Waiting]]:
    """Files that no earlier run decided on, each content once; those that one took in without noting it; the others by name."""
    before = decided_before(source, judged, known)
    digests = dict(before.taken_in)
    new: list[Decided] = []
    unnoted: list[Decided] = []
    skipped: list[Waiting] = []
    for offered in sorted(judged, key=lambda one: (one.day or date.min, one.file.name)):
        is_known = offered.verdict.file_digest in digests
        each = offered if is_known else _refused_if_too_late(offered, open_from)
        digest, name = each.verdict.file_digest, each.file.name
        if each.verdict.reason is None and (digest, name) in before.unnoted:
            unnoted.append(Decided(each.file, each.verdict, each.day, None))
        elif each.is_empty:
            # Many days may have the same bytes: each name counts, as none of them brings a record.
            if (digest, name) in before.ingested:
                skipped.append(Waiting(name, "was taken in before", "skipped"))
            else:
                new.append(Decided(each.file, each.verdict, each.day, before.lay_there.get(name)))
        elif each.verdict.reason is None and digest in digests:
            skipped.append(_taken_in_as(digests[digest], each))
        elif each.verdict.reason is not None and (digest, name) in before.decided:
            skipped.append(Waiting(name, "was rejected before", "skipped"))
        else:
            if each.verdict.reason is None:
                digests[digest] = (name, each.day)
            new.append(Decided(each.file, each.verdict, each.day, before.lay_there.get(name)))
    return new, unnoted, skipped


def _refused_if_too_late(each: Decided, first: date | None) -> Decided:
    """A file for a day that is no longer built would lie in bronze and nowhere else: it is refused by name."""
    if first is None or each.day is None or each.day >= first or each.verdict.reason is not None or each.is_empty:
        return each
    reason = (
        f"was delivered for {each.day}, and days before {first} are not built any more: "
        "raw records of that time are gone (retention.raw_days)"
    )
    return replace(each, verdict=Verdict(each.verdict.file_digest, 0, None, reason))


def _taken_in_as(first: tuple[str, date | None], copy: Decided) -> Waiting:
    """A file's day is the one it was taken in for: a copy under another day changes nothing, and is told as a warning."""
    name, day = first
    if day is None or copy.day is None or day == copy.day:
        return Waiting(copy.file.name, f"was taken in before as {name}", "skipped")
    return Waiting(copy.file.name, f"was taken in before as {name}, for {day}, and stays there", "skipped", is_misplaced=True)


def _records_by_noun(
    spark: SparkSession, source: Source, decided: Collection[Decided], limits: LandingSettings, batch_id: str
) -> dict[str, DataFrame]:
    good = [each for each in decided if each.verdict.reason is None and not each.is_empty]
    by_noun = {noun: [each for each in good if source.feeds[each.file.feed].table == noun] for noun in source.tables_fed}
    return {
        noun: read_files(spark, source, BY_NAME[f"bronze.{noun}"], files, limits, batch_id)
        for noun, files in by_noun.items()
        if files
    }


def _files_frame(spark: SparkSession, source: Source, decided: Collection[Decided], batch_id: str) -> DataFrame:
    rows = [
        {
            "source": source.name,
            "file_digest": each.verdict.file_digest,
            "file_name": each.file.name,
            "feed": each.file.feed,
            "delivery_day": each.day,
            "outcome": "rejected" if each.verdict.reason else "ingested",
            "reason": each.verdict.reason,
            "n_bytes": each.file.n_bytes,
            "n_records": each.verdict.n_records,
            "arrived_at": each.file.modified_at,
            "batch_id": batch_id,
            "n_lines": each.verdict.lines.n_lines,
            "n_record_lines": each.verdict.lines.n_record_lines,
            "n_header_lines": each.verdict.lines.n_header_lines,
            "n_blank_lines": each.verdict.lines.n_blank_lines,
            "n_unaccounted_lines": each.verdict.lines.n_unaccounted,
            "n_recovered": each.verdict.lines.n_recovered,
        }
        for each in decided
    ]
    names = [field.name for field in bronze.FILES.fields]
    return spark.createDataFrame([tuple(row[name] for name in names) for row in rows], ddl(bronze.FILES))
