"""The files below a landing folder of any file system that Hadoop knows."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import unquote

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from .found import FoundFile
from .walk import LOCAL, utc_of, without_globs


def listed_by_spark(spark: SparkSession, top: str) -> list[FoundFile]:
    """The files below a folder of any file system that Hadoop knows."""
    top = top + "/"
    lying = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(without_globs(top))
    columns = lying.select("path", "length", F.unix_millis("modificationTime").alias("modified"))
    found = [
        FoundFile(row["path"], row["path"], row["length"], utc_of(row["modified"])) for row in columns.collect()
    ]  # no content
    found += _empty_files(spark, lying, {file.path for file in found})
    return [replace(file, name=file.path.removeprefix(top)) for file in found if file.path.startswith(top)]


def _empty_files(spark: SparkSession, lying: DataFrame, with_content: Collection[str]) -> list[FoundFile]:
    """Spark's scan passes over files of 0 bytes without a word; its file index knows them."""
    paths = {re.sub("^file:/+", "file:/", unquote(path)) for path in lying.inputFiles()}
    empty = []
    for path in sorted(paths - set(with_content)):
        if not isinstance(lies := lying_now(spark, path), str):
            empty.append(FoundFile(path, path, lies[0], utc_of(lies[1])))
    return empty


def lying_now(spark: SparkSession, path: str) -> tuple[int, int] | Literal["vanished", "unreadable"]:
    """Bytes of the file that lies there, and milliseconds since 1970 of its last change; else what is wrong."""
    if path.startswith(LOCAL):
        try:
            status = os.stat(path.removeprefix(LOCAL))
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
