"""What the steps of funnels are called in tables."""

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from .definition import Funnel


def step_names(funnels: Mapping[str, Funnel]) -> Column:
    """A map of funnel to the names of its steps; of mode any, whose steps have no order, "1 of 3" and so on."""
    pairs: list[Column] = []
    for name, funnel in funnels.items():
        n = len(funnel.steps)
        words = [f"{k + 1} of {n}" if funnel.mode == "any" else step.name for k, step in enumerate(funnel.steps)]
        pairs += [F.lit(name), F.array(*map(F.lit, words))]
    return F.create_map(*pairs) if pairs else F.create_map(F.lit(""), F.array(F.lit("")))


def n_steps(funnels: Mapping[str, Funnel]) -> Column:
    """A map of funnel to how many steps it has."""
    pairs = [one for name, funnel in funnels.items() for one in (F.lit(name), F.lit(len(funnel.steps)))]
    return F.create_map(*pairs) if pairs else F.create_map(F.lit(""), F.lit(0))


def breakdowns(funnels: Mapping[str, Funnel]) -> Column:
    """A map of funnel to its breakdowns."""
    pairs = [
        one
        for name, funnel in funnels.items()
        for one in (F.lit(name), F.array(*map(F.lit, funnel.breakdowns)).cast("array<string>"))
    ]
    return F.create_map(*pairs) if pairs else F.create_map(F.lit(""), F.array(F.lit("")))
