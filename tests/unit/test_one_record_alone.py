"""What one record holds costs that record, or one value of it, and nothing else."""

import json

import pytest

from parsing import read
from reclake.privacy import pseudonyms
from reclake.privacy.keys import make_key_files
from reclake.privacy.pseudonyms import Keys
from reclake.records import columns, raw_json, raw_records
from reclake.records.columns import IS_A_NUMBER
from sources_of_records import ACCOUNT_COLUMNS, EVENT_COLUMNS, ORDER_COLUMNS, feed


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(directory, ["id1", "c1"])
    return Keys(directory, id_key_id="id1", contact_key_id="c1")


def events(keys, *records, columns=EVENT_COLUMNS, names=("event_id", "event_type", "rating", "search_query"), **other):
    raws = [record if isinstance(record, str) else json.dumps(record) for record in records]
    return read(keys, raws, columns=names, events=feed("events", columns), **other)


def test_what_is_not_of_the_standard_is_refused_in_one_record(keys):
    plain = EVENT_COLUMNS | {
        "event_type": {"from": "type", "type": "string"},
        "channel": {"from": "at", "type": "string"},
        "search_query": {"from": "k", "type": "string"},
    }
    records = [{"type": "view_item", "at": "app"}, {"type": "telepathy", "at": "app"}, {"type": "heartbeat", "at": "shop"}]
    rows = events(keys, *records, columns=plain, names=("event_type", "channel"))
    assert [row["read_reasons"] for row in rows] == [
        [], ["event_type is not one of the standard's"], ["channel is not one of the standard's"],
    ]  # fmt: skip
    (row,) = events(keys, {"k": "①13800138000"}, columns=plain)
    assert row["search_query"] == "①[phone]"


def test_a_product_id_that_no_table_takes_is_refused(keys):
    rows = events(keys, {"sku": "p" * 4096}, {"sku": "p" * 4097}, {"sku": "ß" * 2100}, names=("product_id",))
    fault = ["product_id is longer than 4096 characters"]
    assert [row["read_reasons"] for row in rows] == [[], fault, fault]  # ß is SS in capitals


def test_a_value_that_may_be_dropped_is_noted_and_its_record_kept(keys):
    drops = EVENT_COLUMNS | {
        "rating": EVENT_COLUMNS["rating"] | {"outside": "drop"},
        "received_at": EVENT_COLUMNS["received_at"] | {"outside": "drop"},
        "product_id": {"from": "sku", "type": "product", "one_of": ["A"], "outside": "drop"},
    }
    names = ("product_id", "rating", "received_at")
    (row,) = events(keys, {"sku": "?", "v": "4", "got": 1.5}, columns=drops, names=names)
    assert row["read_reasons"] == []
    assert row["notes"] == [
        "product_id is not one of the allowed values",
        "rating is not a number",
        "received_at is not a time: it has a fraction, where whole milliseconds belong",
    ]
    assert [row["product_id"], row["rating_text"], row["received_at"]] == [None, None, None]


def test_a_type_error_does_not_also_say_missing(keys):
    rows = events(keys, {"id": 7}, {"id": None}, required={"event_id"})
    assert [row["read_reasons"] for row in rows] == [[f"event_id {IS_A_NUMBER}"], ["event_id is missing"]]


def test_a_number_where_an_id_belongs_names_the_way_out_but_for_old_sources(keys):
    told = {
        rule: read(keys, ['{"user":{"login":7},"device":7.0}'], columns=("login_account_id", "device_id"), of={"id_rule": rule})
        for rule in (1, 2)
    }
    reasons = {rule: sorted(row["read_reasons"]) for rule, (row,) in told.items()}
    assert reasons[1] == ["device_id is not text", "login_account_id is not text"]
    assert reasons[2] == [
        'device_id is a number: declare values = "as_text"', 'login_account_id is a number: declare values = "as_text"',
    ]  # fmt: skip


def test_a_time_of_another_kind_says_so(keys):
    rows = events(keys, {"ts": 1772352000}, {"ts": ["x"]}, {"got": "1772352000000"}, names=("occurred_at", "received_at"))
    assert [row["read_reasons"] for row in rows] == [
        ["occurred_at is not a time: it is a number, where text belongs"],
        ["occurred_at is not a time"],
        ["received_at is not a time: it is text, where a number belongs"],
    ]


WEBSHOP = ORDER_COLUMNS | {
    "line_id": {"from": "id", "type": "string"},
    "account_id": {"from": "customer.id", "type": "account"},
    "is_gift": {"from": "gift", "type": "boolean"},
}


def test_a_shop_interface_is_read_by_its_text(keys):
    raws = [
        '{"order":4503604567890123457,"id":9007199254740993,"customer":{"id":6899000000000000101},"n":1,"price":"199.00","channel":"web"}',
        '{"order":"4503604567890123457","id":"9007199254740993","customer":{"id":"6899000000000000101"},"n":"1","price":199.00,"channel":"web"}',
        '{"order":4503604567890123457,"id":9007199254740993.0,"n":true,"price":[1],"channel":"web"}',
    ]
    orders = {name: mapping for name, mapping in WEBSHOP.items() if name != "is_gift"}
    names = ("order_id", "line_id", "account_id", "quantity", "unit_price_amount", "channel")
    typed, text = (
        read(keys, raws, table="orders", columns=names, orders=feed("orders", orders, **values))
        for values in ({}, {"values": "as_text"})
    )
    assert [row["read_reasons"] for row in text] == [
        [], [], ["line_id is a floating-point number, which is no id", "unit_price_amount is not a number"],
    ]  # fmt: skip
    found = {name: text[0][name] for name in ("order_id", "line_id", "account_id", "quantity_text", "unit_price_amount_text")}
    assert found == {name: text[1][name] for name in found}
    assert (found["order_id"], found["line_id"]) == ("4503604567890123457", "9007199254740993")
    assert sorted(typed[0]["read_reasons"]) == [
        f"account_id {IS_A_NUMBER}", f"line_id {IS_A_NUMBER}", f"order_id {IS_A_NUMBER}", "unit_price_amount is not a number",
    ]  # fmt: skip


def test_truth_values_of_an_interface(keys):
    granted = {
        "account_id": {"from": "id", "type": "account"},
        "channel": {"constant": "web", "type": "string"},
        "purpose": {"constant": "marketing", "type": "string"},
        "is_granted": {"from": "yes", "type": "boolean"},
        "changed_at": {"from": "at", "type": "timestamp", "format": "iso"},
    }
    raws = [json.dumps({"yes": value}) for value in (1, 0, True, "TRUE", "false", 2)]
    rows = read(keys, raws, table="consents", columns=("is_granted",), consents=feed("consents", granted, values="as_text"))
    assert [row["is_granted_text"] for row in rows] == ["true", "false", "true", "true", "false", "2"]
    granted["is_granted"] |= {"map": {"1": "true", "no": "false"}}
    raws = [json.dumps({"yes": value}) for value in (1, "no", True)]
    rows = read(keys, raws, table="consents", columns=("is_granted",), consents=feed("consents", granted, values="as_text"))
    assert [row["is_granted_text"] for row in rows] == ["true", "false", None]


def test_a_role_address_makes_no_token(keys):
    mails = ("noreply@shop.example", "Info@shop.example", "no-reply+7@x.org", "anna@shop.example", "an.info@x.org")
    raws = [json.dumps({"id": str(n), "channel": "app", "mail": mail}) for n, mail in enumerate(mails)]
    rows = read(keys, raws, table="accounts", columns=("email_token",), accounts=feed("accounts", ACCOUNT_COLUMNS))
    assert [row["email_token"] is not None for row in rows] == [False, False, False, True, True]
    assert [row["read_reasons"] for row in rows] == [[]] * 5


def test_whatever_a_record_does_to_the_parser_costs_that_record(keys, monkeypatch):
    read_json, spelt = raw_json.json_object, columns.spelt

    def broken_json(raw, **limits):
        if b"bomb" in raw:
            raise TypeError("what it holds")
        return read_json(raw, **limits)

    def broken_column(texts, reader, report):
        found = spelt(texts, reader, report)
        if reader.column == "product_id" and "p7" in texts:
            report(0, "said of a column that was then read again")
            raise ZeroDivisionError
        return found

    monkeypatch.setattr(raw_records, "json_object", broken_json)
    monkeypatch.setattr(columns, "spelt", broken_column)
    records = [{"sku": f"p{n}"} for n in range(20)] + [{"sku": "bomb"}]
    rows = events(keys, *records, names=("product_id",))
    faults = {7: ["product_id cannot be read (ZeroDivisionError)"], 20: ["it cannot be read (TypeError)"]}
    for n, row in enumerate(rows):
        assert (row["read_reasons"], row["product_id"]) == (faults.get(n, []), None if n in faults else f"P{n}")


def test_a_token_that_cannot_be_made_costs_its_record_and_a_missing_key_the_run(keys, monkeypatch):
    def broken(kind, text, region):
        if "7" in text:
            raise ValueError(text)
        return f"{text}@x.org"

    monkeypatch.setattr(pseudonyms, "normalised_contact", broken)
    pseudonyms.contact_tokens.cache_clear()
    raws = [json.dumps({"mail": f"m{n}"}) for n in range(9)]
    rows = read(keys, raws, table="accounts", columns=("email_token",), accounts=feed("accounts", ACCOUNT_COLUMNS))
    assert [row["read_reasons"] for row in rows] == [[]] * 7 + [["email_token cannot be read (ValueError)"], []]
    nowhere = Keys("/nowhere", id_key_id="id1")
    with pytest.raises(Exception, match="id1"):
        read(nowhere, ['{"device":"d"}'])
    pseudonyms.contact_tokens.cache_clear()


def test_pieces_that_went_through_a_floating_point_column(keys):
    whole = ORDER_COLUMNS | {"quantity": {"from": "n", "type": "long", "whole_number": True}}
    raws = [json.dumps({"n": value}) for value in (2.0, 2, -1.0, 2.5)]
    rows = read(keys, raws, table="orders", columns=("quantity",), orders=feed("orders", whole, format="parquet"))
    assert [row["read_reasons"] or row["quantity_text"] for row in rows] == [
        "2",
        "2",
        "-1",
        ["quantity is no exact whole number"],
    ]
