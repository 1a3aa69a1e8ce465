"""Item–item on public data, through this project's similarities, scoring and metrics.

Fetch MovieLens 100k and run it; the second argument is the folder of the Retailrocket subset with `events.csv` and `heldout_buy.csv`:

    pip download recbole==1.2.1 --no-deps -d FOLDER
    python benchmarks/item_item.py FOLDER ../shared/data/retailrocket-subset

MovieLens: five random 75/25 splits of each customer's rows (P1 with the seeds 42 to 46), all rows positive, all products ranked, those of
the training part left out, the mean over the customers with test rows. Retailrocket: the products of all events of a visitor are known,
and the one that was bought later is to be found among all others.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from time import perf_counter

from movielens_als import is_train, ratings
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reclake.lake.session import open_session
from reclake.recommend.item_item import ItemItem, ItemItemValues
from reclake.recommend.lists import ranked_lists
from reclake.recommend.metrics import customer_metrics
from reclake.recommend.popularity import popular_products

K = 10
ROOT = Path(__file__).resolve().parents[1]
CUT = date(2026, 1, 1)
SEEDS = (42, 43, 44, 45, 46)
FILMS = ItemItemValues(
    neighbours=200, shrinkage=50.0, weight_power=1.0, max_products=1000, blocks=4
)  # as conf/base.toml, nobody cut
SHOP = ItemItemValues(neighbours=200, shrinkage=10.0, weight_power=0.5, max_products=1000, blocks=4)


def judged(train: DataFrame, truth: DataFrame, settings: ItemItemValues) -> dict[str, float]:
    """Means over the customers of the truth; hit_rate: share of them with any hit."""
    taken = train.select("*", F.lit(CUT).alias("event_date")).withColumn("event_date", F.date_sub("event_date", 1))
    began = perf_counter()
    model = ItemItem(settings, max_bytes=2**30).fit(taken, as_of=CUT)
    fitted = perf_counter()
    counts = train.groupBy("product_id").agg(F.count("*").cast("double").alias("popularity"))
    people = truth.select("customer_id", F.lit(True).alias("is_personal")).distinct()
    lists = ranked_lists(people, train, popular_products(counts, counts), n=K, model=model)
    each = customer_metrics(lists, truth, k=K)
    hit = F.when(F.col("recall") > 0, 1.0).otherwise(0.0)
    row = each.agg(
        F.count("*").alias("customers"),
        F.avg("ndcg").alias("ndcg"),
        F.avg("precision").alias("precision"),
        F.avg(hit).alias("hit_rate"),
    ).first()
    assert row is not None
    return row.asDict() | {"fit_seconds": fitted - began, "lists_seconds": perf_counter() - fitted}


def pairs_of(spark: SparkSession, rows: Sequence[tuple[str, str]]) -> DataFrame:
    """customer_id, product_id of each row, once."""
    return spark.createDataFrame(list(rows), "customer_id string, product_id string").distinct().cache()


def shown(found: dict[str, float]) -> str:
    """The figures in a line."""
    return ", ".join(f"{name} {value:.4f}" for name, value in found.items())


def main(wheel: Path, shop: Path | None) -> None:
    spark = open_session(ROOT / "conf" / "spark" / "local", name="item-item")
    rows, splits = ratings(wheel), []
    for seed in SEEDS:
        mask = is_train(rows, seed=seed)
        train, truth = (
            pairs_of(spark, [row for row, is_in in zip(rows, chosen, strict=True) if is_in]) for chosen in (mask, ~mask)
        )
        splits.append(judged(train, truth, FILMS))
        print(f"MovieLens 100k, seed {seed}: {shown(splits[-1])}", flush=True)
    print(
        f"MovieLens 100k, mean of {len(splits)} splits: nDCG@10 {sum(one['ndcg'] for one in splits) / len(splits):.4f}",
        flush=True,
    )
    if shop is not None:
        with (shop / "events.csv").open() as events, (shop / "heldout_buy.csv").open() as bought:
            seen, later = ([(row["visitorid"], row["itemid"]) for row in csv.DictReader(file)] for file in (events, bought))
        print(f"Retailrocket: {shown(judged(pairs_of(spark, seen), pairs_of(spark, later), SHOP))}")
    spark.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
