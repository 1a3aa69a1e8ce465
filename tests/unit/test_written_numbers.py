"""Numbers with marks: read as declared, refused with the mark where nothing is declared."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsing import read
from reclake.privacy.keys import make_key_files
from reclake.privacy.pseudonyms import Keys
from reclake.records.batch import RECOVERED
from reclake.records.written_numbers import (
    MAYBE_GROUPED,
    NO_GROUPS_OF_THREE,
    NOT_WRITTEN_SO,
    ZERO_BEFORE_MARK,
    Misread,
    plain_number,
)
from sources_of_records import ORDER_COLUMNS, feed

PRICE, PIECES = {"from": "price", "type": "decimal"}, {"from": "n", "type": "long"}
GERMAN = {"decimal_mark": ",", "group_mark": ".", "currency_signs": ["€", "EUR"]}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(directory, ["id1", "c1"])
    return Keys(directory, id_key_id="id1", contact_key_id="c1")


def prices(keys, *written, notes=None, pieces=PIECES, **declared):
    """Pieces and price of each line as texts for Spark; a list of reasons where there is one."""
    columns = ORDER_COLUMNS | {"unit_price_amount": PRICE | declared, "quantity": pieces}
    orders = feed("orders", columns, format="csv", delimiter=";")
    raws = [text if ";" in text else f"1;{text}" for text in written]
    header = "n;price;order;line;at;channel;customer;code"
    names = ("quantity", "unit_price_amount")
    rows = read(keys, [f"{raw};;;;;;" for raw in raws], table="orders", columns=names, header=header, orders=orders, notes=notes)
    return [row["read_reasons"] or row["unit_price_amount_text"] for row in rows]


def test_declared_marks_are_read(keys):
    written = ("12,50", "1.234,56", "1.234", "€ 3.00", "3,00 EUR", "-1.234.567,8", "-0,5€", "€ -2", "7")
    expected = ["12.50", "1234.56", "1234", "3.00", "3.00", "-1234567.8", "-0.5", "-2", "7"]
    assert prices(keys, *written, **GERMAN) == expected
    assert prices(keys, "1'234.50", "1’234", group_mark="'") == ["1234.50", "1234"]
    assert prices(keys, "1 234,5", "1\u00a0234,5", "1\u202f234", decimal_mark=",", group_mark=" ") == ["1234.5", "1234.5", "1234"]
    assert prices(keys, "$1,234.50", "USD 2", group_mark=",", currency_signs=["$", "USD"]) == ["1234.50", "2"]


def test_marks_out_of_their_places_are_refused(keys):
    three, other = [f"unit_price_amount {NO_GROUPS_OF_THREE}"], [f"unit_price_amount {NOT_WRITTEN_SO}"]
    assert prices(keys, "1.2345", "12.34.567", "1234.567", "1.23,4", **GERMAN) == [three] * 4
    assert prices(keys, "£ 3", "1,2,3", "--3", "3-", "€€3", "three", **GERMAN) == [other] * 6
    assert prices(keys, "1.234", decimal_mark=",") == [other]


def test_no_group_begins_with_0(keys):
    """0.125 may be an eighth, and is not read as 125."""
    zero = [f"unit_price_amount {ZERO_BEFORE_MARK}"]
    assert prices(keys, "0.125", "0.500", "€ -0.125", "00.125", "0.125,5", "012.345", **GERMAN) == [zero] * 6
    assert prices(keys, "0,125", group_mark=",") == [zero]
    assert prices(keys, "0.12", "0,125", "0", "100.000", **GERMAN) == ["0.12", "0.125", "0", "100000"]


@pytest.mark.parametrize(("mark", "written"), [(" ", "12 50"), (" ", "12\u00a05"), ("'", "12'50"), ("’", "12’5"), ("_", "1_5")])
def test_only_a_point_or_comma_may_stand_for_the_decimal_mark(keys, mark, written):
    three = [f"unit_price_amount {NO_GROUPS_OF_THREE}"]
    assert prices(keys, written, group_mark=mark) == [three]
    assert prices(keys, written, group_mark=mark, decimal_mark=",") == [three]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("12,50", "is written with a decimal comma: declare decimal_mark"),
        ("1,234", "is written with a comma: declare it as decimal_mark or group_mark"),
        ("1.234,56", "is written with a decimal comma and grouped digits: declare decimal_mark and group_mark"),
        ("1'234.50", "is written with grouped digits: declare group_mark"),
        ("1,234,567.5", "is written with grouped digits: declare group_mark"),
        ("€ 3.00", "is written with a currency sign: declare currency_signs"),
        ("3.00 EUR", "is written with a currency sign: declare currency_signs"),
    ],
)
def test_an_undeclared_mark_is_named(keys, text, fault):
    assert prices(keys, text, "2.50") == [[f"unit_price_amount {fault}"], "2.50"]


def test_what_is_no_number_is_left_to_its_type(keys):
    assert prices(keys, "twelve", "十二元", "1e3", "NaN") == ["twelve", "十二元", "1e3", "NaN"]


def test_a_point_is_not_guessed_where_the_file_writes_decimal_commas(keys):
    note = "comma_decimals:price|other"
    maybe = [f"unit_price_amount {MAYBE_GROUPED}"]
    assert prices(keys, "1.234", "1.5", "1.234.567", notes=[note] * 3) == [maybe, "1.5", maybe]
    assert prices(keys, "1.234", "1.234", notes=["comma_decimals:qty", None]) == ["1.234", "1.234"]
    assert prices(keys, "1.234", notes=[note], **GERMAN) == ["1234"]


def test_a_field_whose_name_holds_the_signs_of_the_note_is_found_in_it(keys):
    price = {"from": "Preis|EUR;%", "type": "decimal"}
    orders = feed("orders", ORDER_COLUMNS | {"unit_price_amount": price}, format="csv", delimiter="\t")
    header = "Preis|EUR;%\tn\torder\tline\tat\tchannel\tcustomer\tcode"
    rows = read(
        keys, ["1.234\t1\t\t\t\t\t\t"] * 2, table="orders", columns=("unit_price_amount",), header=header, orders=orders,
        notes=["recovered;comma_decimals:Preis%7CEUR%3B%25", "comma_decimals:EUR|Preis"],
    )  # fmt: skip
    assert [row["read_reasons"] for row in rows] == [[f"unit_price_amount {MAYBE_GROUPED}"], []]


def test_a_point_is_not_guessed_in_json_that_is_read_as_text(keys):
    orders = feed("orders", ORDER_COLUMNS | {"unit_price_amount": PRICE}, values="as_text")
    raws = ['{"price":"1.234","n":"1"}', '{"price":1.234,"n":"1"}', '{"price":"1.5","n":"1"}']
    note = ["comma_decimals:price"] * 3
    rows = read(keys, raws, table="orders", columns=("unit_price_amount",), orders=orders, notes=note)
    assert [row["read_reasons"] for row in rows] == [[f"unit_price_amount {MAYBE_GROUPED}"]] * 2 + [[]]


def test_a_whole_number_with_groups(keys):
    german = PIECES | {"group_mark": ".", "decimal_mark": ","}
    columns = ORDER_COLUMNS | {"quantity": german}
    (row,) = read(
        keys, ["1.000"], table="orders", columns=("quantity",), header="n",
        orders=feed("orders", {"quantity": columns["quantity"]} | {k: columns[k] | {"from": "n"} for k in ("order_id", "ordered_at", "channel", "unit_price_amount")} | {"currency": columns["currency"]}, format="csv"),
    )  # fmt: skip
    assert row["quantity_text"] == "1000"


def test_a_recovered_line_is_noted(keys):
    orders = feed("orders", ORDER_COLUMNS, format="csv")
    header, raw = "order,line,at,channel,customer,code,n,price", "o1,1,,web,,A,1,2"
    rows = read(
        keys, [raw, raw, "broken"], table="orders", columns=("order_id",), header=header, orders=orders,
        notes=["comma_decimals:x;recovered", None, "recovered"],
    )  # fmt: skip
    assert [row["notes"] for row in rows] == [[RECOVERED], None, None]


@given(
    number=st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12),
    marks=st.sampled_from([(",", "."), (".", ","), (",", " "), (".", "'"), (".", "_")]),
    sign=st.sampled_from(["", "€ {}", "{} €", "{}CHF"]),
)
def test_what_is_written_with_marks_is_read_back(number, marks, sign):
    written = f"{number:,.2f}".replace(",", "g").replace(".", "d").replace("g", marks[1]).replace("d", marks[0])
    read_back = plain_number(*marks, ("€", "CHF"))(sign.format(written) if sign else written)
    assert Decimal(read_back) == number


@given(text=st.text(max_size=20) | st.from_regex(r"[-+0-9.,'€ E]{0,15}", fullmatch=True))
def test_no_text_stops_the_reader_of_numbers(text):
    try:
        found = plain_number(",", ".", ("€", "EUR"))(text)
    except Misread:
        return
    assert Decimal(found) is not None
