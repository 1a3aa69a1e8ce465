"""Repeats, clashes and late records, against a plain Python reading of the rule."""

import random
from datetime import date, timedelta

import pytest

from frames import contents, in_order
from reclake.records import classify
from reclake.records.typed import with_reasons
from reclake.sources.source import Feed
from sources_of_records import EVENT_COLUMNS, feed, source

DAY = date(2026, 3, 10)
SCHEMA = (
    "source string, delivery_day date, file_digest string, position long, feed string, fingerprint string, event_id string, "
    "event_date date, reasons array<string>, channel string"
)
BY_ID = feed("events", EVENT_COLUMNS, record_id=["event_id"])
FLAGGED = feed("events", EVENT_COLUMNS, duplicates="flag")
DROPPED = feed("events", EVENT_COLUMNS, duplicates="drop")


def record(day, event_id, content, *, file="f", position=0, about=None, reasons=(), channel="app", of="events"):
    """A typed record delivered `day` days after DAY, of an event `about` days after DAY (default: the same day)."""
    delivered = DAY + timedelta(days=day)
    event_day = DAY + timedelta(days=day if about is None else about)
    return ("demo", delivered, file, position, of, content, event_id, event_day, list(reasons), channel)


def classes(spark, events, *records, **limits):
    """(day after DAY, file, position) → class, reasons, whether it is a repeat."""
    frame = spark.createDataFrame(list(records), SCHEMA)
    judged = classify.classified(frame, source(events=events, **limits), "events", event_day="event_date")
    return {
        ((row["delivery_day"] - DAY).days, row["file_digest"], row["position"]): (
            row["record_class"],
            row["reasons"],
            row["is_repeat"],
        )
        for row in judged.collect()
    }


KEPT = ("kept", [], False)
SAME = ("duplicate", [classify.SAME_AGAIN], False)
CLASH = ("rejected", [classify.ID_CLASH], False)
LATE = ("late", [classify.TOO_LATE], False)


def test_the_first_delivered_of_an_id_wins_whatever_its_event_day(spark):
    found = classes(
        spark,
        BY_ID,
        record(0, "e1", "x", file="f2"),
        record(0, "e1", "x", file="f1", position=7, about=-1),
        record(0, "e1", "y", file="f1", position=9),
        record(1, "e1", "x", file="a"),
        record(1, "e2", "x", file="a", position=1),
    )
    assert found == {(0, "f1", 7): KEPT, (0, "f1", 9): CLASH, (0, "f2", 0): SAME, (1, "a", 0): SAME, (1, "a", 1): KEPT}


def test_positions_are_ordered_as_numbers(spark):
    found = classes(spark, BY_ID, record(0, "e1", "x", position=10), record(0, "e1", "y", position=9))
    assert found == {(0, "f", 9): KEPT, (0, "f", 10): CLASH}


def test_a_statement_of_consent_that_uses_an_id_again_is_a_new_one(spark):
    columns = {"account_id": {"from": "who", "type": "account"}, "channel": {"constant": "app", "type": "string"},
        "purpose": {"constant": "marketing", "type": "string"}, "is_granted": {"from": "yes", "type": "boolean"},
        "changed_at": {"from": "at", "type": "timestamp", "format": "iso"}, "consent_id": {"from": "no", "type": "string"}}  # fmt: skip
    rows = [
        record(0, "s1", "yes", of="consents"),
        record(1, "s1", "no", of="consents"),
        record(1, "s1", "yes", of="consents", position=1),
        record(2, "s1", "no", of="consents"),
        record(2, "s1", "no", of="consents", position=1, reasons=["bad"]),
    ]
    stated = source(consents=feed("consents", columns, record_id=["consent_id"]))
    renamed = spark.createDataFrame(rows, SCHEMA).withColumnRenamed("event_id", "consent_id")
    judged = classify.classified(renamed, stated, "consents", event_day=None)
    # The first delivered decides what is a copy; whatever differs from it is kept, and is no repeat.
    assert contents(judged, "delivery_day", "position", "record_class", "reasons", "is_repeat") == in_order(
        *(
            dict(delivery_day=DAY + timedelta(days=day), position=position, record_class=name, reasons=reasons, is_repeat=False)
            for (day, position), (name, reasons, _) in {
                (0, 0): KEPT, (1, 0): KEPT, (1, 1): SAME, (2, 0): KEPT, (2, 1): ("rejected", ["bad"], False),
            }.items()
        )
    )  # fmt: skip


def test_a_repeat_is_looked_for_in_the_days_before_it_and_no_further(spark):
    assert classes(spark, BY_ID, record(0, "e1", "x"), record(4, "e1", "x")) == {(0, "f", 0): KEPT, (4, "f", 0): SAME}
    assert classes(spark, BY_ID, record(0, "e1", "x"), record(5, "e1", "x")) == {(0, "f", 0): KEPT, (5, "f", 0): KEPT}
    historical = {"repeat_days": None, "late_limit_days": None}
    found = classes(spark, BY_ID, record(0, "e1", "x"), record(900, "e1", "y"), **historical)
    assert found == {(0, "f", 0): KEPT, (900, "f", 0): CLASH}


def test_a_chain_of_repeats_goes_on_over_those_that_are_repeats_themselves(spark):
    found = classes(spark, BY_ID, *(record(day, "e1", "x") for day in (0, 4, 8, 12)), record(17, "e1", "x"))
    assert found == {(0, "f", 0): KEPT, (4, "f", 0): SAME, (8, "f", 0): SAME, (12, "f", 0): SAME, (17, "f", 0): KEPT}


def test_an_event_of_tomorrow_that_comes_again_at_the_end_of_its_late_limit_is_kept_once(spark):
    found = classes(spark, BY_ID, record(0, "e1", "x", about=1), record(4, "e1", "x", about=1))
    assert found == {(0, "f", 0): KEPT, (4, "f", 0): SAME}


def test_an_invalid_record_neither_wins_nor_repeats(spark):
    found = classes(
        spark,
        BY_ID,
        record(0, "e1", "x", reasons=["b", "a", "b"]),
        record(0, "e1", "y", position=1),
        record(0, "e1", "y", position=2, reasons=["a"]),
        record(0, None, None, position=3, reasons=["it is empty"]),
    )
    assert found == {
        (0, "f", 0): ("rejected", ["a", "b"], False),
        (0, "f", 1): KEPT,
        (0, "f", 2): ("rejected", ["a"], False),
        (0, "f", 3): ("rejected", ["it is empty"], False),
    }


@pytest.mark.parametrize(
    ("scope", "web_till", "web_app", "copied"),
    [("channel", KEPT, KEPT, SAME), ("feed", KEPT, CLASH, KEPT), ("source", CLASH, CLASH, SAME)],
)
def test_an_id_counts_within_the_scope_that_its_feed_states(spark, scope, web_till, web_app, copied):
    """One number on till and web are two records; feeds that repeat each other's records are told by their source."""
    feeds = {name: feed("events", EVENT_COLUMNS, record_id=["event_id"], id_scope=scope) for name in ("online", "tills", "copy")}
    rows = [
        record(0, "1001", "web", channel="web", of="online"),
        record(0, "1001", "till", channel="pos", of="tills", position=1),
        record(0, "1001", "app", channel="app", of="online", position=2),
        record(0, "1001", "web", channel="web", of="copy", position=3),
        record(1, "1001", "web", channel="web", of="online"),
    ]
    judged = classify.classified(spark.createDataFrame(rows, SCHEMA), source(**feeds), "events", event_day="event_date")
    found = {
        (row["delivery_day"], row["position"]): (row["record_class"], row["reasons"], row["is_repeat"])
        for row in judged.collect()
    }
    tomorrow = DAY + timedelta(days=1)
    assert found == {(DAY, 0): KEPT, (DAY, 1): web_till, (DAY, 2): web_app, (DAY, 3): copied, (tomorrow, 0): SAME}


def test_a_scope_that_no_record_tells_is_the_whole_source(spark):
    without = {name: mapping for name, mapping in EVENT_COLUMNS.items() if name != "channel"}
    frame = spark.createDataFrame([record(0, "p", "x", of="a"), record(0, "p", "y", of="b", position=1)], SCHEMA).drop("channel")
    feeds = {name: Feed.model_validate(feed("products", without, record_id=["event_id"])) for name in ("a", "b")}
    scopes = frame.select(classify.id_scope(feeds).alias("scope"))
    assert contents(scopes) == [{"scope": ""}, {"scope": ""}]


def test_without_id_a_repeat_is_flagged_or_dropped_as_the_feed_says(spark):
    records = [record(0, None, "x"), record(0, None, "x", position=1), record(2, None, "x"), record(2, None, "y", position=1)]
    again = ("kept", [], True)
    assert classes(spark, FLAGGED, *records) == {(0, "f", 0): KEPT, (0, "f", 1): again, (2, "f", 0): again, (2, "f", 1): KEPT}
    assert classes(spark, DROPPED, *records) == {(0, "f", 0): KEPT, (0, "f", 1): SAME, (2, "f", 0): SAME, (2, "f", 1): KEPT}


def test_late_is_measured_between_days_in_the_data_and_comes_after_repeats(spark):
    found = classes(
        spark,
        BY_ID,
        record(0, "e1", "x", about=-3),
        record(0, "e2", "x", about=-4, position=1),
        record(0, "e2", "x", about=-4, position=2),
        record(0, "e2", "y", about=-4, position=3),
        record(0, "e3", "x", about=1, position=4),
    )
    assert found == {(0, "f", 0): KEPT, (0, "f", 1): LATE, (0, "f", 2): SAME, (0, "f", 3): CLASH, (0, "f", 4): KEPT}
    assert classes(spark, BY_ID, record(0, "e1", "x", about=-900), repeat_days=None, late_limit_days=None) == {(0, "f", 0): KEPT}


def expected(records, *, repeat_days, late_limit_days):
    """The rule of the module's first lines, record by record."""
    found = {}
    for this in records:
        _, day, file, position, _, content, event_id, event_day, reasons, _ = this
        before = [
            other for other in records
            if not other[8] and other[6] == event_id and other[1:4] < this[1:4] and (day - other[1]).days <= repeat_days
        ]  # fmt: skip
        key = ((day - DAY).days, file, position)
        if reasons:
            found[key] = ("rejected", sorted(set(reasons)), False)
        elif before:
            found[key] = SAME if min(before, key=lambda other: other[1:4])[5] == content else CLASH
        else:
            found[key] = LATE if (day - event_day).days > late_limit_days else KEPT
    return found


def histories(*, seed, n_ids):
    """Deliveries of many ids with repeats, clashes, invalid and late records, in random order."""
    draw = random.Random(seed)
    rows = {}
    for number in range(n_ids):
        for _ in range(draw.randint(1, 7)):
            day = draw.randint(0, 8)
            file, position = f"f{day}{draw.randint(0, 1)}", draw.randint(0, 50 * n_ids)
            rows[file, position] = record(
                day, f"e{number}", draw.choice("xxy"), file=file, position=position, about=day - draw.randint(-1, 5),
                reasons=draw.choice([(), (), (), ("bad",)]),
            )  # fmt: skip
    shuffled = list(rows.values())
    draw.shuffle(shuffled)
    return shuffled


@pytest.mark.parametrize("seed", [1, 2])
def test_classes_agree_with_plain_python_in_any_order_of_input(spark, seed):
    records = histories(seed=seed, n_ids=150)
    found = classes(spark, BY_ID, *records)
    assert found == expected(records, repeat_days=4, late_limit_days=3)
    assert {class_ for class_, _, _ in found.values()} == {"kept", "duplicate", "rejected", "late"}


@pytest.mark.parametrize("day", [4, 7])
def test_a_delivery_day_depends_only_on_the_days_of_its_window(spark, day):
    records = histories(seed=3, n_ids=150)
    inside = [row for row in records if -4 <= (row[1] - DAY).days - day <= 0]
    of_day = {key: found for key, found in classes(spark, BY_ID, *inside).items() if key[0] == day}
    assert len(of_day) > 20
    assert of_day == {key: found for key, found in expected(records, repeat_days=4, late_limit_days=3).items() if key[0] == day}


def test_two_parts_of_an_id_are_not_one(spark):
    orders = feed("events", EVENT_COLUMNS, record_id=["event_id", "product_id"])
    rows = [
        (*record(0, "a", "x"), '"b"}'),
        (*record(0, 'a","product_id":"', "y", position=1), "b"),
        (*record(0, "a", "z", position=2), None),
    ]
    frame = spark.createDataFrame(rows, f"{SCHEMA}, product_id string")
    by_two = source(events=orders)
    judged = classify.classified(
        with_reasons(frame, classify.missing_ids(by_two.feeds_of("events"))), by_two, "events", event_day=None
    )
    assert contents(judged, "position", "record_class", "reasons") == in_order(
        {"position": 0, "record_class": "kept", "reasons": []},
        {"position": 1, "record_class": "kept", "reasons": []},
        {"position": 2, "record_class": "rejected", "reasons": ["product_id is missing"]},
    )
