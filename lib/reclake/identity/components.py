"""Connected components of a graph that does not fit one machine.

Each worker first joins what it holds; on small graphs that is everything. Large-star and small-star rounds do the rest:
about log² of the longest path, where spreading labels needs as many as the path is long. Whether a round changed
anything is only known after it ran: below the builders this module runs Spark jobs, and the check of rotation.py does.
`settled` also cuts the lineage, which would double with every round.
"""

from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.errors import ReclakeError
from reclake.identity.groups import Groups

MAX_ROUNDS = 50  # enough for paths far beyond any number of accounts; reached only by a fault
EDGES_AT_ONCE = 500_000  # edges that a worker holds in memory: about 200 MB


class LinksUnsettled(ReclakeError):
    """Components that did not come to rest within the rounds allowed."""


def settled(frame: DataFrame) -> DataFrame:
    """The same rows, to be computed once: the next action keeps them on the executors until the frame is dropped."""
    return frame.localCheckpoint(eager=False)


def connected_components(edges: DataFrame, *, max_rounds: int = MAX_ROUNDS, edges_at_once: int = EDGES_AT_ONCE) -> DataFrame:
    """One row per node of an edge between two different nodes: node, component (the smallest node in reach).

    Parameters
    ----------
    edges
        Columns left, right; direction, repeats and loops do not matter.

    Raises
    ------
    LinksUnsettled
        When `max_rounds` were not enough.

    References
    ----------
    Kiveris, Lattanzi, Mirrokni, Rastogi, Vassilvitskii (2014), Connected components in MapReduce and beyond,
    section 3: alternating large-star and small-star.
    """
    ends = edges.select(F.greatest("left", "right").alias("node"), F.least("left", "right").alias("root"))
    loopless = ends.where(F.col("node") != F.col("root")).distinct()
    stars = settled(_joined_locally(loopless, edges_at_once=edges_at_once))
    rounds = 0
    while not _are_stars(stars):
        if rounds == max_rounds:
            raise LinksUnsettled(
                f"the groups of linked accounts did not settle in {max_rounds} rounds",
                found="accounts that still change their group",
                next_step="lower identity.max_accounts_per_key: a key of very many accounts makes such chains",
            )
        stars = settled(_small_stars(_large_stars(stars)))
        rounds += 1
    roots = stars.select(F.col("root").alias("node"), F.col("root").alias("component")).distinct()
    return stars.select("node", F.col("root").alias("component")).unionByName(roots)


def _joined_locally(edges: DataFrame, *, edges_at_once: int) -> DataFrame:
    """Edges that connect the same nodes: of each worker's lot, every node with the smallest in reach."""

    def join_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        groups, n_edges = Groups[str](), 0
        for batch in batches:
            for start in range(0, batch.num_rows, edges_at_once):
                part = batch.slice(start, edges_at_once)
                for node, root in zip(part.column("node").to_pylist(), part.column("root").to_pylist(), strict=True):
                    groups.join(node, root)
                n_edges += part.num_rows
                if n_edges >= edges_at_once:
                    yield _stars_of(groups)
                    groups, n_edges = Groups[str](), 0
        yield _stars_of(groups)

    return edges.select("node", "root").mapInArrow(join_batches, "node string, root string").distinct()


def _stars_of(groups: Groups[str]) -> pa.RecordBatch:
    pairs = [(node, root) for members in groups.members() for root in [min(members)] for node in members if node != root]
    columns = zip(*pairs, strict=True) if pairs else ((), ())
    return pa.record_batch([pa.array(column, pa.string()) for column in columns], names=["node", "root"])


def _large_stars(stars: DataFrame) -> DataFrame:
    """Every larger neighbour of a node, tied to the smallest of them all."""
    both = stars.select("node", F.col("root").alias("other")).unionByName(
        stars.select(F.col("root").alias("node"), F.col("node").alias("other"))
    )
    of_node = W.partitionBy("node").rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    smallest = F.least("node", F.min("other").over(of_node))
    return both.withColumn("root", smallest).where(F.col("other") > F.col("node")).select(F.col("other").alias("node"), "root")


def _small_stars(stars: DataFrame) -> DataFrame:
    """A node and its smaller neighbours, tied to the smallest of them."""
    of_node = W.partitionBy("node").rowsBetween(W.unboundedPreceding, W.unboundedFollowing)
    tied = stars.withColumn("smallest", F.min("root").over(of_node))
    nodes = tied.select("node", F.col("smallest").alias("root"))
    neighbours = tied.where(F.col("root") != F.col("smallest")).select(
        F.col("root").alias("node"), F.col("smallest").alias("root")
    )
    return nodes.unionByName(neighbours).distinct()


def _are_stars(stars: DataFrame) -> bool:
    """Whether every node hangs on one root, and no root on another."""
    ends = stars.select(F.col("node").alias("end"), F.lit(1).alias("n_roots"), F.lit(0).alias("is_root")).unionByName(
        stars.select(F.col("root").alias("end"), F.lit(0).alias("n_roots"), F.lit(1).alias("is_root"))
    )
    counted = ends.groupBy("end").agg(F.sum("n_roots").alias("n_roots"), F.max("is_root").alias("is_root"))
    return counted.where(F.col("n_roots") + F.col("is_root") > 1).isEmpty()
