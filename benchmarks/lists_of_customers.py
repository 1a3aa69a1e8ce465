"""CPU time of gold.recommendations by two checkouts in turn, on the same drawn customers, and whether their rows are the same.

    git worktree add /tmp/before COMMIT
    python benchmarks/lists_of_customers.py --work /tmp/lists --customers 27500 --products 1000 --against /tmp/before

Customers, what they had to do with, relations, popular products and a model's factors are drawn once and kept as Parquet. Each run is a
process of its own, of one checkout: the builder with all shipped scenarios, twice, as the first time compiles. CPU is that of Spark's JVM and
of the Python workers, of the second time. One run more is without the model, which says what choosing by it costs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from cpu_time import timed
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

HOME = Path(__file__).resolve().parents[1]
DAY = date(2026, 3, 1)
RANK = 32
N_OWN = 30  # products that a customer had to do with, some of them twice
N_RELATED = 20  # of each product and relation
N_CATEGORIES = 30
RELATIONS = ("seen_together", "bought_together", "seen_next", "bought_next")
WEIGHTS = {"view": 1.0, "add_to_cart": 3.0, "purchase": 5.0}


def session(memory: str) -> SparkSession:
    """Two cores, as the other figures have them."""
    more = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "8",
        "spark.driver.memory": memory,
        "spark.sql.session.timeZone": "UTC",
    }
    os.environ["PYSPARK_PYTHON"] = sys.executable  # workers are of this environment
    builder = SparkSession.builder.master("local[2]")
    for name, value in more.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def product(number: Column) -> Column:
    return F.concat(F.lit("p"), F.lpad(number.cast("int").cast("string"), 6, "0"))


def draw(seed: int, *keys: str) -> Column:
    """A number from 0 to below 1 that the key alone decides."""
    return F.pmod(F.xxhash64(*keys, F.lit(seed)), F.lit(1_000_003)) / F.lit(1_000_003)


def days_ago(seed: int, *keys: str, most: int) -> Column:
    return F.date_sub(F.lit(DAY), (draw(seed, *keys) * most).cast("int") + 1)


def drawn(spark: SparkSession, *, n_customers: int, n_products: int) -> dict[str, DataFrame]:
    """What the builder reads, by the name of its argument; columns that it does not read are left out."""
    id_ = F.md5(F.col("id").cast("string"))
    everybody = spark.range(n_customers).select(
        F.concat(F.lit("c_"), id_).alias("customer_id"), F.concat(F.lit("a_"), id_).alias("account_id"), "id"
    )
    numbers = spark.range(n_products).withColumn("product_id", product(F.col("id")))
    popular = product(F.pow(draw(1, "id", "n"), 2) * n_products).alias("product_id")
    category = F.concat(F.lit("category "), (F.col("id") % N_CATEGORIES).cast("string"))
    some, some_of_many = (product(draw(5, *keys) * n_products) for keys in (("id",), ("id", "n")))
    none = F.lit(None)
    relation = F.element_at(F.array(*map(F.lit, RELATIONS)), (F.col("id") % 4 + 1).cast("int"))
    return {
        "people": everybody.select("customer_id", "account_id", (F.col("id") % 10 < 8).alias("may_be_profiled"), F.lit(False).alias("is_device"),
                                   F.lit(False).alias("is_machine"), F.when(F.col("id") % 2 == 0, "web").otherwise("app").alias("channel")),
        "interactions": everybody.withColumn("n", F.explode(F.sequence(F.lit(1), F.lit(N_OWN)))).select(
            "account_id", popular, days_ago(2, "id", "n", most=60).alias("event_date"), F.when(draw(3, "id", "n") < 0.2, "purchase").otherwise("view").alias("kind"),
            F.lit(1).cast("long").alias("n_events")),
        "products": numbers.select("product_id", category.alias("category"), product(F.col("id") / 2).alias("variant_of"),
                                   F.lit("A name").alias("product_name"), F.lit(9).cast("decimal(18,4)").alias("price_amount"),
                                   F.lit("EUR").alias("currency"), F.lit(True).alias("is_active")),
        "stock": numbers.select("product_id", (F.col("id") % 20 > 0).alias("is_in_stock"), F.lit(False).alias("is_recalled")),
        "impressions": everybody.withColumn("n", F.explode(F.sequence(F.lit(1), F.lit(10)))).select(
            "account_id", some_of_many.alias("product_id"), days_ago(6, "id", "n", most=29).alias("event_date"), none.cast("timestamp").alias("clicked_at")),
        "product_relations": spark.range(n_products * 4 * N_RELATED).select(
            relation.alias("relation"), product(F.col("id") / (4 * N_RELATED)).alias("product_id"), some.alias("related_product_id"),
            draw(7, "id").alias("score"), F.lit(1).alias("rank"), F.lit(9).cast("long").alias("n_together"), (draw(8, "id") * 2).alias("lift")),
        "popular_products": spark.range(100 * N_CATEGORIES).select(
            F.lit("category").alias("scope"), category.alias("value"), F.lit("decayed").alias("kind"), some.alias("product_id"),
            (F.col("id") / N_CATEGORIES + 1).cast("int").alias("rank"), draw(9, "id").alias("score")),
        "due_again": everybody.where("id % 3 = 0").select(
            "customer_id", some.alias("product_id"), F.lit(True).alias("is_due"), draw(10, "id").alias("score"), F.lit(5).cast("long").alias("elapsed_days"),
            F.lit(4.0).alias("usual_gap_days")),
        "customer_segments": everybody.select("customer_id", F.lit("new").alias("tier")),
        "contact_list": everybody.where("id % 50 = 0").select("customer_id", F.lit("win_back").alias("contact_purpose")),
        "factors": everybody.select("customer_id", F.array(*((draw(20 + n, "id") - 0.5).cast("float") for n in range(RANK))).alias("factors")),
    }  # fmt: skip


def make(work: Path, spark: SparkSession, *, n_customers: int, n_products: int) -> None:
    """Draw everything once; of drawn pairs the first stays, as the tables of a lake have keys."""
    for name, frame in drawn(spark, n_customers=n_customers, n_products=n_products).items():
        keys = {
            "product_relations": ["relation", "product_id", "related_product_id"],
            "popular_products": ["value", "product_id"],
        }.get(name)
        (frame.dropDuplicates(keys) if keys else frame).write.mode("overwrite").parquet(str(work / "frames" / name))


def score(work: Path, spark: SparkSession, *, out: Path, home: Path, with_model: bool) -> dict[str, float]:
    """The rows of all lists, written twice below `out`, and what the second time took."""
    from reclake.gold.recommendations import recommendations
    from reclake.recommend.als import FittedAls
    from reclake.recommend.catalogues import SCENARIOS
    from reclake.recommend.scenarios.histories import own_products

    frames = {folder.name: spark.read.parquet(str(folder)) for folder in (work / "frames").iterdir()}
    factors = frames.pop("factors")
    products = sorted(row["product_id"] for row in frames["products"].select("product_id").collect())
    model = FittedAls(
        customer_factors=factors,
        products=spark.createDataFrame([(p, n) for n, p in enumerate(products)], "product_id string, product_index int"),
        product_factors=np.random.default_rng(1).normal(size=(len(products), RANK)).astype(np.float32),
        n_customers=factors.count(),
        cut=DAY,
        version="1",
    )
    settings = dict(
        scenarios=SCENARIOS.load(home / "conf" / "scenarios"),
        popularity=SimpleNamespace(half_life_days=14.0),
        limits=SimpleNamespace(n_related=10, n_candidates=50, min_together=5, min_lift=1.2),
        weights=WEIGHTS,
        champions={"als": model if with_model else None},
        timezone="UTC",
    )
    seconds: dict[str, float] = {}
    for what in ("first", "second"):
        own = own_products(frames["people"], frames["interactions"], as_of=DAY).persist()
        own.count()  # another table reads it too: it is not what lists cost
        with timed(seconds, what):
            recommendations(own_products=own, as_of=DAY, **frames, **settings).write.mode("overwrite").parquet(str(out))
        own.unpersist()
    return seconds


def compared(spark: SparkSession, one: Path, other: Path) -> str:
    """Whether both hold the same rows as bags."""
    left, right = (spark.read.parquet(str(path)) for path in (one, other))
    right = right.select(left.columns)
    n_differ = left.exceptAll(right).count() + right.exceptAll(left).count()
    return f"{left.count():,} rows, equal as bags" if not n_differ else f"{n_differ:,} rows differ"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    parser.add_argument("--customers", type=int, default=27_500)
    parser.add_argument("--products", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=2, help="runs of each checkout, in turn")
    parser.add_argument("--against", type=Path, help="another checkout; without it this one alone is measured")
    parser.add_argument("--memory", default="4g", help="of the driver")
    parser.add_argument("--score", choices=("model", "none"), help=argparse.SUPPRESS)  # one run, in a process of its own
    parser.add_argument("--home", type=Path, default=HOME, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    spark = session(options.memory)
    if options.score is not None:
        seconds = score(options.work, spark, out=options.out, home=options.home, with_model=options.score == "model")
        print(json.dumps(seconds))
        return
    make(options.work, spark, n_customers=options.customers, n_products=options.products)
    spark.stop()
    homes = {"this checkout": HOME} | ({"the other": options.against.resolve()} if options.against else {})
    runs = [(name, "model") for _ in range(options.rounds) for name in homes] + [("this checkout", "none")]
    for name, with_model in runs:
        out = options.work / f"{name.replace(' ', '-')}-{with_model}"
        command = [
            sys.executable,
            __file__,
            "--work",
            options.work,
            "--memory",
            options.memory,
            "--score",
            with_model,
            "--home",
            homes[name],
            "--out",
            out,
        ]
        environment = os.environ | {"PYTHONPATH": str(homes[name] / "lib")}
        ended = subprocess.run(list(map(str, command)), env=environment, check=True, stdout=subprocess.PIPE, text=True)
        print(
            json.dumps({"checkout": name, "model": with_model == "model", **json.loads(ended.stdout.splitlines()[-1])}),
            flush=True,
        )
    if options.against:
        print(compared(session(options.memory), options.work / "this-checkout-model", options.work / "the-other-model"))


if __name__ == "__main__":
    main()
