"""What a builder is given of the lake, and what it makes of it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.tables import Reads, Table

from .application import Application
from .plan import Work
from .stage_run import StageRun
from .untaken import untaken_files
from .withdrawals import leave_out_withdrawn


def built(run: StageRun, work: Work, builder: Callable[..., DataFrame]) -> DataFrame:
    """The builder's frame over all stale days; an as_of table is the union of one call per as_of."""
    app, table = run.app, work.table
    inputs = {i.table.parameter: _input(run, work, n) for n, i in enumerate(table.inputs)}
    options = {key.rpartition(".")[2]: value for key, value in app.parameters(table).items()}
    options |= app.items(table)
    if "run.earlier" in table.parameters:
        options["earlier"] = _earlier(run, work)
    if "run.untaken" in table.parameters:
        options["untaken"] = untaken_files(app)
    if not table.is_as_of:
        return builder(**inputs, **options)
    model = _champion(app, table, newest=date.fromisoformat(max(work.days)))
    frames: list[DataFrame] = []
    for as_of in map(date.fromisoformat, work.days):
        if table.model:
            # A model scores only days at or after its training cut.
            options["model"] = model if model is not None and model.cut <= as_of else None
        frames.append(builder(**_until(table, inputs, as_of), as_of=as_of, **options))
    return reduce(DataFrame.unionByName, frames)


def _earlier(run: StageRun, work: Work) -> DataFrame:
    """What the table itself holds of the days so far."""
    version = run.versions.get(work.table.name)
    if version is None:
        return run.app.store.empty(work.table)
    return run.app.store.read(work.table, version=version, days=list(map(date.fromisoformat, work.days)))


def _champion(app: Application, table: Table, *, newest: date) -> Any:
    """The model version that the manifest names, without those who withdrew; None if the table takes none or none is promoted."""
    version = app.model_version(table.model) if table.model else None
    if version is None:
        return None
    leave_out_withdrawn(app, version, as_of=newest)
    return app.registry.load(app.spark, str(version))


def _input(run: StageRun, work: Work, number: int) -> DataFrame:
    i = work.table.inputs[number]
    version = run.versions.get(i.table.name)
    if version is None or not run.planner.holds(i.table):  # never built, or not published yet by the run that built it
        return run.app.store.empty(i.table)
    days = run.planner.days_to_read(i, work.days)
    return run.app.read(i.table, version=version, published=run.published, days=days)


def _until(table: Table, inputs: Mapping[str, DataFrame], as_of: date) -> dict[str, DataFrame]:
    """Each input cut to what one as_of reads; validity tables are cut by the builder itself."""
    cut = dict(inputs)
    for i in table.inputs:
        if i.days.reads is Reads.UNTIL_AS_OF and i.table.day_column:
            cut[i.table.parameter] = inputs[i.table.parameter].where(F.col(i.table.day_column) < F.lit(as_of))
        elif i.table.is_as_of:
            cut[i.table.parameter] = inputs[i.table.parameter].where(F.col("as_of_date") == F.lit(as_of))
    return cut


def reasons_for_nothing(run: StageRun, work: Work, short: Sequence[str]) -> dict[str, str]:
    """As_of → why it may rightly hold nothing, of those that fall short: what `emptiness` beside the builder says.

    A table whose module has no such function states none. Asked only for what is empty.
    """
    module = importlib.import_module(f"reclake.{work.table.layer}.{work.table.noun}")
    emptiness = getattr(module, "emptiness", None)
    if emptiness is None or not short:
        return {}
    asked = replace(work, reasons={day: work.reasons[day] for day in short})
    rows = built(run, asked, emptiness).where(F.col("reason").isNotNull()).collect()
    return {str(row["as_of_date"]): row["reason"] for row in rows}
