"""One id however it is written, and no id where a word stands for none."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsing import read
from reclake.privacy.keys import load_key, make_key_files
from reclake.privacy.pseudonyms import Keys
from reclake.privacy.tokens import account_pseudonym, device_pseudonym
from reclake.records.columns import FLOATING
from reclake.records.ids import normalised_id
from reclake.records.spelling import NOT_EXACT
from sources_of_records import EVENT_COLUMNS, ORDER_COLUMNS, feed

HEADER = "order,line,at,channel,customer,code,n,price"
COLUMNS = ("order_id", "line_id", "channel", "account_id", "product_id", "quantity")
CUSTOMER = {"from": "customer", "type": "account"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(directory, ["id1", "c1"])
    return Keys(directory, id_key_id="id1", contact_key_id="c1")


def account(keys, native):
    return account_pseudonym(load_key(keys.directory, "id1"), source="demo", channel="web", native_id=native)


def accounts(keys, *written, id_rule=2, **declared):
    """The account of each customer as written in a CSV; a list of reasons where there is one."""
    orders = feed("orders", ORDER_COLUMNS | {"account_id": CUSTOMER | declared}, format="csv")
    raws = [f'o{n},1,,web,"{text}",A,1,2' for n, text in enumerate(written)]
    rows = read(keys, raws, table="orders", columns=COLUMNS, header=HEADER, orders=orders, of={"id_rule": id_rule})
    return [row["read_reasons"] or row["account_id"] for row in rows]


@given(text=st.text(max_size=20))
def test_a_normalised_id_stays_as_it_is_and_holds_nothing_invisible(text):
    found = normalised_id(text)
    assert normalised_id(found) == found
    assert found == found.strip() == unicodedata.normalize("NFC", found)
    assert not {unicodedata.category(c) for c in found} & {"Cf", "Cc"}


INVISIBLE = (
    *("\u200b", "\x00", "\ufeff", "\u00ad", "\ufe0f", "\ufe00", "\u034f", "\u115f", "\u1160", "\u3164", "\u2800", "\uffa0"),
    *("\u180b", "\u17b4", "\U000e0100"),
)


@given(text=st.text(max_size=20), seen=st.sampled_from(INVISIBLE), place=st.integers(0, 20))
def test_spellings_of_one_id_are_one(text, seen, place):
    assert normalised_id(text[:place] + seen + text[place:]) == normalised_id(text)
    assert normalised_id(unicodedata.normalize("NFD", text)) == normalised_id(text)


def test_one_customer_in_five_spellings(keys):
    unseen = tuple(f"Mü{letter}ller1" for letter in INVISIBLE if letter.isprintable())
    assert len(unseen) >= 9
    assert accounts(keys, *unseen, "\u3164\u2800") == [account(keys, "Müller1")] * len(unseen) + [None]
    assert account(keys, "Müller1") not in accounts(keys, *unseen, id_rule=1)
    written = ("Müller1", "Mu\u0308ller1", "Ｍüller１", "\ufeffMüll\u200ber1\x07", " Müller1\u3000")
    assert accounts(keys, *written) == [account(keys, "Müller1")] * 5
    assert len(set(accounts(keys, *written, id_rule=1))) == 4  # as written, but for the blanks around


def test_case_zeros_and_fractions_change_by_declaration_only(keys):
    assert accounts(keys, "ab", "AB", "007", "7", "17850.0") == [account(keys, t) for t in ("ab", "AB", "007", "7", "17850.0")]
    assert accounts(keys, "ab", "AB", lower=True) == [account(keys, "ab")] * 2
    assert accounts(keys, "007", "7", "00", strip_zeros=True) == [account(keys, t) for t in ("7", "7", "0")]
    assert accounts(keys, "17850.0", "17850", "A.0", whole_number=True) == [account(keys, t) for t in ("17850", "17850", "A.0")]
    fault = [f"account_id {NOT_EXACT}"]
    assert accounts(keys, "17850.5", "4.00638E+12", "9007199254740993.0", whole_number=True) == [fault] * 3


NONE = (
    "NULL",
    "null",
    "\\N",
    "nan",
    "N/A",
    "#N/A",
    "undefined",
    "None",
    "(null)",
    "<NA>",
    "NaT",
    "(not set)",
    "(none)",
    "#NV",
    "#N/V",
    "",
    " ",
    "00000000-0000-0000-0000-000000000000",
    "0" * 32,
)


def test_words_for_none_are_nobody(keys):
    assert accounts(keys, *NONE) == accounts(keys, *NONE, id_rule=1) == [None] * len(NONE)
    assert accounts(keys, "0", "-1") == [account(keys, "0"), account(keys, "-1")]
    assert accounts(keys, "0", "-1", "nobody", "NOBODY ", "1", none=["0", "-1", "Nobody"]) == [None] * 4 + [account(keys, "1")]
    assert accounts(keys, "000", strip_zeros=True, none=["0"]) == [None]


def test_what_is_required_is_missing_where_a_word_says_none(keys):
    assert accounts(keys, "NULL", "x", required=True) == [["account_id is missing"], account(keys, "x")]


def test_an_event_of_the_device_of_zeros_is_its_logins(keys):
    events = [{"device": "00000000-0000-0000-0000-000000000000", "user": {"login": "u1"}}, {"device": "{" + "0" * 32 + "}"}]
    rows = read(keys, [json.dumps(event) for event in events])
    assert [row["device_id"] for row in rows] == [None, None]
    assert rows[0]["login_account_id"] is not None


def parquet(keys, *records, id_rule=2, **declared):
    columns = ORDER_COLUMNS | {"account_id": CUSTOMER | declared, "order_id": {"from": "order", "type": "string"}}
    raws = [json.dumps({"channel": "web", "n": 1} | record) for record in records]
    orders = feed("orders", columns, format="parquet")
    return read(keys, raws, table="orders", columns=COLUMNS, orders=orders, of={"id_rule": id_rule})


def test_a_floating_point_number_is_no_id(keys):
    rows = parquet(keys, {"customer": 17850.0, "order": 1}, {"customer": 17850, "order": 2.0}, {"customer": 1e22, "order": 3})
    fault = f"account_id {FLOATING}"
    assert [row["read_reasons"] for row in rows] == [[fault], [f"order_id {FLOATING}"], [fault]]
    assert rows[1]["account_id"] == account(keys, "17850")


def test_a_floating_point_number_is_an_id_where_that_is_declared_and_exact(keys):
    rows = parquet(keys, *({"customer": n} for n in (17850.0, 17850, 17850.5, 2.0**53, 1e22)), whole_number=True)
    fault = [f"account_id {NOT_EXACT}"]
    assert [row["read_reasons"] for row in rows] == [[], [], fault, fault, fault]
    assert [row["account_id"] for row in rows[:2]] == [account(keys, "17850")] * 2


def test_under_rule_1_an_id_is_read_as_before(keys):
    (row,) = parquet(keys, {"customer": 17850.0}, id_rule=1)
    assert (row["read_reasons"], row["account_id"]) == ([], account(keys, "17850.0"))


def test_a_control_character_is_no_character_of_an_id(keys):
    raw = '{"device":"d\\u0000x","sku":"P\\u00001"}'
    (row,) = read(keys, [raw])
    assert row["device_id"] == device_pseudonym(load_key(keys.directory, "id1"), source="demo", native_id="dx")
    assert row["product_id"] == "P1"
    (row,) = read(keys, [raw], of={"id_rule": 1}, events=feed("events", EVENT_COLUMNS))
    assert row["product_id"] == "P\x001"
