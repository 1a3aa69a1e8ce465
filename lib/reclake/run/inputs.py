"""The inputs of a builder or a training under the names of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from pyspark.sql import DataFrame

from reclake.tables import Each, Input, Shared, Table
from reclake.tables.models import Model, WeightsModel

from .code import builder_of

Frames = DataFrame | Mapping[str, DataFrame]


def inputs_of(
    table: Table | Model | WeightsModel, read: Callable[[Input], DataFrame], share: Callable[[Shared], DataFrame] | None = None
) -> dict[str, Frames]:
    """What a builder or a training takes, by its arguments: a frame per input, of a family a mapping of noun to frame.

    Parameters
    ----------
    read
        The rows of an input as it is declared.
    share
        Gives a shared input; tables by day have none.
    """
    found: dict[str, Frames] = {}
    for declared in table.inputs:
        if isinstance(declared, Each):
            found[declared.name] = {i.table.noun: read(i) for i in declared.reads}
        elif isinstance(declared, Input):
            found[declared.name] = read(declared)
        elif share is not None:
            found[declared.name] = share(declared)
    return found


def made(
    shared: Shared,
    read: Callable[[Input], DataFrame],
    share: Callable[[Shared], DataFrame],
    *,
    as_of: date,
    arguments: Mapping[str, Any],
) -> DataFrame:
    """The frame of a shared input.

    Parameters
    ----------
    read, share
        The rows of an input as it is declared, and a shared input that this one reads.
    arguments
        Settings and items of catalogues, under the names of the function's arguments.
    """
    frames = {one.name: share(one) if isinstance(one, Shared) else read(one) for one in shared.inputs}
    frame: DataFrame = builder_of(shared)(**frames, as_of=as_of, **arguments)
    return frame
