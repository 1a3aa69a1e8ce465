"""What the demo's lake found, against the truth that the generator planted. Run after `make demo`.

python benchmarks/demo_truth.py
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.privacy.keys import load_key
from reclake.privacy.tokens import account_pseudonym, device_pseudonym
from reclake.run.application import Application, located, open_application
from reclake.run.job import project_home
from reclake.run.views import published
from reclake.settings import load_settings
from reclake.tables import gold, ops, silver


def classes(app: Application, truth: str) -> dict[str, object]:
    """Records by table, planted class and class found: counts per file, and every planted record by its pointer."""
    found = None
    for table in silver.RECORDS:
        rows = published(app, table).select("file_digest", "position", "record_class", F.lit(table.noun).alias("record_table"))
        found = rows if found is None else found.unionByName(rows)
    planted = app.spark.read.parquet(f"{truth}/planted").select("file_digest", "position", "kind", "expected", "record_table")
    joined = planted.join(found.drop("record_table"), on=["file_digest", "position"], how="left")
    wrong = joined.where(~F.col("record_class").eqNullSafe(F.col("expected")))
    files = app.spark.read.parquet(f"{truth}/files")
    expected = files.agg(*(F.sum(f"n_{name}").alias(name) for name in ("kept", "duplicate", "rejected", "late"))).first().asDict()
    counted = {row["record_class"]: row["count"] for row in found.groupBy("record_class").count().collect()}
    return {
        "planted records": planted.count(),
        "planted records in another class": wrong.count(),
        "wrong by kind": {
            f"{r['kind']} → {r['record_class']}": r["count"] for r in wrong.groupBy("kind", "record_class").count().collect()
        },
        "expected": expected,
        "found": counted,
    }


def bots(app: Application, truth: str) -> dict[str, float]:
    """Precision and recall of the flag over kept events."""
    real = app.spark.read.parquet(f"{truth}/bots").select("event_id").distinct().withColumn("is_real", F.lit(True))
    events = published(app, silver.EVENTS).select("event_id", "is_bot").join(real, on="event_id", how="left")
    row = events.agg(
        F.count_if("is_bot").alias("flagged"),
        F.count_if(F.col("is_bot") & F.col("is_real").isNotNull()).alias("right"),
        F.count_if(F.col("is_real").isNotNull()).alias("real"),
    ).first()
    return {
        "precision": round(row["right"] / row["flagged"], 4),
        "recall": round(row["right"] / row["real"], 4),
        "bot events": row["real"],
    }


def known_accounts(app: Application, truth: str, as_of: date) -> tuple[dict[str, str], dict[str, str]]:
    """By account that the lake knows: the customer whom it found, and the person who has it; shared devices are nobody's."""
    key = load_key(located(app.home, app.settings.secrets.directory), app.settings.privacy.id_key_id)
    accounts = app.spark.read.parquet(f"{truth}/accounts").collect()
    person = {}
    for row in accounts:
        if row["is_device"]:
            name = device_pseudonym(key, source="demo", native_id=row["native_id"])
        else:
            name = account_pseudonym(key, source="demo", channel=row["channel"], native_id=row["native_id"])
        if not row["is_shared"]:
            person[name] = row["person_id"]
    shown = published(app, silver.IDENTITIES).where((F.col("valid_from") < F.lit(as_of)) & F.col("valid_to").isNull())
    customer = {row["account_id"]: row["customer_id"] for row in shown.select("account_id", "customer_id").collect()}
    return {name: customer[name] for name in person if name in customer}, person


def resolved(known: dict[str, str], person: dict[str, str]) -> dict[str, object]:
    """Pairwise precision and recall over registered accounts, and with devices."""
    registered = {name: customer_id for name, customer_id in known.items() if not name.startswith("d_")}
    return {"registered accounts": pairwise(registered, person), "devices counted as well": pairwise(known, person)}


def people(app: Application, truth: str, as_of: date) -> dict[str, object]:
    """Pairwise precision and recall of the resolved customers, and tiers beside the true ones."""
    known, person = known_accounts(app, truth, as_of)
    tier = {row["person_id"]: row["tier"] for row in app.spark.read.parquet(f"{truth}/persons").collect()}
    segments = (
        published(app, gold.CUSTOMER_SEGMENTS).where(F.col("as_of_date") == F.lit(as_of)).select("customer_id", "tier").collect()
    )
    person_of = {customer_id: person[name] for name, customer_id in known.items()}
    both = Counter((tier[person_of[row["customer_id"]]], row["tier"]) for row in segments if row["customer_id"] in person_of)
    share_of_largest = max(Counter(true for true, _ in both.elements()).values(), default=0) / max(1, sum(both.values()))
    return {
        **resolved(known, person),
        "tiers equal to truth": round(sum(n for (a, b), n in both.items() if a == b) / max(1, sum(both.values())), 4),
        "tiers equal if everyone were of the most frequent true tier": round(share_of_largest, 4),
        "tier true → found": {f"{a} → {b}": n for (a, b), n in sorted(both.items())},
    }


def pairwise(customer: dict[str, str], person: dict[str, str]) -> dict[str, object]:
    """Precision and recall of "is one person with" over pairs of the accounts, against who they really belong to."""

    def n_pairs(sizes: Iterable[int]) -> int:
        return sum(n * (n - 1) // 2 for n in sizes)

    together = n_pairs(Counter((person[name], customer_id) for name, customer_id in customer.items()).values())
    found, real = n_pairs(Counter(customer.values()).values()), n_pairs(Counter(person[name] for name in customer).values())
    return {
        "accounts": len(customer),
        "pairs found": found,
        "precision": round(together / found, 5) if found else None,
        "recall": round(together / real, 5) if real else None,
    }


def collection(app: Application, truth: str) -> dict[str, float]:
    """Share of online sales whose visit left events: what freshness measures of all deliveries, and what is true."""
    kept = published(app, silver.ORDER_RECORDS).where("record_class = 'kept' AND channel <> 'pos' AND NOT is_return")
    delivered = kept.groupBy("source", "delivery_day").agg(F.count_distinct("order_id").alias("n"))
    measured = published(app, ops.FRESHNESS).where("collection_share IS NOT NULL").join(delivered, on=["source", "delivery_day"])
    found = measured.agg(F.sum(F.col("collection_share") * F.col("n")) / F.sum("n"), F.sum("n")).first()
    orders = app.spark.read.parquet(f"{truth}/orders").where("channel <> 'pos' AND NOT is_return")
    real = orders.agg(F.avg(F.col("has_events").cast("int")), F.count("*")).first()
    return {"measured": round(found[0], 4), "orders by delivery": found[1], "true": round(real[0], 4), "orders made": real[1]}


def newest(frame: DataFrame) -> date:
    return frame.agg(F.max("as_of_date")).first()[0]


def main() -> None:
    home = project_home()
    settings = load_settings(home, profile="local")
    app = open_application(home, settings, name="demo truth")
    truth = f"{located(home, settings.landing.root)}-truth/demo"
    as_of = newest(published(app, gold.CUSTOMER_SEGMENTS))
    found = {
        "classes": classes(app, truth),
        "bots": bots(app, truth),
        "people": people(app, truth, as_of),
        "collection": collection(app, truth),
    }
    print(json.dumps(found, indent=2, ensure_ascii=False, default=str))


if __name__ == "__main__":
    main()
