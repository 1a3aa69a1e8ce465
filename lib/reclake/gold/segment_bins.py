"""gold.segment_bins: what the scores of one as_of mean, of groups of people and never of one."""

from datetime import date
from decimal import Decimal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

_SCALE = 4
_EDGE = f"decimal(18,{_SCALE})"
_SIGNIFICANT_DIGITS = 2


def segment_bins(customer_segments: DataFrame, *, as_of: date, min_group_size: int) -> DataFrame:
    """One row per as_of_date, measure, unit and lowest score of a group of at least `min_group_size` customers with a sale.

    Scores that fewer customers have are joined with the score above, and at the upper end with the group below; a unit
    with fewer customers in all is left out. Smallest and largest value of a bin are one customer's: inner edges have two
    significant digits, and outermost edges are null, that is open. Counts are rounded down to whole `min_group_size`.
    Customers are scored by their exact values in gold.customer_segments, never by these edges. Whoever has spent more than
    spend_amount holds is in no bin of monetary.
    """
    measures = (
        ("recency", F.lit("days"), "recency_days"),
        ("frequency", F.lit("orders"), "n_orders"),
        ("monetary", F.col("currency"), "spend_amount"),
    )
    values = F.array(
        *(
            F.struct(
                F.lit(measure).alias("measure"),
                unit.alias("unit"),
                F.col(f"{measure}_score").alias("score"),
                F.col(value).cast(_EDGE).alias("value"),
            )
            for measure, unit, value in measures
        )
    )
    scores = (
        customer_segments
        .where("n_orders > 0")
        .select(F.inline(values))
        .where("value is not null")
        .groupBy("measure", "unit", "score")
        .agg(F.min("value").alias("lower"), F.max("value").alias("upper"), F.count("*").alias("n"))
    )
    # At most five rows per measure and unit.
    of_unit = F.sort_array(F.collect_list(F.struct("score", F.col("score").alias("upper_score"), "lower", "upper", "n")))
    return (
        scores
        .groupBy("measure", "unit")
        .agg(of_unit.alias("scores"))
        .withColumn("bins", _joined(F.col("scores"), least=min_group_size))
        .withColumns({"least": F.array_min("bins.lower"), "greatest": F.array_max("bins.upper")})
        .select("measure", "unit", "least", "greatest", F.inline("bins"))
        .where(F.col("n") >= min_group_size)
        .select(
            F.lit(as_of).alias("as_of_date"),
            "measure",
            "unit",
            "score",
            "upper_score",
            F.when(F.col("lower") > F.col("least"), rounded(F.col("lower"))).alias("lower_edge"),
            F.when(F.col("upper") < F.col("greatest"), rounded(F.col("upper"))).alias("upper_edge"),
            (F.col("n") - F.col("n") % min_group_size).alias("n_customers"),
        )
    )


def rounded(value: Column) -> Column:
    """A decimal(18,4) with two significant digits, half away from zero; null where the column does not hold it."""
    # By its digits: a double would take 9.95 for less than it is.
    digits = (F.abs(value) * 10**_SCALE).cast("decimal(18,0)").cast("string")
    kept = F.substring(digits, 1, _SIGNIFICANT_DIGITS).cast("int")
    goes_up = F.substring(digits, _SIGNIFICANT_DIGITS + 1, 1).isin(*"56789").cast("int")
    zeros = F.repeat(F.lit("0"), F.greatest(F.length(digits) - _SIGNIFICANT_DIGITS, F.lit(0)))
    size = F.concat((kept + goes_up).cast("string"), zeros).cast("decimal(20,0)") * F.lit(Decimal(1).scaleb(-_SCALE))
    return F.when(value < 0, -size).otherwise(size).try_cast(_EDGE)


def _joined(scores: Column, *, least: int) -> Column:
    """The scores, in order, joined from the lowest up until each group holds `least` people; a rest goes to the last group."""

    def taken_in(groups: Column, one: Column) -> Column:
        last = F.try_element_at(groups, F.lit(-1))
        is_short = (F.size(groups) > 0) & (last["n"] < least)
        return F.when(is_short, F.concat(_all_but_last(groups), F.array(_both(last, one)))).otherwise(
            F.concat(groups, F.array(one))
        )

    def with_rest(groups: Column) -> Column:
        last, before = F.try_element_at(groups, F.lit(-1)), F.try_element_at(groups, F.lit(-2))
        is_short = (F.size(groups) > 1) & (last["n"] < least)
        without = F.slice(groups, 1, F.size(groups) - 2)
        return F.when(is_short, F.concat(without, F.array(_both(before, last)))).otherwise(groups)

    return F.aggregate(scores, F.slice(scores, 1, 0), taken_in, with_rest)


def _all_but_last(groups: Column) -> Column:
    return F.slice(groups, 1, F.size(groups) - 1)


def _both(below: Column, above: Column) -> Column:
    """One group of two; recency counts backwards, so values may fall while scores rise."""
    return F.struct(
        below["score"].alias("score"),
        above["upper_score"].alias("upper_score"),
        F.least(below["lower"], above["lower"]).alias("lower"),
        F.greatest(below["upper"], above["upper"]).alias("upper"),
        (below["n"] + above["n"]).alias("n"),
    )


def emptiness(customer_segments: DataFrame, *, as_of: date, min_group_size: int) -> DataFrame:
    """One row: as_of_date, and the reason why there is no bin; null if enough customers have bought."""
    of_day = customer_segments.where(F.col("as_of_date") == F.lit(as_of))
    n_buyers = F.count_if(F.col("n_orders") > 0)
    reason = F.when(n_buyers == 0, "nobody bought in the window").when(
        n_buyers < min_group_size, f"fewer than {min_group_size} customers bought in the window"
    )
    return of_day.agg(reason.alias("reason")).select(F.lit(as_of).alias("as_of_date"), "reason")
