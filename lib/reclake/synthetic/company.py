"""The whole company on Spark: every task tells some people's stories, every file is written by one task."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from reclake.errors import UsageError

from . import dirt, truth
from .around import bots, walk_ins
from .facts import World
from .feeds import FEEDS
from .feeds.feed import Slot
from .feeds.orders import TILL_HEADER
from .landing import FILE_SCHEMA, TRUTH, FileMaker, opened, put
from .record import Line, Record, line, written
from .settings import DemoSettings
from .story import story

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)

_LINES = pa.schema({
    "file": pa.string(), "received": pa.int64(), "tie": pa.string(), "payload": pa.binary(), "record_table": pa.string(),
    "delivery_day": pa.int64(), "kind": pa.string(), "expected": pa.string(), "record_id": pa.string(),
})  # fmt: skip
_LINES_DDL = (
    "file string, received long, tie string, payload binary, record_table string, delivery_day long, "
    "kind string, expected string, record_id string"
)
_FILES_DDL = (
    "file_name string, file_digest string, record_table string, delivery_day date, n_records long, n_kept long, "
    "n_duplicate long, n_rejected long, n_late long, "
    "planted array<struct<position: long, kind: string, expected: string, record_id: string>>"
)
_LINES_PER_BATCH = 10_000
_WRITERS_PER_BUCKET = 8  # tasks that write the files of `customers_per_file` people
_MARK = "company.json"


@dataclass(frozen=True, slots=True)
class Generated:
    """What lies in the landing folder now."""

    n_files: int
    n_records: int
    n_by_table: dict[str, int]
    is_new: bool  # False: it lay there already, and nothing was written


def generate(
    spark: SparkSession,
    folder: str,
    truth_folder: str,
    *,
    settings: DemoSettings,
    first_day: date | None = None,
    n_days: int | None = None,
    n_tasks: int | None = None,
) -> Generated:
    """Make the company's landing files below `folder`, and the truth below `truth_folder`.

    The files depend on the settings alone, byte for byte: not on cores, partitions or earlier runs. More days add files
    and change none. What lies there complete under the same settings is left as it is.

    Parameters
    ----------
    folder, truth_folder
        Plain paths are folders that every worker sees at that place; else URIs (hdfs://, s3://, gs://, abfs://).
    first_day, n_days
        In place of those in `settings`.
    n_tasks
        Tasks that tell stories; by default one per `customers_per_task` people.

    Raises
    ------
    UsageError
        When `truth_folder` belongs to another company.
    """
    settings = settings.model_copy(update={"first_day": first_day or settings.first_day, "n_days": n_days or settings.n_days})
    folder, truth_folder = _absolute(folder), _absolute(truth_folder)
    is_complete = _claim(truth_folder, settings)
    if not is_complete:
        _make(spark, folder, truth_folder, settings, n_tasks or -(-settings.n_customers // settings.customers_per_task))
        _mark(truth_folder, settings, is_complete=True)
    made = _summary(spark.read.parquet(_for_spark(truth_folder, "files")), is_new=not is_complete)
    logger.info("demo company: %d files, %d records", made.n_files, made.n_records)
    return made


def _make(spark: SparkSession, folder: str, truth_folder: str, settings: DemoSettings, n_tasks: int) -> None:
    n_writers = _WRITERS_PER_BUCKET * -(-settings.n_customers // settings.customers_per_file)
    lines = spark.range(0, settings.n_customers, 1, n_tasks).mapInArrow(_Teller(settings), _LINES_DDL)
    ordered = lines.repartition(n_writers, "file").sortWithinPartitions("file", "received", "tie")
    files = ordered.mapInArrow(_Writer(settings, folder, truth_folder), _FILES_DDL)
    files.write.mode("overwrite").parquet(_for_spark(truth_folder, "files"))
    planted = spark.read.parquet(_for_spark(truth_folder, "files")).selectExpr(
        "record_table", "delivery_day", "file_name", "file_digest", "inline(planted)"
    )
    planted.write.mode("overwrite").parquet(_for_spark(truth_folder, "planted"))


def _summary(files: DataFrame, *, is_new: bool) -> Generated:
    counted = files.groupBy("record_table").agg({"n_records": "sum", "file_name": "count"}).collect()
    by_table = {row["record_table"]: row["sum(n_records)"] for row in counted}
    n_files = sum(row["count(file_name)"] for row in counted)
    return Generated(n_files, sum(by_table.values()), dict(sorted(by_table.items())), is_new)


@dataclass(frozen=True, slots=True)
class _Teller:
    """Numbers in, lines of all feeds and rows of the truth out."""

    settings: DemoSettings

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        world = World.of(self.settings)
        lines: list[Line] = []
        for batch in batches:
            for number in batch.column(0).to_pylist():
                lines.extend(slot_lines(world, number))
                if len(lines) >= _LINES_PER_BATCH:
                    yield _batch(lines)
                    lines = []
        if lines:
            yield _batch(lines)


def slot_lines(world: World, number: int) -> Iterator[Line]:
    """Every line that the slot delivers, with the truth; the first slot also tells of the company as a whole."""
    slot = Slot(number, story(world, number), tuple(walk_ins(world, number)), bots(world, number))
    limits = dirt.limits(world.settings.dirt)
    for feed in FEEDS:
        records = [*feed.of_slot(world, slot), *(feed.of_company(world) if number == 0 else ())]
        for record in records:
            told = dirt.lines(world, record, number, limits) if feed.is_dirty else (_clean(world, record, number),)
            yield from (one for one in told if 0 <= one.delivery_day < world.settings.n_days)
    part = number // world.settings.customers_per_file
    for place, row in enumerate((*truth.of_slot(world, slot), *(truth.of_company(world) if number == 0 else ()))):
        file = f"{TRUTH}{row.table}/part-{part:05d}.parquet"
        yield Line(file, number, f"{place:09d}", truth.payload(row), row.table, 0, None, "kept", "")


def _clean(world: World, record: Record, number: int) -> Line:
    payload = written(world, record.shape, record.body, record.received)
    return line(world, record, payload, record.received, 0, kind=None, expected="kept", slot=number)


def _batch(lines: list[Line]) -> pa.RecordBatch:
    columns = zip(*lines, strict=True)
    return pa.RecordBatch.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, _LINES, strict=True)], schema=_LINES
    )


@dataclass(frozen=True, slots=True)
class _Writer:
    """Lines by file and arrival in, one row per landing file out."""

    settings: DemoSettings
    folder: str
    truth_folder: str

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        context = TaskContext.get()
        attempt = str(context.taskAttemptId()) if context else "driver"
        calendar = World.of(self.settings).calendar
        headers = {"orders/pos": TILL_HEADER}
        current: FileMaker | None = None
        for batch in batches:
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                file, _received, _tie, content, table, day, kind, expected, record_id = row
                if current is None or current.file != file:
                    if current is not None:
                        yield from self._finished(current, attempt)
                    current = FileMaker(file, table, calendar.date(day), headers)
                current.add(content, kind, expected, record_id)
        if current is not None:
            yield from self._finished(current, attempt)

    def _finished(self, maker: FileMaker, attempt: str) -> Iterator[pa.RecordBatch]:
        rows = list(maker.finish(self.folder, self.truth_folder, attempt=attempt))
        if rows:
            yield pa.RecordBatch.from_pylist(rows, schema=FILE_SCHEMA)


def _absolute(folder: str) -> str:
    """Workers may stand elsewhere than the driver."""
    return folder if "://" in folder else str(Path(folder).resolve())


def _for_spark(folder: str, table: str) -> str:
    """A plain path is a local folder for the workers: Spark must not look for it on its default file system."""
    return f"{folder if '://' in folder else 'file://' + folder}/{table}"


def _claim(truth_folder: str, settings: DemoSettings) -> bool:
    """Whether the company lies there complete; refuses a folder of another one."""
    files, root = opened(truth_folder)
    name = f"{root}/{_MARK}"
    if files.get_file_info(name).is_file:
        with files.open_input_stream(name) as stream:
            found = json.loads(stream.read())
        wanted = settings.told()
        before = found["settings"]
        # What came with a later release adds files of its own and changes none.
        changed = sorted(key for key in before if wanted.get(key) != before[key] and key != "n_days")
        if changed or before["n_days"] > wanted["n_days"]:
            raise UsageError(
                "the demo company cannot be made here",
                found=f"another one at {truth_folder}, with other {', '.join(changed) or 'n_days'}",
                next_step="name other folders, or empty both: landing and truth",
            )
        if found["is_complete"] and before == wanted:
            return True
    _mark(truth_folder, settings, is_complete=False)
    return False


def _mark(truth_folder: str, settings: DemoSettings, *, is_complete: bool) -> None:
    content = {"is_complete": is_complete, "settings": settings.told()}
    put(truth_folder, _MARK, json.dumps(content, indent=1, ensure_ascii=False).encode())
