"""Sentences of reasons: the fact of each row, filled with names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from .definition import PLACEHOLDERS, Scenario


def with_reasons(rows: DataFrame, scenarios: Mapping[str, Scenario]) -> DataFrame:
    """The rows with reason_en and reason_zh; both null where no fact is stated.

    Parameters
    ----------
    rows
        scenario, reason, and the values of PLACEHOLDERS: product, category, elapsed, usual.
    """
    return rows.withColumns({f"reason_{language}": _sentence(scenarios, language) for language in ("en", "zh")})


def _sentence(scenarios: Mapping[str, Scenario], language: str) -> Column:
    texts = {
        f"{name}/{reason.fact}": getattr(reason, language) for name, scenario in scenarios.items() for reason in scenario.reasons
    }
    if not texts:
        return F.lit(None).cast("string")
    by_key = F.create_map(*(F.lit(word) for pair in sorted(texts.items()) for word in pair))
    template = by_key[F.concat_ws("/", "scenario", "reason")]
    # Each fact fills the values of its own: what stands in a name is never taken for a value.
    filled = (F.when(F.col("reason") == fact, reduce(_filled, sorted(names), template)) for fact, names in PLACEHOLDERS.items())
    return F.coalesce(*filled)


def _filled(text: Column, name: str) -> Column:
    return F.replace(text, F.lit(f"{{{name}}}"), F.col(name).cast("string"))
