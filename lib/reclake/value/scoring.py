"""Forecasts of customers on the workers, by the parameters that stand beside each history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.types import DoubleType, StructField, StructType

from .forecasts import forecast
from .histories import Floats
from .purchasing import PARAMETERS, Purchasing
from .spending import Spending
from .worth import worth

Ints = npt.NDArray[np.int64]

HISTORY = ("n_repeats", "last_repeat_days", "age_days", "n_priced_repeats")
PURCHASING = ("model", *PARAMETERS)
SPENDING = ("spend_p", "spend_q", "spend_v")
_PARAMETERS = [*PURCHASING, *SPENDING, "period_days"]
_FORECASTS = ("p_alive", "expected_purchases", "value_factor", "lower_factor", "upper_factor")


def with_forecasts(
    histories: DataFrame, *, n_periods: int, discount: float, interval_share: float, by: str = "currency"
) -> DataFrame:
    """Adds p_alive, expected_purchases, and the factors of value, which times spend_v + repeat_amount give amounts.

    Null where there is no model of purchases, or of spend. Customers of one history have one forecast, so each distinct history
    of a batch is computed once.

    Parameters
    ----------
    histories
        Columns of `observed`, parameters of the models (null where there is none) and period_days: the days of each of the
        `n_periods` from the day on which the history was seen.
    by
        The column on which the parameters depend: one value of it has one set of parameters.
    """
    schema = StructType([*histories.schema.fields, *(StructField(name, DoubleType()) for name in _FORECASTS)])
    return histories.mapInArrow(_scorer(by, n_periods, discount, interval_share), schema)


def _scorer(
    by: str, n_periods: int, discount: float, interval_share: float
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def score(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            sets = batch.column(by).dictionary_encode()
            columns = [sets.indices, *(batch.column(name) for name in HISTORY)]
            distinct, place = _distinct(np.column_stack([one.to_numpy(zero_copy_only=False) for one in columns]).astype(np.int64))
            values = np.full((len(distinct), len(_FORECASTS)), np.nan)
            for number in range(len(sets.dictionary)):
                chosen = distinct[:, 0] == number
                (parameters,) = batch.select(_PARAMETERS).slice(int(np.argmax(chosen[place])), 1).to_pylist()
                if parameters["r"] is not None:
                    values[chosen] = _forecasts(parameters, distinct[chosen, 1:].T, n_periods, discount, interval_share)
            forecasts = [pa.array(column, pa.float64(), from_pandas=True) for column in values[place].T]
            yield pa.RecordBatch.from_arrays([*batch.columns, *forecasts], names=[*batch.schema.names, *_FORECASTS])

    return score


def _distinct(rows: Ints) -> tuple[Ints, Ints]:
    """The distinct rows, sorted, and the place of each row among them.

    Examples
    --------
    >>> distinct, place = _distinct(np.array([[2, 1], [0, 7], [2, 1]]))
    >>> distinct.tolist(), place.tolist()
    ([[0, 7], [2, 1]], [1, 0, 1])
    """
    order = np.lexsort(rows.T[::-1])
    in_order = rows[order]
    is_first = np.concatenate([np.ones(min(1, len(rows)), np.bool_), (np.diff(in_order, axis=0) != 0).any(axis=1)])
    place = np.empty(len(rows), np.int64)
    place[order] = np.cumsum(is_first) - 1
    return in_order[is_first], place


def _forecasts(parameters: Mapping[str, Any], histories: Ints, n_periods: int, discount: float, interval_share: float) -> Floats:
    """The columns _FORECASTS of histories that share one set of parameters, (n, 5); NaN where there is no model of spend.

    `histories` has a row per column of HISTORY, (4, n).
    """
    x, t_x, age, priced = histories.astype(np.float64)
    model = Purchasing(parameters["model"], *(parameters[name] for name in PARAMETERS))
    seen = forecast(model, x, t_x, age, period=parameters["period_days"], n_periods=n_periods, discount=discount)
    factors = np.full((3, len(x)), np.nan)
    if parameters["spend_p"] is not None:
        spend = Spending(*(parameters[name] for name in SPENDING))
        amounts = worth(spend, seen, priced, interval_share=interval_share)
        factors = np.stack([amounts.value, amounts.lower, amounts.upper])
    return np.column_stack([seen.p_alive, seen.expected, *factors])
