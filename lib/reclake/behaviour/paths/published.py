"""What of the counts of paths is published: values, nodes and lists of enough customers; the rest is joined as other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.behaviour.groups_of_people import published_values

from .definition import OTHER, Paths, Way
from .tally import NODE_BITS, NODES, PATHS, STEP_BITS

GROUP = ("path", "dimension", "value")


def of_published_values(path_counts: DataFrame, *, least: int) -> DataFrame:
    """The counts under the values that are published; definitions that fewer than `least` customers walked are left out."""
    people = path_counts.where(F.col("measure") == PATHS)
    values = published_values(people, within=("path", "dimension"), n_people="n_customers", least=least)
    return (
        path_counts
        .join(F.broadcast(values), on=list(GROUP), how="inner")
        .where(F.col("published").isNotNull())
        .drop("value")
        .withColumnRenamed("published", "value")
    )


def shown_nodes(counts: DataFrame, paths: Mapping[str, Paths], *, least: int) -> DataFrame:
    """One row per group and node that a path of it holds: GROUP, code, `n_at_least`, and `shown`: its name, or other.

    A group can join several values, and who has two of them counts twice in n_customers: `n_at_least` is its largest part.

    Nodes of fewer than `least` customers are joined as other, together with the next larger one, and so are those beyond the
    definition's top_nodes by the number of paths.
    """
    nodes = (
        counts
        .where(F.col("measure") == NODES)
        .groupBy(*GROUP, "code")
        .agg(*(F.sum(name).alias(name) for name in ("n", "n_paths")), F.max("n_customers").alias("n_at_least"))
        .withColumn("name", names_of(paths)[F.col("path")][F.col("code").cast("int")])
    )
    place = F.row_number().over(W.partitionBy(*GROUP).orderBy(F.desc("n_paths"), "name"))
    most = by_path({name: F.lit(one.top_nodes) for name, one in paths.items()}, F.lit(0))
    joined = nodes.withColumns({"joined": name_or_other(GROUP, "name", least=least), "place": place})
    shown = F.when(F.col("place") > most[F.col("path")], F.lit(OTHER)).otherwise(F.col("joined"))
    return joined.select(*GROUP, "code", "n", "n_paths", "n_at_least", shown.alias("shown"))


def name_or_other(within: tuple[str, ...], name: str, *, least: int) -> Column:
    """Of rows with different names in a group: the name, or other where `n_at_least` is less than `least`.

    The next larger one goes with the small ones, else what they are could be told from the sum of all. Where all are small,
    all are other: their group as a whole is large enough.
    """
    group = W.partitionBy(*within)
    place = F.row_number().over(group.orderBy("n_at_least", name))
    n_small = F.count_if(F.col("n_at_least") < least).over(group)
    return F.when((n_small > 0) & (place <= n_small + 1), F.lit(OTHER)).otherwise(F.col(name))


def by_path(values: Mapping[str, Column], otherwise: Column) -> Column:
    """A map of definition to a value; where there is no definition, one of a name that no definition has."""
    pairs = [one for name, value in values.items() for one in (F.lit(name), value)]
    return F.create_map(*pairs) if pairs else F.create_map(F.lit(""), otherwise)


def names_of(paths: Mapping[str, Paths]) -> Column:
    """A map of definition to an array of the names of its nodes, by code; code 0 has none."""
    texts = {name: F.array(F.lit(None).cast("string"), *map(F.lit, one.names)) for name, one in paths.items()}
    return by_path(texts, F.array(F.lit("")))


def forms_of(paths: Mapping[str, Paths]) -> Column:
    """A map of definition to raw or collapsed."""
    return by_path({name: F.lit(one.form) for name, one in paths.items()}, F.lit(""))


def ways_of(paths: Mapping[str, Paths]) -> Column:
    """A map of definition to its ways, as an array of anchor, its code (0 of path_start), occurrence and direction."""

    def struct(one: Paths, way: Way) -> Column:
        code = one.code_of(way.anchor) if way.anchor in one.names else 0
        return F.struct(
            F.lit(way.anchor).alias("anchor"), F.lit(code).cast("long").alias("anchor_code"),
            F.lit(way.occurrence).alias("occurrence"), F.lit(way.direction).alias("direction"),
        )  # fmt: skip

    none = F.lit(None).cast("array<struct<anchor:string,anchor_code:bigint,occurrence:string,direction:string>>")
    return by_path({name: F.array(*(struct(one, way) for way in one.ways)) for name, one in paths.items()}, none)


def node_in(code: Column, place: int) -> Column:
    """The code of the node in a field of a code, the lowest first."""
    return F.shiftright(code, NODE_BITS * place).bitwiseAND(F.lit((1 << NODE_BITS) - 1))


def step_in(code: Column) -> Column:
    """The step of a way."""
    return F.shiftright(code, NODE_BITS).bitwiseAND(F.lit((1 << STEP_BITS) - 1)).cast("int")


def way_in(code: Column) -> Column:
    """The number of a way."""
    return F.shiftright(code, NODE_BITS + STEP_BITS).cast("int")


def emptiness(path_counts: DataFrame, *, as_of: date, paths: Mapping[str, Paths], min_group_size: int) -> DataFrame:
    """One row: as_of_date, and the reason why no path is told; null if enough customers walked one."""
    n_customers = F.max(F.when(F.col("measure") == PATHS, F.col("n_customers")))
    reason = (
        F
        .when(F.lit(not paths), "conf/paths holds no definition of paths")
        .when(n_customers.isNull(), "nobody who may be profiled was seen on a device in the window")
        .when(n_customers < min_group_size, f"fewer than {min_group_size} customers were seen on a device in the window")
    )
    return path_counts.agg(reason.alias("reason")).select(F.lit(as_of).alias("as_of_date"), "reason")
