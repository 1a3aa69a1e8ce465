"""gold.path_routes: which ways of several nodes people walk, and how often they lead to the goal."""

from collections.abc import Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.behaviour.paths.definition import LONGEST_ROUTE, OTHER, Paths
from reclake.behaviour.paths.published import by_path, forms_of, names_of, node_in
from reclake.behaviour.paths.tally import PATHS, ROUTES

_LENGTH = ("path", "n_nodes")


def path_routes(path_counts: DataFrame, *, as_of: date, paths: Mapping[str, Paths], min_group_size: int) -> DataFrame:
    """One row per definition, number of nodes and route that at least `min_group_size` customers walked; see docs/paths.md.

    The most walked ones have a row, up to the definition's top_routes for each number of nodes; what is left is one row, other.
    A number of nodes of which no route has enough customers has no row: other would be these few.
    """
    routes = path_counts.where(F.col("measure") == ROUTES)
    every = (
        routes
        .groupBy(*_LENGTH)
        .agg(
            F.sum("n").alias("n_all"),
            F.max("n_customers").alias("n_most"),
            F.count_if(F.col("n_customers") < min_group_size).alias("n_small"),
        )
        .where(F.col("n_most") >= min_group_size)
    )
    shown = _shown(routes.join(F.broadcast(every), on=list(_LENGTH), how="inner"), paths, least=min_group_size)
    whole = path_counts.where(
        (F.col("measure") == PATHS) & (F.col("dimension") == "all") & (F.col("n_customers") >= min_group_size)
    ).select("path", F.col("n").alias("n_all_paths"), F.col("n_converted").alias("n_all_converted"))
    share = F.col("n_converted") / F.col("n_paths")
    base = F.col("n_all_converted") / F.col("n_all_paths")
    return (
        shown
        .unionByName(_left(every, shown), allowMissingColumns=True)
        .join(F.broadcast(whole), on="path", how="inner")
        .select(
            F.lit(as_of).alias("as_of_date"),
            "path",
            forms_of(paths)[F.col("path")].alias("form"),
            "n_nodes",
            "route",
            F.col("n").alias("n_occurrences"),
            "n_paths",
            "n_customers",
            "n_converted",
            (F.col("n_paths") / F.col("n_all_paths")).alias("support_share"),
            share.alias("conversion_share"),
            base.alias("base_share"),
            F.when(F.col("n_all_converted") > 0, share / base).alias("lift_ratio"),
        )
    )


def _shown(routes: DataFrame, paths: Mapping[str, Paths], *, least: int) -> DataFrame:
    """The routes of enough customers, but the smallest of them where there are smaller ones: else their sum would tell theirs."""
    top = by_path({name: F.lit(one.top_routes) for name, one in paths.items()}, F.lit(0))
    largest = W.partitionBy(*_LENGTH).orderBy(F.desc("n_paths"), "code")
    smallest = W.partitionBy(*_LENGTH).orderBy("n_customers", F.desc("code"))
    is_shown = ((F.col("n_small") == 0) | (F.col("from_below") > 1)) & (F.col("from_above") <= top[F.col("path")])
    return (
        routes
        .where(F.col("n_customers") >= least)
        .withColumns({"from_above": F.row_number().over(largest), "from_below": F.row_number().over(smallest)})
        .where(is_shown)
        .select(*_LENGTH, _route(paths).alias("route"), "n", "n_paths", "n_customers", "n_converted")
    )


def _left(every: DataFrame, shown: DataFrame) -> DataFrame:
    """What has no row of its own among the routes of each number of nodes: as often as they were walked."""
    sums = shown.groupBy(*_LENGTH).agg(F.sum("n").alias("n_shown"))
    left = F.col("n_all") - F.coalesce("n_shown", F.lit(0))
    return (
        every
        .join(F.broadcast(sums), on=list(_LENGTH), how="left")
        .where(left > 0)
        .select(*_LENGTH, F.lit(OTHER).alias("route"), left.alias("n"))
    )


def _route(paths: Mapping[str, Paths]) -> Column:
    """The nodes of a route as a text."""
    names = names_of(paths)[F.col("path")]
    nodes = F.array(*(names[node_in(F.col("code"), place).cast("int")] for place in range(LONGEST_ROUTE)))
    return F.concat_ws(" > ", nodes)  # places behind the last node have no name, and are left out


def emptiness(path_counts: DataFrame, *, as_of: date, paths: Mapping[str, Paths], min_group_size: int) -> DataFrame:
    """One row: as_of_date, and the reason why there is no route; null if enough customers walked one."""
    n_seen, n_walked = (F.max(F.when(F.col("measure") == measure, F.col("n_customers"))) for measure in (PATHS, ROUTES))
    reason = (
        F
        .when(F.lit(not paths), "conf/paths holds no definition of paths")
        .when(n_seen.isNull(), "nobody who may be profiled was seen on a device in the window")
        .when(n_walked.isNull(), "no visit in the window has as many nodes as a route")
        .when(n_walked < min_group_size, f"no route was walked by {min_group_size} customers in the window")
    )
    return path_counts.agg(reason.alias("reason")).select(F.lit(as_of).alias("as_of_date"), "reason")
