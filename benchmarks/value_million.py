"""Value of a million customers from their order lines, against the package lifetimes on the same purchases, in turn.

python benchmarks/value_million.py --work /tmp/value-million --oracles .venv/oracles/bin/python

Ours begins with order lines as Parquet and ends with the last row of gold.customer_value; both models are fitted twice, on all
days and on the calibration days. lifetimes begins with its purchases in memory, fits BG/NBD alone, and gives no interval. Neither
includes the start of its process or of Spark.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from cpu_time import timed
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reclake.gold.customer_value import customer_value
from reclake.gold.value_models import value_models
from reclake.lake.schema import conform, spark_schema
from reclake.lake.session import open_session
from reclake.run.job import project_home
from reclake.settings import load_settings
from reclake.tables import gold, silver
from reclake.value import spending
from reclake.value.forecasts import forecast
from reclake.value.histories import Floats, Histories
from reclake.value.purchases import purchases
from reclake.value.purchasing import fitted
from reclake.value.spending import Spends
from reclake.value.worth import worth

AS_OF, SPAN = date(2026, 1, 1), 546
LIFETIMES = """
import json, os, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter
from lifetimes.utils import summary_data_from_transaction_data
stored = np.load(sys.argv[1])
purchases = pd.DataFrame({"id": stored["customer"], "date": pd.Timestamp("2024-07-04") + pd.to_timedelta(stored["day"], unit="D"),
                          "amount": stored["amount"]})
marks, before = [time.monotonic()], sum(os.times()[:4])
summary = summary_data_from_transaction_data(purchases, "id", "date", "amount", observation_period_end="2026-01-01")
marks.append(time.monotonic())
model = BetaGeoFitter().fit(summary["frequency"], summary["recency"], summary["T"])
marks.append(time.monotonic())
paid = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
spend = GammaGammaFitter().fit(paid["frequency"], paid["monetary_value"])
marks.append(time.monotonic())
columns = (summary["frequency"], summary["recency"], summary["T"])
alive = model.conditional_probability_alive(*columns)
expected = model.conditional_expected_number_of_purchases_up_to_time(365, *columns)
value = spend.customer_lifetime_value(model, *columns, summary["monetary_value"], time=12, discount_rate=0.01, freq="D")
marks.append(time.monotonic())
parts = dict(zip(["summary", "purchases", "spend", "forecasts"], np.round(np.diff(marks), 1).tolist()))
print(json.dumps({"seconds": round(marks[-1] - marks[0], 1), "CPU": round(sum(os.times()[:4]) - before, 1), "parts": parts, "n": len(summary), "total value": float(np.nansum(value)),
                  "parameters": [round(float(one), 4) for one in model.params_[["r", "alpha", "a", "b"]]]}))
"""


def draw(n: int, folder: Path) -> None:
    """Purchases of `n` customers who live by BG/NBD and spend by Gamma–Gamma, seed 7: order lines, and arrays for lifetimes."""
    rng = np.random.default_rng(7)
    rate, stop = rng.gamma(0.2426, 1 / (4.4136 * 7), n), rng.beta(0.7929, 2.4259, n)
    level = rng.gamma(3.7446, 1 / 15.4477, n)
    first = rng.integers(0, SPAN, n)
    customers, days = [np.arange(n)], [first]
    alive, now = np.arange(n), first.astype(float)
    while len(alive):
        now = now + rng.exponential(size=len(alive)) / rate[alive]
        buys = now < SPAN
        alive, now = alive[buys], now[buys]
        customers.append(alive)
        days.append(now.astype(int))
        stays = rng.random(len(alive)) >= stop[alive]
        alive, now = alive[stays], now[stays]
    customer, day = np.concatenate(customers), np.concatenate(days)
    amount = np.maximum(np.round(rng.gamma(6.2488, size=len(customer)) / level[customer], 2), 0.01)
    np.savez(folder / "purchases.npz", customer=customer, day=day, amount=amount)
    start = np.datetime64(AS_OF - timedelta(days=SPAN))
    account = pa.array(customer).cast(pa.string())
    lines = pa.table({
        "account_id": account,
        "order_id": pa.array(np.arange(len(customer))).cast(pa.string()),
        "event_date": pa.array(start + day.astype("timedelta64[D]")),
        "line_amount": pa.array(amount).cast(pa.string()),
    })
    pq.write_table(lines, folder / "lines.parquet", row_group_size=250_000)
    pq.write_table(pa.table({"account_id": pa.array(np.arange(n)).cast(pa.string())}), folder / "people.parquet")


def inputs(spark: SparkSession, folder: Path) -> tuple[DataFrame, DataFrame]:
    """People and order lines, as the builders take them."""
    people = spark.read.parquet(str(folder / "people.parquet")).select(
        "account_id",
        F.col("account_id").alias("customer_id"),
        F.lit(False).alias("is_machine"),
        F.lit(True).alias("may_be_profiled"),
    )
    lines = spark.read.parquet(str(folder / "lines.parquet")).withColumns({
        "line_amount": F.col("line_amount").cast("decimal(18,4)"),
        "source": F.lit("shop"),
        "order_scope": F.lit("web"),
        "channel": F.lit("web"),
        "line_kind": F.lit("product"),
        "quantity": F.lit(1),
        "currency": F.lit("USD"),
        "is_return": F.lit(False),
    })
    return people, lines


def ours(spark: SparkSession, folder: Path) -> dict[str, object]:
    """Seconds of the two tables, written as Parquet."""
    settings = load_settings(project_home(), profile="local").customer_value
    people, lines = inputs(spark, folder)
    bought = purchases(people, lines, as_of=AS_OF, reporting_currency="USD").persist(StorageLevel.DISK_ONLY)  # as a stage does
    given = {"purchases": bought, "as_of": AS_OF, "reporting_currency": "USD", "value": settings}
    seconds: dict[str, float] = {}
    with timed(seconds, "gold.value_models"):
        rows = conform(value_models(**given, min_group_size=10), gold.VALUE_MODELS).collect()
    with timed(seconds, "gold.customer_value"):
        known = spark.createDataFrame(rows, spark_schema(gold.VALUE_MODELS))
        valued = conform(customer_value(**given, value_models=known), gold.CUSTOMER_VALUE)
        valued.write.mode("overwrite").parquet(str(folder / "customer_value"))
    bought.unpersist()
    total = spark.read.parquet(str(folder / "customer_value")).agg(F.count("*").alias("n"), F.sum("value_amount").alias("total"))
    counted = total.first()
    return {
        "seconds": round(sum(taken for name, taken in seconds.items() if "CPU" not in name), 1),
        "CPU": round(sum(taken for name, taken in seconds.items() if "CPU" in name), 1),
        "parts": seconds,
        "n": counted["n"],
        "total value": float(counted["total"]),
        "model": rows[0]["model"],
        "parameters": [round(rows[0][name], 4) for name in ("r", "alpha", "a", "b")],
    }


def engine(folder: Path) -> dict[str, object]:
    """Seconds of the models alone: from x, t_x, T and amounts of each customer in memory to each customer's value, without Spark."""
    settings = load_settings(project_home(), profile="local").customer_value
    stored = np.load(folder / "purchases.npz")
    x, t_x, age, total = _summary(stored["customer"], stored["day"], stored["amount"])
    marks = [time.monotonic()]
    base = SPAN + 2
    codes, place, n = np.unique((x * base + t_x) * base + age, return_inverse=True, return_counts=True)
    groups = Histories(*(one.astype(float) for one in (codes // base**2, codes // base % base, codes % base, n)))
    model = fitted("bg_nbd", groups)
    marks.append(time.monotonic())
    repeated = x > 0
    bucket = np.floor(np.log(total[repeated]) * 128).astype(np.int64)
    mean = total[repeated] / x[repeated]
    _, cell, size = np.unique(x[repeated] * 100_000 + bucket + 50_000, return_inverse=True, return_counts=True)
    means = (np.bincount(cell, weights=one) / size for one in (x[repeated], mean, np.log(mean)))
    spend = spending.fitted(Spends(*means, size.astype(float)))
    marks.append(time.monotonic())
    seen = forecast(
        model,
        groups.repeats,
        groups.last_repeat,
        groups.age,
        period=settings.period_days,
        n_periods=settings.horizon_periods,
        discount=settings.discount_per_period,
    )
    ends = worth(spend, seen, groups.repeats, interval_share=settings.interval_share)
    value, lower, upper = (factor[place] * (spend.v + total) for factor in (ends.value, ends.lower, ends.upper))
    marks.append(time.monotonic())
    assert (lower <= upper).all()
    return {
        "seconds": round(marks[-1] - marks[0], 1),
        "parts": dict(zip(("purchases", "spend", "forecasts"), np.round(np.diff(marks), 1).tolist(), strict=True)),
        "groups": len(groups.repeats),
        "total value": float(value.sum()),
        "parameters": [round(one, 4) for one in model.parameters],
    }


def _summary(customer: Floats, day: Floats, amount: Floats) -> tuple[Floats, ...]:
    """x, t_x, T and the sum of repeats of each customer; not part of what is timed."""
    code, place = np.unique(customer * 1000 + day, return_inverse=True)
    amounts = np.bincount(place, weights=amount)
    owner, when = code // 1000, code % 1000
    starts = np.flatnonzero(np.diff(np.concatenate([[-1], owner])))
    n_days = np.diff(np.append(starts, len(owner)))
    first, last = when[starts], when[starts + n_days - 1]
    return n_days - 1, last - first, SPAN - first, np.add.reduceat(amounts, starts) - amounts[starts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--oracles", type=Path, required=True, help="the Python of make oracles")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--without-spark", action="store_true", help="the models alone, from histories in memory")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if not (options.work / "lines.parquet").exists():
        draw(options.customers, options.work)
    command = [str(options.oracles), "-c", LIFETIMES, str(options.work / "purchases.npz")]
    if options.without_spark:
        for number in range(options.rounds):
            print("models", number, json.dumps(engine(options.work)), flush=True)
            print(
                "lifetimes",
                number,
                subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip(),
                flush=True,
            )
        return
    spark = open_session(project_home() / "conf" / "spark" / "local", name="value")
    assert set(spark_schema(silver.ORDER_LINES).names) >= set(inputs(spark, options.work)[1].columns)
    for number in range(options.rounds):
        print("ours", number, json.dumps(ours(spark, options.work)), flush=True)
        print("lifetimes", number, subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip(), flush=True)
    spark.stop()


if __name__ == "__main__":
    main()
