"""Online Retail day by day and as one pass: equal tables, and the figures of the data set.

python benchmarks/online_retail.py --data ../shared/data/online-retail/by-day.tar.gz --work /tmp/online-retail
"""

from __future__ import annotations

import argparse
import json
import tarfile
import time
from collections import defaultdict
from dataclasses import replace
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from same_tables import comparison

from reclake.privacy.keys import make_key_files
from reclake.run.application import Application, open_application
from reclake.run.ingest import ingest
from reclake.run.job import project_home
from reclake.run.report import Silent
from reclake.run.runner import run_graph, scope_of
from reclake.run.stage import build_stage
from reclake.run.views import published
from reclake.settings import load_settings
from reclake.tables import gold, ops, silver

AS_OF = "2011-12-10"  # the only one that both lakes hold


def open_lake(folder: Path, landing: Path, secrets: Path, *overrides: str) -> Application:
    home = project_home()
    chosen = [
        f"lake.root={folder}", f"landing.root={landing}", f"secrets.directory={secrets}", 'sources.enabled=["online_retail"]',
        "business.reporting_currency=GBP", *overrides,
    ]  # fmt: skip
    return open_application(home, load_settings(home, profile="local", overrides=chosen), name="benchmark", reporter=Silent())


def run(app: Application, landing: Path, first: date | None = None, last: date | None = None) -> float:
    started = time.monotonic()
    stopped = run_graph(app, first=first, last=last, folder=str(landing))
    assert not stopped, stopped
    return time.monotonic() - started


def figures(app: Application) -> dict[str, object]:
    lines = published(app, silver.ORDER_LINES)
    control = (
        published(app, ops.RECONCILIATION)
        .groupBy()
        .sum("n_in", "n_kept", "n_duplicates", "n_rejected", "n_late", "n_unaccounted")
        .first()
    )
    sales = lines.where("account_id is not null and not is_return").agg(
        F.count("*").alias("lines"), F.countDistinct("order_id").alias("orders"), F.countDistinct("account_id").alias("customers"),
        F.sum("line_amount").alias("total"),
    ).first()  # fmt: skip
    returns = lines.where("order_id like 'C%'").agg(F.count("*").alias("lines"), F.sum("line_amount").alias("total")).first()
    guests = lines.where("account_id is null").count()
    segments = published(app, gold.CUSTOMER_SEGMENTS).where(f"as_of_date = date'{AS_OF}' and n_orders > 0")
    bins = published(app, gold.SEGMENT_BINS).where(f"as_of_date = date'{AS_OF}'").orderBy("measure", "score").collect()
    scores = defaultdict(list)
    for row in bins:
        scores[row["measure"]].append((row["score"], row["n_customers"], str(row["lower_edge"]), str(row["upper_edge"])))
    cells = {row["rfm_cell"]: row["count"] for row in segments.groupBy("rfm_cell").count().collect()}
    return {
        "control totals": control.asDict(),
        "known-customer sales": {k: str(v) for k, v in sales.asDict().items()},
        "returns": {k: str(v) for k, v in returns.asDict().items()},
        "guest lines kept": guests,
        "rfm": dict(scores),
        "cells used": len(cells),
        "555": cells.get("555"),
        "111": cells.get("111"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--skip-drop", action="store_true", help="leave the run with duplicates = drop out")
    options = parser.parse_args()
    landing, secrets = options.work / "landing", options.work / "secrets"
    if not landing.exists():
        with tarfile.open(options.data) as archive:
            archive.extractall(landing, filter="data")
    make_key_files(str(secrets), ("id1", "c1"))
    days = sorted(date.fromisoformat(path.stem) for path in landing.rglob("*.csv"))
    found: dict[str, object] = {"files": len(days)}

    whole = open_lake(options.work / "one-pass", landing, secrets)
    found["one pass of 305 days, s"] = round(run(whole, landing), 1)
    found["stages"] = stages(whole)
    found["figures"] = figures(whole)

    daily = open_lake(options.work / "day-by-day", landing, secrets)
    found["first five days, s each"] = [round(run(daily, landing, day, day), 1) for day in days[:5]]
    found["the other 300 as one pass, s"] = round(run(daily, landing, days[5], days[-1]), 1)
    found["day by day against one pass"] = comparison(daily, whole, as_of=AS_OF)

    if not options.skip_drop:
        found["duplicates = drop"] = drop_figures(dropping(open_lake(options.work / "drop", landing, secrets)), landing)
    print(json.dumps(found, indent=2, default=str))


def dropping(app: Application) -> Application:
    """The application with the source's `duplicates` turned to drop."""
    source = app.sources["online_retail"]
    feeds = {name: feed.model_copy(update={"duplicates": "drop"}) for name, feed in source.feeds.items()}
    return replace(app, sources={"online_retail": source.model_copy(update={"feeds": feeds})})


def drop_figures(app: Application, landing: Path) -> dict[str, object]:
    """The source's figures when a repeated row is taken for a copy; only as far as silver.order_lines."""
    ingest(app, str(landing))
    scope = replace(scope_of(app, first=None, last=None), tables=frozenset({"silver.order_records", "silver.order_lines"}))
    assert not build_stage(app, "silver", scope)
    records, lines = published(app, silver.ORDER_RECORDS), published(app, silver.ORDER_LINES)
    sales = lines.where("account_id is not null and not is_return").agg(F.count("*"), F.sum("line_amount")).first()
    returns = lines.where("order_id like 'C%'").agg(F.count("*"), F.sum("line_amount")).first()
    return {
        "records by class": {row["record_class"]: row["count"] for row in records.groupBy("record_class").count().collect()},
        "rejected rows that repeat a rejected one": repeats_of_rejected(records),
        "known-customer sales": {"lines": sales[0], "total": str(sales[1])},
        "returns": {"lines": returns[0], "total": str(returns[1])},
    }


def repeats_of_rejected(records: DataFrame) -> int:
    """Rejected comes before duplicate: so many more rows are copies."""
    shared = [name for name in records.columns if name not in {"file_digest", "position"}]
    rejected = records.where("record_class = 'rejected'").select(*shared)
    return rejected.count() - rejected.distinct().count()


def stages(app: Application) -> dict[str, dict[str, float]]:
    totals: dict[str, dict[str, float]] = defaultdict(lambda: {"tables": 0, "jobs": 0, "seconds": 0.0})
    for report in app.reporter.reports:  # type: ignore[attr-defined]
        if report.verdict:
            stage = totals[report.stage]
            stage["tables"] += 1
            stage["jobs"] += report.n_jobs
            stage["seconds"] = round(stage["seconds"] + report.seconds, 1)
    return dict(totals)


if __name__ == "__main__":
    main()
