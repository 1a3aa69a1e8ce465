"""Relations and what is due again, against what the demo company's generator planted.

python benchmarks/what_belongs.py                    of the demo's lake, after `make demo`
python benchmarks/what_belongs.py --generated 3000   of the generator's own people: identities are perfect, and no lake is needed

Complements: whether the planted partner is among the first 5 of bought_together, for products of so many orders that count.
Due: a person's product whose elapsed days, since it was last bought, over the planted cycle lie between .8 and 2.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from reclake.gold.due_again import due_again
from reclake.gold.product_relations import product_relations
from reclake.lake.schema import conform, spark_schema
from reclake.lake.session import open_session
from reclake.run.application import located, open_application
from reclake.run.job import project_home
from reclake.run.views import published
from reclake.settings import Settings, load_settings
from reclake.synthetic.facts import Story, World
from reclake.synthetic.names import CATEGORIES
from reclake.synthetic.story import story
from reclake.synthetic.truth import consent
from reclake.tables import Table, gold, silver

FIRST, SALES = 5, (30, 15)


def complements(relations: Iterable[Any], partners: Mapping[str, str], n_orders: Mapping[str, int]) -> dict[str, str]:
    """Share of the products whose partner is among the first 5, by the orders that hold them."""
    first = defaultdict(list)
    for row in relations:
        if row["relation"] == "bought_together" and row["rank"] <= FIRST:
            first[row["product_id"]].append(row["related_product_id"])
    found = {}
    for least in SALES:
        asked = [product for product, partner in partners.items() if partner != product and n_orders.get(product, 0) >= least]
        hits = sum(partners[product] in first[product] for product in asked)
        found[f"{least} orders or more"] = f"{hits / max(1, len(asked)):.3f} of {len(asked)} products"
    return found


def due(
    rows: Iterable[Any], last: Mapping[tuple[str, str], date], cycles: Mapping[str, int | None], as_of: date
) -> dict[str, Any]:
    """Precision and recall of is_due over the products that people bought.

    Parameters
    ----------
    rows
        who, product_id, is_due.
    last
        By who and product the last day on which it was bought.
    """
    real = {key for key, day in last.items() if (cycle := cycles[key[1]]) and 0.8 <= (as_of - day).days / cycle <= 2.0}
    stated = {(row["who"], row["product_id"]) for row in rows if row["is_due"]}
    right = len(stated & real)
    return {
        "precision": round(right / max(1, len(stated)), 4),
        "recall": round(right / max(1, len(real)), 4),
        "due in truth": len(real),
    }


def generated(n_customers: int) -> dict[str, Any]:
    """From the generator's stories through the builders."""
    home = project_home()
    settings = load_settings(home, profile="local", overrides=[f"demo.n_customers={n_customers}"], environment={})
    spark, world = open_session(home / settings.spark.conf_dir, name="what belongs"), World.of(settings.demo)
    stories = {f"c{number}": story(world, number) for number in range(n_customers)}
    granted = {who: one for who, one in stories.items() if consent(world, one, "personalisation") == "granted"}
    lines, taken = list(_lines(world, granted)), list(_interactions(world, granted))
    as_of = world.calendar.date(settings.demo.n_days)
    catalogue = world.catalogue.products
    people = spark.createDataFrame(
        [(who, who, True, False) for who in granted],
        "account_id string, customer_id string, may_be_profiled boolean, is_machine boolean",
    )
    given = {
        "order_lines": _frame(spark, silver.ORDER_LINES, lines),
        "products": _frame(
            spark,
            silver.PRODUCTS,
            [{"product_id": one.product_id, "category": CATEGORIES[one.category].name} for one in catalogue],
        ),
    }
    relations = product_relations(
        people,
        interactions=_frame(spark, silver.INTERACTIONS, taken),
        events=_frame(spark, silver.EVENTS, []),
        **given,
        as_of=as_of,
        relations=settings.relations,
        min_group_size=settings.privacy.min_group_size,
        gap_minutes=settings.sessions.gap_minutes,
    )
    again = due_again(people, **given, as_of=as_of, due_again=settings.due_again)
    last: dict[tuple[str, str], date] = {}
    for line in lines:
        key = (line["account_id"], line["product_id"])
        if not line["is_return"]:
            last[key] = max(last.get(key, line["event_date"]), line["event_date"])
    partners = {one.product_id: world.catalogue.complement(one).product_id for one in catalogue}
    orders = {(line["order_id"], line["product_id"]) for line in lines if not line["is_return"]}
    rows = conform(again, gold.DUE_AGAIN).withColumn("who", F.col("customer_id")).collect()
    return {
        "complements": complements(conform(relations, gold.PRODUCT_RELATIONS).collect(), partners, Counter(p for _, p in orders)),
        "due again": due(rows, last, {one.product_id: one.cycle_days for one in catalogue}, as_of),
        "cycles": {row["category"]: row["category_gap_days"] for row in rows},
    }


def _lines(world: World, stories: Mapping[str, Story]) -> Iterator[dict[str, Any]]:
    end = world.calendar.start(world.settings.n_days)
    for who, one in stories.items():
        for order in one.orders:
            if order.at < end:
                day = world.calendar.date(world.calendar.day(order.at))
                for place, line in enumerate(order.lines):
                    yield {
                        "source": "demo", "delivery_day": day, "file_digest": "f", "position": place, "order_id": order.order_id,
                        "account_id": who, "channel": order.channel, "event_date": day, "product_id": line.product.product_id,
                        "quantity": line.quantity, "line_amount": Decimal(line.quantity), "currency": "CNY", "is_return": order.is_return,
                    }  # fmt: skip


def _interactions(world: World, stories: Mapping[str, Story]) -> Iterator[dict[str, Any]]:
    """Views and purchases alike: relations ask who had to do with a product at all."""
    for line in _lines(world, stories):
        if not line["is_return"]:
            yield {"account_id": line["account_id"], "product_id": line["product_id"], "event_date": line["event_date"]}
    end = world.calendar.start(world.settings.n_days)
    for who, one in stories.items():
        for event in one.events:
            if event.product is not None and event.at < end:
                day = world.calendar.date(world.calendar.day(event.at))
                yield {"account_id": who, "product_id": event.product.product_id, "event_date": day}


def _frame(spark: SparkSession, table: Table, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    schema = spark_schema(table)
    return spark.createDataFrame([tuple(row.get(name) for name in schema.names) for row in rows], schema)


def of_lake(settings: Settings) -> dict[str, Any]:
    """From the published tables of the demo's lake."""
    home = project_home()
    app = open_application(home, settings, name="what belongs")
    truth = f"{located(home, settings.landing.root)}-truth/demo"
    relations = published(app, gold.PRODUCT_RELATIONS)
    as_of = relations.agg(F.max("as_of_date")).first()[0]
    products = app.spark.read.parquet(f"{truth}/products").collect()
    persons = app.spark.read.parquet(f"{truth}/persons").where("personalisation = 'granted'").select("person_id")
    ordered = app.spark.read.parquet(f"{truth}/orders").where("NOT is_return").select("order_id", "person_id")
    lines = published(app, silver.ORDER_LINES).where(~F.col("is_return") & (F.col("event_date") < F.lit(as_of)))
    of_people = lines.join(ordered.join(persons, on="person_id"), on="order_id")
    valid = (F.col("valid_from") < F.lit(as_of)) & (F.col("valid_to").isNull() | (F.col("valid_to") >= F.lit(as_of)))
    identities = published(app, silver.IDENTITIES).where(valid).select("account_id", "customer_id")
    who = of_people.join(identities, on="account_id").groupBy("customer_id").agg(F.collect_set("person_id").alias("persons"))
    known = who.where(F.size("persons") == 1).select("customer_id", F.col("persons")[0].alias("who"))
    rows = published(app, gold.DUE_AGAIN).where(F.col("as_of_date") == F.lit(as_of)).join(known, on="customer_id").collect()
    last = of_people.groupBy("person_id", "product_id").agg(F.max("event_date").alias("day")).collect()
    n_orders = of_people.groupBy("product_id").agg(F.count_distinct("order_id").alias("n")).collect()
    return {
        "complements": complements(
            relations.where(F.col("as_of_date") == F.lit(as_of)).collect(),
            {row["product_id"]: row["complement_id"] for row in products},
            {row["product_id"]: row["n"] for row in n_orders},
        ),
        "due again": due(
            rows,
            {(row["person_id"], row["product_id"]): row["day"] for row in last if row["product_id"]},
            defaultdict(lambda: None, {row["product_id"]: row["cycle_days"] for row in products}),
            as_of,
        ),
        "cycles": {row["category"]: row["category_gap_days"] for row in rows},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generated", type=int, metavar="CUSTOMERS", help="of the generator's people, instead of the lake")
    options = parser.parse_args()
    found = generated(options.generated) if options.generated else of_lake(load_settings(project_home(), profile="local"))
    print(json.dumps(found, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
