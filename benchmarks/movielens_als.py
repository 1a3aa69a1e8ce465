"""MovieLens 100k, random 75/25 split of each customer's rows (P1): our ALS against the published figure.

Fetch the data and run it:

    pip download recbole==1.2.1 --no-deps -d FOLDER
    python benchmarks/movielens_als.py FOLDER

All rows are positive with weight 1, all products are ranked, those of the training part are left out, relevance is
binary, and the mean is taken over the customers with test rows. MLlib implicit ALS, rank 64, 16 iterations, λ 0.1,
α 1 gave nDCG@10 .470, P@10 .416, R@10 .220 elsewhere; popularity .253, .228, .110.
"""

from __future__ import annotations

import sys
import zipfile
from datetime import date
from pathlib import Path
from time import perf_counter

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reclake.lake.session import open_session
from reclake.recommend.als import AlsValues, fitted_als
from reclake.recommend.lists import ranked_lists
from reclake.recommend.metrics import customer_metrics
from reclake.recommend.popularity import popular_products

K = 10
RATINGS = "recbole/dataset_example/ml-100k/ml-100k.inter"
ROOT = Path(__file__).resolve().parents[1]
# The settings of the published figure.
PUBLISHED = AlsValues(rank=64, iterations=16, regularisation=0.1, alpha=1.0, half_life_days=1e9, blocks=4, seed=7)


def ratings(folder: Path) -> list[tuple[str, str]]:
    """(customer, product) of each row, in file order."""
    with zipfile.ZipFile(next(folder.glob("recbole-1.2.1*.whl"))) as wheel:
        lines = wheel.read(RATINGS).decode().splitlines()[1:]
    return [(line.split("\t")[0], line.split("\t")[1]) for line in lines]


def is_train(rows: list[tuple[str, str]], *, seed: int = 42) -> np.ndarray:
    """Whether the percent rank of the row's random number within its customer is at most .75."""
    numbers = np.random.RandomState(seed).rand(len(rows))
    by_customer: dict[str, list[int]] = {}
    for place, (customer, _) in enumerate(rows):
        by_customer.setdefault(customer, []).append(place)
    train = np.zeros(len(rows), dtype=bool)
    for places in by_customer.values():
        order = np.argsort(np.argsort(numbers[places]))
        train[places] = (order + 1) / len(places) <= 0.75
    return train


def main(folder: Path) -> None:
    rows = ratings(folder)
    train_rows = is_train(rows)
    print(f"{len(rows)} rows: {train_rows.sum()} train, {(~train_rows).sum()} test")
    spark = open_session(ROOT / "conf" / "spark" / "local", name="movielens-als")
    train, truth = (
        pairs_of(spark, [row for row, is_in in zip(rows, mask, strict=True) if is_in]) for mask in (train_rows, ~train_rows)
    )
    began = perf_counter()
    model = fitted_als(train.withColumn("weight", F.lit(1.0)), PUBLISHED, cut=date(1998, 4, 23), max_item_factor_bytes=2**30)
    print(f"fit {perf_counter() - began:.1f} s")
    customers = truth.select("customer_id", F.lit(True).alias("is_personal")).distinct()
    counts = train.groupBy("product_id").agg(F.count("*").cast("double").alias("popularity"))
    catalogue = popular_products(counts, counts)
    for name, chosen in (("popularity", None), ("als", model)):
        began = perf_counter()
        each = customer_metrics(ranked_lists(customers, train, catalogue, n=K, model=chosen), truth, k=K)
        row = each.agg(
            F.count("*").alias("n"), *(F.avg(metric).alias(metric) for metric in ("ndcg", "precision", "recall"))
        ).first()
        assert row is not None
        print(
            f"{name}: {row['n']} customers, nDCG@10 {row['ndcg']:.4f}, P@10 {row['precision']:.4f}, R@10 {row['recall']:.4f}, {perf_counter() - began:.1f} s"
        )
    spark.stop()


def pairs_of(spark: SparkSession, rows: list[tuple[str, str]]) -> DataFrame:
    return spark.createDataFrame(rows, "customer_id string, product_id string").cache()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
