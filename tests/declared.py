"""What a builder is given in tests: frames by table name, cut as the table declares."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ages import min_age
from reclake.run.inputs import inputs_of, made
from reclake.tables import Input, Reads, Shared, Table
from reclake.tables.models import Model


def cut_inputs(
    table: Table | Model,
    frames: Mapping[str, DataFrame],
    *,
    as_of: date | None = None,
    window_days: int = 0,
    limits: Any = None,
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The arguments that hold frames; `window_days` stands for whatever setting a window names, 0 for all days.

    `given` holds settings and items that shared inputs take, by their names.
    """

    def read(i: Input) -> DataFrame:
        return _cut(frames[i.table.name], i, as_of=as_of, window_days=window_days)

    def share(shared: Shared) -> DataFrame:
        assert as_of is not None
        arguments = {parameter.name: (given or {}).get(parameter.name, limits or min_age()) for parameter in shared.parameters}
        items = {name: (given or {})[name] for name in shared.catalogues}
        return made(shared, read, share, as_of=as_of, arguments=arguments | items)

    return inputs_of(table, read, share)


def _cut(frame: DataFrame, i: Input, *, as_of: date | None, window_days: int) -> DataFrame:
    """Written once more beside the engine, in the words of the design."""
    if i.days.reads is Reads.VALID_AT_AS_OF:
        return frame.where(f"valid_from < DATE '{as_of}' AND (valid_to IS NULL OR valid_to >= DATE '{as_of}')")
    if i.days.reads is Reads.UNTIL_AS_OF and as_of is not None:
        n_days = window_days if i.days.window else i.days.window_days
        day = F.col(i.table.day_column or "")
        before = frame.where(day < F.lit(as_of))
        return before.where(day >= F.lit(as_of - timedelta(days=n_days))) if n_days else before
    if i.days.reads is Reads.DAYS and as_of is not None:
        first, last = as_of - timedelta(days=i.days.before), as_of + timedelta(days=i.days.after)
        return frame.where(F.col(i.table.day_column or "").between(F.lit(first), F.lit(last)))
    return frame
