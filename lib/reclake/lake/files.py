"""The lake's file system, through Hadoop's own classes: the same on a folder, HDFS and object stores."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession


class Files:
    """Listing, reading and writing of small files, and removal of what was for a while; tables are written by Delta alone."""

    def __init__(self, spark: SparkSession) -> None:
        self._jvm: Any = spark._jvm
        self._conf: Any = spark._jsc.hadoopConfiguration()

    def _at(self, path: str) -> tuple[Any, Any]:
        location = self._jvm.org.apache.hadoop.fs.Path(path)
        return location.getFileSystem(self._conf), location

    def exists(self, path: str) -> bool:
        """Whether something lies at the path."""
        system, location = self._at(path)
        return bool(system.exists(location))

    def names(self, path: str) -> list[str]:
        """Names in the folder, sorted; none if it does not exist."""
        system, location = self._at(path)
        if not system.exists(location):
            return []
        return sorted(status.getPath().getName() for status in system.listStatus(location))

    def content(self, path: str) -> tuple[int, int]:
        """How many files lie below the folder, and their bytes."""
        system, location = self._at(path)
        summary = system.getContentSummary(location)
        return int(summary.getFileCount()), int(summary.getLength())

    def text(self, path: str) -> str:
        """Content of a small UTF-8 file."""
        system, location = self._at(path)
        stream = system.open(location)
        try:
            content = self._jvm.org.apache.commons.io.IOUtils.toByteArray(stream)
        finally:
            stream.close()
        return bytes(content).decode("utf-8")

    def write(self, path: str, text: str) -> None:
        """Write a small UTF-8 file, over one that lies there; its folder is made."""
        system, location = self._at(path)
        stream = system.create(location, True)
        try:
            stream.write(bytearray(text.encode("utf-8")))
        finally:
            stream.close()

    def copied(self, path: str, folder: str) -> str:
        """Copy a folder into one of this machine; gives where it lies then."""
        system, location = self._at(path)
        copy = f"{folder}/{location.getName()}"
        system.copyToLocalFile(location, self._jvm.org.apache.hadoop.fs.Path(f"file://{copy}"))
        return copy

    def remove(self, path: str) -> None:
        """Remove a folder and all below it; nothing happens if it does not exist."""
        system, location = self._at(path)
        system.delete(location, True)
