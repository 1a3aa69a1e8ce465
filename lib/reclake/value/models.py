"""The models of one as_of: fitted on groups of histories, chosen by held-out likelihood, judged, and written as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from . import spending
from .held_out import PURCHASES, VALUE, at_split, collected_buckets, held_out
from .histories import Histories, NotFitted
from .judging import Choice, choice, normalised_gini
from .purchases import collected_histories, collected_spends, observed, split_day
from .purchasing import PARAMETERS, Purchasing
from .settings import ValueSettings
from .spending import Spending, Spends

_NOBODY = Histories(*(np.zeros(0) for _ in range(4)))


@dataclass(frozen=True, slots=True)
class Priced:
    """A model of spend of one currency, or why there is none."""

    model: Spending | None
    reason: str | None
    given: Spends | None


def value_model_rows(
    bought: DataFrame, *, schema: StructType, as_of: date, reporting_currency: str, settings: ValueSettings, min_group_size: int
) -> DataFrame:
    """One row per currency of customers' amounts, that of the reporting currency always: see gold.value_models.

    Nothing is fitted on fewer than `min_group_size` customers, and no count tells one customer more or less.
    """
    whole = observed(bought, until=F.lit(as_of)).persist(StorageLevel.MEMORY_AND_DISK)
    seen = None
    try:
        split = split_day(whole, as_of=as_of, holdout_share=settings.holdout_share)
        everybody, after = collected_histories(whole, known_before=split, max_groups=settings.max_groups)
        before, spends_before = _NOBODY, dict[str, Spends]()
        if split and after.n >= min_group_size:
            seen = observed(bought, until=F.lit(split)).persist(StorageLevel.MEMORY_AND_DISK)
            before, _ = collected_histories(seen, known_before=None, max_groups=settings.max_groups)
            spends_before = collected_spends(seen, max_groups=settings.max_groups)
        spends = collected_spends(whole, max_groups=settings.max_groups)
        if everybody.n < min_group_size:
            reason = f"fewer than {min_group_size} customers have bought" if everybody.n else "nobody has bought yet"
            lake: dict[str, Any] = {"model": "none", "chosen_by": "none", "reason": reason}
            rows = [{"currency": reporting_currency, "spend_reason": reason} | lake]
        else:
            chosen = choice(everybody, before, after)
            lake = _of_lake(chosen, everybody, after, split=split, least=min_group_size)
            rows = [
                _of_currency(currency, spends.get(currency), spends_before.get(currency), least=min_group_size) | lake
                for currency in sorted({reporting_currency, *spends})
            ]
        rows = [row | {"as_of_date": as_of} for row in rows]
        frame = _frame(bought, rows, schema)
        if seen is None or lake.get("calibration_r") is None:
            return frame
        ginis = {group: normalised_gini(*pair) for group, pair in collected_buckets(held_out(seen, at_split(frame))).items()}
        return _frame(bought, [_with_ginis(row, ginis) for row in rows], schema)
    finally:
        for kept in (whole, seen):
            if kept is not None:
                kept.unpersist()


def _frame(beside: DataFrame, rows: list[dict[str, Any]], schema: StructType) -> DataFrame:
    return beside.sparkSession.createDataFrame([tuple(row.get(name) for name in schema.names) for row in rows], schema)


def _with_ginis(row: Mapping[str, Any], ginis: Mapping[tuple[str, str], float | None]) -> dict[str, Any]:
    of_value = ginis.get((VALUE, row["currency"])) if row.get("calibration_spend_p") is not None else None
    return {**row, "purchases_gini": ginis.get((PURCHASES, PURCHASES)), "value_gini": of_value}


def counted(n: float, *, least: int) -> int | None:
    """A count of customers in whole groups of `least`, rounded down; None below one.

    Examples
    --------
    >>> counted(29, least=10), counted(9, least=10), counted(0, least=1)
    (20, None, None)
    """
    return int(n) // least * least or None


def _of_lake(chosen: Choice, everybody: Histories, after: Histories, *, split: date | None, least: int) -> dict[str, Any]:
    """What all currencies share: the model of purchases."""
    repeated = everybody.repeats > 0
    used = chosen.used
    calibration = used.calibration if used and after.n >= least else None
    row: dict[str, Any] = {
        "split_date": split,
        "model": chosen.name or "none",
        "chosen_by": chosen.chosen_by,
        "reason": chosen.reason,
        "remark": used.whole.remark if used and used.whole else None,
        "n_customers": counted(everybody.n, least=least),
        "n_repeaters": counted(everybody.n_customers[repeated].sum(), least=least),
        "n_held_out_customers": counted(after.n, least=least),
    }
    for name, one in chosen.models.items():
        row |= {f"{name}_log_likelihood": one.likelihood, f"{name}_held_out_log_likelihood": one.held_out}
        early = one.held_out_reason and f"before split_date: {one.held_out_reason}"
        row |= {f"{name}_reason": one.reason or early}
    return row | _parameters(used.whole if used else None) | _parameters(calibration, "calibration_")


def _parameters(model: Purchasing | None, prefix: str = "") -> dict[str, Any]:
    values = model.parameters if model else (None,) * 4
    return {f"{prefix}{name}": value for name, value in zip(PARAMETERS, values, strict=True)}


def _of_currency(currency: str, given: Spends | None, before: Spends | None, *, least: int) -> dict[str, Any]:
    """The model of spend, fitted on all days and on those before the split."""
    whole, calibration = _priced(given, least=least), _priced(before, least=least)
    n = given.n_customers.sum() if given else 0
    return {
        "currency": currency,
        "spend_reason": whole.reason,
        "n_spenders": counted(n, least=least),
        "spend_log_likelihood": spending.log_likelihood(whole.model, given) if whole.model and given else None,
        "spend_frequency_correlation": _correlation(given) if whole.model and given else None,
        **{f"spend_{name}": getattr(whole.model, name, None) for name in ("p", "q", "v")},
        **{f"calibration_spend_{name}": getattr(calibration.model, name, None) for name in ("p", "q", "v")},
    }


def _priced(given: Spends | None, *, least: int) -> Priced:
    if given is None or given.n_customers.sum() < least:
        return Priced(None, f"fewer than {least} customers have spent money again in this currency", given)
    try:
        return Priced(spending.fitted(given), None, given)
    except NotFitted as reason:
        return Priced(None, str(reason), given)


def _correlation(given: Spends) -> float | None:
    """Pearson's, of repeats and mean repeat amount over customers; None where one of them does not vary."""
    weights = given.n_customers / given.n_customers.sum()
    x, m = (one - weights @ one for one in (given.repeats, given.mean))
    scale = float(np.sqrt((weights @ x**2) * (weights @ m**2)))
    return float(weights @ (x * m)) / scale if scale > 0 else None
