"""A schema that moves: what was added is kept raw, what breaks the contract stops before silver's facts (R-15)."""

import random
from datetime import timedelta

import pytest
from pyspark.sql import functions as F

from lakes import open_lake, run_days, with_inputs
from reclake.errors import StageStopped
from reclake.lake.schema import spark_schema
from reclake.run.stops import require_nothing_stopped
from reclake.run.views import published
from reclake.tables import bronze, silver
from trials.shop import DRIFT_OF_FILES, DRIFT_OF_RECORDS, FIRST, SMALL, Drop, deliver, drifted, happened, order_row, undisturbed
from trials.trial import bag_of, differences, snapshot

CASES = ("added", "dropped", "renamed", "narrowed", "widened", "other_case")
FORMATS = ("orders", "tills", "exports")  # JSON lines, CSV, Parquet


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("feed", FORMATS)
def test_each_case_is_kept_or_refused_with_its_reason(trial, feed, case):
    scenario = f"{case}_{feed}"
    assert trial.misjudged(scenario) == []
    kept = trial.kept(scenario, "orders")
    assert bool(kept) is ((feed, case) not in {*DRIFT_OF_RECORDS, *DRIFT_OF_FILES})
    assert differences(trial.orders(scenario), bag_of(kept, order_row)) == []


def test_files_that_lack_a_column_are_refused_by_name(trial):
    rows = {row["file_name"]: row for row in trial.rows(bronze.FILES) if row["outcome"] == "rejected"}
    assert rows.keys() == trial.drop.refused.keys()
    assert {name for name, reason in trial.drop.refused.items() if reason not in rows[name]["reason"]} == set()


def test_an_added_column_stays_in_the_raw_record_and_out_of_silver(trial):
    added = trial.frame(bronze.ORDERS).where(F.col("file_name").contains("/added_"))
    raws = [(row["format"], bytes(row["raw"]), row["header"]) for row in added.select("format", "raw", "header").collect()]
    assert {form for form, _, _ in raws} == {"json_lines", "csv", "parquet"}
    assert all(b"SPRING" in raw and (header is None or "coupon" in header) for _, raw, header in raws)
    assert trial.frame(silver.ORDER_LINES).schema.names == spark_schema(silver.ORDER_LINES).names


@pytest.mark.trial
def test_a_breaking_change_stops_its_day_and_old_readers_read_on(spark, trial_seed, tmp_path):
    facts, drop = happened(SMALL, random.Random(trial_seed)), Drop()
    days = {case: FIRST + timedelta(days=10 + n) for n, case in enumerate(CASES)}
    deliver(
        (line for line in undisturbed(facts, SMALL, random.Random(trial_seed)) if line.noun == "orders" and line.day == FIRST),
        drop,
    )
    drifted(facts, drop, day_of=days.__getitem__)
    landing = drop.write(tmp_path / "landing" / "trial", wanted=lambda name: name.startswith("orders/")).parent
    app = open_lake(spark, tmp_path, source="trial", landing=landing, overrides=["sources.directory=tests/trials/sources"])
    strict = app.sources["trial"].model_copy(update={"max_rejected_share": None, "late_limit_days": 99})
    object.__setattr__(app, "sources", {"trial": strict})
    only = with_inputs(silver.ORDER_LINES)
    assert run_days(app, FIRST, only=only) == {}
    for case, day in days.items():
        before = snapshot(app)[silver.ORDER_LINES.name], published(app, silver.ORDER_LINES).count()
        stopped = run_days(app, day, only=only)
        after = snapshot(app)[silver.ORDER_LINES.name], published(app, silver.ORDER_LINES).count()
        if ("orders", case) in DRIFT_OF_RECORDS:
            assert (only & stopped.keys(), after) == ({"silver.order_records", "silver.order_lines"}, before), case
            assert exit_code(stopped) == 4
        else:
            assert (stopped, after[1]) == ({}, before[1] + 6), case


def exit_code(stopped) -> int:
    with pytest.raises(StageStopped) as red:
        require_nothing_stopped(stopped)
    return red.value.exit_code


def test_a_reader_that_takes_what_it_gets_is_told(trial):
    """Spark with an inferred schema reads every case: prices of null, and pieces of 2.0 as 2."""
    folder = trial.folder / "landing" / "trial" / "orders"
    for case in ("dropped", "renamed", "widened", "other_case"):
        (path,) = (folder / f"{case}_orders").iterdir()
        read = trial.app.spark.read.schema("order string, n long, price double").json(str(path)).collect()
        assert len(read) == 6
        assert {line.expected for line in trial.lines(f"{case}_orders").values()} == {"rejected"}
