"""Every text that a source may write as it likes is masked, cut or refused before it is stored, whatever its type says."""

import json

import pytest

from parsing import read
from reclake.inspection.drafted_columns import type_of
from reclake.privacy.keys import make_key_files
from reclake.privacy.pseudonyms import Keys
from reclake.records.regions import region_of
from reclake.records.sealing import CANNOT_BE_MASKED, IS_A_CONTACT
from reclake.sources.feed import NEEDED
from reclake.sources.mapping import ID_COLUMNS, RECORDS, mappable
from reclake.synthetic.names import REGIONS
from reclake.tables.vocabulary import WORDS
from sources_of_records import feed, source

TIME = {"type": "timestamp", "format": "iso"}
COLUMNS = {
    table: {
        column: {"from": column, "type": "string"}
        for column, type_ in mappable(table).items()
        if type_ == "string"
        and column
        not in {
            "channel",
            "account_id",
            "login_account_id",
            "device_id",
            "phone_token",
            "email_token",
            "card_token",
            "union_token",
        }
    }
    for table in RECORDS
}
REQUIRED = {
    table: {
        column: {"from": column, "type": type_of(column)} | (TIME if type_of(column) == "timestamp" else {})
        for column in sorted(needed)
        if type_of(column) not in ("string", "product")
    }
    for table, needed in NEEDED.items()
}
for table in ("events", "impressions"):
    REQUIRED[table] |= {"device_id": {"from": "d", "type": "device"}}
FINE = {column: "2026-03-01T08:00:00Z" for columns in REQUIRED.values() for column in columns if column.endswith("_at")}
FINE |= {"d": "d1", "account_id": "u1"}
IDS = ID_COLUMNS
CLOSED = {*WORDS, "line_kind", "currency"}  # judged by their own lists and forms
SEALED_ELSEWHERE = {"name_encrypted", "address_encrypted"}  # of silver.contacts: encrypted, never masked
FREE = [
    (table, column) for table, columns in COLUMNS.items() for column in columns if column not in IDS | CLOSED | SEALED_ELSEWHERE
]
CONTACTS = ["anna.lindqvist@example.com", "138 0013 8000"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(directory, ["id1", "c1"])
    return Keys(directory, id_key_id="id1", contact_key_id="c1", default_region="CN")


def read_as(keys, table, column, value, **mapping):
    channel = {} if table in ("products", "stock") else {"channel": {"constant": "app", "type": "string"}}
    columns = REQUIRED[table] | COLUMNS[table] | channel
    columns[column] = columns[column] | mapping
    raw = json.dumps(FINE | {column: value})
    (row,) = read(keys, [raw], table=table, columns=(column,), **{table: feed(table, columns)})
    return row


def test_all_string_columns_are_looked_at():
    assert len(FREE) >= 9
    assert {"order_id", "line_id", "event_id", "consent_id"} <= IDS
    assert {"gender", "country", "category", "product_name", "product_code", "search_query", "user_agent"} <= {c for _, c in FREE}


@pytest.mark.parametrize(("table", "column"), FREE)
def test_a_mail_address_is_stored_in_no_column(keys, table, column):
    row = read_as(keys, table, column, f"x {CONTACTS[0]}")
    assert "anna" not in json.dumps(row[column])
    assert row["read_reasons"] in ([], [f"{column} {IS_A_CONTACT}"])


@pytest.mark.parametrize(("table", "column"), FREE)
def test_a_mobile_is_stored_in_no_column(keys, table, column):
    stored = json.dumps(read_as(keys, table, column, "x 13800138000 y")[column])
    assert ("13800138000" in stored) is (column == "product_id")  # an id, in which plain digits may stand


@pytest.mark.parametrize(("table", "column"), [(t, c) for t, cs in COLUMNS.items() for c in cs if c in IDS | {"product_id"}])
@pytest.mark.parametrize(
    "value",
    [
        *CONTACTS,
        "+86 13800138000",
        "SO-anna.l@example.com",
        "anna%40example.com",
        "0086 138 0013 8000",
        "0086 13800138000",
        "(138)00138000",
        "(138) 0013-8000",
        "(86)13800138000",
    ],
)
def test_an_id_that_is_evident_contact_data_is_refused(keys, table, column, value):
    row = read_as(keys, table, column, value, type="product" if column == "product_id" else "string")
    assert (row[column], row["read_reasons"]) == (None, [f"{column} {IS_A_CONTACT}"])


@pytest.mark.parametrize(
    "value", ["13912345678", "202611290001234", "6901234567892", "A-138-0013-8000", "S.O/1+2", "6222020200112345678", "订单①", "0012345678", "008613800138000", "(138)001380001"]
)  # fmt: skip
def test_an_id_of_digits_is_an_id(keys, value):
    row = read_as(keys, "orders", "order_id", value)
    assert (row["order_id"], row["read_reasons"]) == (value, [])


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("events", "user_agent", "Mozilla/5.0 (Linux) Chrome/140.0.7339.210 Mobile Safari/537.36"),
        ("orders", "product_code", "6222020200112345678"),
        ("orders", "country", "United Kingdom"),
        ("accounts", "gender", "女"),
        ("products", "category", "数码配件"),
    ],
)
def test_other_texts_stay(keys, table, column, value):
    row = read_as(keys, table, column, value)
    assert (row[column], row["read_reasons"]) == (value, [])


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Bot/1.0 (+8613800138000)", "Bot/1.0 ([phone])"),
        ("Bot/1.0 008613800138000", "Bot/1.0 [phone]"),
        ("Bot １３８００１３８０００ x", "Bot [phone] x"),
        ("Bot%201.0 anna%40example.com", "Bot%201.0 [email]"),
        ("Bot anna＠example.com", "Bot [email]"),
        ("Bot anna@mail.163.example.com", "Bot [email]"),
        ("Chrome/140.0.7339.210 4K@60Hz 86/13.8", "Chrome/140.0.7339.210 4K@60Hz 86/13.8"),
    ],
)
def test_a_user_agent_is_read_decoded(keys, written, stored):
    assert read_as(keys, "events", "user_agent", written)["user_agent"] == stored


@pytest.mark.parametrize("type_", ["string", "product"])
def test_two_products_with_long_numbers_stay_two(keys, type_):
    found = {read_as(keys, "products", "product_id", f"622202020011234567{n}", type=type_)["product_id"] for n in range(2)}
    assert len(found) == 2


@pytest.mark.parametrize(("column", "type_"), [("quantity", "long"), ("unit_price_amount", "decimal")])
def test_a_number_is_no_text(keys, column, type_):
    """Else a value out of its limits would be refused as no number."""
    columns = REQUIRED["orders"] | {"channel": {"constant": "app", "type": "string"}, "order_id": {"from": "o", "type": "string"}}
    columns |= {"currency": {"constant": "EUR", "type": "string"}, column: {"from": "x", "type": type_}}
    (row,) = read(keys, ['{"x": 6222020200112345678}'], table="orders", columns=(column,), orders=feed("orders", columns))
    assert row[f"{column}_text"] == "6222020200112345678"


def test_what_the_source_file_states_is_no_text_of_a_record(keys):
    row = read_as(keys, "accounts", "gender", "1", map={"1": "13800138000"})
    assert row["gender"] == "13800138000"


@pytest.mark.parametrize(
    ("level", "stored", "notes"),
    [
        (None, "北京市朝阳区", ["region was cut behind its district"]),
        ("city", "北京市", ["region was cut behind its city"]),
        ("province", "北京市", ["region was cut behind its province"]),
    ],
)
@pytest.mark.parametrize("type_", ["string", "free_text"])
def test_a_whole_address_in_region_is_cut_to_the_declared_level(keys, level, stored, notes, type_):
    declared = {"region_level": level} if level else {}
    row = read_as(keys, "accounts", "region", "北京市朝阳区建国路88号院3号楼1501室 李华", type=type_, **declared)
    assert (row["region"], row["notes"], row["read_reasons"]) == (stored, notes, [])


@pytest.mark.parametrize(
    "written",
    [
        "221B Baker Street, London",
        "建国路88号",
        "anna@example.com",
        "13800138000",
        "Anna " * 20,
        "一三八零零一三八零零零",
        "加微信annawang",
        "anna at example dot com",
        "幺三八零零幺三八零零零市",
    ],
)
def test_what_cannot_be_cut_is_left_out_and_costs_nothing(keys, written):
    row = read_as(keys, "accounts", "region", written)
    assert (row["region"], row["notes"], row["read_reasons"]) == (None, ["region is finer than a region: left out"], [])


@pytest.mark.parametrize(
    ("written", "by_level"),
    [
        ("江苏省苏州市昆山市前进路1号", ("江苏省", "江苏省苏州市", "江苏省苏州市昆山市")),
        ("内蒙古自治区呼和浩特市新城区新华大街1号", ("内蒙古自治区", "内蒙古自治区呼和浩特市", "内蒙古自治区呼和浩特市新城区")),
        ("广东省 深圳市 南山区 科技园", ("广东省", "广东省 深圳市", "广东省 深圳市 南山区")),
        ("浙江杭州西湖区文三路138号", (None, None, "浙江杭州西湖区")),
        ("苏州工业园区星湖街328号", (None, None, "苏州工业园区")),
        ("市中区经七路", (None, None, "市中区")),
        ("人民路小区5栋", (None, None, None)),
        ("阳光花园小区", (None, None, None)),
        ("北京", ("北京", "北京", "北京")),
        ("Baden-Württemberg", ("Baden-Württemberg",) * 3),
        ("New York, NY", ("New York, NY",) * 3),
        ("Hauptstraße", (None,) * 3),
    ],
)
def test_regions_by_level(written, by_level):
    assert tuple(region_of(written, level) for level in ("province", "city", "district")) == by_level


def test_regions_of_the_demo_stay():
    assert [region_of(region) for region in REGIONS] == list(REGIONS)


def test_a_level_is_for_regions_only():
    with pytest.raises(ValueError, match="region_level is only for the column region"):
        source(accounts=feed("accounts", {
            "account_id": {"from": "who", "type": "account"},
            "channel": {"constant": "app", "type": "string"},
            "gender": {"from": "g", "type": "string", "region_level": "city"},
        }))  # fmt: skip


def test_a_text_that_masking_cannot_clear_rejects_its_record(monkeypatch, keys):
    monkeypatch.setattr("reclake.records.sealing.masked", lambda text: text)
    row = read_as(keys, "products", "category", "call 13800138000")
    assert (row["category"], row["read_reasons"]) == (None, [f"category {CANNOT_BE_MASKED}"])
