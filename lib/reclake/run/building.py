"""What a builder is given of the lake, cut as its table declares, and what it makes of it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial, reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.windows import is_valid_at
from reclake.recommend.interface import FittedRecommender
from reclake.tables import Input, Reads, Shared, Table, models
from reclake.tables.models import Model

from .application import Application
from .code import module_of
from .inputs import inputs_of, made
from .plan import Work
from .stage_run import StageRun
from .untaken import untaken_files
from .withdrawals import leave_out_withdrawn

# Adaptive execution plans the whole frame anew after each of its stages: what one as_of costs grows with those beside it.
AS_OFS_AT_ONCE = 2


def built(run: StageRun, work: Work, builder: Callable[..., DataFrame]) -> DataFrame:
    """The builder's frame over all stale days."""
    return reduce(DataFrame.unionByName, built_in_parts(run, work, builder))


def built_in_parts(run: StageRun, work: Work, builder: Callable[..., DataFrame]) -> Iterator[DataFrame]:
    """The builder's frames over all stale days: one, or of an as_of table one per few as_ofs, each a union of one call per as_of."""
    app, table = run.app, work.table
    options = app.arguments(table.parameters) | app.items(table)
    for parameter in table.parameters:
        if parameter.setting == "run.earlier":
            options[parameter.name] = _earlier(run, work)
        if parameter.setting == "run.untaken":
            options[parameter.name] = untaken_files(app)
    if (weighing := models.weighing(table)) is not None:
        version = app.model_version(weighing.name)
        options["fitted"] = None if version is None else app.weights_registry(weighing.name).load(str(version))
    if not table.is_as_of:
        yield builder(**inputs_of(table, lambda i: _read(run, i, work.days)), **options)
        return
    champions = _champions(app, table, newest=date.fromisoformat(max(work.days)))
    for first in range(0, len(work.days), AS_OFS_AT_ONCE):
        frames: list[DataFrame] = []
        for as_of in work.days[first : first + AS_OFS_AT_ONCE]:
            day = date.fromisoformat(as_of)
            inputs = inputs_of(table, partial(_cut, run, as_of=as_of), partial(_shared, run, as_of=as_of))
            frames.append(builder(**inputs, as_of=day, **options, **champions(day)))
        yield reduce(DataFrame.unionByName, frames)


def _earlier(run: StageRun, work: Work) -> DataFrame:
    """What the table itself holds of the days so far; of a table without days all that its newest version holds.

    That version may be unpublished, or rolled back: what was given once is not given again.
    """
    if work.table.day_column is None:
        return run.app.store.read_newest(work.table)
    version = run.versions.get(work.table.name)
    if version is None:
        return run.app.store.empty(work.table)
    return run.app.store.read(work.table, version=version, days=list(map(date.fromisoformat, work.days)))


def _champions(app: Application, table: Table, *, newest: date) -> Callable[[date], dict[str, Any]]:
    """What the builder is given at an as_of beside inputs and settings.

    A table that takes models is given their champions by name, as `champions`; any other table nothing more. Who withdrew
    leaves those too that no scenario names any more.
    """
    serving = models.serving(table)
    loaded = {model.name: _champion(app, model, newest=newest) for model in serving}

    def at(as_of: date) -> dict[str, Any]:
        # A model scores only days at or after its training cut.
        usable = {name: one if one is not None and one.cut <= as_of else None for name, one in loaded.items()}
        return {"champions": usable} if serving else {}

    return at


def _champion(app: Application, model: Model, *, newest: date) -> FittedRecommender | None:
    """The version that the manifest names, without those who withdrew; None if none is promoted."""
    version = app.model_version(model.name)
    if version is None:
        return None
    leave_out_withdrawn(app, model, version, as_of=newest)
    return app.registry(model.name).load(app.spark, str(version))


def _shared(run: StageRun, shared: Shared, *, as_of: str) -> DataFrame:
    """The shared input at an as_of: made when it is first asked for, and kept until the stage ends."""
    versions = tuple(run.versions.get(i.table.name) for i in shared.reads)
    arguments = run.app.arguments(shared.parameters) | run.app.items(shared)
    read, share = partial(_cut, run, as_of=as_of), partial(_shared, run, as_of=as_of)
    day = date.fromisoformat(as_of)
    return run.kept_frame((shared.name, as_of, versions), lambda: made(shared, read, share, as_of=day, arguments=arguments))


def _read(run: StageRun, i: Input, days: Iterable[str]) -> DataFrame:
    """The days of the input that the output days read."""
    version = run.versions.get(i.table.name)
    if version is None or not run.planner.holds(i.table):  # never built, or not published yet by the run that built it
        return run.app.store.empty(i.table)
    return run.app.read(i.table, version=version, published=run.published, days=run.planner.days_to_read(i, days))


def _cut(run: StageRun, i: Input, *, as_of: str) -> DataFrame:
    """The rows of the input that one as_of reads, and no others."""
    frame = _read(run, i, (as_of,))
    return frame.where(is_valid_at(date.fromisoformat(as_of))) if i.days.reads is Reads.VALID_AT_AS_OF else frame


def reasons_for_nothing(run: StageRun, work: Work, short: Sequence[str]) -> dict[str, str]:
    """As_of → why it may rightly hold nothing, of those that fall short: what `emptiness` beside the builder says.

    A table whose module has no such function states none. Asked only for what is empty.
    """
    module = importlib.import_module(module_of(work.table))
    emptiness = getattr(module, "emptiness", None)
    if emptiness is None or not short:
        return {}
    asked = replace(work, reasons={day: work.reasons[day] for day in short})
    rows = built(run, asked, emptiness).where(F.col("reason").isNotNull()).collect()
    return {str(row["as_of_date"]): row["reason"] for row in rows}
