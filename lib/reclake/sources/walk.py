"""The files below a landing folder: a local one is walked without following links, others are listed by Spark."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import unquote

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reclake.printable import printable

from .found import FoundFile, Waiting

_LOCAL = "file:"
_GLOB_SIGNS = re.compile(r"([\\*?\[\]{}])")
_NO_TIME = datetime(1, 1, 1, tzinfo=UTC)


def walked(top: str) -> tuple[list[FoundFile], list[Waiting]]:
    """The ordinary files below the local folder `file:…`, and what else lies there; hidden names are passed over.

    No link is followed: one that leads out of the folder would let who may write here read what only the job may, and
    one to a folder above itself has no end.
    """
    root = top.removeprefix(_LOCAL)
    found: list[FoundFile] = []
    left: list[Waiting] = []
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                lying = [entry for entry in entries if not entry.name.startswith((".", "_"))]
        except OSError:
            left.append(Waiting(printable(os.path.relpath(folder, root)), "is a folder that cannot be read", "refused"))
            continue
        for entry in lying:
            name = os.path.relpath(entry.path, root)
            if _is_link(entry):
                left.append(Waiting(printable(name), _where_to(entry, root), "refused"))
            elif entry.is_dir():
                folders.append(entry.path)
            elif (file := _ordinary_file(entry, name)) is not None:
                found.append(file)
            else:
                left.append(Waiting(printable(name), "is no ordinary file", "refused"))
    return found, left


def _is_link(entry: os.DirEntry[str]) -> bool:
    return entry.is_symlink()


def _where_to(entry: os.DirEntry[str], root: str) -> str:
    is_inside = (os.path.realpath(entry.path) + os.sep).startswith(os.path.realpath(root) + os.sep)
    return "is a link, and links are not followed" if is_inside else "is a link out of the landing folder"


def _ordinary_file(entry: os.DirEntry[str], name: str) -> FoundFile | None:
    """None for a pipe, a socket or a device, which a reader could wait for without end, and for a file that has just gone."""
    try:
        status = entry.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return FoundFile(_LOCAL + entry.path, name, status.st_size, _utc(status.st_mtime_ns // 1_000_000))


def listed_by_spark(spark: SparkSession, top: str) -> list[FoundFile]:
    """The files below a folder of any file system that Hadoop knows."""
    top = top + "/"
    lying = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(without_globs(top))
    columns = lying.select("path", "length", F.unix_millis("modificationTime").alias("modified"))
    found = [FoundFile(row["path"], row["path"], row["length"], _utc(row["modified"])) for row in columns.collect()]  # no content
    found += _empty_files(spark, lying, {file.path for file in found})
    return [replace(file, name=file.path.removeprefix(top)) for file in found if file.path.startswith(top)]


def without_globs(path: str) -> str:
    """The path with its brackets escaped: to Spark each path is a pattern."""
    return _GLOB_SIGNS.sub(r"\\\1", path)


def _empty_files(spark: SparkSession, lying: DataFrame, with_content: Collection[str]) -> list[FoundFile]:
    """Spark's scan passes over files of 0 bytes without a word; its file index knows them."""
    paths = {re.sub("^file:/+", "file:/", unquote(path)) for path in lying.inputFiles()}
    empty = []
    for path in sorted(paths - set(with_content)):
        if not isinstance(lies := lying_now(spark, path), str):
            empty.append(FoundFile(path, path, lies[0], _utc(lies[1])))
    return empty


def lying_now(spark: SparkSession, path: str) -> tuple[int, int] | Literal["vanished", "unreadable"]:
    """Bytes of the file that lies there, and milliseconds since 1970 of its last change; else what is wrong."""
    if path.startswith(_LOCAL):
        try:
            status = os.stat(path.removeprefix(_LOCAL))
        except FileNotFoundError:
            return "vanished"
        except OSError:
            return "unreadable"
        return status.st_size, status.st_mtime_ns // 1_000_000
    try:
        system, location = at(spark, path)
        there = system.getFileStatus(location)
    except Py4JJavaError as error:
        return "vanished" if "FileNotFound" in error.java_exception.getClass().getName() else "unreadable"
    return there.getLen(), there.getModificationTime()


def at(spark: SparkSession, path: str) -> tuple[Any, Any]:
    """The file system and the location in it."""
    jvm: Any = spark._jvm
    location = jvm.org.apache.hadoop.fs.Path(path)
    return location.getFileSystem(spark._jsc.hadoopConfiguration()), location


def _utc(millis: int) -> datetime:
    """A time outside Python's calendar is the first of it: no file was changed then either."""
    try:
        return datetime.fromtimestamp(millis / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return _NO_TIME
