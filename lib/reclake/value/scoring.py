"""Forecasts of customers on the workers: each distinct history once, by the parameters that stand beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from .forecasts import forecast
from .histories import Floats
from .purchasing import PARAMETERS, Purchasing
from .spending import Spending
from .worth import worth

HISTORY = ("n_repeats", "last_repeat_days", "age_days", "n_priced_repeats")
PURCHASING = ("model", *PARAMETERS)
SPENDING = ("spend_p", "spend_q", "spend_v")
_PARAMETERS = (*PURCHASING, *SPENDING, "period_days")
_FORECASTS = ("p_alive", "expected_purchases", "value_factor", "lower_factor", "upper_factor")


def with_forecasts(
    histories: DataFrame, *, n_periods: int, discount: float, interval_share: float, by: tuple[str, ...] = ()
) -> DataFrame:
    """Adds p_alive, expected_purchases, and the factors of value, which times spend_v + repeat_amount give amounts.

    Null where there is no model of purchases, or of spend. Customers of one history have one forecast, so each distinct history
    is computed once and joined back.

    Parameters
    ----------
    histories
        Columns of `observed`, parameters of the models (null where there is none) and period_days: the days of each of the
        `n_periods` from the day on which the history was seen.
    by
        Columns on which the parameters depend: one value of them has one set of parameters.
    """
    keys = (*by, *HISTORY)
    distinct = histories.where(F.col("r").isNotNull()).groupBy(*keys).agg(*(F.max(name).alias(name) for name in _PARAMETERS))
    types = {field.name: field.dataType.simpleString() for field in distinct.schema.fields}
    ddl = ", ".join([*(f"`{name}` {types[name]}" for name in keys), *(f"{name} double" for name in _FORECASTS)])
    scored = distinct.mapInArrow(_scorer(keys, n_periods, discount, interval_share), ddl)
    return histories.join(scored, on=list(keys), how="left")


def _scorer(
    keys: tuple[str, ...], n_periods: int, discount: float, interval_share: float
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def score(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = batch.to_pandas()
            values = np.full((len(rows), len(_FORECASTS)), np.nan)
            # A handful of sets: one per currency.
            sets = rows[list(_PARAMETERS)].fillna(-1.0).groupby(list(_PARAMETERS), sort=False)
            for places in sets.indices.values():
                values[places] = _forecasts(rows.iloc[places], n_periods, discount, interval_share)
            forecasts = [pa.array(column, pa.float64(), from_pandas=True) for column in values.T]
            yield pa.RecordBatch.from_arrays([*(batch.column(name) for name in keys), *forecasts], names=[*keys, *_FORECASTS])

    return score


def _forecasts(rows: pd.DataFrame, n_periods: int, discount: float, interval_share: float) -> Floats:
    """The columns _FORECASTS of histories that share one set of parameters, (n, 5); NaN where there is no model of spend."""
    one = rows.iloc[0]
    x, t_x, age, priced = (rows[name].to_numpy(np.float64) for name in HISTORY)
    model = Purchasing(one["model"], *(float(one[name]) for name in PARAMETERS))
    seen = forecast(model, x, t_x, age, period=float(one["period_days"]), n_periods=n_periods, discount=discount)
    factors = np.full((3, len(rows)), np.nan)
    if pd.notna(one["spend_p"]):
        spend = Spending(*(float(one[name]) for name in SPENDING))
        amounts = worth(spend, seen, priced, interval_share=interval_share)
        factors = np.stack([amounts.value, amounts.lower, amounts.upper])
    return np.column_stack([seen.p_alive, seen.expected, *factors])
