"""The demo company with and without its feedback: everything else stays, and no planted contact gets beyond bronze."""

import json
import shutil

import pytest

from demo import dirtier
from kept import copy_of
from lakes import ROOT, assert_same_bag, comparable, open_lake, run_days, with_inputs
from reclake.run.views import published
from reclake.settings import load_settings
from reclake.synthetic.company import generate
from reclake.tables import bronze, ops, silver

N_DAYS = 14
WANTED = with_inputs(
    silver.FEEDBACK, silver.ACCOUNTS, silver.PRODUCTS, silver.REJECTED_RECORDS, ops.RECONCILIATION, ops.FRESHNESS
)
OWN = {bronze.FEEDBACK.name, silver.FEEDBACK_RECORDS.name, silver.FEEDBACK.name}
# A day has a few records of a kind: one that is refused is already more than the share that stops a day.
LENIENT = "run.max_rejected_share=1.0"
SHARES = {"review_share": 1, "chat_share": 1, "contact_share": 0.2}


def with_and_without(spark, folder):
    """Files of 200 people over two weeks, with feedback and, in `silent`, without; lakes of both, and the truth."""
    shares = [f"demo.feedback.{name}={share}" for name, share in SHARES.items()]
    dirt = [f"demo.{name.replace('__', '.')}={share}" for name, share in dirtier(3).items()]
    demo = load_settings(ROOT, profile="test", overrides=["demo.n_customers=200", *shares, *dirt], environment={}).demo
    generate(spark, str(folder / "all" / "demo"), str(folder / "truth"), settings=demo, n_days=N_DAYS)
    shutil.copytree(folder / "all", folder / "silent", ignore=shutil.ignore_patterns("feedback"))
    for app in opened(spark, folder).values():
        assert run_days(app, only=WANTED) == {}


def opened(spark, folder):
    return {
        name: open_lake(spark, folder / f"lake-{name}", source="demo", landing=folder / name, overrides=[LENIENT])
        for name in ("all", "silent")
    }


@pytest.fixture(scope="module")
def folder(spark, tmp_path_factory):
    return copy_of("with-and-without-feedback", with_and_without, spark, tmp_path_factory.mktemp("feedback"))


@pytest.fixture(scope="module")
def lakes(spark, folder):
    return opened(spark, folder)


def test_no_other_table_moves(lakes):
    compared = [table for table in (*silver.TABLES, *bronze.FED) if table.name in WANTED - OWN]
    assert {silver.ACCOUNTS, silver.PRODUCTS, silver.EVENTS, silver.ORDER_LINES} <= set(compared)
    for table in compared:
        if table != silver.REJECTED_RECORDS:
            assert_same_bag(lakes["all"], lakes["silent"], table)


@pytest.mark.parametrize("table", [silver.REJECTED_RECORDS, ops.RECONCILIATION, ops.FRESHNESS], ids=lambda table: table.name)
def test_tables_over_all_records_gain_rows_of_its_own_and_change_none(lakes, table):
    columns = [
        name for name in comparable(lakes["all"], table).columns if name not in ("visible_at", "arrival_to_visible_seconds")
    ]
    found, before = (comparable(lakes[name], table).select(columns) for name in ("all", "silent"))
    own = f"record_table = '{silver.FEEDBACK_RECORDS.name}'"
    assert found.where(own).count() > 5
    others = found.where(f"not ({own})")
    assert before.count() == others.count() > 20
    assert before.exceptAll(others).count() == others.exceptAll(before).count() == 0


def test_what_was_planted_is_classified_and_counted(lakes, folder, spark):
    """In = kept + duplicates + rejected + late, to the row, as the generator planted them."""
    files = spark.read.parquet(str(folder / "truth" / "files")).where("record_table = 'feedback'")
    (planted,) = files.selectExpr(
        *(f"sum(n_{name}) as n_{name}" for name in ("records", "kept", "duplicate", "rejected", "late"))
    ).collect()
    counted = published(lakes["all"], ops.RECONCILIATION).where(f"record_table = '{silver.FEEDBACK_RECORDS.name}'")
    (row,) = counted.selectExpr(
        "sum(n_in)", "sum(n_kept)", "sum(n_duplicates)", "sum(n_rejected)", "sum(n_late)", "sum(abs(n_unaccounted))"
    ).collect()
    assert tuple(row) == (*planted, 0)
    assert min(planted) > 0


def test_no_planted_contact_is_in_the_table_and_everyday_texts_are_untouched(lakes, folder, spark):
    written = {}
    for path in (folder / "all" / "demo" / "feedback").rglob("*.jsonl"):
        for line in path.read_bytes().splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue  # planted dirt
            if isinstance(record, dict) and "content" in record:
                written.setdefault(record.get("review_no") or record.get("message_no"), set()).add(record["content"])
    truth = {row["feedback_id"]: row for row in spark.read.parquet(str(folder / "truth" / "feedback")).collect()}
    rows = published(lakes["all"], silver.FEEDBACK).where("text is not null").collect()
    assert len(rows) > 200
    n_masked = 0
    for row in rows:
        told = truth[row["feedback_id"]]
        assert row["rating"] == told["rating"]
        assert (row["conversation_id"], row["speaker"]) == (told["conversation_id"], told["speaker"])
        if told["contact_kind"] is None:
            assert row["text"] in written[row["feedback_id"]]
            continue
        contacts = {text[told["contact_begin"] : told["contact_end"]] for text in written[row["feedback_id"]]}
        assert all(contact not in row["text"] and contact[-4:] not in row["text"] for contact in contacts)
        n_masked += 1
    assert n_masked > 30


def test_it_names_nobody_whom_the_others_do_not(lakes):
    feedback = set(published(lakes["all"], silver.FEEDBACK).select("account_id").distinct().collect())
    others = set(published(lakes["silent"], silver.ACCOUNTS).select("account_id").distinct().collect())
    assert len(feedback) > 30
    assert feedback <= others
