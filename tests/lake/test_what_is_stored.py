"""What a lake holds beside its rows: no digest of a record that could be guessed, no value in Delta's log, nothing of earlier releases."""

import hashlib
import json
import shutil
from datetime import date

import pytest

from decoded import decoded_files
from golden_lake import opened
from kept import copy_of
from lakes import ROOT, bag, open_lake, run_days
from reclake import tables
from reclake.lake.properties import columns_with_statistics
from reclake.records.raw_records import Limits, read_batch
from reclake.run.maintain import maintain
from reclake.run.upkeep import MAINTAINED
from reclake.run.views import published
from reclake.tables import ops, silver
from trials.trial import Passing

DAY = date(2026, 3, 28)
# Each stands for one person: ids of what they did, what they typed, and a file that is named after them.
PLANTED = {
    "event": "ev-77310042", "consent": "cs-88120077", "order": "on-55019983", "line": "ln-4410", "account": "6000123401",
    "typed": "Gutschein fuer Anna Lindqvist", "file": "anna-lindqvist", "product": "sku-of-anna", "query": "ring fuer anna",
    "name": "Anna Lindqvist-Berg", "card": "VIP-6612 9043", "union": "oWx6Lq0aBerg",
}  # fmt: skip
_DAY = """delivery_day = { from = "name", pattern = '(\\d{4}-\\d{2}-\\d{2})' }"""
SOURCE = """
name = "shop"
description = "One shop"
basis = "consent"
time_zone = "UTC"
late_limit_days = 3
repeat_days = 4
max_rejected_share = 1.0

[completion]
marker = "rename"

[bots]
by_user_agent = false
by_behaviour = false
""" + "".join(
    f"""
[feeds.{noun}]
table = "{noun}"
pattern = "{noun}/*.jsonl"
format = "json_lines"
record_id = [{record_id}]
duplicates = "drop"
transport = ["sent_at"]
{_DAY}

[feeds.{noun}.columns]
channel = {{ constant = "app", type = "string" }}
{columns}
"""
    for noun, record_id, columns in (
        (
            "events",
            '"event_id"',
            """event_id = { from = "id", type = "string" }
occurred_at = { from = "at", type = "timestamp", format = "iso" }
event_type = { from = "type", type = "string" }
login_account_id = { from = "who", type = "account" }
product_id = { from = "sku", type = "product" }
order_id = { from = "order", type = "string" }
search_query = { from = "q", type = "free_text" }""",
        ),
        (
            "orders",
            '"order_id", "line_id"',
            """order_id = { from = "order", type = "string" }
line_id = { from = "line", type = "string" }
ordered_at = { from = "at", type = "timestamp", format = "iso" }
account_id = { from = "who", type = "account" }
product_id = { from = "sku", type = "product" }
product_name = { from = "text", type = "string" }
quantity = { from = "n", type = "long" }
unit_price_amount = { from = "price", type = "decimal" }
currency = { constant = "EUR", type = "string" }""",
        ),
        (
            "accounts",
            "",
            """account_id = { from = "who", type = "account" }
name_encrypted = { from = "name", type = "string" }
card_token = { from = "card", type = "card" }
union_token = { from = "union", type = "union" }
changed_at = { from = "at", type = "timestamp", format = "iso" }""",
        ),
        (
            "consents",
            '"consent_id"',
            """consent_id = { from = "id", type = "string" }
account_id = { from = "who", type = "account" }
purpose = { from = "purpose", type = "string" }
is_granted = { from = "granted", type = "boolean" }
changed_at = { from = "at", type = "timestamp", format = "iso" }""",
        ),
        (
            "feedback",
            '"feedback_id"',
            """feedback_id = { from = "id", type = "string" }
occurred_at = { from = "at", type = "timestamp", format = "iso" }
feedback_kind = { constant = "chat", type = "string" }
account_id = { from = "who", type = "account" }
product_id = { from = "sku", type = "product" }
order_id = { from = "order", type = "string" }
conversation_id = { from = "talk", type = "string" }
speaker = { constant = "customer", type = "string" }
text = { from = "text", type = "free_text" }""",
        ),
        (
            "outreach",
            '"outreach_id"',
            """outreach_id = { from = "id", type = "string" }
occurred_at = { from = "at", type = "timestamp", format = "iso" }
account_id = { from = "who", type = "account" }
purpose = { constant = "marketing", type = "string" }
contact_channel = { from = "by", type = "string" }
result = { from = "result", type = "string" }""",
        ),
        (
            "impressions",
            '"list_id", "list_position", "list_action"',
            """list_id = { from = "id", type = "string" }
list_position = { from = "place", type = "long" }
list_action = { from = "did", type = "string" }
shown_at = { from = "at", type = "timestamp", format = "iso" }
occurred_at = { from = "at", type = "timestamp", format = "iso" }
login_account_id = { from = "who", type = "account" }
product_id = { from = "sku", type = "product" }
strategy = { from = "strategy", type = "string" }
order_id = { from = "order", type = "string" }""",
        ),
    )
)
AT, P = f"{DAY}T10:00:00Z", PLANTED
RECORDS = {
    "events": [
        {"id": P["event"], "at": AT, "type": "search", "who": P["account"], "q": P["query"], "sent_at": AT},
        {"id": f"{P['event']}-2", "at": AT, "type": "view_item", "who": P["account"], "sku": P["product"], "order": P["order"], "sent_at": AT},
    ],
    "orders": [
        {"order": P["order"], "line": P["line"], "at": AT, "who": P["account"], "sku": P["product"], "text": P["typed"], "n": 1, "price": 25, "sent_at": AT},
        {"order": P["order"], "line": "2", "at": AT, "who": P["account"], "sku": "p2", "text": "Tee", "n": 1, "price": 2.5, "sent_at": AT},
    ],
    "accounts": [{"who": P["account"], "at": AT, "name": P["name"], "card": P["card"], "union": P["union"], "sent_at": AT}, {"who": "6000123402", "at": AT, "sent_at": AT}],
    "consents": [
        {"id": P["consent"], "who": P["account"], "purpose": purpose, "granted": True, "at": AT, "sent_at": AT} | ({} if n else {"id": "cs-2"})
        for n, purpose in enumerate(("marketing", "personalisation"))
    ],
    "feedback": [
        {"id": f"{P['event']}-3", "at": AT, "who": P["account"], "sku": P["product"], "order": P["order"], "talk": f"{P['consent']}-4", "text": P["typed"], "sent_at": AT},
        {"id": "ms-2", "at": AT, "who": P["account"], "talk": f"{P['consent']}-4", "text": "Danke", "sent_at": AT},
    ],
    "outreach": [
        {"id": f"{P['consent']}-5", "at": AT, "who": P["account"], "by": "call", "result": P["typed"], "sent_at": AT},
        {"id": "ct-2", "at": AT, "who": "6000123402", "by": "sms", "result": "clicked", "sent_at": AT},
    ],
    "impressions": [
        {"id": f"{P['consent']}-6", "place": 1, "did": "shown", "at": AT, "who": P["account"], "sku": P["product"], "strategy": P["typed"], "sent_at": AT},
        {"id": f"{P['consent']}-6", "place": 1, "did": "ordered", "at": AT, "who": P["account"], "sku": P["product"], "order": P["order"], "sent_at": AT},
    ],
}  # fmt: skip


def one_day(spark, folder):
    """A lake of one day, with all that its tables and their logs hold."""
    (folder / "sources").mkdir()
    (folder / "sources" / "shop.toml").write_text(SOURCE)
    for noun, records in RECORDS.items():
        (folder / "landing" / "shop" / noun).mkdir(parents=True)
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (folder / "landing" / "shop" / noun / f"{DAY}-{PLANTED['file']}.jsonl").write_text(lines)
    assert run_days(shop(spark, folder), DAY) == {}


def shop(spark, folder):
    own = [f"sources.directory={folder / 'sources'}"]
    app = open_lake(spark, folder, source="shop", landing=folder / "landing", overrides=own)
    object.__setattr__(app, "gate", Passing(app.home / "expectations", timeout_seconds=60))
    return app


@pytest.fixture(scope="module")
def folder(spark, tmp_path_factory):
    return copy_of("one-day-of-a-shop", one_day, spark, tmp_path_factory.mktemp("stored"))


@pytest.fixture(scope="module")
def app(spark, folder):
    return shop(spark, folder)


def stored_tables(app):
    return [table for table in tables.TABLES if app.store.newest(table) is not None]


def forms(noun, record):
    """All that somebody who guesses a record may hash: its line, and its fields in the forms that programs write."""
    without = {name: value for name, value in record.items() if name != "sent_at"}
    for fields in (record, without):
        for separators in ((",", ":"), (", ", ": ")):
            for in_order in (False, True):
                text = json.dumps(fields, separators=separators, sort_keys=in_order)
                yield from (text, text.strip("{}"), f"{text}\n")
        yield "|".join(map(str, fields.values()))
    who = record["who"]
    yield from (who, f"app|{who}", f"shop|app|{who}", f"shop|{who}", f"{noun}|{who}")
    for kind in ("name", "card", "union"):
        if value := record.get(kind):
            yield from (value, value.upper(), f"{kind}|{value}", f"{kind}|{value.upper().replace('-', '').replace(' ', '')}")


def digests(text):
    for name in ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256"):
        found = hashlib.new(name, text.encode()).hexdigest()
        yield from (found, found[:32], found[:16])


def guesses():
    return {
        digest
        for noun, records in RECORDS.items()
        for record in records
        for form in forms(noun, record)
        for digest in digests(form)
    }


def test_the_guesses_hold_what_records_are_compared_by(app):
    """The known-bad variant: were the fingerprint of classification stored, it would be among them."""
    feed = app.sources["shop"].feeds["consents"]
    raws = [json.dumps(record).encode() for record in RECORDS["consents"]]
    prints = read_batch(raws, [None] * len(raws), feed, tuple(feed.columns), Limits()).fingerprints
    assert len(set(prints)) == len(raws)
    assert set(prints) <= guesses()


def test_no_digest_of_a_guessed_record_is_stored(app):
    found, guessed = [], guesses()
    n_strings = 0
    for table in stored_tables(app):
        if table.layer == "bronze":
            continue  # it holds the records themselves
        for row in app.store.read_newest(table).collect():
            for name, value in row.asDict().items():
                for text in value if isinstance(value, list) else [value]:
                    if isinstance(text, str):
                        n_strings += 1
                        found += [(table.name, name) for guess in guessed if guess in text]
    assert n_strings > 500
    assert found == []


def test_no_planted_value_stands_in_a_log(app, folder):
    """Neither in the commits nor in a checkpoint, of any table; but in the rows they do stand."""
    rows = " ".join(str(app.store.read_newest(table).collect()) for table in stored_tables(app) if table.layer != "ops")
    assert [name for name, value in PLANTED.items() if value not in rows and name != "account"] == []
    for table in stored_tables(app):
        app.store.log.checkpoint(app.store.path(table))
    logs = [(path, content) for path, content in decoded_files(folder / "lake") if "_delta_log" in path.parts]
    assert sum(path.suffix == ".parquet" for path, _ in logs) >= 20
    assert sum(path.suffix == ".json" for path, _ in logs) >= 40
    # A statistic is cut after 32 characters.
    secrets = [value[:30].encode() for value in PLANTED.values()]
    assert [str(path) for path, content in logs for secret in secrets if secret in content] == []
    assert any(b"minValues" in content for _, content in logs), "nothing has statistics: nothing is proven"


def test_columns_of_free_text_and_ids_have_no_statistics():
    strings = {(table.name, name) for table in tables.TABLES for name in columns_with_statistics(table)} & {
        (table.name, f.name) for table in tables.TABLES for f in table.fields if f.type == "string"
    }
    assert strings
    assert {name for _, name in strings} == {"source"}


@pytest.fixture
def golden(spark, tmp_path):
    """A lake of an earlier release, whose records tables hold fingerprints, and whose logs hold values of plain strings."""
    folder = shutil.copytree(sorted((ROOT / "tests" / "data").glob("lake-*"))[0], tmp_path / "golden")
    return folder, opened(spark, folder, folder / "landing")


def planted_by_the_earlier_release(folder, name, column):
    values = {json.loads(line)[column] for line in (folder / "rows" / f"{name}.jsonl").read_text().splitlines()}
    return {value.encode() for value in values if value}


def files_with(folder, secrets):
    return [str(path) for path, content in decoded_files(folder) if any(secret in content for secret in secrets)]


def test_what_an_earlier_release_stored_leaves_with_the_next_maintenance(golden):
    folder, app = golden
    records, events = silver.CONSENT_RECORDS, silver.EVENTS
    prints = planted_by_the_earlier_release(folder, records.name, "fingerprint")
    event_ids = planted_by_the_earlier_release(folder, events.name, "event_id")
    assert prints
    assert event_ids
    lake = folder / "lake" / "silver"
    assert files_with(lake / "consent_records", prints)
    assert files_with(lake / "events" / "_delta_log", event_ids)
    assert "fingerprint" not in published(app, records).columns
    before = {table.name: bag(app, table) for table in (records, events)}

    worked_on = [records.name, events.name, ops.GATE_RESULTS.name]
    rows = maintain(app, only=worked_on)
    assert {row["outcome"] for row in rows} == {MAINTAINED}
    assert {name: bag(app, tables.BY_NAME[name]) for name in before} == before
    newest = {name: app.store.newest(tables.BY_NAME[name]) for name in worked_on}
    assert app.store.columns(records, version=newest[records.name]) == [field.name for field in records.fields]
    for name in worked_on:
        table = tables.BY_NAME[name]
        found = app.store.log.columns_with_statistics(app.store.path(table), newest[name])
        assert found <= set(columns_with_statistics(table)), name
    again = maintain(app, only=worked_on)
    assert {row["table"]: row["version"] for row in again} == newest, "nothing is left to be done"

    maintain(app, only=worked_on[:2], erasing=True)
    assert files_with(lake / "consent_records", prints) == []
    assert files_with(lake / "events" / "_delta_log", event_ids) == []
    assert {name: bag(app, tables.BY_NAME[name]) for name in before} == before
    assert run_days(app, only=frozenset()) == {}
