"""A million rows of which one customer has a fifth, and a burst of a machine, under a small heap (R-22)."""

import json
import shutil
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from lakes import ROOT, event_log_in, open_lake, spark_profile
from reclake.run.views import published
from reclake.tables import bronze, gold, ops, silver
from trials.processes import Place, ended, started, told, watched
from trials.shop import FIRST, KINDS, N_DAYS

pytestmark = pytest.mark.trial
N_ROWS = {"events": 700_000, "orders": 300_000}
N_CUSTOMERS = 20_000
HEAVY_SHARE, N_BURST = 0.2, 50_000
HEAP = "1g"
LAST = FIRST + timedelta(days=N_DAYS - 1)
# Thresholds for data of this size; joins by sorting, as on a cluster whose tables are too large to broadcast.
SPARK = {
    "spark.driver.memory": HEAP, "spark.sql.shuffle.partitions": "16", "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.adaptive.autoBroadcastJoinThreshold": "-1", "spark.sql.adaptive.advisoryPartitionSizeInBytes": "256k",
    "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
    "spark.shuffle.compress": "false",  # the same name over and over packs so well that no partition is large
    "spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes": "512k",
    "spark.sql.adaptive.skewJoin.skewedPartitionFactor": "2",
    "spark.eventLog.rolling.enabled": "false",
}  # fmt: skip
SKEWED = "SortMergeJoin(skew=true)"


def who(number):
    """Every fifth row is of one customer."""
    return "heavy" if number % 5 == 0 else f"{number % N_CUSTOMERS}"


def delivered(landing):
    """Write the files and count what lies in them: per kind of record all rows and those of the heavy customer."""
    counted = Counter()
    for day in range(N_DAYS):
        midnight = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(days=day)
        for noun, n_rows in N_ROWS.items():
            path = landing / "trial" / noun / "skewed" / f"{midnight.date()}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w") as file:
                for number in range(day, n_rows, N_DAYS):
                    # In the afternoon everywhere: no row is of another day in the source's zone.
                    is_burst = noun == "events" and number >= n_rows - N_BURST
                    seconds = 50_000 if is_burst else 3600 + number * 7919 % 72_000
                    at = (midnight + timedelta(seconds=seconds)).isoformat()
                    name = "machine" if is_burst else who(number)
                    row = {"at": at, "sku": f"p{number * 31 % 300}"}
                    if noun == "events":
                        row |= {"id": f"e{number}", "type": KINDS[number % len(KINDS)], "device": f"d{name}"}
                    else:
                        row |= {"order": f"o{number}", "line": "1", "customer": f"c{name}", "n": 1, "price": 9.5, "ccy": "EUR"}
                    file.write(json.dumps(row) + "\n")
                    counted[noun] += 1
                    counted[noun, name] += 1
    return counted


def with_settings(place, folder, **more):
    """The place under the local profile with the trial's settings; its event log lies in `folder`."""
    conf = spark_profile(folder, "local", event_log_in(folder) | SPARK | more)
    return replace(place, settings=place.settings | {"SPARK_CONF_DIR": str(conf)})


def skew_was_seen(folder):
    (log,) = (path for path in (folder / "events").iterdir() if not path.name.startswith("."))
    return SKEWED in log.read_text()


class Shop(NamedTuple):
    """A lake of all deliveries, what was delivered to it, its sources, and what its first run took."""

    place: Place
    counted: Counter
    sources: Path
    figures: dict


@pytest.fixture(scope="module")
def shop(spark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("skew")
    counted = delivered(folder / "landing")
    sources = shutil.copytree(ROOT / "tests" / "trials" / "sources", folder / "sources")
    text = (sources / "trial.toml").read_text()
    (sources / "trial.toml").write_text(text.replace("by_behaviour = false", "by_behaviour = true"))
    place = Place(folder, folder / "landing", {
        "RECLAKE__SOURCES__ENABLED": '["trial"]', "RECLAKE__SOURCES__DIRECTORY": str(sources), "RECLAKE_PROFILE": "local",
    })  # fmt: skip
    open_lake(spark, folder, source="trial", landing=place.landing, overrides=[f"sources.directory={sources}"])  # its keys
    place, begun = with_settings(place, tmp_path_factory.mktemp("whole")), time.monotonic()
    with started(place, "run", "--from", str(FIRST), "--to", str(LAST)) as process, watched(process) as peak:
        assert process.wait(timeout=1800) == 0, told(place)
    figures = {"seconds": round(time.monotonic() - begun), "MB of the JVM": peak.jvm >> 20, "of its workers": peak.workers >> 20}
    return Shop(place, counted, sources, figures)


def hoarding(place):
    """A job that takes the rows of a table onto the driver, on the same lake."""
    with_hoard = replace(place, settings=place.settings | {"HOARDED": bronze.EVENTS.name})
    job = ("build", "--stage", "silver", "--day", str(LAST), "--force")
    return ended(with_hoard, *job, killed_at=("gated", silver.EVENTS.name))


def opened(spark, place, sources):
    return open_lake(
        spark, place.folder, source="trial", landing=place.landing, overrides=[f"sources.directory={sources}"]
    )  # fmt: skip


def test_a_million_rows_are_taken_in_and_accounted_for(spark, shop, record_property):
    place, counted, sources, figures = shop
    record_property(f"with a heap of {HEAP}", figures)
    app = opened(spark, place, sources)
    totals = Counter()
    for row in published(app, ops.RECONCILIATION).collect():
        totals.update({name: row[name] for name in ("n_in", "n_kept", "n_duplicates", "n_rejected", "n_late")})
    assert totals["n_in"] == totals["n_kept"] == counted["events"] + counted["orders"] == sum(N_ROWS.values())
    by_device = published(app, silver.EVENTS).groupBy("device_id").agg({"*": "count", "is_bot": "min"})
    heavy, machine = by_device.orderBy("count(1)", ascending=False).take(2)
    assert heavy["count(1)"] == counted["events", "heavy"]
    assert (machine["count(1)"], machine["min(is_bot)"]) == (counted["events", "machine"], True)


def test_a_job_that_holds_them_on_the_driver_does_not_fit(shop, tmp_path):
    """The known-bad variant: the heap is small enough to notice it."""
    place = shop.place.copy(tmp_path)
    assert hoarding(place) == 1
    assert "OutOfMemoryError" in "".join(told(place).splitlines()[-3:]), "the last lines name the cause"


def test_a_skewed_join_is_split_and_ends_in_the_same_rows(spark, shop, tmp_path):
    place, counted, sources, _ = shop
    rows = {}
    for name, is_split in (("split", "true"), ("whole", "false")):
        (tmp_path / name).mkdir()
        here = with_settings(
            place.copy(tmp_path / name / "place"), tmp_path / name, **{"spark.sql.adaptive.skewJoin.enabled": is_split}
        )  # fmt: skip
        assert ended(here, "build", "--stage", "customers", "--day", str(LAST), "--force") == 0, told(here)
        segments = published(opened(spark, here, sources), gold.CUSTOMER_SEGMENTS).drop(*gold.CUSTOMER_SEGMENTS.run_columns)
        rows[name] = Counter(map(repr, segments.collect()))
        # The known-bad variant is the second: without the setting nothing is split.
        assert skew_was_seen(tmp_path / name) == (is_split == "true")
    assert rows["split"] == rows["whole"]
    assert max(row["n_orders"] for row in segments.select("n_orders").collect()) == counted["orders", "heavy"]
