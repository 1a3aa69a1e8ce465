import json
from datetime import timedelta

import pytest

from frames import contents, in_order
from reclake.lake.schema import conform
from reclake.privacy.keys import load_key, make_key_files
from reclake.privacy.tokens import account_pseudonym, contact_token
from reclake.records import classify
from reclake.silver.account_records import account_records
from reclake.silver.consent_records import consent_records
from reclake.silver.product_records import product_records
from reclake.tables import silver
from sources_of_records import ACCOUNT_COLUMNS, DAY, bronze_frame, bronze_row, feed, source

LIMITS = {"max_record_bytes": 1_048_576, "max_depth": 32}
PHONE = "13800138000"


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(folder, ["id1", "c1"])
    return folder


def states(*records, **other):
    return [bronze_row(json.dumps({"channel": "app"} | record), n, **other) for n, record in enumerate(records)]


def accounts(spark, directory, *rows):
    of = source(accounts=feed("accounts", ACCOUNT_COLUMNS, record_id=["account_id", "changed_at"]))
    keys = {"id_key_id": "id1", "contact_key_id": "c1", "default_region": "CN", "directory": directory}
    return conform(
        account_records(bronze_frame(spark, "accounts", *rows), sources={"demo": of}, **keys, **LIMITS), silver.ACCOUNT_RECORDS
    )


def test_states_of_accounts(spark, directory):
    at = "2026-03-01T08:00:00Z"
    rows = accounts(
        spark,
        directory,
        *states(
            {"id": "1", "at": at, "phone": "138 0013 8000", "mail": "A@X.com", "gender": "2", "born": 1980, "address": "Road 1"},
            {"id": "2", "at": at, "phone": "00000000000", "mail": "unknown", "gender": "?"},
            {"id": "1", "at": at, "phone": "138 0013 8000"},
            {"id": "3", "at": at, "born": 1066},
            {"id": " ", "at": "2027-01-01T00:00:00Z"},
            {"id": "4", "at": at, "phone": 13800138000},
        ),
        *states(
            {"id": "1", "at": "2026-03-02T08:00:00Z", "phone": PHONE}, file_digest="f2", delivery_day=DAY + timedelta(days=1)
        ),
    )
    key = load_key(directory, "c1")
    token = contact_token(key, key_id="c1", kind="phone", value=f"+86{PHONE}")
    known = [account_pseudonym(load_key(directory, "id1"), source="demo", channel="app", native_id=str(n)) for n in range(5)]
    fine = dict(
        record_class="kept", reasons=[], notes=None, phone_token=None, email_token=None, gender="unknown", birth_year=None
    )
    expected = [
        fine | dict(account_id=known[1], phone_token=token, gender="female", birth_year=1980)
        | dict(email_token=contact_token(key, key_id="c1", kind="email", value="a@x.com")),
        fine | dict(account_id=known[2]),
        fine | dict(account_id=known[1], phone_token=token, record_class="rejected", reasons=[classify.ID_CLASH]),
        fine | dict(account_id=known[3], notes=["birth_year is outside its limits"]),
        fine | dict(account_id=None, record_class="rejected", reasons=["account_id is missing", "changed_at is in the future"]),
        fine | dict(account_id=known[4], record_class="rejected", reasons=['phone_token is a number: declare values = "as_text"']),
        fine | dict(account_id=known[1], phone_token=token),
    ]  # fmt: skip
    assert contents(rows, *expected[0]) == in_order(*expected)


def test_cards_and_platform_ids_become_tokens(spark, directory):
    written = (
        ({"card": "vip-8800 1234", "union": " oWx_8Qa-1 "}, ("VIP88001234", "oWx_8Qa-1")),
        ({"card": "ＶＩＰ88001234", "union": "OWX_8QA-1"}, ("VIP88001234", "OWX_8QA-1")),
        ({"card": "000000", "union": "null"}, (None, None)),
        ({"card": "12-345", "union": "0"}, (None, None)),
        ({}, (None, None)),
    )
    at = "2026-03-01T08:00:00Z"
    rows = accounts(spark, directory, *states(*({"id": str(n), "at": at} | one for n, (one, _) in enumerate(written))))
    key = load_key(directory, "c1")

    def token(kind, value):
        return value and contact_token(key, key_id="c1", kind=kind, value=value)

    assert contents(rows, "position", "record_class", "feed", "card_token", "union_token") == in_order(
        *(
            dict(
                position=n,
                record_class="kept",
                feed="accounts",
                card_token=token("card", card),
                union_token=token("union", union),
            )
            for n, (_, (card, union)) in enumerate(written)
        )
    )


def test_no_contact_stands_in_the_plan_or_in_a_row(spark, directory):
    written = {"phone": PHONE, "mail": "me@example.com", "card": "VIP88001234", "union": "oWx8Qa1unionid", "name": "王小明"}
    rows = accounts(spark, directory, *states({"id": "1", "at": "2026-03-01T08:00:00Z"} | written))
    assert contents(rows, "record_class") == [{"record_class": "kept"}]
    plan = rows._jdf.queryExecution().toString()
    shown = plan + repr(rows.collect())
    assert "phone_token" in shown
    for secret in (*written.values(), load_key(directory, "id1").hex(), load_key(directory, "c1").hex()):
        assert secret not in shown


def verified(spark, directory, records, *, columns=None, **stated):
    """By record: whether phone and address are verified, and the notes."""
    by = ACCOUNT_COLUMNS | (columns or {})
    feeds = {
        "accounts": feed("accounts", by, **stated),
        # Another feed of the source that states nothing.
        "others": feed("accounts", ACCOUNT_COLUMNS, pattern="other/*.json_lines"),
    }
    rows = states(*({"id": str(n), "at": "2026-03-01T08:00:00Z"} | one for n, one in enumerate(records)))
    rows += [row | {"file_name": "other/2026-03-01.json_lines", "file_digest": "f2"} for row in rows[:1]]
    keys = {"id_key_id": "id1", "contact_key_id": "c1", "default_region": "CN", "directory": directory}
    built = account_records(bronze_frame(spark, "accounts", *rows), sources={"demo": source(**feeds)}, **keys, **LIMITS)
    found = conform(built, silver.ACCOUNT_RECORDS).orderBy("file_digest", "position").collect()
    assert {row["record_class"] for row in found} == {"kept"}
    assert [(row["is_phone_verified"], row["is_email_verified"]) for row in found[len(records) :]] == [(False, False)]
    return [(row["is_phone_verified"], row["is_email_verified"], row["notes"]) for row in found[: len(records)]]


def test_contacts_are_verified_where_a_feed_says_so_and_else_not(spark, directory):
    both = {"phone": PHONE, "mail": "a@x.com"}
    assert verified(spark, directory, [both, {"phone": PHONE}, {}]) == [
        (False, False, None),
        (False, None, None),
        (None, None, None),
    ]
    assert verified(spark, directory, [both, {"mail": "a@x.com"}, {}], verified_contacts="all") == [
        (True, True, None), (None, True, None), (None, None, None),
    ]  # fmt: skip
    flags = {"is_phone_verified": {"from": "tried", "type": "boolean"}}
    bad = ["is_phone_verified is not true or false"]
    found = verified(
        spark, directory, [both | {"tried": True}, both | {"tried": False}, both, both | {"tried": "yes"}], columns=flags
    )
    assert found == [(True, False, None), (False, False, None), (False, False, None), (False, False, bad)]


def test_consents_carry_the_account_of_their_channel(spark, directory):
    columns = {
        "consent_id": {"from": "nr", "type": "string"},
        "account_id": {"from": "id", "type": "account"},
        "channel": {"from": "channel", "type": "string"},
        "purpose": {"from": "what", "type": "string", "one_of": ["personalisation", "marketing"]},
        "is_granted": {"from": "yes", "type": "boolean"},
        "changed_at": {"from": "at", "type": "timestamp", "format": "iso"},
    }
    said = {"nr": "1", "id": "7", "what": "marketing", "yes": True, "at": "2026-03-01T08:00:00Z"}
    rows = states(said, said | {"nr": "2", "yes": "true"}, said | {"nr": "3", "what": "all"}, {"nr": "4"}, said | {"yes": False})
    of = source(consents=feed("consents", columns, record_id=["consent_id"]))
    bronze = bronze_frame(spark, "consents", *rows)
    built = conform(
        consent_records(bronze, sources={"demo": of}, id_key_id="id1", directory=directory, **LIMITS), silver.CONSENT_RECORDS
    )
    account = account_pseudonym(load_key(directory, "id1"), source="demo", channel="app", native_id="7")
    missing = ["account_id is missing", "changed_at is missing", "is_granted is missing", "purpose is missing"]
    assert contents(built, "consent_id", "account_id", "is_granted", "reasons") == in_order(
        dict(consent_id="1", account_id=account, is_granted=True, reasons=[]),
        dict(consent_id="2", account_id=account, is_granted=None, reasons=["is_granted is not true or false"]),
        dict(consent_id="3", account_id=account, is_granted=True, reasons=["purpose is not one of the allowed values"]),
        dict(consent_id="4", account_id=None, is_granted=None, reasons=missing),
        dict(consent_id="1", account_id=account, is_granted=False, reasons=[]),
    )


def test_products(spark):
    columns = {
        "product_id": {"from": "sku", "type": "product"},
        "price_amount": {"from": "price", "type": "decimal"},
        "currency": {"from": "cur", "type": "string"},
        "is_active": {"from": "on", "type": "boolean", "map": {"Y": "true", "N": "false"}},
    }
    of = source(products=feed("products", columns))
    raws = [
        {"sku": "A", "price": 1.5, "cur": "EUR", "on": "Y"},
        {"sku": "B", "price": -1, "cur": "euro", "on": "?"},
        {"price": 1},
    ]
    bronze = bronze_frame(spark, "products", *states(*raws))
    built = conform(product_records(bronze, sources={"demo": of}, **LIMITS), silver.PRODUCT_RECORDS)
    assert contents(built, "product_id", "is_active", "reasons") == in_order(
        dict(product_id="A", is_active=True, reasons=[]),
        dict(
            product_id="B",
            is_active=None,
            reasons=["currency is not ISO 4217", "is_active is not a known value", "price_amount is below 0"],
        ),
        dict(product_id=None, is_active=None, reasons=["product_id is missing"]),
    )


def test_an_impossible_year_of_birth_or_day_of_membership_costs_itself(spark, directory):
    columns = ACCOUNT_COLUMNS | {"registered_at": {"from": "opened", "type": "timestamp", "format": "iso"}}
    strict = columns | {"birth_year": {"from": "born", "type": "long", "outside": "reject"}}
    of = source(
        lenient=feed("accounts", columns, pattern="lenient/*", record_id=["account_id"]),
        strict=feed("accounts", strict, pattern="strict/*", record_id=["account_id"]),
    )
    at = "2026-03-01T08:00:00Z"
    changes = ({"born": 0}, {"born": 1850}, {"born": 2027}, {"born": 10**18}, {"born": "?"}, {"born": 1900}, {"born": 2026},
               {"opened": "0001-01-01T00:00:00Z"}, {"opened": "1988-01-01T00:00:00Z"})  # fmt: skip
    rows = [
        bronze_row(
            json.dumps({"id": f"{name}{n}", "channel": "app", "at": at} | change), n, file_name=f"{name}/1", file_digest=name
        )
        for name in ("lenient", "strict")
        for n, change in enumerate(changes)
    ]
    keys = {"id_key_id": "id1", "contact_key_id": "c1", "default_region": "CN", "directory": directory}
    built = conform(
        account_records(bronze_frame(spark, "accounts", *rows), sources={"demo": of}, **keys, **LIMITS), silver.ACCOUNT_RECORDS
    )
    outside, kind, old = ["birth_year is outside its limits"], ["birth_year is not a number"], ["registered_at is too long ago"]
    found = [outside, outside, outside, outside, kind, None, None, old, None]
    years = [None] * 5 + [1900, 2026, None, None]
    assert contents(built, "file_digest", "position", "reasons", "notes", "birth_year") == in_order(
        *(dict(file_digest="lenient", position=n, reasons=[], notes=found[n], birth_year=years[n]) for n in range(9)),
        *(dict(file_digest="strict", position=n, reasons=found[n] or [], notes=None, birth_year=years[n]) for n in range(7)),
        dict(file_digest="strict", position=7, reasons=[], notes=old, birth_year=None),
        dict(file_digest="strict", position=8, reasons=[], notes=None, birth_year=None),
    )
