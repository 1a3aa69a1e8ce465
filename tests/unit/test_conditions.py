"""Conditions of suites: what the shipped ones say is taken, and nothing that would run code or fail over a row."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reclake import tables
from reclake.quality.conditions import condition_problems
from reclake.quality.suites import SuiteRefused, load_suite
from reclake.tables import gold, silver

LINES = silver.ORDER_LINES
HOSTILE = (
    "reflect('java.lang.System', 'exit', 1) is null",
    "java_method('java.lang.Runtime', 'getRuntime') = 'x'",
    "quantity > (select max(n) from secrets)",
    "exists (select 1)",
    "input_file_name() = 'x'",
    "quantity > 0 or 1 = 1",
    "quantity > 0; drop table x",
    "quantity > 0 -- and no more",
    "quantity /* */ > 0",
    "`quantity` > 0",
    "currency = 'EUR' || current_user()",
    "currency = 'it''s'",
    "currency = '\\u0027 or 1=1'",
    "currency = \u2018EUR\u2019",
    'currency = "EUR"',
    "currency like 'E%'",
    "currency in ('EUR')",
    "currency rlike '(a+)+$'",
    "quantity > 1e400",
    "quantity = quantity",
    "quantity > raise_error('x')",
    "quantity = X'31'",
    "quantity.x > 0",
    "quantity > 0\nand currency = 'EUR' or 1 = 1",
    "quantity between 0 and 1",
    "size(split(currency, ',')) > 0",
    "true",
    "not",
    "",
    " ",
    "quantity > 0 and",
    "and quantity > 0",
    "quantity > :n",
    "quantity > ${env:HOME}",
    "aes_decrypt(currency, 'k') is null",
)


@pytest.mark.parametrize("condition", HOSTILE)
def test_what_the_grammar_does_not_know_is_refused(condition):
    assert list(condition_problems(condition, LINES))


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("amount > 0", "its condition names amount, which is not declared"),
        ("currency > 0", "its condition takes currency for a number, and it is string"),
        ("quantity = '1'", "its condition takes quantity for a text, and it is "),
        ("not currency", "its condition takes currency for true or false, and it is string"),
        ("size(currency) > 0", "its condition takes currency for a list, and it is string"),
        ("event_date = '2026-01-01'", "its condition takes event_date for a text, and it is date"),
    ],
)
def test_a_condition_has_to_fit_its_column(condition, problem):
    assert [told.startswith(problem) for told in condition_problems(condition, LINES)] == [True]


@pytest.mark.parametrize(
    "condition", ["n_orders>0", "n_orders between 1 and 2", "n_orders  > 0", "segment = 'new' or n_orders > 0"]
)
def test_a_refusal_says_once_what_may_be_said(condition):
    [refusal] = condition_problems(condition, gold.CUSTOMER_SEGMENTS)
    refused, _, allowed = refusal.partition("; it may say ")
    assert refused == f"a condition may not say {condition}"
    assert "column > number" in allowed
    assert "joined by and, with one blank on each side" in allowed


def test_a_refusal_names_the_terms_that_are_not_read_and_what_does_not_fit():
    found = list(condition_problems("quantity > 0 and quantity>0 and currency > 0 and 1", LINES))
    assert [one.partition(";")[0] for one in found] == [
        "a condition may not say quantity>0 and 1",
        "its condition takes currency for a number, and it is string",
    ]


@pytest.mark.parametrize(
    "condition",
    [
        "quantity > 0",
        "currency = 'EUR'",
        "is_return and quantity >= -1.5",
        "NOT is_return AND currency IS NOT NULL",
        "currency is null",
    ],
)
def test_what_the_grammar_knows_is_taken(condition):
    assert list(condition_problems(condition, LINES)) == []


def test_all_conditions_of_the_suites_are_taken(root):
    taken = [
        (table.name, condition) for table in tables.GATED for condition in load_suite(root / "expectations", table).conditions
    ]
    assert len(taken) >= 10


@settings(deadline=None)
@given(st.text())
def test_a_text_that_is_taken_names_a_column_first(text):
    if not list(condition_problems(text, gold.CUSTOMER_SEGMENTS)):
        names = {field.name for field in gold.CUSTOMER_SEGMENTS.fields}
        assert any(name in text for name in names)
        assert "(" not in text.replace("size(", "")


@pytest.mark.parametrize("condition", HOSTILE[:6])
def test_a_suite_with_such_a_condition_judges_nothing(root, tmp_path, condition):
    suite = json.loads((root / "expectations" / "silver.order_lines.json").read_text())
    conditional = next(one for one in suite["expectations"] if "where" in one)
    conditional["where"] = condition
    (tmp_path / "silver.order_lines.json").write_text(json.dumps(suite))
    with pytest.raises(SuiteRefused, match="a condition may not say"):
        load_suite(tmp_path, LINES)
