"""Exact top-k of inner products, in Arrow batches on the workers.

The product factors travel once to each worker as a plain array; customers are cut into blocks, and each block
meets the numbers of the products on sale. Both inputs are frames, so nothing is collected to say what is on sale.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.recommend.interface import PICKS
from reclake.recommend.picking import Floats, as_lists, int_lists, nobody, numbered, picks_of, vectors_of

_CUSTOMERS_PER_BLOCK = 20_000  # one block is held by a worker as Arrow: at rank 64 and 50 seen products some 10 MB


def _scorer(product_factors: Floats, *, n: int) -> Callable[[pa.Table, pa.Table], pa.Table]:
    def score(customers: pa.Table, products: pa.Table) -> pa.Table:
        """One block: customers with seen_indices and factors; products with product_index, place."""
        if not customers.num_rows:
            return nobody()
        candidates, places = numbered(products)
        vectors = vectors_of(customers["factors"], product_factors.shape[1])
        picks = picks_of(vectors, int_lists(customers["seen_indices"]), product_factors, candidates, places, n=n)
        return as_lists(customers["customer_id"], picks)

    return score


def best_products(
    people: DataFrame, candidates: DataFrame, customer_factors: DataFrame, product_factors: Floats, *, n_customers: int, n: int
) -> DataFrame:
    """See `FittedRecommender.with_picks`. Exact: each customer is scored against every candidate.

    Parameters
    ----------
    customer_factors
        customer_id, factors: `n_customers` rows.
    product_factors
        (n products, rank) by product_index. They go to the workers with the function, as Spark broadcasts a large closure.
    """
    # The blocks are as many as the model's customers need: whoever it does not score must stay out of them.
    scored = (
        people
        .where("is_personal")
        .join(customer_factors, on="customer_id", how="inner")
        .select("customer_id", "seen_indices", "factors")
    )
    return picked_in_blocks(people, scored, candidates, _scorer(product_factors, n=n), n_customers=n_customers)


def picked_in_blocks(
    people: DataFrame,
    scored: DataFrame,
    candidates: DataFrame,
    scorer: Callable[[pa.Table, pa.Table], pa.Table],
    *,
    n_customers: int,
) -> DataFrame:
    """The people with the picks that `scorer` gives those of `scored`; the others have none.

    Parameters
    ----------
    scored
        Some of the people: customer_id, and what the scorer reads of each.
    candidates
        place, product_index.
    scorer
        Of a block of scored customers and all candidates: customer_id, picks (`as_lists`).
    n_customers
        About how many are scored: they are cut into so many blocks that a worker can hold one.
    """
    n_blocks = 1 + n_customers // _CUSTOMERS_PER_BLOCK
    block = F.pmod(F.xxhash64("customer_id"), F.lit(n_blocks)).cast("int")
    blocks = F.explode(F.sequence(F.lit(0), F.lit(n_blocks - 1))).alias("block")
    products = candidates.select("place", "product_index", blocks)
    lists = (
        scored
        .withColumn("block", block)
        .groupBy("block")
        .cogroup(products.groupBy("block"))
        .applyInArrow(scorer, f"customer_id string, picks {PICKS}")
    )
    picks = F.coalesce("picks", F.array().cast(PICKS)).alias("picks")
    return people.join(lists, on="customer_id", how="left").select("customer_id", "is_personal", "seen_places", picks)
