"""Heads of files, what their fields look like, and the source file that is drafted from them."""

import gzip
import io
import json
import tomllib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reclake.inspection.draft import draft
from reclake.inspection.fields import summary
from reclake.inspection.guesses import columns_of, table_of
from reclake.inspection.heads import head_of
from reclake.inspection.looking import inspect
from reclake.inspection.naming import pattern_of
from reclake.inspection.report import field_rows, file_rows, sample_rows
from reclake.inspection.written import shown_value, written_value
from reclake.sources.catalogues import SOURCES
from reclake.sources.source import ColumnMapping, Feed

TILLS = "order,line,at,customer,sku,title,qty,price,ccy\n"


def head(tmp_path, content, name="x.csv", **options):
    (tmp_path / name).write_bytes(content)
    return head_of(tmp_path / name, **{"max_bytes": 100_000, "max_rows": 100} | options)


def fields(found):
    return [dict(row.fields) for row in found.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
def test_the_encoding_is_found(tmp_path, encoding):
    text = "order;title\n" + "".join(f"{n};绿茶 陶瓷杯 {n}\n" for n in range(9))
    found = head(tmp_path, text.encode(encoding))
    assert found.encoding == {"utf-8-sig": "utf-8", "utf-16-le": "utf-16"}.get(encoding, encoding)
    assert (found.delimiter, found.names) == (";", ("order", "title"))
    assert fields(found)[8] == {"order": "8", "title": "绿茶 陶瓷杯 8"}
    assert found.is_certain == (encoding != "gb18030")


def test_lines_are_those_of_the_file(tmp_path):
    found = head(tmp_path, b'sep=;\na;b;\n\n1;"x\ny";\n;;\n2;z;\na;b;\n3;w;\n')
    assert [(row.line, row.fields["a"]) for row in found.rows] == [(4, "1"), (7, "2"), (9, "3")]


def test_a_head_that_is_cut_ends_with_a_whole_line(tmp_path):
    found = head(tmp_path, TILLS.encode() + b"o,1,2026-02-01,m,p,tea,1,2.50,EUR\n" * 99, max_bytes=200)
    assert not found.is_whole
    assert {len(row.fields) for row in found.rows} == {9}
    assert {row.fields["ccy"] for row in found.rows} == {"EUR"}


def test_kinds_are_told_apart(tmp_path):
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": [1.5, None], "name": ["a", "b"]}), sink)
    stored = head(tmp_path, sink.getvalue(), "x.parquet")
    assert (stored.kind, stored.types) == ("parquet", {"id": "double", "name": "string"})
    assert fields(stored) == [{"id": "1.5", "name": "a"}, {"id": None, "name": "b"}]
    lines = head(tmp_path, gzip.compress(b'{"a": {"b": 12345678901234567890}, "c": "1"}\n\n{"c": null}\n'), "x.jsonl.gz")
    assert (lines.kind, lines.names) == ("json_lines", ("a.b", "c"))
    assert [row.line for row in lines.rows] == [1, 3]
    assert lines.rows[0].fields == {"a.b": "12345678901234567890", "c": "1"}
    assert lines.rows[0].is_number == {"a.b"}
    for content, said in (
        (b"", "is empty"),
        (b"PK\x03\x04xl/workbook.xml", "a zip archive or a workbook"),
        (b"<!DOCTYPE html><html>", "markup"),
        (b'[{"a": 1}]', "one JSON array"),
        (gzip.compress(b"a,b\n" * 999)[:30], "cut off or damaged"),
        (b"PAR1 and no more", "cut off or damaged"),
    ):
        assert said in head(tmp_path, content, "y.csv").problem


@pytest.mark.parametrize(
    ("values", "looks", "form"),
    [
        (["2026-02-01T10:00:00Z", "2026-02-01 10:00:00"], "time", "iso"),
        (["01.02.2026 10:00:00", "13.02.2026 10:00:00"], "time", "dd.MM.yyyy HH:mm:ss"),
        (["02/13/2026 10:00", "02/01/2026 10:00"], "time", "MM/dd/yyyy HH:mm"),
        (["1769940000", "1769940001"], "time", "epoch_seconds"),
        (["1769940000123"], "time", "epoch_millis"),
        (["2026-02-01"], "day", "yyyy-MM-dd"),
        (["12,50", "1.234,56", "3"], "decimal comma", ""),
        (["€ 12,50", "3,00 EUR"], "decimal comma", ""),
        (["12,50", "1.234,56", "€ 3.00", "0.3000000004"], "decimal comma", ""),
        (["12.50", "3"], "number", ""),
        (["12.50", "1,234.50"], "number", ""),
        (["1.5e3", "2.5"], "number", ""),
        (["12", "3"], "whole", ""),
        (["true", "false"], "truth", ""),
        (["a@example.com"], "email", ""),
        (["13800138000", "13900139000"], "phone", ""),
        (["tea", "12"], "text", ""),
        ([], "nothing", ""),
    ],
)
def test_a_field_looks_like_its_values(values, looks, form):
    found = summary("x", [*values, None, " "])
    assert (found.looks, found.time_format, found.n_blank) == (looks, form, 2)


def test_day_and_month_that_could_be_turned_are_marked():
    assert summary("x", ["02/03/2026 10:00"]).is_ambiguous
    assert not summary("x", ["02/13/2026 10:00"]).is_ambiguous


def test_words_for_none_and_a_value_that_stands_out():
    found = summary("customer", ["NULL", "0", "0", "K1", "K1", "K1", "K2", "\\N", "00000000-0000-0000-0000-000000000000"])
    assert found.none_words == {"NULL": 1, "0": 2, "\\N": 1, "00000000-0000-0000-0000-000000000000": 1}
    assert (found.top_value, round(found.top_share, 2), found.n_distinct) == ("K1", 0.33, 2)
    assert summary("qty", ["1", "0", "0", "2"]).none_words == {}, "among numbers 0 means 0"


def test_contact_data_is_shown_by_its_shape():
    shown = [*summary("x", ["anna.li@example.com"]).samples, *summary("x", ["13800138000"]).samples]
    shown += summary("note", ["call 13800138000", "tea"]).samples
    assert shown == ["aaaa.aa@aaaaaaa.aaa", "99999999999", "call [phone]", "tea"]


def summaries(names, *rows):
    return [summary(name, [row[place] for row in rows]) for place, name in enumerate(names)]


def test_names_and_values_tell_the_table():
    order = summaries(["订单号", "下单时间", "数量", "单价", "会员号"], ["A1", "2026-02-01 10:00:00", "2", "12.50", "m1"])
    assert table_of(order) == "orders"
    assert {column: one.name for column, one in columns_of("orders", order).items()} == {
        "order_id": "订单号", "ordered_at": "下单时间", "quantity": "数量", "unit_price_amount": "单价", "account_id": "会员号",
    }  # fmt: skip
    event = summaries(["id", "at", "event", "device", "user"], ["e1", "2026-02-01T10:00:00Z", "view_item", "d", "u"])
    assert table_of(event) == "events"
    text = summaries(["order", "qty"], ["A1", "many"])
    assert "quantity" not in columns_of("orders", text), "a text is no quantity"


def test_a_drafted_source_can_be_used_and_takes_its_files(tmp_path):
    landing = tmp_path / "landing"
    (landing / "tills").mkdir(parents=True)
    rows = "".join(f"A{n};1;0{n}.02.2026 10:00:00;0;P1;tea;1;12,50;EUR\n" for n in range(1, 8))
    (landing / "tills" / "2026-02-01.csv").write_text(TILLS.replace(",", ";") + rows)
    (landing / "app").mkdir()
    event = '{"id": "%d", "at": "2026-02-01T10:00:00Z", "event": "view_item", "device": "d%d", "user": 17, "sku": "p"}\n'
    (landing / "app" / "clicks-2026-02-01.jsonl").write_text("".join(event % (n, n) for n in range(9)))
    text = draft("shop", inspect(landing, None, None).samples)
    (tmp_path / "shop.toml").write_text(text)
    source = SOURCES.read(tmp_path / "shop.toml")
    tills, app = source.feeds["tills"], source.feeds["app"]
    assert (tills.table, tills.delimiter, tills.pattern, app.table, app.format) == (
        "orders",
        ";",
        "tills/*.csv",
        "events",
        "json_lines",
    )
    assert tills.columns["unit_price_amount"].decimal_mark == ","
    assert tills.columns["ordered_at"].format == "dd.MM.yyyy HH:mm:ss"
    assert tills.columns["account_id"].none == ("0",)
    assert app.values == "as_text"
    assert text.count("# confirm: ") >= len(tills.columns) + len(app.columns)
    assert tomllib.loads(text)["name"] == "shop"


def test_what_no_field_fills_is_said_in_the_draft(tmp_path):
    (tmp_path / "orders.csv").write_text("order,qty\nA1,1\nA2,2\n")
    text = draft("shop", inspect(tmp_path, None, None).samples)
    assert "# ordered_at = { from = … }  is needed" in text
    assert 'currency = { constant = "EUR", type = "string" }  # confirm: no field looks like it' in text


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("tills/p01-2026-02-01.csv", "tills/p*.csv"),
        ("tills/p23-2026-02-01T10:30:00.CSV.gz", "tills/p*.csv"),
        ("events.csv", "events.csv"),
        ("2026-02-01/orders.parquet", "*/orders.parquet"),
    ],
)
def test_a_pattern_takes_the_files_of_other_days(name, pattern):
    assert pattern_of(name) == pattern


FEED = Feed.model_construct(
    format="csv",
    delimiter=",",
    columns={
        "account_id": ColumnMapping(from_="customer", type="account"),
        "ordered_at": ColumnMapping(from_="at", type="timestamp", format="iso"),
        "product_name": ColumnMapping(from_="title", type="free_text"),
    },
)


@pytest.mark.parametrize(
    ("reason", "value"),
    [
        ("ordered_at is not a time", "2026-02-30"),
        ("account_id is not text", "a-99"),
        ("product_name is one of them", "call [phone]"),
        ("it has another number of cells than its header", "a-99,9999-99-99,aaaa 99999999999"),
    ],
)
def test_a_refused_value_is_shown_and_nobody_in_it(reason, value):
    assert written_value(reason, b"m-17,2026-02-30,call 13800138000", "customer,at,title", FEED) == value


def test_events_are_mapped_to_the_standard_where_their_names_tell(tmp_path):
    (tmp_path / "events.csv").write_text(
        "time,visitor,event\n"
        + "".join(f"2026-02-01 10:00:00,v{n},{what}\n" for n, what in enumerate(["view", "addtocart", "newsletter"]))
    )
    text = draft("shop", inspect(tmp_path, None, None).samples)
    assert 'map = { "view" = "view_item", "addtocart" = "add_to_cart" }' in text
    assert "no event of the standard is called newsletter" in text
    (tmp_path / "shop.toml").write_text(text)
    assert SOURCES.read(tmp_path / "shop.toml").feeds["events"].columns["event_type"].map == {
        "view": "view_item",
        "addtocart": "add_to_cart",
    }


def test_ids_that_went_through_a_floating_point_column_are_declared(tmp_path):
    (tmp_path / "orders.csv").write_text(
        "order,at,customer,qty,price\nA1,2026-02-01 10:00:00,17850.0,1,2.0\nA2,2026-02-01 10:00:00,,2,3.0\n"
    )
    text = draft("shop", inspect(tmp_path, None, None).samples)
    assert 'account_id = { from = "customer", type = "account", whole_number = true }' in text
    assert 'unit_price_amount = { from = "price", type = "decimal", required = true }' in text


def test_many_files_of_one_kind_are_one_row_and_each_is_read_a_little(tmp_path):
    for day in range(1, 29):
        (tmp_path / f"2026-02-{day:02}.csv").write_text("a,b\n" + "1,2\n" * 2000)
    (tmp_path / "odd.csv").write_bytes(b"")
    found = inspect(tmp_path, None, None)
    rows = file_rows(found)
    assert [(row["file"], row["problem"]) for row in rows] == [("28 files such as 2026-02-01.csv", ""), ("odd.csv", "is empty")]
    assert sum(len(sample.head.rows) for sample in found.samples) <= 20_000


PERSONAL = {
    "mobile": ["0", "13800138001", "13800138002", "13800138003", "13800138004"],
    "handy": ["491701234500", "491701234501", "491701234502", "491701234503", "491701234504"],
    "address": ["12 Main Street"] * 5,
    "name": ["Anna", "Berta", "Carla", "Dora", "Emma"],
    "card_no": ["1769940000123456", "1769940000123457", "1769940000123458", "1769940000123459", "1769940000123450"],
    "spare": ["1769940000123456"] * 5,
    "customer": ["17850", "17851", "17852", "17853", "17854"],
    "note": ["call 13800138000 anna@example.com"] * 5,
}


def test_nobody_is_told_by_lists_or_draft(tmp_path):
    lines = [",".join(PERSONAL), *(",".join(row) for row in zip(*PERSONAL.values(), strict=True))]
    (tmp_path / "accounts.csv").write_text("\n".join(lines) + "\n")
    found = inspect(tmp_path, None, None)
    said = json.dumps([field_rows(found), sample_rows(found), draft("shop", found.samples)])
    told = [value for values in PERSONAL.values() for value in values if value != "0" and value in said]
    assert told == []
    assert not any(word in said for word in ("13800138000", "anna@", "Main"))
    assert "aaaa" in said


def test_a_field_that_the_source_maps_to_a_person_is_shown_by_shape():
    assert summary("x1", ["K-77"], tells_person=True).samples == ("a-99",)
    assert summary("x1", ["K-77"]).samples == ("K-77",)
    assert summary("created_at", ["1769940000123"]).samples == ("1769940000123",), "a time by its field"
    assert summary("flat", ["1769940000123"]).samples == ("9999999999999",)


def test_words_of_events_are_masked_in_the_draft(tmp_path):
    (tmp_path / "events.csv").write_text("time,visitor,event\n2026-02-01 10:00:00,v1,call 13800138000 anna@example.com\n")
    text = draft("shop", inspect(tmp_path, None, None).samples)
    assert "no event of the standard is called call [phone] [email]" in text


def test_the_beginning_of_a_value_of_a_card_is_not_shown_as_a_time():
    mapping = ColumnMapping(from_="card", type="timestamp", format="epoch_micros")
    assert shown_value("4111111111111111", mapping, "occurred_at") == "9999999999999999"
    assert shown_value("4111111111111111", mapping.model_copy(update={"from_": "at"}), "occurred_at") == "4111111111111111"
    assert shown_value("Main Street", ColumnMapping(from_="street", type="string"), "address_encrypted") == "aaaa aaaaaa"
    for column, kind in (("name_encrypted", "string"), ("card_token", "card"), ("union_token", "union")):
        assert shown_value("Li 8800", ColumnMapping(from_="x", type=kind), column) == "aa 9999"
    assert shown_value("Anna", ColumnMapping(from_="kunde", type="string"), "region") == "aaaa"


def test_long_names_and_many_fields_are_cut(tmp_path):
    (tmp_path / "one.csv").write_text(",".join(["x" * 100_000, *(f"f{n}" for n in range(1000))]) + "\n" + "1," * 1000 + "1\n")
    found = inspect(tmp_path, None, None)
    rows = field_rows(found)
    assert (len(rows), rows[-1]["remark"]) == (201, "and 801 more fields")
    assert len(json.dumps([rows, sample_rows(found), draft("shop", found.samples)])) < 60_000


def test_ids_that_a_spreadsheet_rounded_are_told(tmp_path):
    (tmp_path / "a.csv").write_text("order,customer\nA1,4.00638E+12\nA2,4.00639E+12\n")
    remarks = {row["field"]: row["remark"] for row in field_rows(inspect(tmp_path, None, None))}
    assert "rounded" in remarks["customer"]
    assert "rounded" not in remarks["order"]


def test_a_list_of_json_is_shown_by_its_shape(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": "1", "items": [{"first": "Anna"}]}\n')
    said = json.dumps([field_rows(found := inspect(tmp_path, None, None)), sample_rows(found)])
    assert "Anna" not in said


def test_ids_that_would_be_drafted_as_accounts_are_shown_by_shape(tmp_path):
    (tmp_path / "a.csv").write_text("id,city,gender,born\nK-77,Berlin,f,1990\n")
    such_as = {row["field"]: row["such as"] for row in field_rows(inspect(tmp_path, None, None))}
    assert (such_as["id"], such_as["city"]) == ("a-99", "Berlin")
