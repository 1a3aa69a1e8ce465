"""Which products the same customers have: exact sparse products in blocks, on the workers.

A customer's products are one row of a sparse matrix X of ones. Blocks of rows give Xᵀ·X and Xᵀ·W·X, whose entries are added up in
whole numbers: the result does not depend on how rows lie in partitions. What a block holds is bounded by the pairs of products of
its customers, and these by `max_products` each, so nobody's history makes a block large.

References
----------
Sarwar, Karypis, Konstan, Riedl: Item-Based Collaborative Filtering Recommendation Algorithms, 2001 (cosine, pruned neighbourhoods);
Breese, Heckerman, Kadie: Empirical Analysis of Predictive Algorithms, 1998, 2.1.2 (customers of few products weigh more).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F
from scipy.sparse import csr_array

_PAIRS_AT_ONCE = 4_000_000  # pairs of products of one block, before equal ones are added up: some 100 MB
_UNIT = 2**20  # weights are whole multiples of its inverse, so that sums are exact
_SHARED = pa.schema([("left_id", pa.string()), ("right_id", pa.string()), ("n_shared", pa.int64()), ("weight", pa.int64())])


def owned_products(interactions: DataFrame, *, max_products: int) -> DataFrame:
    """One row per customer: customer_id, products, n_products, of which `products` holds the newest `max_products`, sorted.

    Of products last taken on the same day the first by id are held.

    Parameters
    ----------
    interactions
        customer_id, product_id, event_date.
    """
    last = interactions.groupBy("customer_id", "product_id").agg(F.max("event_date").alias("last_date"))
    newest = F.row_number().over(W.partitionBy("customer_id").orderBy(F.col("last_date").desc(), "product_id"))
    held = F.collect_list(F.when(F.col("place") <= max_products, F.col("product_id")))
    return (
        last
        .withColumn("place", newest)
        .groupBy("customer_id")
        .agg(F.sort_array(held).alias("products"), F.count("*").alias("n_products"))
    )


def customer_weight(n_products: Column, n_all: Column, *, power: float) -> Column:
    """Squared weight of a customer with so many of all products, as a whole multiple of 2⁻²⁰: ln((n_all + 1) / n_products)^(2·power).

    Who has all products says little of any two of them; with power 0 all customers weigh alike.
    """
    weight = F.pow(F.log((n_all + F.lit(1)) / n_products), F.lit(2.0 * power))
    return F.greatest(F.round(weight * F.lit(float(_UNIT))), F.lit(1.0)).cast("long")


def similarity(n_shared: float, n_left: float, n_right: float, *, shrinkage: float) -> float:
    """Cosine of two products, of the weights that their customers have in common and each alone, 0–1.

    Shrinkage draws pairs of few customers to 0.

    Examples
    --------
    >>> round(similarity(2, 3, 3, shrinkage=0), 4), round(similarity(2, 3, 3, shrinkage=10), 5)
    (0.6667, 0.15385)
    >>> from math import log
    >>> only_two, three = log(4 / 2) ** 2, log(4 / 3) ** 2
    >>> round(similarity(only_two + three, log(4) ** 2 + only_two + three, 2 * only_two + three, shrinkage=0), 5)
    0.34973
    """
    below = float((n_left * n_right) ** 0.5) + shrinkage
    return n_shared / below


def similar_products(owned: DataFrame, *, shrinkage: float, weight_power: float) -> DataFrame:
    """One row per ordered pair of products with a customer in common.

    product_id, related_product_id; score: as `similarity`; n_together, n_product, n_related, n_all: customers.

    Parameters
    ----------
    owned
        `owned_products`. It is read twice.
    shrinkage
        In customers of the weight 1.
    weight_power
        See `customer_weight`.
    """
    held = owned.select("customer_id", "products", F.size("products").alias("n_held"))
    of_products = held.select(F.explode("products").alias("product_id")).agg(F.count_distinct("product_id").alias("n_known"))
    weighed = held.crossJoin(F.broadcast(of_products)).select(
        "products", customer_weight(F.col("n_held"), F.col("n_known"), power=weight_power).alias("weight")
    )
    each = (
        weighed
        .select(F.explode("products").alias("product_id"), "weight")
        .groupBy("product_id")
        .agg(F.count("*").alias("n"), F.sum("weight").alias("total"))
    )
    shared = (
        weighed
        .where(F.size("products") > 1)
        .mapInArrow(_shared, "left_id string, right_id string, n_shared long, weight long")
        .groupBy("left_id", "right_id")
        .agg(F.sum("n_shared").alias("n_together"), F.sum("weight").alias("weight"))
    )
    sides = F.array(
        F.struct(F.col("left_id").alias("product_id"), F.col("right_id").alias("related_product_id")),
        F.struct(F.col("right_id").alias("product_id"), F.col("left_id").alias("related_product_id")),
    )
    both = shared.select(F.inline(sides), "n_together", "weight")
    own = each.select("product_id", F.col("n").alias("n_product"), F.col("total").alias("own_total"))
    other = each.select(
        F.col("product_id").alias("related_product_id"), F.col("n").alias("n_related"), F.col("total").alias("total")
    )
    n_all = held.agg(F.count("*").alias("n_all"))
    below = F.sqrt(F.col("own_total").cast("double") * F.col("total")) + F.lit(shrinkage * _UNIT)
    return (
        both
        .join(F.broadcast(own), on="product_id", how="inner")
        .join(F.broadcast(other), on="related_product_id", how="inner")
        .crossJoin(F.broadcast(n_all))
        .select(
            "product_id",
            "related_product_id",
            (F.col("weight") / below).alias("score"),
            "n_together",
            "n_product",
            "n_related",
            "n_all",
        )
    )


def _shared(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """For blocks of customers (products, weight) each pair of products that any of them has: how many have it, and their weights."""
    for batch in batches:
        lengths = batch.column("products").value_lengths().to_numpy(zero_copy_only=False).astype(np.int64)
        n_pairs = np.cumsum(lengths * lengths)
        start = 0
        while start < len(lengths):
            before = n_pairs[start - 1] if start else 0
            end = max(start + 1, int(np.searchsorted(n_pairs, before + _PAIRS_AT_ONCE, side="right")))
            yield _of_block(batch.slice(start, end - start))
            start = end


def _of_block(block: pa.RecordBatch) -> pa.RecordBatch:
    lists = block.column("products")
    names, columns = np.unique(np.asarray(lists.flatten().to_pylist(), dtype=object), return_inverse=True)
    lengths = lists.value_lengths().to_numpy(zero_copy_only=False)
    starts = np.concatenate(([0], np.cumsum(lengths)))
    ones = np.ones(len(columns), dtype=np.int64)
    owners = csr_array((ones, columns.astype(np.int64), starts), shape=(len(lengths), len(names)))
    counted = csr_array(owners.T @ owners)
    weights = np.repeat(block.column("weight").to_numpy(), lengths)
    weighed = csr_array(owners.T @ csr_array((weights, owners.indices, owners.indptr), shape=owners.shape))
    # Weights are at least 1, so both products hold the same pairs.
    for product in (counted, weighed):
        product.sort_indices()
    left = np.repeat(np.arange(len(names)), np.diff(counted.indptr))
    is_upper = left < counted.indices
    return pa.RecordBatch.from_arrays(
        [
            pa.array(names[left[is_upper]], pa.string()),
            pa.array(names[counted.indices[is_upper]], pa.string()),
            pa.array(counted.data[is_upper], pa.int64()),
            pa.array(weighed.data[is_upper], pa.int64()),
        ],
        schema=_SHARED,
    )
