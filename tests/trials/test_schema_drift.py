"""A schema that moves: what was added is kept raw, what breaks the contract stops before silver's facts (R-15)."""

import pytest
from pyspark.sql import functions as F

from reclake.lake.schema import spark_schema
from reclake.tables import bronze, silver
from trials.shop import DRIFT_OF_FILES, DRIFT_OF_RECORDS, order_row
from trials.trial import bag_of, differences

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


def test_a_reader_that_takes_what_it_gets_is_told(trial):
    """Spark with an inferred schema reads every case: prices of null, and pieces of 2.0 as 2."""
    folder = trial.folder / "landing" / "trial" / "orders"
    for case in ("dropped", "renamed", "widened", "other_case"):
        (path,) = (folder / f"{case}_orders").iterdir()
        read = trial.app.spark.read.schema("order string, n long, price double").json(str(path)).collect()
        assert len(read) == 6
        assert {line.expected for line in trial.lines(f"{case}_orders").values()} == {"rejected"}
