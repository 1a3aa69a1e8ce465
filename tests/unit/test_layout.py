"""Listings on terminals of several widths, in pipes, as blocks and as CSV."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal

import pytest
from rich.cells import cell_len

from reclake.cli.layout import as_blocks, as_csv, as_table, text_of

CUSTOMER = "c_0009b1024853c5d6afe873bdac7ccdb0"
ROWS = [
    {
        "as_of_date": date(2026, 3, 2),
        "customer_id": CUSTOMER,
        "product_name": "山野经济抽纸 标准装 1号, 门店",
        "n_orders": 1234567,
        "spend_amount": Decimal("917955.0000"),
        "currency": "CNY",
        "tier": "high_value",
        "segment": "frequent_buyers",
        "rfm_cell": "442",
        "model_version": 1200,
        "why": "its declaration changed, and so did what it reads of the days before the one that is built here",
    },
    {
        "as_of_date": date(2026, 3, 1),
        "customer_id": None,
        "product_name": None,
        "n_orders": 0,
        "spend_amount": None,
        "currency": "CNY",
        "tier": "new",
        "segment": "",
        "rfm_cell": None,
        "model_version": None,
        "why": "",
    },
]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_no_id_is_cut(width):
    laid = as_table(ROWS, width)
    assert laid.lines
    assert max(map(cell_len, laid.lines)) <= width
    whole = "\n".join(laid.lines)
    shown = set(ROWS[0]) - {"currency"} - set(laid.left_out)
    assert "as_of_date" in shown
    for name in shown - {"why"}:
        assert text_of(name, ROWS[0][name], ROWS[0]) in whole, name
    assert bool(laid.left_out) is (width < 200)


def test_at_80_columns_the_key_stands_and_the_rest_as_far_as_it_fits():
    laid = as_table(ROWS, 80)
    assert laid.lines[0].split() == ["as_of_date", "customer_id", "product_name"]
    assert laid.lines[1] == f"2026-03-02  {CUSTOMER}  山野经济抽纸 标准装 1号, 门店"
    assert laid.left_out == ("n_orders", "spend_amount", "tier", "segment", "rfm_cell", "model_version", "why")


def test_sentences_are_folded_between_words_and_ids_beside_them_are_not():
    rows = [{"customer_id": CUSTOMER, "why": ROWS[0]["why"]}]
    lines = as_table(rows, 80).lines
    assert len(lines) > 2
    assert all(cell_len(line) <= 80 for line in lines)
    assert lines[1].startswith(CUSTOMER)
    folded = [lines[1].removeprefix(CUSTOMER), *lines[2:]]
    assert " ".join(part.strip() for part in folded) == ROWS[0]["why"]


def test_a_pipe_has_no_width():
    laid = as_table(ROWS, None)
    assert (len(laid.lines), laid.left_out) == (3, ())
    assert ROWS[0]["why"] in laid.lines[1]


def test_a_key_that_does_not_fit_makes_blocks():
    lines = as_table([{"customer_id": CUSTOMER, "n": 1}], 20).lines
    assert lines == (f"customer_id  {CUSTOMER}", "n            1")


def test_chinese_takes_two_cells_and_columns_still_stand_below_each_other():
    rows = [{"name": "抽纸", "n": 1}, {"name": "abc", "n": 22}]
    assert as_table(rows, 80).lines == ("name   n", "抽纸   1", "abc   22")


@pytest.mark.parametrize(
    ("name", "value", "row", "text"),
    [
        ("spend_amount", Decimal("917955.0000"), {"currency": "CNY"}, "917,955.00 CNY"),
        ("spend_amount", Decimal("-0.5"), {}, "-0.50"),
        ("lower_edge", Decimal("1200.5000"), {}, "1,200.5"),
        ("lower_edge", Decimal("200"), {}, "200"),
        ("n_orders", 1234567, {}, "1,234,567"),
        ("manifest_id", 1234567, {}, "1234567"),
        ("birth_year", 1961, {}, "1961"),
        ("is_return", True, {}, "yes"),
        ("score", 0.123456, {}, "0.1235"),
        ("score", 1234567.89, {}, "1,234,567.9"),
        ("at", datetime(2026, 3, 1, 10, 0, 5, 123456), {}, "2026-03-01 10:00:05"),
        ("reasons", ["a", "b"], {}, "a, b"),
        ("anything", None, {}, ""),
    ],
)
def test_a_cell_is_written_for_people(name, value, row, text):
    assert text_of(name, value, row) == text


def test_blocks_name_every_column_and_fold_sentences_only():
    lines = as_blocks(ROWS, 60)
    names = [name for name in ROWS[0] if name != "currency"]
    assert [line.split()[0] for line in lines if line and not line.startswith(" ")] == [*names, *names]
    assert all(cell_len(line) <= 60 for line in lines)
    assert f"customer_id    {CUSTOMER}" in lines


def test_csv_holds_the_values_as_they_are_stored():
    read = list(csv.DictReader(io.StringIO(as_csv(ROWS))))
    assert [row["spend_amount"] for row in read] == ["917955.0000", ""]
    assert read[0] | {"why": ""} == {name: "" if name == "why" else str(value) for name, value in ROWS[0].items()}
    assert as_csv([{"a": "x,\n", "b": ["1", "2"], "c": True}]) == 'a,b,c\n"x,\\n",1; 2,true\n'
