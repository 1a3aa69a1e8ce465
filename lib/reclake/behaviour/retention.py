"""Who comes back: cohorts of customers and how many of them are active in the intervals that follow.

Definitions: bounded is active exactly N intervals after the cohort's, unbounded N or later, a bracket in one of several
intervals (PostHog and Amplitude name them so). Stickiness is on how many days of an interval somebody was active.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.behaviour.calendar import PERIODS, by_period, newest, past_end
from reclake.behaviour.dimension_values import value_of
from reclake.behaviour.groups_of_people import published_values
from reclake.behaviour.settings import CohortsOfPeriod

FIRST, RECURRING = "first", "recurring"
BOUNDED, UNBOUNDED, BRACKET, STICKINESS = "bounded", "unbounded", "bracket", "stickiness"
ALL, NOT_KNOWN = "all", "unknown"  # the breakdown that is none, and a value that is not known
COHORT = ("activity", "period", "cohort_kind", "cohort", "dimension", "value")
_CELL = ("measure", "from_interval", "to_interval")
_DAYS = {"week": 7, "month": 31}  # most days of an interval on which somebody can be active
Followed = Mapping[str, CohortsOfPeriod]


def retained(intervals: DataFrame, values: DataFrame, *, as_of: date, followed: Followed, least: int) -> DataFrame:
    """One row per cohort of at least `least` customers and cell: n_customers, n_active, revenue_amount, first_amount, is_open.

    A cohort of kind `first` holds those whose first activity of all lies in its interval, one of kind `recurring` everybody
    active in it; beside all of them it is told of those of each value of a dimension. Values of fewer than `least` customers are
    joined, with the next larger one. A cell whose intervals are not all past at `as_of` is open: it counts nobody, and is null.
    Revenue is that of the whole cohort's customers in the interval of a bounded cell; it is null where fewer than `least` of them
    spent, and of single values: the sum less the others would tell what few people spent.

    Parameters
    ----------
    intervals
        What `behaviour.activity.active_intervals` gives.
    values
        What `values_of` gives.
    followed
        By period, how far cohorts are followed.
    """
    counted = _published(_counted(_histories(intervals, values), as_of=as_of, followed=followed), least=least)
    # Everybody is active in the interval that they are of.
    sizes = counted.where((F.col("measure") == BOUNDED) & (F.col("from_interval") == 0)).select(
        *COHORT, F.col("n").alias("n_customers")
    )
    grid = sizes.where(F.col("n_customers") >= least).select(*COHORT, "n_customers", F.inline(_grid(followed)))
    is_asked = (F.col("measure") != STICKINESS) | (F.col("cohort_kind") == RECURRING)
    cells = grid.where(is_asked).join(counted.drop("to_interval"), on=[*COHORT, "measure", "from_interval"], how="left")
    return _measured(cells, as_of=as_of, least=least)


def values_of(customers: DataFrame, dimensions: Sequence[str], *, timezone: str) -> DataFrame:
    """One row per customer: customer_id, and `told`, an array of (dimension, value), that of no breakdown included."""
    told = [_told(ALL, F.lit(ALL)), *(_told(name, value_of(name, timezone=timezone)) for name in dimensions)]
    return customers.select("customer_id", F.array(*told).alias("told"))


def _told(dimension: str, value: Column) -> Column:
    return F.struct(F.lit(dimension).alias("dimension"), F.coalesce(value, F.lit(NOT_KNOWN)).alias("value"))


def _histories(intervals: DataFrame, values: DataFrame) -> DataFrame:
    """One row per customer, activity and period: `acts`, an array of (interval, n_days, spend_amount), and `told`."""
    act = F.struct("interval", "n_days", "spend_amount")
    acts = intervals.groupBy("customer_id", "activity", "period").agg(F.collect_list(act).alias("acts"))
    return acts.join(values, on="customer_id", how="inner")


def _published(counted: DataFrame, *, least: int) -> DataFrame:
    """The counts under the values that are published. A customer has one value of a dimension, so those of joined ones add up."""
    is_size = (F.col("measure") == BOUNDED) & (F.col("from_interval") == 0)
    sizes = counted.where(is_size).select(*COHORT, F.col("n").alias("n_people"))
    shown = published_values(sizes, within=COHORT[:-1], n_people="n_people", least=least)
    return (
        counted
        .join(shown, on=list(COHORT), how="inner")
        .where(F.col("published").isNotNull())
        .drop("value")
        .withColumnRenamed("published", "value")
        .groupBy(*COHORT, *_CELL)
        .agg(*(F.sum(name).alias(name) for name in ("n", "n_spenders", "revenue_amount")))
    )


def _counted(histories: DataFrame, *, as_of: date, followed: Followed) -> DataFrame:
    """One row per cohort and cell that somebody fills: n, n_spenders, revenue_amount. Unbounded cells count those who end there."""
    since = {period: last - followed[period].shown + 1 for period, last in newest(as_of).items()}
    since_of_row = by_period(since, F.col("period"))
    first = F.array_min("acts.interval")
    of_first = F.filter(
        F.array(F.struct(F.lit(FIRST).alias("cohort_kind"), first.alias("cohort"), F.lit(None).cast("int").alias("n_days"))),
        lambda one: one["cohort"] >= since_of_row,
    )
    recurring = F.transform(
        F.filter("acts", lambda act: act["interval"] >= since_of_row),
        lambda act: F.struct(
            F.lit(RECURRING).alias("cohort_kind"), act["interval"].alias("cohort"), act["n_days"].alias("n_days")
        ),
    )
    members = histories.select("activity", "period", "acts", "told", F.inline(F.concat(of_first, recurring)))
    return (
        members
        .select("activity", "period", "acts", "cohort_kind", "cohort", "n_days", F.inline("told"))
        .select(*COHORT, F.inline(_filled(followed)))
        .groupBy(*COHORT, *_CELL)
        .agg(F.count("*").alias("n"), F.count("spend_amount").alias("n_spenders"), F.sum("spend_amount").alias("revenue_amount"))
    )


def _filled(followed: Followed) -> Column:
    """The cells that a member of a cohort fills, each once."""
    longest = by_period({period: followed[period].intervals for period in PERIODS}, F.col("period"))
    after = F.filter("acts", lambda act: act["interval"].between(F.col("cohort"), F.col("cohort") + longest))
    bounded = F.transform(
        after,
        lambda act: _cell(BOUNDED, act["interval"] - F.col("cohort"), act["interval"] - F.col("cohort"), act["spend_amount"]),
    )
    last = F.least(F.array_max("acts.interval") - F.col("cohort"), longest)
    in_bracket = F.filter(
        _by_period({period: _brackets(followed[period]) for period in PERIODS}),
        lambda bracket: F.exists(
            after,
            lambda act: (act["interval"] - F.col("cohort")).between(bracket["from_interval"], bracket["to_interval"]),
        ),
    )
    brackets = F.transform(in_bracket, lambda one: _cell(BRACKET, one["from_interval"], one["to_interval"]))
    days = F.col("n_days")
    sticky = F.filter(F.array(_cell(STICKINESS, days, days)), lambda cell: days.isNotNull() & (F.col("period") != "day"))
    return F.concat(bounded, F.array(_cell(UNBOUNDED, last, F.lit(None))), brackets, sticky)


def _cell(measure: str, first: Column, last: Column, spend: Column | None = None) -> Column:
    return F.struct(
        F.lit(measure).alias("measure"),
        first.cast("int").alias("from_interval"),
        last.cast("int").alias("to_interval"),
        (F.lit(None) if spend is None else spend).cast("decimal(38,4)").alias("spend_amount"),
    )


def _brackets(followed: CohortsOfPeriod) -> list[tuple[int, int]]:
    """First and last interval of each bracket.

    Examples
    --------
    >>> _brackets(CohortsOfPeriod(shown=1, intervals=7, brackets=(0, 1, 3, 7)))
    [(0, 0), (1, 1), (2, 3), (4, 7)]
    """
    ends = followed.brackets
    return [(before + 1, end) for before, end in zip((-1, *ends[:-1]), ends, strict=True)]


def _by_period(bounds: Mapping[str, list[tuple[int, int]]]) -> Column:
    """The bounds of the row's period as an array of (from_interval, to_interval)."""
    return _chosen({period: F.array(*(_bounds(*one) for one in of_period)) for period, of_period in bounds.items()})


def _chosen(arrays: Mapping[str, Column]) -> Column:
    """The array of the row's period; when() keeps each a constant."""
    is_of = F.col("period")
    return F.when(is_of == "day", arrays["day"]).when(is_of == "week", arrays["week"]).otherwise(arrays["month"])


def _bounds(first: int, last: int | None) -> Column:
    return F.struct(F.lit(first).alias("from_interval"), F.lit(last).cast("int").alias("to_interval"))


def _grid(followed: Followed) -> Column:
    """Every cell of a cohort, by the row's period: (measure, from_interval, to_interval)."""
    cells: dict[str, dict[str, list[tuple[int, int | None]]]] = {}
    for period in PERIODS:
        numbers = range(followed[period].intervals + 1)
        cells[period] = {
            BOUNDED: [(n, n) for n in numbers],
            UNBOUNDED: [(n, None) for n in numbers],
            BRACKET: list(_brackets(followed[period])),
            STICKINESS: [(n, n) for n in range(1, _DAYS.get(period, 0) + 1)],
        }
    arrays = {
        period: F.array(
            *(
                _cell(measure, F.lit(first), F.lit(last)).dropFields("spend_amount")
                for measure, of in by.items()
                for first, last in of
            )
        )
        for period, by in cells.items()
    }
    return _chosen(arrays)


def _measured(cells: DataFrame, *, as_of: date, least: int) -> DataFrame:
    """The cells with who ended later added up, what is open without a count, and amounts of few people left out."""
    cohort = W.partitionBy(*COHORT)
    from_last = W.partitionBy(*COHORT, "measure").orderBy(F.col("from_interval").desc()).rowsBetween(W.unboundedPreceding, 0)
    n = F.coalesce("n", F.lit(0))
    last = F.when(F.col("measure") == STICKINESS, F.lit(0)).otherwise(F.coalesce("to_interval", "from_interval"))
    is_open = F.col("cohort") + last >= by_period(past_end(as_of), F.col("period"))
    is_of_orders = (F.col("activity") == "order") & (F.col("measure") == BOUNDED) & (F.col("dimension") == ALL)
    n_spenders = F.coalesce("n_spenders", F.lit(0))
    is_shown = is_of_orders & ~F.col("is_open") & ((n_spenders == 0) | (n_spenders >= least))
    is_first = (F.col("measure") == BOUNDED) & (F.col("from_interval") == 0)
    return (
        cells
        .withColumns({
            "is_open": is_open,
            "n_active": F.when(F.col("measure") == UNBOUNDED, F.sum(n).over(from_last)).otherwise(n),
        })
        .withColumns({
            "n_active": F.when(~F.col("is_open"), F.col("n_active")),
            "revenue_amount": F.when(is_shown, F.coalesce("revenue_amount", F.lit(0).cast("decimal(38,4)"))),
        })
        .withColumn("first_amount", F.max(F.when(is_first, F.col("revenue_amount"))).over(cohort))
    )
