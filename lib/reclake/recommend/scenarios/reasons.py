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
    languages = ("en", "zh")
    # In a step of its own: within the sentence it would stand once for each fact, with all texts of all scenarios.
    with_texts = rows.withColumns({f"text_{language}": _text(scenarios, language) for language in languages})
    stated = with_texts.withColumns({f"reason_{language}": _sentence(F.col(f"text_{language}")) for language in languages})
    return stated.drop(*(f"text_{language}" for language in languages))


def _text(scenarios: Mapping[str, Scenario], language: str) -> Column:
    """What the scenario says of the row's fact, with the names of values in it."""
    texts = {
        f"{name}/{reason.fact}": getattr(reason, language) for name, scenario in scenarios.items() for reason in scenario.reasons
    }
    if not texts:
        return F.lit(None).cast("string")
    by_key = F.create_map(*(F.lit(word) for pair in sorted(texts.items()) for word in pair))
    return by_key[F.concat_ws("/", "scenario", "reason")]


def _sentence(text: Column) -> Column:
    # Each fact fills the values of its own: what stands in a name is never taken for a value.
    filled = (F.when(F.col("reason") == fact, reduce(_filled, sorted(names), text)) for fact, names in PLACEHOLDERS.items())
    return F.coalesce(*filled)


def _filled(text: Column, name: str) -> Column:
    return F.replace(text, F.lit(f"{{{name}}}"), F.col(name).cast("string"))
