"""How good lists are: formulas in plain Python, and the same over all customers on Spark."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import log2

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def recall_at(k: int, shown: Sequence[str], relevant: Collection[str]) -> float:
    """Share of the relevant products among the first `k` shown, 0–1.

    Examples
    --------
    >>> recall_at(5, ["a", "b", "c", "d", "e"], {"b", "e"}), recall_at(1, ["a", "b"], {"b"})
    (1.0, 0.0)
    """
    return len(set(shown[:k]) & set(relevant)) / len(relevant)


def ideal_dcg(k: int, n_relevant: int) -> float:
    """Discounted gain of a list that begins with all relevant products.

    Examples
    --------
    >>> round(ideal_dcg(5, 2), 5)
    1.63093
    """
    return sum(1 / log2(1 + position) for position in range(1, min(k, n_relevant) + 1))


def ndcg_at(k: int, shown: Sequence[str], relevant: Collection[str]) -> float:
    """Normalised discounted cumulative gain of the first `k` shown with binary relevance, 0–1.

    Examples
    --------
    >>> round(ndcg_at(5, ["a", "b", "c", "d", "e"], {"b", "e"}), 5)
    0.62405
    """
    gain = sum(1 / log2(1 + position) for position, product in enumerate(shown[:k], start=1) if product in relevant)
    return gain / ideal_dcg(k, len(relevant))


def coverage_at(k: int, lists: Collection[Sequence[str]], n_products: int) -> float:
    """Share of the catalogue that stands on any list, 0–1.

    Examples
    --------
    >>> coverage_at(2, [["a", "b", "c"], ["a", "d"]], n_products=6)
    0.5
    """
    return len({product for shown in lists for product in shown[:k]}) / n_products


def customer_metrics(lists: DataFrame, truth: DataFrame, *, k: int) -> DataFrame:
    """One row per customer of the truth: customer_id, recall, ndcg, precision, each 0–1; 0 for one without a list.

    Parameters
    ----------
    lists
        customer_id, rank, product_id.
    truth
        customer_id, product_id: the relevant products, each once.
    k
        How much of a list counts.
    """
    ideal = F.array(*(F.lit(ideal_dcg(k, n)) for n in range(1, k + 1)))
    n_relevant, n_hits = F.count("*"), F.count("rank")
    gain = F.coalesce(F.sum(F.lit(1.0) / F.log2(F.col("rank") + F.lit(1.0))), F.lit(0.0))
    return (
        truth
        .join(lists.where(F.col("rank") <= k), on=["customer_id", "product_id"], how="left")
        .groupBy("customer_id")
        .agg(n_relevant.alias("n_relevant"), n_hits.alias("n_hits"), gain.alias("gain"))
        .select(
            "customer_id",
            (F.col("n_hits") / F.col("n_relevant")).alias("recall"),
            (F.col("gain") / F.get(ideal, (F.least("n_relevant", F.lit(k)) - 1).cast("int"))).alias("ndcg"),
            (F.col("n_hits") / F.lit(k)).alias("precision"),
        )
    )
