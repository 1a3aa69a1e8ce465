"""gold.funnel_losses: where the lost went, and which values lose more than their mix explains."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.behaviour.dimensions import ALL, NOT_KNOWN
from reclake.behaviour.funnels.definition import Funnel
from reclake.behaviour.funnels.names import breakdowns, n_steps, step_names
from reclake.behaviour.funnels.tally import CUSTOMERS, LATER, LOST_CUSTOMERS, MIXED, NEXT, VALUES
from reclake.behaviour.groups_of_people import published_values

_STEP = ("funnel", "step", "dimension")
_APART = "\u001f"


def funnel_losses(funnel_counts: DataFrame, *, as_of: date, funnels: Mapping[str, Funnel], min_group_size: int) -> DataFrame:
    """One row per as_of_date, funnel, step, dimension and value, of groups of at least `min_group_size`.

    What a breakdown value is expected to lose is what its units would lose at the rates of all units with the same values of
    the funnel's other breakdowns: indirect standardisation. A funnel with one breakdown expects the rate of the whole.
    """
    went = _where_they_went(funnel_counts, least=min_group_size)
    segments = _by_segment(funnel_counts, funnels, least=min_group_size)
    return went.unionByName(segments, allowMissingColumns=True).select(
        F.lit(as_of).alias("as_of_date"),
        "funnel",
        "step",
        step_names(funnels)[F.col("funnel")][F.col("step") - 1].alias("step_name"),
        "dimension",
        "value",
        "n_reached",
        "n_lost",
        "lost_share",
        "expected_lost",
        (F.col("n_lost") - F.col("expected_lost")).alias("excess_lost"),
        "deviations",
    )


def _where_they_went(counts: DataFrame, *, least: int) -> DataFrame:
    """The lost of each step by what followed; steps at which fewer than `least` customers were lost are left out."""
    is_of_all = (F.col("measure") == LOST_CUSTOMERS) & (F.col("period") == "window") & (F.col("dimension") == ALL)
    enough = counts.where(is_of_all & (F.col("n") >= least)).select("funnel", "step")
    followed = counts.where(F.col("measure").isin(NEXT, LATER)).select(*_STEP, "value", "n")
    values = published_values(followed, within=_STEP, n_people="n", least=least)
    told = (
        followed
        .join(enough, on=["funnel", "step"], how="left_semi")
        .join(values, on=[*_STEP, "value"], how="inner")
        .where(F.col("published").isNotNull())
        .groupBy(*_STEP, F.col("published").alias("value"))
        .agg(F.sum("n").alias("n_lost"))
    )
    all_lost = F.sum("n_lost").over(W.partitionBy(*_STEP))
    return told.withColumn("lost_share", F.col("n_lost") / all_lost)


def _by_segment(counts: DataFrame, funnels: Mapping[str, Funnel], *, least: int) -> DataFrame:
    """Units with closed windows by breakdown value: how many were lost at each step, and how many the mix lets expect."""
    n = n_steps(funnels)[F.col("funnel")]
    cells = (
        counts
        .where((F.col("measure") == MIXED) & (F.size(breakdowns(funnels)[F.col("funnel")]) > 0))
        .select("funnel", F.col("step").alias("furthest"), *VALUES, "n", F.explode(F.sequence(F.lit(1), n - 1)).alias("step"))
        .where(F.col("furthest") >= F.col("step"))
        .groupBy("funnel", "step", *VALUES)
        .agg(
            F.sum("n").alias("reached"), F.sum(F.when(F.col("furthest") == F.col("step"), F.col("n")).otherwise(0)).alias("lost")
        )
    )
    of_mix = W.partitionBy(*_STEP, "mix")
    rate = F.sum("lost").over(of_mix) / F.sum("reached").over(of_mix)
    expected = cells.select("funnel", "step", "reached", "lost", F.inline(_split(funnels))).withColumn("rate", rate)
    return (
        _under_published_values(expected, counts, least=least)
        .groupBy(*_STEP, F.col("published").alias("value"))
        .agg(
            F.sum("reached").alias("n_reached"),
            F.sum("lost").alias("n_lost"),
            # Rounded, as sums of floats depend on their order.
            F.round(F.sum(F.col("reached") * F.col("rate")), 6).alias("expected_lost"),
            F.round(F.sum(F.col("reached") * F.col("rate") * (1 - F.col("rate"))), 6).alias("variance"),
        )
        .withColumns({"lost_share": F.col("n_lost") / F.col("n_reached"), "deviations": _deviations()})
        .drop("variance")
    )


def _split(funnels: Mapping[str, Funnel]) -> Column:
    """Of a cell one entry per breakdown: its name, its value, and the values of the others as one text."""
    names = breakdowns(funnels)[F.col("funnel")]
    entries = []
    for i, value in enumerate(VALUES):
        others = [F.coalesce(other, F.lit("")) for n, other in enumerate(VALUES) if n != i]
        entries.append(
            F.struct(
                F.get(names, F.lit(i)).alias("dimension"),
                F.coalesce(value, F.lit(NOT_KNOWN)).alias("value"),
                F.concat_ws(_APART, *others).alias("mix"),
            )
        )
    return F.filter(F.array(*entries), lambda one: one["dimension"].isNotNull())


def _under_published_values(expected: DataFrame, counts: DataFrame, *, least: int) -> DataFrame:
    """Adds the value that is published: the same as in gold.funnels for the whole window."""
    people = counts.where((F.col("measure") == CUSTOMERS) & (F.col("period") == "window"))
    values = published_values(people, within=("funnel", "dimension"), n_people="n", least=least)
    return expected.join(values, on=["funnel", "dimension", "value"], how="inner").where(F.col("published").isNotNull())


def _deviations() -> Column:
    excess = F.col("n_lost") - F.col("expected_lost")
    return F.when(F.col("variance") > 0, F.round(excess / F.sqrt("variance"), 3))
