"""A rule for ids is noted with the rows, and changed by restating them or not at all. On ledgers made by hand."""

import logging
from dataclasses import replace
from datetime import datetime

import pytest

from reclake.errors import UsageError
from reclake.lake.digest import DayContent, Digest
from reclake.lake.ledger import EXPIRED, Entry, Ledger
from reclake.run.id_rules import changed_rules, noted_rules, require_rules_can_change
from reclake.tables import bronze, silver
from small_sources import small_source

FIRST, SECOND = "2026-01-01", "2026-01-02"


def entry(table, day, sequence=1, **noted):
    return Entry(
        table=table.name, day=day, sequence=sequence, kind="build", version=0, run_id="r", token=1, recorded_at=datetime(2026, 1, 1),
        content=DayContent(Digest.parse("1:a")), code_digest="c", settings_digest="s", suite_digest="s", input_versions=noted,
    )  # fmt: skip


def ledger(*entries):
    held = Ledger(None)
    held.add(entries)
    return held


def sources(rule):
    shop = small_source("shop", feeds=("events", "orders")).model_copy(update={"id_rule": rule})
    return {"shop": shop, "other": small_source("other")}


OF_SHOP, OF_OTHER = {"source:shop": 0}, {"source:other": 0}
RAW = [
    entry(bronze.EVENTS, FIRST, **OF_SHOP),
    entry(bronze.EVENTS, SECOND, **OF_SHOP, **OF_OTHER),
    entry(bronze.ORDERS, FIRST, **OF_SHOP),
    entry(bronze.PRODUCTS, FIRST, **OF_OTHER),
]
BEFORE = [
    entry(silver.EVENT_RECORDS, FIRST, **{"bronze.events": 3}),
    entry(silver.EVENT_RECORDS, SECOND, **{"id_rule:shop": 2, "id_rule:other": 2}),
    entry(silver.ORDER_RECORDS, FIRST, **{"id_rule:shop": 1}),
]


def test_records_note_the_rule_of_each_source_that_feeds_them():
    assert noted_rules(sources(1), silver.EVENT_RECORDS) == {"id_rule:shop": 1, "id_rule:other": 2}
    assert noted_rules(sources(2), silver.ORDER_RECORDS) == {"id_rule:shop": 2}
    assert noted_rules(sources(2), silver.EVENTS) == noted_rules(sources(2), bronze.EVENTS) == {}


def test_a_rule_that_differs_names_what_is_restated_and_asks_for_a_training(caplog):
    with caplog.at_level(logging.WARNING, logger="reclake"):
        (change,) = require_rules_can_change(ledger(*RAW, *BEFORE), sources(2))
    assert change.days == {"silver.event_records": (FIRST,), "silver.order_records": (FIRST,)}
    assert change.which == f"{FIRST} … {FIRST}"
    (told,) = [record.getMessage() for record in caplog.records]
    assert "source shop: ids of 2026-01-01" in told
    assert "silver.event_records (1 days), silver.order_records (1 days)" in told
    assert "a training is needed afterwards" in told
    (back,) = changed_rules(ledger(*RAW, *BEFORE), sources(1))
    assert back.days == {"silver.event_records": (SECOND,)}
    assert changed_rules(ledger(*RAW), sources(2)) == [], "nothing was made yet"


def test_a_rule_cannot_be_changed_where_raw_days_are_gone():
    gone = replace(RAW[0], kind=EXPIRED, sequence=2)
    with pytest.raises(UsageError) as refused:
        require_rules_can_change(ledger(*RAW, gone, *BEFORE), sources(2))
    assert refused.value.exit_code == 2
    assert "raw records of 2026-01-01 to 2026-01-01 are gone" in str(refused.value)
    assert "state id_rule = 1 in conf/sources/shop.toml" in str(refused.value)
    # Of days by the rule that is stated nothing is restated.
    assert require_rules_can_change(ledger(*RAW, gone, BEFORE[1]), sources(2)) == []
