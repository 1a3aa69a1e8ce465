"""Whole suites: what follows from a declaration, what a file adds and overrules, and their digest."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reclake.quality.particular import SuiteRefused, file_form
from reclake.quality.suites import load_suite
from reclake.quality.whole import whole_suite, written_form
from reclake.run.code import suite_digest
from reclake.tables import Table, silver
from reclake.tables.declaration import personal, plain

DAYS = "between 1990-01-01 and 2100-12-31"
TIMES = "between 1989-12-31T00:00:00 and 2100-12-31T23:59:59"
UNUSUAL = "unusual, but the row is still right"
NONE_KEPT = "a delivery may hold only repeats, refused and late records"
KEPT = " where record_class = 'kept'"
SUITES = {
    silver.PRODUCTS: [
        "product_id is not null",
        "valid_from is not null",
        r"product_id matches ^(?s)\S.{0,4095}\z",
        f"valid_from is {DAYS}",
        f"valid_to is {DAYS}",
        "valid_to is at least valid_from",
        "price_amount is between 0 and 100000000000000",
        r"currency matches ^[A-Z]{3}\z",
        "list_price_amount is between 0 and 100000000000000",
    ],
    silver.CONSENT_RECORDS: [
        "rows are at least 1",
        "source is not null",
        "delivery_day is not null",
        "file_digest is not null",
        "position is not null",
        "record_class is not null",
        "reasons is not null",
        "is_repeat is not null",
        r"source matches ^[a-z][a-z0-9_]{0,62}\z",
        (f"delivery_day is {DAYS}", "warning", None, UNUSUAL),
        r"file_digest matches ^[0-9a-f]{64}\z",
        "position is between 0 and 1000000000000",
        "record_class is one of kept, duplicate, rejected, late",
        r"account_id matches ^[ad]_[0-9a-f]{32}\z",
        f"changed_at is {TIMES}",
        (f"account_id is not null{KEPT}", "critical", 0, NONE_KEPT),
        (f"purpose is not null{KEPT}", "critical", 0, NONE_KEPT),
        (f"is_granted is not null{KEPT}", "critical", 0, NONE_KEPT),
        (f"changed_at is not null{KEPT}", "critical", 0, NONE_KEPT),
        (f"purpose is one of personalisation, marketing, analytics, service{KEPT}", "critical", 0, NONE_KEPT),
    ],
    silver.SESSIONS: [
        *(
            f"{name} is not null"
            for name in (
                "session_id", "session_date", "source", "unit_id", "account_id", "started_at", "ended_at", "duration_seconds",
                "n_events", "n_views", "n_carts", "n_purchases", "is_engaged",
            )
        ),
        r"session_id matches ^[0-9a-f]{64}\z",
        f"session_date is {DAYS}",
        r"source matches ^[a-z][a-z0-9_]{0,62}\z",
        r"unit_id matches ^[ad]_[0-9a-f]{32}\z",
        r"account_id matches ^[ad]_[0-9a-f]{32}\z",
        "channel is one of app, mini_program, web, pos",
        f"started_at is {TIMES}",
        f"ended_at is {TIMES}",
        "duration_seconds is between 0 and 31622400",
        "n_events is between 1 and 1000000000",  # of its file, which overrules the derived one
        "n_views is between 0 and 1000000000",
        "n_carts is between 0 and 1000000000",
        "n_purchases is between 0 and 1000000000",
        "ended_at is at least started_at",
    ],
}  # fmt: skip
NEW = Table(
    name="gold.novelties",
    grain="one row per as_of_date and customer",
    key=("as_of_date", "customer_id"),
    fields=(
        plain("as_of_date", "date", "The day.", required=True),
        personal("customer_id", "string", "The customer.", required=True),
        personal("first_at", "timestamp", "When."),
        personal("spend_amount", "decimal(12,2)", "Spent.", "currency"),
        personal("n_orders", "long", "Orders.", "orders"),
        personal("n_things", "integer", "Things.", "things"),
        personal("open_share", "double", "Of its messages those that were opened.", "0-1"),
        personal("growth_ratio", "double", "This year by last year."),
        personal("affinity", "double", "A score."),
        personal("note", "string", "Anything."),
        personal("quantity", "long", "Anything."),
    ),
    stage="customers",
    write="replace_days",
    day_column="as_of_date",
)


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def write(folder, table=NEW, *expectations, **changes):
    written = {"table": table.name, "n_expectations": len(expectations), "expectations": list(expectations)} | changes
    (folder / f"{table.name}.json").write_text(json.dumps(written))


def told(rule):
    if (rule.severity, rule.min_matching_rows, rule.reason) == ("critical", None, ""):
        return rule.text
    return rule.text, rule.severity, rule.min_matching_rows, rule.reason


@pytest.mark.parametrize("table", SUITES, ids=lambda table: table.name)
def test_a_suite_is_the_one_that_was_written_by_hand(root, table):
    assert [told(rule) for rule in load_suite(root / "expectations", table).rules] == SUITES[table]


def test_a_new_table_has_its_rules_without_a_line(folder):
    write(folder)
    assert [told(rule) for rule in load_suite(folder, NEW).rules] == [
        "rows are at least 1",
        "as_of_date is not null",
        "customer_id is not null",
        f"as_of_date is {DAYS}",
        r"customer_id matches ^c_[0-9a-f]{32}\z",
        f"first_at is {TIMES}",
        "spend_amount is between -10000000000 and 10000000000",
        "n_orders is between 0 and 1000000000",
        "n_things is between 0 and 1000000000000",
        "open_share is between 0 and 1",
        "growth_ratio is between 0 and 1000000000000",
        "affinity is between -1000000000000 and 1000000000000",
    ]


def test_free_text_and_records_that_were_refused(folder):
    fields = (
        plain("record_class", "string", "Its class.", required=True),
        replace(personal("search_query", "string", "Masked."), is_free_text=True),
        plain("channel", "string", "Where."),
        plain("currency", "string", "Of the amount."),
        personal("paid_amount", "decimal(18,4)", "Paid.", "currency"),
        personal("rating", "double", "Stars."),
        personal("birth_year", "integer", "Year."),
    )
    table = replace(
        NEW, name="silver.novelty_records", key=("record_class",), fields=fields, day_column=None, write="replace_whole"
    )
    write(folder, table)
    conditional = {rule.columns[0] for rule in load_suite(folder, table).rules if rule.condition == "record_class = 'kept'"}
    assert conditional == {"channel", "currency", "paid_amount", "rating"}
    masked = [rule.text for rule in load_suite(folder, table).rules if rule.columns == ("search_query",)]
    assert masked == [
        "search_query does not match [A-Za-z0-9._%+-]@[A-Za-z0-9-]+[.][A-Za-z]",
        r"search_query does not match (?<!\d)1[3-9]\d{9}(?!\d)",
    ]


def test_a_conditional_expectation_in_the_form_of_great_expectations(folder):
    not_null = "expect_column_values_to_not_be_null"
    write(folder, NEW, {"type": not_null, "column": "note", "where": "n_orders > 0", "min_matching_rows": 0, "reason": "no sale"})
    whole = whole_suite(folder, NEW)
    assert whole["name"] == NEW.name
    assert whole["meta"] == {"table": NEW.name, "n_expectations": 13, "floor": 1}
    assert whole["expectations"][-1] == {
        "type": not_null,
        "kwargs": {
            "column": "note",
            "row_condition": {"pass_through_filter": "n_orders > 0", "type": "pass_through"},
            "condition_parser": "spark",
        },
        "meta": {"min_matching_rows": 0, "reason": "no sale"},
        "severity": "critical",
    }


def test_an_overruled_column_has_the_rules_of_its_file_in_its_place(folder):
    most = {"type": "expect_column_values_to_be_between", "column": "n_orders", "min_value": 1, "max_value": 9}
    write(folder, NEW, most, overrules={"n_orders": "no row without one", "affinity": "nobody knows its bounds"})
    texts = [rule.text for rule in load_suite(folder, NEW).rules]
    assert texts[7:9] == ["n_orders is between 1 and 9", "n_things is between 0 and 1000000000000"]
    assert not any(text.startswith("affinity") for text in texts)


def test_a_required_column_stays_required(folder):
    write(folder, overrules={"customer_id": "a trial"})
    texts = [rule.text for rule in load_suite(folder, NEW).rules]
    assert "customer_id is not null" in texts
    assert not any(text.startswith("customer_id matches") for text in texts)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"overrules": {"note": "free"}}, "it overrules note, about whose values nothing is derived"),
        ({"overrules": {"nothing": "free"}}, "it overrules nothing, about whose values nothing is derived"),
        ({"overrules": {"n_orders": " "}}, "overrules is no object of column and reason"),
        ({"overrules": ["n_orders"]}, "overrules is no object of column and reason"),
        ({"floor": 1}, "its file is no object of table, n_expectations and expectations"),
        ({"expectations": {}}, "its expectations are no list"),
        ({"n_expectations": True}, "it holds 0 expectations and declares True"),
    ],
)
def test_a_file_of_another_form_is_refused(folder, changes, why):
    write(folder, NEW, **changes)
    with pytest.raises(SuiteRefused) as refused:
        whole_suite(folder, NEW)
    assert str(refused.value) == why


@pytest.mark.parametrize(
    "written",
    [
        {"type": "expect_column_values_to_be_between", "column": "n_orders", "min_value": 0, "max_value": 10**9},
        {
            "type": "expect_column_values_to_be_between",
            "column": "n_orders",
            "max_value": 10**9,
            "min_value": 0,
            "severity": "info",
        },
    ],
)
def test_what_is_derived_is_not_written_again(folder, written):
    write(folder, NEW, written)
    with pytest.raises(SuiteRefused, match="expectation 1 is derived already"):
        whole_suite(folder, NEW)


ODD = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.lists(st.integers()), st.just({}))
ENTRIES = [
    {"type": "expect_column_values_to_be_between", "column": "n_orders", "min_value": 1, "max_value": 9},
    {"type": "expect_column_values_to_be_in_set", "column": "note", "value_set": ["a"], "where": "n_orders > 0", "reason": "b"},
    {"type": "expect_column_values_to_match_regex", "column": "note", "regex": "a", "mostly": 0.5, "min_matching_rows": 1},
    {"type": "expect_table_row_count_to_be_between", "min_value": 3, "severity": "warning"},
]


@pytest.mark.parametrize(
    "odd",
    [
        {"column": ["n_orders"]},
        {"column": None},
        {"severity": "high"},
        {"where": " "},
        {"where": {"pass_through_filter": "n_orders > 0", "type": "pass_through"}},
        {"reason": ""},
        {"min_matching_rows": True},
        {"min_matching_rows": "1"},
        {"mostly": True},
        {"mostly": "0.5"},
        {"kwargs": {}},
        {"meta": {}},
        {"row_condition": "n_orders > 0"},
        {"type": None},
    ],
    ids=str,
)
def test_an_expectation_of_another_form_is_refused(folder, odd):
    write(folder, NEW, ENTRIES[0] | odd)
    with pytest.raises(SuiteRefused, match=r"^expectation 1 is malformed$"):
        whole_suite(folder, NEW)


@pytest.mark.parametrize("least", [None, False, "3", 0, 2.0])
def test_a_floor_that_is_no_whole_number_is_refused(folder, least):
    write(folder, NEW, {"type": "expect_table_row_count_to_be_between", "min_value": least})
    with pytest.raises(SuiteRefused, match="a floor on rows below 1 says nothing"):
        load_suite(folder, NEW)


@settings(deadline=None, max_examples=300)
@given(entry=st.sampled_from(ENTRIES), key=st.sampled_from(sorted({key for one in ENTRIES for key in one})), value=ODD)
def test_a_file_with_an_odd_value_is_read_or_refused(tmp_path_factory, entry, key, value):
    folder = tmp_path_factory.mktemp("odd")
    write(folder, NEW, entry | {key: value})
    try:
        n_rules = len(load_suite(folder, NEW).rules)
    except SuiteRefused:  # any other error would stop the run and not only the table
        n_rules = 0
    assert n_rules in (0, 13)


class TestDigest:
    def test_suites_that_did_not_change_keep_the_digests_of_whole_files(self, root):
        """As the ledger of tests/data/lake-0.1 has them, and as files of 28, 30 and 25 rules had them."""
        known = {
            silver.CONTACTS: "dd278778aab3862e",
            silver.INTERACTIONS: "7b3eadc6c9d32042",
            silver.SESSIONS: "763f19b6189a20a8",
            silver.ORDER_LINES: "09f4c4e0bb4552d9",
            silver.ORDER_RECORDS: "4009a35aa8c07c96",
            silver.EVENTS: "56bcf92f21778c94",
        }
        assert {table: suite_digest(root / "expectations", table) for table in known} == known

    def test_it_follows_the_rules_and_not_how_the_file_is_written(self, folder):
        write(folder, NEW, *ENTRIES[:1])
        before = suite_digest(folder, NEW)
        path = folder / f"{NEW.name}.json"
        path.write_text(file_form(json.loads(path.read_text())))
        assert suite_digest(folder, NEW) == before

    @pytest.mark.parametrize(
        "changes",
        [
            {"expectations": [ENTRIES[0] | {"max_value": 10}]},
            {"expectations": [ENTRIES[0] | {"severity": "warning"}]},
            {"overrules": {"affinity": "a reason"}},
        ],
    )
    def test_a_changed_file_changes_it(self, folder, changes):
        write(folder, NEW, ENTRIES[0])
        before = suite_digest(folder, NEW)
        write(folder, NEW, ENTRIES[0], **changes)
        assert suite_digest(folder, NEW) != before

    def test_a_changed_declaration_changes_it(self, folder):
        write(folder)
        required = replace(NEW, fields=(*NEW.fields[:-1], plain("quantity", "long", "Anything.", required=True)))
        assert suite_digest(folder, required) != suite_digest(folder, NEW)
        assert suite_digest(folder, replace(NEW, may_be_empty="why not")) != suite_digest(folder, NEW)

    def test_a_refused_suite_has_that_of_its_file(self, folder):
        assert suite_digest(folder, NEW) == "none"
        write(folder)
        whole = suite_digest(folder, NEW)
        write(folder, n_expectations=1)
        refused = suite_digest(folder, NEW)
        write(folder, n_expectations=2)
        assert len({"none", whole, refused, suite_digest(folder, NEW)}) == 4


def test_the_form_of_a_whole_suite(folder):
    write(folder)
    text = written_form(whole_suite(folder, NEW))
    assert text.startswith('{\n  "name": "gold.novelties",\n  "meta": {\n')
    assert text.endswith("]\n}\n")
