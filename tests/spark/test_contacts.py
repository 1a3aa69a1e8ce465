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


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(folder, ["id1", "c1"])
    return folder


def built(spark, directory, *states):
    """Each state as (days after DAY, position, record)."""
    of = {"demo": source(accounts=feed("accounts", ACCOUNT_COLUMNS))}
    rows = (
        bronze_row(
            json.dumps({"channel": "app"} | record), position, file_digest=f"f{day}", delivery_day=DAY + timedelta(days=day)
        )
        for day, position, record in states
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
        (1, 0, {"id": "1", "at": "2026-03-01T09:00:00Z", "phone": "138 0013 8000", "address": " 南京东路 100 号 "}),
        (1, 1, {"id": "1", "at": "2026-03-01T07:00:00Z", "phone": "13900139000"}),
        (1, 2, {"id": "2", "phone": "unknown", "address": "无"}),
        (0, 1, {"id": "3", "at": "2026-03-01T08:00:00Z", "mail": "gone@example.com"}),
        (1, 3, {"id": "3", "at": "2026-03-02T08:00:00Z"}),
        (1, 4, {"id": "4", "at": "2026-03-02T08:00:00Z", "mail": "Me@Example.com"}),
        (2, 0, {"id": "4", "at": "2099-03-02T08:00:00Z", "mail": "rejected@example.com"}),
    )
    key = load_key(directory, "c1")
    ids = {row["position"]: row["account_id"] for row in records.where("file_digest = 'f1'").collect()}

    def opened(row):
        at = {"table": "silver.contacts", "row_id": row["account_id"]}
        for column in ("phone_encrypted", "email_encrypted", "address_encrypted"):
            held = row[column]
            row[column] = None if held is None else decrypt(key, bytes(held), column=column, **at)
        return row

    rows = contents(sealed)
    assert in_order(*(opened(dict(row)) for row in rows)) == in_order(
        dict(
            account_id=ids[0], phone_encrypted=f"+86{PHONE}", email_encrypted=None, address_encrypted="南京东路 100 号", key_id="c1",
            delivery_day=DAY + timedelta(days=1),
        ),
        dict(
            account_id=ids[4], phone_encrypted=None, email_encrypted="me@example.com", address_encrypted=None, key_id="c1",
            delivery_day=DAY + timedelta(days=1),
        ),
    )  # fmt: skip
    moved = next(row for row in rows if row["account_id"] == ids[0])
    with pytest.raises(InvalidTag):
        decrypt(key, bytes(moved["phone_encrypted"]), table="silver.contacts", column="phone_encrypted", row_id=ids[4])
    assert contents(sealed) == rows


def test_neither_key_nor_contact_stands_in_plan_or_rows(spark, directory):
    sealed, _ = built(
        spark, directory, (0, 0, {"id": "1", "at": "2026-03-01T08:00:00Z", "phone": PHONE, "mail": "me@example.com"})
    )
    shown = sealed._jdf.queryExecution().toString() + repr(sealed.collect())
    assert "phone_encrypted" in shown
    for secret in (PHONE, "me@example.com", load_key(directory, "id1").hex(), load_key(directory, "c1").hex()):
        assert secret not in shown
