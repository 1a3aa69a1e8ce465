import json
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag

from frames import contents, in_order
from reclake.lake.schema import conform
from reclake.privacy.encryption import decrypt
from reclake.privacy.keys import load_key, make_key_files
from reclake.silver.account_records import account_records
from reclake.silver.contacts import contacts
from reclake.tables import silver
from sources_of_records import ACCOUNT_COLUMNS, DAY, bronze_frame, bronze_row, feed, source

LIMITS = {"max_record_bytes": 1_048_576, "max_depth": 32}
PHONE = "13800138000"
SEALED = tuple(field.name for field in silver.CONTACTS.fields if field.type == "binary")


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(folder, ["id1", "c1"])
    return folder


def built(spark, directory, *states, of=None):
    """Each state as (days after DAY, position, record), and its file's name where another feed than the first takes it."""
    of = {"demo": of or source(accounts=feed("accounts", ACCOUNT_COLUMNS))}
    rows = (
        bronze_row(
            json.dumps({"channel": "app"} | record),
            position,
            file_digest=f"f{day}{''.join(name)}",
            delivery_day=DAY + timedelta(days=day),
            **({"file_name": name[0]} if name else {}),
        )
        for day, position, record, *name in states
    )
    bronze = bronze_frame(spark, "accounts", *rows)
    contact = {"contact_key_id": "c1", "default_region": "CN", "directory": directory, **LIMITS}
    records = account_records(bronze, sources=of, id_key_id="id1", **contact)
    return conform(contacts(records, bronze, sources=of, **contact), silver.CONTACTS), records


def test_the_last_state_of_each_account_is_sealed_in_its_place(spark, directory):
    sealed, records = built(
        spark,
        directory,
        (0, 0, {"id": "1", "at": "2026-03-01T08:00:00Z", "phone": "021-58880000", "mail": "old@example.com"}),
        (
            1,
            0,
            {"id": "1", "at": "2026-03-01T09:00:00Z", "phone": "138 0013 8000", "address": " 南京东路 100 号 "}
            | {"name": " 王 小明", "card": "vip-8800 12", "union": "oWx8Qa1"},
        ),
        (1, 1, {"id": "1", "at": "2026-03-01T07:00:00Z", "phone": "13900139000"}),
        (1, 2, {"id": "2", "phone": "unknown", "address": "无", "name": "未知", "card": "123", "union": "0"}),
        (0, 1, {"id": "3", "at": "2026-03-01T08:00:00Z", "mail": "gone@example.com"}),
        (1, 3, {"id": "3", "at": "2026-03-02T08:00:00Z"}),
        (1, 4, {"id": "4", "at": "2026-03-02T08:00:00Z", "mail": "Me@Example.com"}),
        (2, 0, {"id": "4", "at": "2099-03-02T08:00:00Z", "mail": "rejected@example.com"}),
    )
    key = load_key(directory, "c1")
    ids = {row["position"]: row["account_id"] for row in records.where("file_digest = 'f1'").collect()}

    def opened(row):
        at = {"table": "silver.contacts", "row_id": row["account_id"]}
        return row | {name: decrypt(key, bytes(held), column=name, **at) for name, held in row.items() if name in SEALED and held}

    nothing = dict.fromkeys(SEALED) | {"key_id": "c1"}
    rows = contents(sealed)
    assert in_order(*(opened(dict(row)) for row in rows)) == in_order(
        dict(
            nothing, account_id=ids[0], phone_encrypted=f"+86{PHONE}", address_encrypted="南京东路 100 号", card_encrypted="VIP880012",
            union_encrypted="oWx8Qa1", name_encrypted="王 小明", delivery_day=DAY + timedelta(days=1),
        ),
        dict(
            nothing, account_id=ids[4], email_encrypted="me@example.com", delivery_day=DAY + timedelta(days=1),
        ),
    )  # fmt: skip
    moved = next(row for row in rows if row["account_id"] == ids[0])
    with pytest.raises(InvalidTag):
        decrypt(key, bytes(moved["phone_encrypted"]), table="silver.contacts", column="phone_encrypted", row_id=ids[4])
    assert contents(sealed) == rows


def test_neither_key_nor_contact_stands_in_plan_or_rows(spark, directory):
    written = {"phone": PHONE, "mail": "me@example.com", "name": "王小明", "card": "VIP880012", "union": "oWx8Qa1unionid"}
    sealed, _ = built(spark, directory, (0, 0, {"id": "1", "at": "2026-03-01T08:00:00Z"} | written))
    shown = sealed._jdf.queryExecution().toString() + repr(sealed.collect())
    assert "phone_encrypted" in shown
    for secret in (*written.values(), load_key(directory, "id1").hex(), load_key(directory, "c1").hex()):
        assert secret not in shown


def test_what_staff_typed_stands_behind_what_the_account_states(spark, directory):
    """A card comes from the CRM alone; a typed phone counts where the account has none; what the CRM leaves out stays."""
    typed = {name: ACCOUNT_COLUMNS[name] for name in ("account_id", "channel", "changed_at", "phone_token", "card_token")}
    of = source(
        accounts=feed("accounts", {name: told for name, told in ACCOUNT_COLUMNS.items() if name != "card_token"}),
        crm=feed("accounts", typed, pattern="crm/*.json_lines", verified_contacts="typed"),
    )
    crm, later = "crm/2026-03-01.json_lines", "2026-03-02T08:00:00Z"
    first = "2026-03-01T08:00:00Z"
    sealed, records = built(
        spark,
        directory,
        (0, 0, {"id": "1", "at": first, "phone": PHONE, "name": "王小明"}),
        (1, 0, {"id": "1", "at": later, "phone": "13800138001", "card": "VIP880012"}, crm),
        (0, 1, {"id": "2", "at": first, "mail": "two@example.com"}),
        (1, 1, {"id": "2", "at": later, "phone": "13900139000"}, crm),
        (2, 0, {"id": "2", "at": "2026-03-03T08:00:00Z", "mail": "new@example.com"}),
        of=of,
    )
    key = load_key(directory, "c1")
    names = {row["account_id"]: row["position"] for row in records.where("file_digest = 'f0'").collect()}
    found = {}
    for row in contents(sealed):
        at = {"table": "silver.contacts", "row_id": row["account_id"]}
        held = {name: decrypt(key, bytes(row[name]), column=name, **at) for name in SEALED if row[name]}
        found[names[row["account_id"]]] = held | {"day": row["delivery_day"]}
    assert found == {
        0: {
            "phone_encrypted": f"+86{PHONE}", "name_encrypted": "王小明", "card_encrypted": "VIP880012",
            "day": DAY + timedelta(days=1),
        },
        1: {"phone_encrypted": "+8613900139000", "email_encrypted": "new@example.com", "day": DAY + timedelta(days=2)},
    }  # fmt: skip
