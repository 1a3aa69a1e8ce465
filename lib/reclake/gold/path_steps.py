"""gold.path_steps: where people are in each step of a visit, and on their ways to and from a node."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.behaviour.paths.definition import PATH_END, PATH_START, Paths
from reclake.behaviour.paths.published import (
    GROUP,
    forms_of,
    name_or_other,
    node_in,
    of_published_values,
    shown_nodes,
    step_in,
    way_in,
    ways_of,
)
from reclake.behaviour.paths.published import emptiness as emptiness
from reclake.behaviour.paths.tally import NODES, PATHS, STEPS

_STEP = (*GROUP, "anchor", "occurrence", "direction", "step")


def path_steps(path_counts: DataFrame, *, as_of: date, paths: Mapping[str, Paths], min_group_size: int) -> DataFrame:
    """One row per definition, breakdown value, anchor, its occurrence, direction, step and node; see docs/paths.md.

    The nodes of a step hold all ways. Ways of an anchor that fewer than `min_group_size` customers visited are left out.
    """
    counts = of_published_values(path_counts.where(F.col("measure").isin(PATHS, NODES, STEPS)), least=min_group_size)
    nodes = shown_nodes(counts, paths, least=min_group_size)
    ways = _ways(counts, paths).join(_anchors(counts, nodes, least=min_group_size), on=[*GROUP, "anchor_code"], how="inner")
    shown = nodes.select(*GROUP, F.col("code").alias("node_code"), F.col("shown").alias("name"))
    outside = F.when(F.col("direction") == "from", PATH_END).otherwise(PATH_START)
    counted = (F.sum("n").alias("n"), F.sum("n_customers").alias("n_customers"))
    # Whoever belongs to two parts counts twice in their sum: what is compared with the least group is the largest part.
    placed = (
        ways
        .join(F.broadcast(shown), on=[*GROUP, "node_code"], how="left")
        .withColumn("name", F.coalesce("name", outside))
        .groupBy(*_STEP, "n_paths", "name")
        .agg(*counted, F.max("n_customers").alias("n_at_least"))
    )
    published = (
        placed
        .withColumn("node", name_or_other(_STEP, "name", least=min_group_size))
        .groupBy(*_STEP, "n_paths", "node")
        .agg(*counted)
    )
    n_ways = F.sum("n").over(W.partitionBy(*_STEP))
    return published.select(
        F.lit(as_of).alias("as_of_date"),
        *_STEP,
        forms_of(paths)[F.col("path")].alias("form"),
        "node",
        F.col("n").alias("n_at_node"),
        "n_customers",
        n_ways.alias("n_ways"),
        "n_paths",
        (F.col("n") / n_ways).alias("node_share"),
    )


def _ways(counts: DataFrame, paths: Mapping[str, Paths]) -> DataFrame:
    """The counts of steps, with what their codes say."""
    steps = counts.where(F.col("measure") == STEPS)
    way = F.get(ways_of(paths)[F.col("path")], way_in(F.col("code")))
    return steps.select(
        *GROUP, "n", "n_customers", step_in(F.col("code")).alias("step"), node_in(F.col("code"), 0).alias("node_code"), F.inline(F.array(way))
    )  # fmt: skip


def _anchors(counts: DataFrame, nodes: DataFrame, *, least: int) -> DataFrame:
    """One row per group and node that at least `least` customers visited: anchor_code, and n_paths that hold it; 0 stands for all."""
    visited = nodes.where(F.col("n_at_least") >= least).select(*GROUP, F.col("code").alias("anchor_code"), "n_paths")
    every = counts.where(F.col("measure") == PATHS).groupBy(*GROUP, F.lit(0).cast("long").alias("anchor_code"))
    return visited.unionByName(every.agg(F.sum("n_paths").alias("n_paths")))
