"""Readers that look at published tables over and over while something happens, and note all that they meet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold_lake import read_by, require_bi
from reclake.errors import ReclakeError
from reclake.run.application import Application
from reclake.run.views import published
from reclake.tables import Table

Seen = tuple[Any, ...]


def n_rows(frame: DataFrame) -> int:
    """Rows, of which every column is read: a bare count looks at no page, and may look into no file."""
    row = frame.select(F.count(F.xxhash64(*frame.columns)).alias("n")).first()
    assert row is not None
    return int(row["n"])


def by_manifest(app: Application, table: Table) -> Seen:
    """Version and rows as the manifest names them: how every reader of reclake reads."""
    return app.manifest.current()[table.name].version, n_rows(published(app, table))


def by_path(app: Application, table: Table) -> Seen:
    """Version and rows of the newest commit: what a tool sees that knows the folder alone."""
    newest = app.store.newest(table)
    assert newest is not None
    return newest, n_rows(app.store.read(table, version=newest))


@dataclass
class Reader:
    """Reads in a thread for as long as the block lasts."""

    app: Application
    table: Table
    read: Callable[[Application, Table], Seen] = by_manifest
    pause_seconds: float = 0.5
    seen: list[Seen] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def states(self) -> list[Seen]:
        """The different states that were seen, in order."""
        return [one for number, one in enumerate(self.seen) if number == 0 or self.seen[number - 1] != one]

    def __enter__(self) -> Reader:
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _go_on(self) -> None:
        while not self._end.wait(self.pause_seconds):
            try:
                self.seen.append(self.read(self.app, self.table))
            except (Py4JError, PySparkException, ReclakeError, KeyError, OSError) as error:
                self.wrong.append(repr(error))


@contextmanager
def polled_by_duckdb(app: Application, table: Table, folder: Path, pause_seconds: float) -> Iterator[Future[Any]]:
    """DuckDB asks for the table's rows per as_of in a process of its own; the future holds what it saw and what went wrong."""
    require_bi()
    until = folder / "duckdb-may-end"
    with ThreadPoolExecutor(1) as pool:
        options = {"until": str(until), "path": app.store.path(table), "pause_seconds": pause_seconds, "timeout": 3600}
        told = pool.submit(read_by, "duckdb_polling", **options)
        try:
            yield told
        finally:
            until.touch()
