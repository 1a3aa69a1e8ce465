"""gold.path_transitions: from where to where people go within a visit."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.behaviour.paths.definition import OTHER, PATH_END, PATH_START, Paths
from reclake.behaviour.paths.published import GROUP, forms_of, name_or_other, node_in, of_published_values, shown_nodes
from reclake.behaviour.paths.published import emptiness as emptiness
from reclake.behaviour.paths.tally import EDGES, NODES, PATHS, SECONDS

_PAIR = (*GROUP, "from_node", "to_node")
_MOSTLY = 0.9  # of what is joined: from here on it is told by the name of its largest part


def path_transitions(path_counts: DataFrame, *, as_of: date, paths: Mapping[str, Paths], min_group_size: int) -> DataFrame:
    """One row per definition, breakdown value and pair of nodes that follow each other; what they mean: docs/paths.md.

    From each node nothing is left out, so what leaves a node is all visits of it. Where few customers went elsewhere, they are counted
    with the next larger pair: by its name where it is nearly all of them (`is_with_others`), else as other.
    """
    measures = (PATHS, NODES, EDGES, SECONDS)
    counts = of_published_values(path_counts.where(F.col("measure").isin(*measures)), least=min_group_size)
    transitions = _between_shown_nodes(counts, shown_nodes(counts, paths, least=min_group_size))
    published = (
        transitions
        .join(_published(transitions, least=min_group_size), on=list(_PAIR), how="inner")
        .withColumn("is_named", F.col("to_node") == F.col("published"))
        .drop("to_node")
        .withColumnRenamed("published", "to_node")
        .groupBy(*_PAIR)
        .agg(
            *_sums(),
            F.percentile("seconds", F.lit(0.5), F.when(_is_timed(), F.col("n")).otherwise(0)).alias("seconds_median"),
            F.max(F.when(F.col("is_named"), F.col("n_visits"))).alias("n_visits"),
            F.max(~F.col("is_named")).alias("is_with_others"),
        )
    )
    leaving, arriving = W.partitionBy(*GROUP, "from_node"), W.partitionBy(*GROUP, "to_node")
    # What is joined as other is not all visits of one node, and a way that holds others may be more than them.
    arrived = F.sum("n_transitions").over(arriving)
    visits = F.when(F.col("to_node") == OTHER, arrived).otherwise(F.greatest("n_visits", arrived))
    return published.select(
        F.lit(as_of).alias("as_of_date"),
        *_PAIR,
        forms_of(paths)[F.col("path")].alias("form"),
        "n_transitions",
        "n_paths",
        "n_customers",
        (F.col("is_with_others") & (F.col("to_node") != OTHER)).alias("is_with_others"),
        (F.col("n_transitions") / F.sum("n_transitions").over(leaving)).alias("from_share"),
        (F.col("n_transitions") / visits).alias("to_share"),
        "seconds_median",
    )


def _is_timed() -> Column:
    """Whether a row counts transitions by the seconds that they took, and not all of a pair."""
    return F.col("seconds").isNotNull()


def _sums() -> list[Column]:
    counted = {"n": "n_transitions", "n_paths": "n_paths", "n_customers": "n_customers"}
    return [F.sum(F.when(_is_timed(), F.lit(0)).otherwise(F.col(of))).alias(name) for of, name in counted.items()]


def _between_shown_nodes(counts: DataFrame, nodes: DataFrame) -> DataFrame:
    """The counts of transitions with the names of both nodes."""
    shown = nodes.select(*GROUP, "code", "shown")
    came = shown.withColumnsRenamed({"code": "from_code", "shown": "from_node"})
    went = shown.withColumnsRenamed({"code": "to_code", "shown": "to_node"})
    return (
        counts
        .where(F.col("measure").isin(EDGES, SECONDS))
        .withColumns({"from_code": node_in(F.col("code"), 1), "to_code": node_in(F.col("code"), 0)})
        .join(F.broadcast(came), on=[*GROUP, "from_code"], how="left")
        .join(F.broadcast(went), on=[*GROUP, "to_code"], how="left")
        .fillna({"from_node": PATH_START, "to_node": PATH_END})
    )


def _published(transitions: DataFrame, *, least: int) -> DataFrame:
    """One row per pair: `published`, where its transitions are told to go, and n_visits, how often its to_node is reached."""
    # Whoever belongs to two parts counts twice in their sum: what is compared with the least group is the largest part.
    n_at_least = F.max(F.when(~_is_timed(), F.col("n_customers"))).alias("n_at_least")
    pairs = transitions.groupBy(*_PAIR).agg(*_sums(), n_at_least)
    reached = F.sum("n_transitions").over(W.partitionBy(*GROUP, "to_node"))
    joined = pairs.withColumn("joined", name_or_other((*GROUP, "from_node"), "to_node", least=least))
    alike = W.partitionBy(*GROUP, "from_node", "joined")
    n, of_largest = F.col("n_transitions"), F.max("n_transitions").over(alike)
    largest = F.max_by(F.struct("to_node", "n_at_least"), F.struct(n, "to_node")).over(alike)
    is_nearly_all = (of_largest >= _MOSTLY * F.sum(n).over(alike)) & (largest["n_at_least"] >= least)
    published = F.when(is_nearly_all, largest["to_node"]).otherwise(F.col("joined"))
    return joined.select(*_PAIR, published.alias("published"), reached.alias("n_visits"))
