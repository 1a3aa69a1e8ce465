"""Retailrocket and MovieLens through the pipeline, each in a lake of its own: the counts that are published of them.

pip download recbole==1.2.1 --no-deps -d WHEEL
python benchmarks/public_events.py --retailrocket ../shared/data/retailrocket-subset --wheel WHEEL --work /tmp/public
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
import zipfile
from pathlib import Path

from pyspark.sql import functions as F

from reclake.privacy.keys import make_key_files
from reclake.run.application import Application, open_application
from reclake.run.job import project_home
from reclake.run.report import Silent
from reclake.run.runner import run_graph
from reclake.run.views import published
from reclake.settings import load_settings
from reclake.tables import gold, silver

_FILMS = "recbole/dataset_example/ml-100k/"


def run(work: Path, source: str) -> tuple[Application, float]:
    """The source's lake after one pass over everything, and its seconds."""
    home = project_home()
    chosen = [
        f"lake.root={work / source}", f"landing.root={work / 'landing'}", f"secrets.directory={work / 'secrets'}",
        f"mlflow.tracking_uri=sqlite:///{work / source}.db", f"mlflow.artifact_root={work / source}-models",
        f'sources.enabled=["{source}"]',
    ]  # fmt: skip
    app = open_application(home, load_settings(home, profile="local", overrides=chosen), name=source, reporter=Silent())
    started = time.monotonic()
    stopped = run_graph(app)
    assert not stopped, stopped
    return app, round(time.monotonic() - started, 1)


def counts(app: Application) -> dict[str, object]:
    """What the lake holds of the source."""
    classes = published(app, silver.EVENT_RECORDS).groupBy("record_class").count().collect()
    events = published(app, silver.EVENTS)
    people = events.select(F.coalesce("login_account_id", "device_id").alias("person"))
    served = published(app, gold.RECOMMENDATIONS)
    return {
        "records by class": {row["record_class"]: row["count"] for row in classes},
        "events": events.count(),
        "people": people.distinct().count(),
        "products": events.select("product_id").distinct().count(),
        "sessions": published(app, silver.SESSIONS).count(),
        "customers with a list": served.select("customer_id").distinct().count(),
        "lists by source": {row["source"]: row["count"] for row in served.groupBy("source").count().collect()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retailrocket", type=Path, required=True, help="folder with events.csv")
    parser.add_argument("--wheel", type=Path, required=True, help="folder with the wheel of recbole 1.2.1")
    parser.add_argument("--work", type=Path, required=True, help="an empty folder")
    options = parser.parse_args()
    make_key_files(str(options.work / "secrets"), ("id1", "c1"))
    shop, films = (options.work / "landing" / name for name in ("retailrocket", "movielens"))
    shop.mkdir(parents=True, exist_ok=True)
    shutil.copy(options.retailrocket / "events.csv", shop)
    with zipfile.ZipFile(next(options.wheel.glob("recbole-1.2.1*.whl"))) as wheel:
        wheel.extractall(films, [name for name in wheel.namelist() if name.startswith(_FILMS)])
    found = {}
    for source in ("retailrocket", "movielens"):
        app, seconds = run(options.work, source)
        found[source] = {"seconds": seconds, **counts(app)}
    print(json.dumps(found, indent=2, default=str))


if __name__ == "__main__":
    main()
