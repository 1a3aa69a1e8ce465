"""The demo company as a command: files, truth, keys; and what its customers see in the end."""

from __future__ import annotations

from typing import Any

from pyspark.sql import functions as F

from reclake.privacy.keys import make_key_files
from reclake.synthetic.company import generate
from reclake.tables import gold, models, silver

from .application import Application, located
from .views import Rows, published

SOURCE = "demo"


def generate_demo(app: Application, *, n_days: int | None = None, folder: str | None = None) -> Rows:
    """Landing files below `landing.root`/demo, the truth beside the landing folder, and keys of mode 0600."""
    settings = app.settings
    landing = located(app.home, folder or f"{settings.landing.root}/{SOURCE}")
    truth = f"{located(app.home, settings.landing.root)}-truth/{SOURCE}"
    make_key_files(located(app.home, settings.secrets.directory), (settings.privacy.id_key_id, settings.privacy.contact_key_id))
    made = generate(app.spark, landing, truth, settings=settings.demo, n_days=n_days)
    return [{"table": table, "records": n} for table, n in made.n_by_table.items()] + [
        {"table": "all", "records": made.n_records, "files": made.n_files, "new": made.is_new}
    ]


def segment_sizes(app: Application) -> Rows:
    """Customers by tier at the newest as_of."""
    segments = _newest(published(app, gold.CUSTOMER_SEGMENTS))
    counted = (
        segments
        .groupBy("tier")
        .agg(F.count("*").alias("customers"), F.sum("spend_amount").alias("spend"))
        .orderBy(F.desc("customers"))
    )
    return [{"tier": row["tier"], "customers": row["customers"], "spend": str(row["spend"])} for row in counted.collect()]


def one_list(app: Application) -> Rows:
    """One customer's recommendations with product names and why they are there: of the customer with the most orders."""
    shown = _newest(published(app, gold.RECOMMENDATIONS))
    segments = _newest(published(app, gold.CUSTOMER_SEGMENTS))
    best = segments.orderBy(F.desc("n_orders"), "customer_id").select("customer_id").limit(1)
    products = published(app, silver.PRODUCTS).where(F.col("valid_to").isNull())
    names = products.select("product_id", "product_name", "category")
    own = names.select(F.col("product_id").alias("because_product_id"), F.col("product_name").alias("because_name"))
    rows = (
        shown
        .join(best, on="customer_id", how="left_semi")
        .join(names, on="product_id", how="left")
        .join(own, on="because_product_id", how="left")
        .orderBy("rank")
        .collect()
    )
    return [
        {
            "customer": row["customer_id"][:10],
            "rank": row["rank"],
            "product": row["product_name"] or row["product_id"],
            "category": row["category"] or "",
            "why": _why(row["source"], row["because_name"]),
        }
        for row in rows
    ]


def _why(source: str, because: str | None) -> str:
    if source in models.BY_NAME:
        return f"goes with {because}" if because else "others with this taste chose it"
    return {"popular": "popular now", "non_personal": "the list for everybody"}.get(source, source)


def _newest(frame: Any) -> Any:
    newest = frame.agg(F.max("as_of_date").alias("as_of_date"))
    return frame.join(F.broadcast(newest), on="as_of_date", how="left_semi")
