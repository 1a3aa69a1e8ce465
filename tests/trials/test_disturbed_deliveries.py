"""Repeats, disorder, poison and wrong clocks change nothing but their own records (R-05, R-06, R-14 for files, R-16)."""

import hashlib
from collections import Counter

import pytest
from pyspark.sql import Row
from pyspark.sql import functions as F

from reclake.records import typed
from reclake.records.delivery import is_kept
from reclake.silver.event_records import event_records
from reclake.sources.source import Source
from reclake.tables import bronze, ops, silver
from trials.shop import CLOCKS, FUTURE, SCENARIOS, event_row, order_row
from trials.trial import bag_of, differences

NAMES = [scenario.__name__ for scenario in SCENARIOS]
RECORDS = {"events": silver.EVENT_RECORDS, "orders": silver.ORDER_RECORDS}


@pytest.mark.parametrize("scenario", NAMES)
def test_every_line_has_the_class_and_reason_that_was_planted(trial, scenario):
    assert trial.lines(scenario)
    assert trial.misjudged(scenario) == []


def test_there_are_as_many_records_as_were_delivered(trial):
    for noun, table in RECORDS.items():
        delivered = Counter(line.expected for line in trial.drop.told.values() if line.noun == noun)
        assert len(delivered) > 2
        assert Counter(row["record_class"] for row in trial.rows(table)) == delivered


@pytest.mark.parametrize("scenario", NAMES)
def test_what_is_kept_is_what_happened(trial, scenario):
    events, orders = trial.kept(scenario, "events"), trial.kept(scenario, "orders")
    assert len(events) >= 80
    assert differences(trial.events(scenario), bag_of(events, event_row)) == []
    assert differences(trial.orders(scenario), bag_of(orders, order_row)) == []


@pytest.mark.parametrize("scenario", ["resent", "shuffled", "poisoned"])
def test_what_is_built_equals_the_undisturbed_run(trial, scenario):
    for told in (trial.events, trial.orders, trial.sessions):
        assert told("undisturbed")
        assert differences(told(scenario), told("undisturbed")) == []


def test_customers_are_segmented_as_in_the_undisturbed_run(trial):
    for scenario in ("resent", "shuffled", "poisoned"):
        assert trial.segments("undisturbed")
        assert differences(trial.segments(scenario), trial.segments("undisturbed")) == []


def test_reconciliation_tells_the_planted_numbers(trial):
    names = {"n_kept": "kept", "n_duplicates": "duplicate", "n_rejected": "rejected", "n_late": "late"}
    delivered = Counter((f"silver.{line.noun[:-1]}_records", line.day, line.expected) for line in trial.drop.told.values())
    found = Counter({
        (row["record_table"], row["delivery_day"], told): row[name]
        for row in trial.rows(ops.RECONCILIATION)
        for name, told in names.items()
        if row[name]
    })
    assert found == delivered
    assert {row["n_unaccounted"] for row in trial.rows(ops.RECONCILIATION)} == {0}


def test_what_is_too_late_is_stored_and_not_lost(trial):
    late = [row for row in trial.rows(silver.EVENT_RECORDS) if row["record_class"] == "late"]
    told = trial.events("late", late) + trial.events("late")
    assert trial.events("late", late)
    assert differences(told, bag_of(trial.facts_of("events"), event_row)) == []


def test_a_wider_late_limit_repairs_what_was_late(trial):
    wider = trial.app.sources["trial"].model_copy(update={"late_limit_days": 9})
    rows = records_by(trial, wider).where(is_kept()).collect()
    assert differences(trial.events("late", rows), trial.events("undisturbed")) == []


def test_poison_lies_in_bronze_as_it_came(trial):
    poison = {pointer: line.raw for pointer, line in trial.lines("poisoned").items() if line.kind}
    kinds = Counter(line.kind for line in trial.lines("poisoned").values() if line.kind)
    assert len(kinds) == 9
    assert set(kinds.values()) <= {trial.size.n_poison, trial.size.n_large}
    of_poison = trial.frame(bronze.EVENTS).where(F.col("file_name").startswith("events/poisoned/"))
    hashes = {(row["file_digest"], row["position"]): row["content_hash"] for row in of_poison.drop("raw").collect()}
    assert {pointer: hashes[pointer] for pointer in poison} == {
        pointer: hashlib.sha256(raw).hexdigest() for pointer, raw in poison.items()
    }


def test_a_clock_of_2099_makes_no_later_event_late(trial):
    lines = list(trial.lines("skewed").values())
    assert lines[0].kind == "the year 2099"
    assert {line.kind for line in lines} == {"", *CLOCKS}
    judged = {(row["file_digest"], row["position"]): row for row in trial.rows(silver.EVENT_RECORDS)}
    good = [
        judged[pointer]["record_class"]
        for pointer, line in trial.lines("skewed").items()
        if not line.kind and line.noun == "events"
    ]
    assert good == ["kept"] * len(good)
    wrong = [judged[pointer] for pointer, line in trial.lines("skewed").items() if line.reason == FUTURE]
    assert {(row["occurred_at"], row["event_date"]) for row in wrong} == {(None, None)}


# --- known-bad variants: each check bites -----------------------------------------------------------------------------


def records_by(trial, source: Source):
    """The lake's raw events, classified by a source file that differs."""
    options = trial.app.arguments(silver.EVENT_RECORDS.parameters)
    return event_records(trial.frame(bronze.EVENTS), **options | {"sources": {"trial": source}})


@pytest.fixture(scope="module")
def plain_append(trial):
    """The records of a lake that looks for no repeats, knows no late limit and believes every clock."""
    feeds = {
        name: feed.model_copy(update={"record_id": (), "duplicates": "flag"})
        for name, feed in trial.app.sources["trial"].feeds.items()
    }
    careless = trial.app.sources["trial"].model_copy(update={"feeds": feeds, "late_limit_days": None, "repeat_days": 0})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typed, "_bounded", lambda records, *given: records)
        frame = records_by(trial, careless)
    return (
        frame
        .withColumn("occurred_at", F.least("occurred_at", F.lit("2100-01-01").cast("timestamp")))
        .drop("event_date")
        .collect()
    )


def test_a_plain_append_is_told_from_the_undisturbed_run(trial, plain_append):
    kept = [row for row in plain_append if row["record_class"] == "kept"]
    n_copies = sum(line.expected != "kept" for line in trial.lines("resent").values() if line.noun == "events")
    assert differences(trial.events("undisturbed", kept), trial.events("undisturbed")) == []
    (found,) = differences(trial.events("resent", kept), trial.events("undisturbed"))
    assert found.startswith(f"{n_copies} too many")
    assert trial.misjudged_events("resent", plain_append)


def test_dropped_late_events_and_unlimited_ones_are_told(trial, plain_append):
    n_late = sum(line.expected == "late" for line in trial.lines("late").values() if line.noun == "events")
    dropped = [row for row in trial.rows(silver.EVENT_RECORDS) if row["record_class"] != "late"]
    assert sum(wrong.endswith("lost") for wrong in trial.misjudged_events("late", dropped)) == n_late
    assert sum("kept []" in wrong for wrong in trial.misjudged_events("late", plain_append)) == n_late


def test_believed_clocks_and_a_watermark_are_told(trial, plain_append):
    wrong = trial.misjudged_events("skewed", plain_append)
    assert {kind for kind in CLOCKS if any(kind in told for told in wrong)} >= {"the year 2099", "1970", "9999"}
    after = list(trial.lines("skewed"))[1:]
    dragged = [Row(file_digest=digest, position=n, record_class="late", reasons=["behind the watermark"]) for digest, n in after]
    assert len(trial.misjudged_events("skewed", dragged)) > 50


def test_a_lenient_parser_is_told(trial, spark):
    """Spark's own JSON source on the same files: it changes, merges or passes over what ours refuses."""
    files = [str(path) for path in (trial.folder / "landing" / "trial" / "events" / "poisoned").iterdir()]
    read = spark.read.schema("id string, at timestamp, type string, device string, sku string, stars double").json(files)
    rows = [row.asDict() for row in read.where(F.col("id").isNotNull()).select("id", "stars").collect()]
    names = Counter(row["id"].partition(".")[2] for row in rows)
    too_many = names - Counter(fact.name for fact in trial.kept("poisoned", "events"))
    assert sum(too_many.values()) >= 3 * trial.size.n_poison
    assert float("inf") in {row["stars"] for row in rows}
