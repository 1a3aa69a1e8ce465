"""The customers behind a number of a funnel: counted by Spark over the histories of what is published, shown or handed out."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.funnels.definition import Funnel
from reclake.behaviour.funnels.people import WHO, funnel_people
from reclake.errors import LakeDamaged, UsageError
from reclake.tables import gold, ops
from reclake.tables.histories import HISTORIES

from .application import Application
from .handed_files import appearing, caller, require_place, require_stated, safe_cell
from .published_inputs import shared_at

COLUMNS = ("customer_id", "n_units")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The number whose people are asked for: a step of a funnel at an as_of, and what became of its units."""

    funnel: Funnel
    step: int
    who: str
    as_of: date

    @property
    def figure(self) -> str:
        """The number in words, as it is noted."""
        return f"funnel {self.funnel.name}, step {self.step} {self.funnel.steps[self.step - 1].name}, {self.who}"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Where they are written, and who is given the file why."""

    target: Path
    receiver: str
    reason: str


def asked_of(funnel: Funnel, *, step: int | None, who: str, as_of: date) -> Asked:
    """What is asked for, if the funnel has the step and there is such a number.

    Raises
    ------
    UsageError
        When there is none.
    """
    if who not in WHO:
        raise UsageError(f"--who knows no {who!r}", f"it knows {', '.join(WHO)}", "name one of them")
    n = len(funnel.steps)
    if step is None or not 1 <= step <= n:
        found = "no step is named" if step is None else f"step {step}"
        raise UsageError(f"{funnel.name} has the steps 1 to {n}", found, "name one of them with --step")
    return Asked(funnel=funnel, step=step, who=who, as_of=as_of)


def figure_people(app: Application, asked: Asked, *, limit: int, file: File | None = None) -> dict[str, Any]:
    """What is behind the number: n_customers, n_units, what gold says of it, and the first `limit` rows or the noted export.

    Gold says another number where tables moved since its as_of was built; `gold_n_units` is null where it tells nothing.

    Raises
    ------
    UsageError
        When a file is asked for and fewer people than privacy.min_group_size are behind the number, or it cannot stand there.
    LakeDamaged
        When something is not what was published.
    """
    if file is not None:
        require_stated(ops.PEOPLE_EXPORTS.name, receiver=file.receiver, reason=file.reason)
        require_place(file.target)
    published = app.manifest.current()
    people = funnel_people(
        shared_at(app, HISTORIES, published, as_of=asked.as_of),
        as_of=asked.as_of,
        funnel=asked.funnel,
        step=asked.step,
        who=asked.who,
        gap_minutes=app.settings.sessions.gap_minutes,
        timezone=app.settings.business.timezone,
    ).persist(StorageLevel.DISK_ONLY)
    try:
        totals = people.agg(F.count("*").alias("n_customers"), F.coalesce(F.sum("n_units"), F.lit(0)).alias("n_units")).first()
        behind = {**(totals.asDict() if totals else {}), "gold_n_units": _in_gold(app, published, asked)}
        in_order = people.orderBy(F.desc("n_units"), "customer_id")
        if file is None:
            return behind | {"rows": _first_rows(in_order, limit)}
        return behind | {"export": _handed_out(app, asked, file, in_order, n_customers=behind["n_customers"])}
    finally:
        people.unpersist()


def _in_gold(app: Application, published: Mapping[str, Any], asked: Asked) -> int | None:
    """The number as gold.funnels holds it."""
    row = published.get(gold.FUNNELS.name)
    if row is None:
        return None
    told = app.read(gold.FUNNELS, version=row.version, published=published, days=[asked.as_of]).where(
        (F.col("funnel") == asked.funnel.name)
        & (F.col("period") == "window")
        & (F.col("dimension") == "all")
        & (F.col("step") == asked.step)
    )
    found = told.select(f"n_{asked.who}").first()
    return None if found is None else int(found[0])


def _first_rows(in_order: DataFrame, limit: int) -> list[dict[str, Any]]:
    return [row.asDict() for row in in_order.limit(limit).collect()]


def _handed_out(app: Application, asked: Asked, file: File, in_order: DataFrame, *, n_customers: int) -> dict[str, Any]:
    """Write the file; gives its row of ops.people_exports, which is committed before the file appears."""
    least = app.settings.privacy.min_group_size
    if n_customers < least:
        raise UsageError(
            f"too few people are behind {asked.figure} to be handed out",
            f"fewer than {least}",
            "a group of at least privacy.min_group_size people can be handed out",
        )
    row = {
        "export_id": uuid4().hex[:12],
        "recorded_at": app.clock(),
        "exported_by": caller(),
        "figure": asked.figure,
        "as_of_date": asked.as_of,
        "receiver": file.receiver.strip(),
        "reason": file.reason.strip(),
        "file_name": file.target.name,
        "n_customers": n_customers,
    }
    with appearing(file.target) as opened:
        app.store.append(ops.PEOPLE_EXPORTS, [row])
        writer, n_written = csv.writer(opened), 0
        writer.writerow(COLUMNS)
        for one in in_order.toLocalIterator():
            writer.writerow([safe_cell(str(one[name])) for name in COLUMNS])
            n_written += 1
        if n_written != n_customers:
            raise LakeDamaged("the file would hold other rows than were noted", f"{n_written} of {n_customers}", "export again")
    return row
