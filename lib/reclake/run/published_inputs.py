"""What a training, a withdrawal or a question about people reads: tables as they are published, cut as they are declared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.windows import is_in_window, is_valid_at
from reclake.lake.manifest import Published
from reclake.tables import Input, Reads, Shared, Table
from reclake.tables.models import Model, WeightsModel

from .application import Application
from .inputs import inputs_of, made


def published_or_empty(app: Application, table: Table, published: Mapping[str, Published]) -> DataFrame:
    """The table at its version of these published ones; no rows where none of it is published.

    Raises
    ------
    LakeDamaged
        When it is not what was published.
    """
    row = published.get(table.name)
    return app.store.empty(table) if row is None else app.read(table, version=row.version, published=published)


def inputs_at(
    app: Application, model: Model | WeightsModel, published: Mapping[str, Published], *, as_of: date
) -> dict[str, Any]:
    """The published inputs of a model by their names, each cut at the as_of as the model declares it.

    Raises
    ------
    LakeDamaged
        When one is not what was published.
    """
    read, share = _readers(app, published, as_of)
    return dict(inputs_of(model, read, share))


def shared_at(app: Application, shared: Shared, published: Mapping[str, Published], *, as_of: date) -> DataFrame:
    """A shared input at the as_of, made of what is published.

    Raises
    ------
    LakeDamaged
        When one of its tables is not what was published.
    """
    _, share = _readers(app, published, as_of)
    return share(shared)


def reads_at(app: Application, published: Mapping[str, Published], *, as_of: date) -> Callable[[Input], DataFrame]:
    """What reads an input as it is declared, at the as_of."""

    def read(i: Input) -> DataFrame:
        frame = published_or_empty(app, i.table, published)
        if i.days.reads is Reads.VALID_AT_AS_OF:
            return frame.where(is_valid_at(as_of))
        if i.days.reads is Reads.UNTIL_AS_OF:
            days = app.settings.value(i.days.window) if i.days.window else i.days.window_days or 0
            return frame.where(is_in_window(str(i.table.day_column), as_of=as_of, days=days))
        if i.days.reads is Reads.DAYS:
            first, last = as_of - timedelta(days=i.days.before), as_of + timedelta(days=i.days.after)
            return frame.where(F.col(str(i.table.day_column)).between(F.lit(first), F.lit(last)))
        return frame

    return read


def _readers(
    app: Application, published: Mapping[str, Published], as_of: date
) -> tuple[Callable[[Input], DataFrame], Callable[[Shared], DataFrame]]:
    """What reads an input as it is declared, and what makes a shared one."""
    read = reads_at(app, published, as_of=as_of)

    def share(shared: Shared) -> DataFrame:
        return made(shared, read, share, as_of=as_of, arguments=app.arguments(shared.parameters) | app.items(shared))

    return read, share
