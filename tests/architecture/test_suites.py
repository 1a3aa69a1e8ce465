"""Suites: a file for every gated table, whole with what is derived, fitting its declaration, and written in one form."""

import json
import re

import pytest

from reclake import tables
from reclake.behaviour.dimensions import DIMENSIONS, Of
from reclake.quality.particular import file_form, suite_path
from reclake.quality.rules import TYPES
from reclake.quality.suites import load_suite
from reclake.quality.whole import whole_suite, written_form
from reclake.tables import Privacy, gold, ops, silver, vocabulary

GATED = pytest.mark.parametrize("table", tables.GATED, ids=lambda table: table.name)
QUOTED = re.compile(r"(\w+) (=|<>) '([^']*)'")


@pytest.fixture(scope="session")
def expectations(root):
    return root / "expectations"


def rules_of(expectations, table, kind):
    return [rule for rule in load_suite(expectations, table).rules if rule.type == f"expect_{kind}"]


def test_every_gated_table_has_its_suite_and_nothing_else_has_one(expectations):
    declared = {table.name for table in tables.GATED}
    assert len(declared) >= 20
    assert {path.name for path in expectations.iterdir()} == {f"{name}.json" for name in declared}


@GATED
def test_it_loads_and_says_how_many_it_holds(expectations, table):
    suite = load_suite(expectations, table)
    meta = whole_suite(expectations, table)["meta"]
    assert meta == {"table": table.name, "n_expectations": len(suite.rules), "floor": table.min_rows}
    assert suite.floor == table.min_rows
    assert {rule.type for rule in suite.rules} <= set(TYPES)
    assert len({(rule.text, rule.severity) for rule in suite.rules}) == len(suite.rules)


@GATED
def test_its_file_is_written_in_one_form(expectations, table):
    text = suite_path(expectations, table).read_text(encoding="utf-8")
    assert file_form(json.loads(text)) == text


@GATED
def test_great_expectations_reads_it_and_writes_the_same(expectations, table):
    from great_expectations.core.expectation_suite import ExpectationSuite

    whole = whole_suite(expectations, table)
    text = written_form(whole)
    assert json.loads(text) == whole
    assert json.loads(written_form(ExpectationSuite(**json.loads(text)).to_json_dict())) == whole


@GATED
def test_required_columns_and_the_floor_are_in_it(expectations, table):
    not_null = {
        rule.columns[0]
        for rule in rules_of(expectations, table, "column_values_to_not_be_null")
        if rule.condition is None and rule.severity == "critical"
    }
    assert set(table.required) == not_null
    floors = [rule.kwargs["min_value"] for rule in rules_of(expectations, table, "table_row_count_to_be_between")]
    assert floors == ([table.min_rows] if table.min_rows else [])


@GATED
def test_every_number_and_time_has_both_bounds(expectations, table):
    bounded = {rule.columns[0] for rule in rules_of(expectations, table, "column_values_to_be_between")}
    finite = {field.name for field in table.fields if field.type in ("double", "float")}
    assert finite <= bounded
    for rule in rules_of(expectations, table, "column_values_to_be_between"):
        assert rule.kwargs["min_value"] <= rule.kwargs["max_value"]


@GATED
def test_every_exception_has_its_reason(expectations, table):
    for rule in load_suite(expectations, table).rules:
        tolerates = rule.kwargs.get("mostly", 1) != 1 or rule.severity != "critical" or rule.min_matching_rows == 0
        assert bool(rule.reason) == tolerates, rule.text


@GATED
def test_a_condition_names_values_that_exist(expectations, table):
    """A misspelt value would match no row, and its rules would pass on nothing; of values to leave out it would judge more rows."""
    suite = load_suite(expectations, table)
    allowed = {
        rule.columns[0]: rule.kwargs["value_set"]
        for rule in suite.rules
        if rule.type == "expect_column_values_to_be_in_set" and not rule.condition
    }
    for condition in suite.conditions:
        for column, sign, value in QUOTED.findall(condition):
            assert value in allowed[column] if sign == "=" or column in allowed else sign == "<>", condition
        assert QUOTED.search(condition) or "'" not in condition


def test_some_suites_have_conditions(expectations):
    assert sum(bool(load_suite(expectations, table).conditions) for table in tables.GATED) >= 5


def test_every_pseudonym_is_known_by_its_form(expectations):
    """A key that was never replaced has another form, and must not pass."""
    judged = {
        (table.name, rule.columns[0])
        for table in tables.GATED
        for rule in rules_of(expectations, table, "column_values_to_match_regex")
        if rule.condition is None and rule.severity == "critical"
    }
    pseudonyms = {(table.name, f.name) for table in tables.GATED for f in table.fields if f.privacy is Privacy.PSEUDONYM}
    assert len(pseudonyms) >= 20
    assert pseudonyms - judged == set()


def test_nothing_may_be_unaccounted_for(expectations):
    bounds = [
        (rule.kwargs["min_value"], rule.kwargs["max_value"], rule.severity)
        for rule in rules_of(expectations, ops.RECONCILIATION, "column_values_to_be_between")
        if rule.columns == ("n_unaccounted",)
    ]
    assert bounds == [(0, 0, "critical")]


FREE_TEXT = [table for table in tables.GATED if any(field.is_free_text for field in table.fields)]


def test_there_is_free_text():
    assert {silver.EVENT_RECORDS, silver.EVENTS} <= set(FREE_TEXT)


@pytest.mark.parametrize("table", FREE_TEXT, ids=lambda table: table.name)
def test_free_text_must_be_masked(expectations, table):
    from reclake.privacy.masking import masked

    patterns = [rule.kwargs["regex"] for rule in rules_of(expectations, table, "column_values_to_not_match_regex")]
    written = "mail anna.b@example.com or call 13800138000"
    assert len(patterns) == 2
    assert all(re.search(pattern, written) and not re.search(pattern, masked(written)) for pattern in patterns)


def test_suites_and_standard_hold_the_same_words(expectations):
    """A record with another word is refused before its table: were the suite stricter, one record could stop it."""
    found = {
        (table.name, rule.columns[0]): tuple(rule.kwargs["value_set"])
        for table in tables.GATED
        for rule in rules_of(expectations, table, "column_values_to_be_in_set")
        if rule.columns[0] in vocabulary.WORDS
    }
    assert len(found) >= 8
    assert {column for _, column in found} == set(vocabulary.WORDS)
    assert {place: words for place, words in found.items() if words != vocabulary.WORDS[place[1]]} == {}


def test_suites_and_masks_look_for_the_same(expectations):
    patterns = {
        table.name: {rule.kwargs["regex"] for rule in rules_of(expectations, table, "column_values_to_not_match_regex")}
        for table in FREE_TEXT
    }
    wanted = {vocabulary.EMAIL_IN_TEXT, vocabulary.MOBILE_IN_TEXT}
    assert all(found == wanted for found in patterns.values())


@GATED
def test_suites_and_standard_agree_on_currencies_and_the_length_of_products(expectations, table):
    for rule in rules_of(expectations, table, "column_values_to_match_regex"):
        if rule.columns == ("currency",):
            assert rule.kwargs["regex"] == vocabulary.CURRENCY
        if rule.columns == ("product_id",):
            assert rule.kwargs["regex"] == rf"^(?s)\S.{{0,{vocabulary.LONGEST_PRODUCT_ID - 1}}}\z"


def test_no_feed_can_widen_a_limit_beyond_its_suite(expectations):
    from reclake.sources.mapping import WIDEST

    bounds = {
        rule.columns[0]: (rule.kwargs["min_value"], rule.kwargs["max_value"])
        for table in (*silver.RECORDS, silver.EVENTS, silver.ORDER_LINES, silver.PRODUCTS, silver.ACCOUNTS)
        for rule in rules_of(expectations, table, "column_values_to_be_between")
        if rule.columns[0] in WIDEST and "is_return" not in (rule.condition or "")
    }
    assert set(bounds) == set(WIDEST) - {"quantity"}
    for column, (least, most) in bounds.items():
        assert WIDEST[column][0] in (None, least)  # a price below 0 is refused by a rule of its own
        assert WIDEST[column][1] <= most


def test_segments_and_tiers_are_those_of_the_rules(expectations):
    from reclake.segment.segments import NO_ORDERS, SEGMENTS
    from reclake.segment.tiers import ORDER, PROSPECT

    allowed = {
        rule.columns[0]: set(rule.kwargs["value_set"])
        for rule in rules_of(expectations, tables.BY_NAME["gold.customer_segments"], "column_values_to_be_in_set")
        if not rule.condition
    }
    every_tier = {*ORDER, PROSPECT}
    every_segment = {segment.name for segment in SEGMENTS} | {NO_ORDERS}
    assert allowed == {"segment": every_segment, "tier": every_tier, "rfm_tier": every_tier}
    for name, others in (("gold.tier_changes", {"none", "several"}), ("gold.segment_quality", set())):
        rules = rules_of(expectations, tables.BY_NAME[name], "column_values_to_be_in_set")
        found = {rule.columns[0]: set(rule.kwargs["value_set"]) for rule in rules if "tier" in rule.columns[0]}
        assert found
        assert all(words == every_tier | others for words in found.values())


@pytest.mark.parametrize(
    ("table", "own"),
    [
        (gold.FUNNELS, {"all"}),
        (gold.FUNNEL_LOSSES, {"next_event", "later"}),
        (gold.PATH_STEPS, {"all"}),
        (gold.PATH_TRANSITIONS, {"all"}),
        (gold.RETENTION, {"all"}),
    ],
    ids=lambda one: getattr(one, "name", None),
)
def test_every_dimension_that_can_be_asked_for_is_let_through(expectations, table, own):
    (rule,) = (one for one in rules_of(expectations, table, "column_values_to_be_in_set") if one.columns == ("dimension",))
    of_customers = {one.name for one in DIMENSIONS if one.of is Of.CUSTOMER}
    asked = of_customers if table == gold.RETENTION else {one.name for one in DIMENSIONS}
    assert set(rule.kwargs["value_set"]) == own | asked
