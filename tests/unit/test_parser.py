"""Records read strictly: every row of the table of what a lenient JSON parser changes or drops is here."""

import hashlib
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsing import read
from reclake.privacy.keys import load_key, make_key_files
from reclake.privacy.pseudonyms import Keys
from reclake.privacy.tokens import account_pseudonym, contact_token, device_pseudonym
from reclake.records import raw_csv, raw_json
from reclake.records.columns import IS_A_NUMBER
from reclake.records.parser import NO_FEED
from sources_of_records import ACCOUNT_COLUMNS, DAY, EVENT_COLUMNS, ORDER_COLUMNS, feed

FINE = {"id": "e1", "ts": "2026-03-01T08:00:00Z", "type": "view", "device": "d1"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(directory, ["id1", "c1"])
    return Keys(directory, id_key_id="id1", contact_key_id="c1", default_region="CN")


def read_one(keys, raw, **other):
    (row,) = read(keys, [raw], **other)
    return row


def event(**fields):
    return json.dumps(FINE | fields)


UNREADABLE = [
    ('{"v":NaN}', raw_json.NOT_FINITE),
    ('{"v":Infinity}', raw_json.NOT_FINITE),
    ('{"v":-Infinity}', raw_json.NOT_FINITE),
    ('{"v":-INF}', raw_json.NOT_JSON),
    ('{"v":1,"v":2}', raw_json.TWICE),
    ('{"a":{"v":1,"v":1}}', raw_json.TWICE),
    ('{"v":1} trailing', raw_json.TEXT_AFTER),
    ('{"v":1}{"v":2}', raw_json.TEXT_AFTER),
    ("{'v':1}", raw_json.NOT_JSON),
    ('{"v":1,}', raw_json.NOT_JSON),
    ('{"v":01}', raw_json.NOT_JSON),
    ('{"v":+1}', raw_json.NOT_JSON),
    ('{"v":.5}', raw_json.NOT_JSON),
    ('{"v":0x10}', raw_json.NOT_JSON),
    ('{"v":1} // comment', raw_json.TEXT_AFTER),
    ('{/* comment */"v":1}', raw_json.NOT_JSON),
    ('{"k":"a\tb"}', raw_json.NOT_JSON),
    ('{"k":"a\nb"}', raw_json.NOT_JSON),
    ('\ufeff{"v":1}', raw_json.NOT_JSON),
    ("null", raw_json.NOT_JSON),
    ("true", raw_json.NOT_JSON),
    ("1", raw_json.NOT_JSON),
    ('"text"', raw_json.NOT_JSON),
    ('[{"v":1}]', raw_json.NOT_JSON),
    ('{"v":1', raw_json.NOT_JSON),
    ('{"v":', raw_json.NOT_JSON),
    ("no json", raw_json.NOT_JSON),
    ("", raw_json.EMPTY),
    (" \t ", raw_json.EMPTY),
    (b'{"k":"\xff"}', raw_json.NOT_UTF8),
    (b'{"k":"\xed\xa0\x80"}', raw_json.NOT_UTF8),
    (b'{"k":"\xc0\xaf"}', raw_json.NOT_UTF8),
    ('{"v":1}'.encode("utf-16"), raw_json.NOT_UTF8),
    ('{"v":1}'.encode("utf-16-le"), raw_json.NOT_JSON),
    (r'{"k":"\ud800"}', raw_json.NOT_UNICODE),
    (r'{"k":"\uDC00 \ud83d\ude00"}', raw_json.NOT_UNICODE),
    (r'{"k":"\x41"}', raw_json.NOT_JSON),
    ('{"a":' * 33 + "1" + "}" * 33, raw_json.TOO_DEEP),
    ('{"a":' + "[" * 1200 + "]" * 1200 + "}", raw_json.TOO_DEEP),
    ("[" * 500_000, raw_json.TOO_DEEP),
    ('{"k":"' + "x" * 25_000_000 + '"}', raw_json.TOO_LARGE),
    ('{"k":"' + "x" * 1_048_569 + '"}', raw_json.TOO_LARGE),
]


@pytest.mark.parametrize(("raw", "reason"), UNREADABLE, ids=[f"{i}: {str(raw)[:24]!a}" for i, (raw, _) in enumerate(UNREADABLE)])
def test_what_is_not_one_standard_json_object_is_refused_whole(keys, raw, reason):
    row = read_one(keys, raw, required={"event_id"})
    assert row["read_reasons"] == [reason]
    assert {name: value for name, value in row.items() if value is not None} == {
        "source": "demo", "delivery_day": DAY, "file_digest": "f1", "position": 0, "feed": "events", "read_reasons": [reason],
    }  # fmt: skip


def test_a_record_cut_inside_a_text_full_of_quotes_and_brackets_is_refused_at_once(keys):
    """Each quote in a string without an end must not be looked at from again: a megabyte of them would take an hour."""
    raw = '{"k":"' + '{\\"a\\":[1]},' * 80_000
    began = time.process_time()
    assert read_one(keys, raw)["read_reasons"] == [raw_json.NOT_JSON]
    assert time.process_time() - began < 5


WRONG_VALUES = [
    ('{"V":3}', ["its field v is written in another case"]),
    ('{"v":3,"V":3}', ["its field v is written in another case"]),
    ('{"user":{"Login":"a"}}', ["login_account_id is not text"]),
    ('{"user":"a"}', ["login_account_id is not text"]),
    ('{"user":5}', ["login_account_id is not text"]),
    ('{"user":[{"login":"a"}]}', ["login_account_id is not text"]),
    ('{"user":null}', []),
    ('{"v":"1.5"}', ["rating is not a number"]),
    ('{"v":"NaN"}', ["rating is not a number"]),
    ('{"v":"Infinity"}', ["rating is not a number"]),
    ('{"v":true}', ["rating is not a number"]),
    ('{"v":[1]}', ["rating is not a number"]),
    ('{"k":1}', [f"search_query {IS_A_NUMBER}"]),
    ('{"k":{"a":1}}', ["search_query is not text"]),
    ('{"k":false,"sku":[]}', ["product_id is not text", "search_query is not text"]),
    ('{"type":"VIEW"}', ["event_type is not a known value"]),
    ('{"device":7}', [f"device_id {IS_A_NUMBER}"]),
    ('{"device":true}', ["device_id is not text"]),
]


@pytest.mark.parametrize(("raw", "reasons"), WRONG_VALUES)
def test_values_of_the_wrong_kind_are_refused_with_all_reasons(keys, raw, reasons):
    row = read_one(keys, raw)
    assert sorted(row["read_reasons"]) == reasons
    assert row["fingerprint"] is not None


FINE_VALUES = [
    ('{"v":12345678901234567890.123456789}', "rating_text", "12345678901234567890.123456789"),
    ('{"v":1e400}', "rating_text", "1e400"),
    ('{"v":-0.10}', "rating_text", "-0.10"),
    ('{"v":null}', "rating_text", None),
    ('{"k":" blank around "}', "search_query", "blank around"),
    ('{"k":"\\u3000 "}', "search_query", None),
    ('{"k":"\\ud83d\\ude00"}', "search_query", "😀"),
    ('{"k":"call 138 0013 8000"}', "search_query", "call [phone]"),
    ('{"type":"view"}', "event_type", "view_item"),
    ('{"sku":"ab1"}', "product_id", "AB1"),
    ('{"sku":"post"}', "product_id", None),
    ('{"sku":"gift_10"}', "product_id", None),
    ("{}", "channel", "app"),
    ('{"a":' * 31 + "[]" + "}" * 31, "channel", "app"),
    ('{"k":"' + "[{" * 200 + '"}', "search_query", "[{" * 200),
    (' {"k" : "x"} ', "search_query", "x"),
    ('{"unknown":1}', "channel", "app"),
]


@pytest.mark.parametrize(("raw", "column", "text"), FINE_VALUES)
def test_values_are_read_as_written(keys, raw, column, text):
    row = read_one(keys, raw)
    assert row["read_reasons"] == []
    assert row[column] == text


def test_ids_leave_as_pseudonyms_and_contacts_as_tokens(keys):
    key, contact_key = load_key(keys.directory, "id1"), load_key(keys.directory, "c1")
    seen = read_one(keys, event(user={"login": "u1"}))
    assert seen["login_account_id"] == account_pseudonym(key, source="demo", channel="app", native_id="u1")
    assert seen["device_id"] == device_pseudonym(key, source="demo", native_id="d1")
    columns = ("account_id", "channel", "phone_token", "email_token")
    account = json.dumps({"id": "u1", "channel": "app", "phone": "138 0013 8000", "mail": "A@x.com"})
    row = read_one(keys, account, table="accounts", columns=columns, accounts=feed("accounts", ACCOUNT_COLUMNS))
    assert row["account_id"] == seen["login_account_id"]
    assert row["phone_token"] == contact_token(contact_key, key_id="c1", kind="phone", value="+8613800138000")
    assert row["email_token"] == contact_token(contact_key, key_id="c1", kind="email", value="a@x.com")
    assert row["read_reasons"] == []


def test_an_account_without_its_channel_cannot_be_told(keys):
    row = read_one(
        keys, '{"id":"u1"}', table="accounts", columns=("account_id", "channel"), accounts=feed("accounts", ACCOUNT_COLUMNS)
    )
    assert (row["account_id"], row["read_reasons"]) == (None, ["account_id cannot be told without channel"])


def test_what_is_required_is_missed_once(keys):
    rows = read(keys, ["{}", '{"id":" "}', '{"id":7}', '{"id":"a"}', "{", '{"id":null}'], required={"event_id", "order_id"})
    missing = ["event_id is missing", "order_id is missing"]
    assert [sorted(row["read_reasons"]) for row in rows] == [
        missing, missing, [f"event_id {IS_A_NUMBER}", "order_id is missing"], ["order_id is missing"], [raw_json.NOT_JSON], missing,
    ]  # fmt: skip


def test_a_default_stands_in_for_what_is_missing_or_unknown(keys):
    raws = ['{"gender":"1"}', '{"gender":2}', '{"gender":"x"}', "{}", "{"]
    rows = read(keys, raws, table="accounts", columns=("gender",), accounts=feed("accounts", ACCOUNT_COLUMNS))
    assert [row["gender"] for row in rows] == ["male", "female", "unknown", "unknown", None]


def test_order_of_fields_blanks_and_transport_do_not_change_the_fingerprint(keys):
    events = feed("events", EVENT_COLUMNS, transport=["sent_at", "meta.batch"])
    same = [
        '{"id":"e1","v":1.0,"meta":{"batch":1,"v":2}}',
        '{"v":1.0, "id":"e1", "sent_at":"x", "meta":{"v":2}}',
        '{"meta":{"v":2,"batch":{"n":7}},"sent_at":null,"id":"\\u0065\\u0031","v":1.0}',
    ]
    other = [
        '{"id":"e1","v":1,"meta":{"v":2}}',
        '{"id":"e1","v":"1.0","meta":{"v":2}}',
        '{"id":"e2","v":1.0,"meta":{"v":2}}',
        '{"id":"e1","v":1.0,"meta":{"v":2},"new":null}',
        '{"id":"e1","v":1.0,"meta":{"v":2},"batch":1}',
    ]
    prints = [row["fingerprint"] for row in read(keys, same + other, events=events)]
    assert len(set(prints[:3])) == 1
    assert len(set(prints)) == 1 + len(other)
    assert prints[0] == hashlib.sha256(b'"id":"e1","meta":{"v":2},"v":1.0').hexdigest()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(fields=st.dictionaries(st.text(max_size=4), JSON, max_size=6))
def test_canonical_text_means_what_was_written_and_knows_no_order(fields):
    def back_to_front(value):
        if isinstance(value, dict):
            return {key: back_to_front(value[key]) for key in reversed(value)}
        return [back_to_front(item) for item in value] if isinstance(value, list) else value

    limits = {"max_bytes": 10_000, "max_depth": 32}
    forth = raw_json.json_object(json.dumps(fields).encode(), **limits)
    back = raw_json.json_object(json.dumps(back_to_front(fields), ensure_ascii=False, indent=1).encode(), **limits)
    assert raw_json.canonical(forth) == raw_json.canonical(back)
    assert json.loads(raw_json.canonical(forth)) == fields


@settings(deadline=None)
@given(raw=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_stop_the_parser(keys, raw):
    row = read_one(keys, raw)
    assert (row["fingerprint"] is None) <= bool(row["read_reasons"])


HEADER = "order,line,at,channel,customer,code,n,price"
CSV_COLUMNS = ("order_id", "channel", "account_id", "product_code", "product_id", "quantity", "unit_price_amount", "currency")
UNREADABLE_CSV = [
    ("", raw_json.EMPTY),
    (b"o1,\xff,,,,,,", raw_json.NOT_UTF8),
    ("o1,1,,web,c,A,1", raw_csv.OTHER_LENGTH),
    ("o1,1,,web,c,A,1,2,3", raw_csv.OTHER_LENGTH),
    ('o1,1,,web,c,"A,1,2', raw_csv.NOT_CSV),
    ('o1,1,,web,c,"A"x,1,2', raw_csv.NOT_CSV),
    ("o1,1,,web,c,A,1,2\no2,1,,web,c,A,1,2", raw_csv.NOT_CSV),
]


def read_csv(keys, *raws, header=HEADER, **other):
    orders = feed("orders", ORDER_COLUMNS, format="csv", **other)
    return read(keys, raws, table="orders", columns=CSV_COLUMNS, header=header, orders=orders)


@pytest.mark.parametrize(("raw", "reason"), UNREADABLE_CSV)
def test_what_is_not_one_csv_record_is_refused(keys, raw, reason):
    (row,) = read_csv(keys, raw)
    assert (row["read_reasons"], row["fingerprint"], row["currency"]) == ([reason], None, None)


def test_a_csv_record_is_read_under_its_header(keys):
    key = load_key(keys.directory, "id1")
    (row,) = read_csv(keys, 'C1,,2026-03-01 08:00:00,web,17850.0,"post, ""x""",-2,2.50')
    assert row["read_reasons"] == []
    assert row["account_id"] == account_pseudonym(key, source="demo", channel="web", native_id="17850")
    assert (row["product_code"], row["product_id"]) == ('post, "x"', 'POST, "X"')
    assert (row["quantity_text"], row["unit_price_amount_text"], row["currency"]) == ("-2", "2.50", "EUR")


def test_semicolons_and_line_ends(keys):
    (row,) = read_csv(keys, "o1;1;;web;;POST;1;2.5\r\n", header=HEADER.replace(",", ";") + "\r\n", delimiter=";")
    assert (row["order_id"], row["product_code"], row["product_id"]) == ("o1", "POST", None)
    assert row["unit_price_amount_text"] == "2.5"


def test_a_header_that_changed_refuses_every_record(keys):
    (row,) = read_csv(keys, "o1,1,,web,c,A,1,2", header=HEADER.replace("customer", "Customer"))
    assert row["read_reasons"] == ["its field customer is written in another case", "its header lacks customer"]
    (row,) = read_csv(keys, "o1,1,,web,c,A,1,2", header=HEADER.replace("line", "order"))
    assert row["read_reasons"] == [raw_csv.HEADER_TWICE]
    (row,) = read_csv(keys, "o1,1", header=None)
    assert row["read_reasons"] == [raw_csv.NO_HEADER]


def test_doubled_columns_that_nobody_maps_spoil_nothing_and_stay_in_the_fingerprint(keys):
    one, same, other = (
        read_csv(keys, f"o1,1,,web,c,A,1,2,{more}", header=f"{HEADER},,x,x")[0] for more in (",3,4", ",3,4", ",4,4")
    )
    assert (one["read_reasons"], one["order_id"]) == ([], "o1")
    assert one["fingerprint"] == same["fingerprint"] != other["fingerprint"]


def test_parquet_rows_have_types_of_their_own(keys):
    raw = '{"order":1,"channel":"web","customer":17850.0,"n":2,"price":2.50,"code":85123}'
    whole = ORDER_COLUMNS | {"account_id": {"from": "customer", "type": "account", "whole_number": True}}
    (row,) = read(keys, [raw], table="orders", columns=CSV_COLUMNS, orders=feed("orders", whole, format="parquet"))
    key = load_key(keys.directory, "id1")
    assert (row["read_reasons"], row["order_id"], row["product_id"]) == ([], "1", "85123")
    assert row["account_id"] == account_pseudonym(key, source="demo", channel="web", native_id="17850")


def test_each_file_is_read_by_its_feed_and_one_of_no_feed_is_refused(keys):
    feeds = {
        "app": feed("events", EVENT_COLUMNS, pattern="app/*.jsonl"),
        "web": feed("events", EVENT_COLUMNS | {"event_id": {"from": "nr", "type": "string"}}, pattern="web/*.jsonl"),
    }
    raw = '{"id":"a","nr":"b"}'
    assert [
        (row["feed"], row["event_id"], row["read_reasons"])
        for name in ("app/1.jsonl", "web/1.jsonl", "pos/1.jsonl")
        for row in read(keys, [raw], name=name, **feeds)
    ] == [("app", "a", []), ("web", "b", []), (None, None, [NO_FEED])]
