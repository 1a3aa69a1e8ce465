"""Drafts that take in the files they were drafted from."""

import tomllib

import pytest

from reclake.inspection.draft import draft
from reclake.inspection.fields import summary
from reclake.inspection.heads import head_of
from reclake.inspection.looking import inspect
from reclake.inspection.naming import day_pattern, exact_pattern, pattern_of
from reclake.sources.catalogues import SOURCES

NAMES = "order,line,at,customer,sku,qty,price,ccy"
ROW = "A{n},1,2026-02-01 10:00:00,k{n},P1,2,3.50,EUR"


class Limits:
    max_file_bytes = 1 << 30
    max_unpacked_ratio = 100
    max_record_bytes = 1 << 20


def drafted(tmp_path, **files):
    """The source drafted from the files, its text, and what it says of them."""
    landing = tmp_path / "landing"
    for name, content in files.items():
        path = landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    text = draft("shop", inspect(landing, None, Limits()).samples)
    (tmp_path / "shop.toml").write_text(text, encoding="utf-8")
    source = SOURCES.read(tmp_path / "shop.toml")
    return source, text, inspect(landing, source, Limits())


def lines(*rows, names=NAMES):
    return "\n".join([names, *rows]) + "\n"


def orders(row=ROW, n=5, names=NAMES):
    return lines(*(row.format(n=number) for number in range(n)), names=names)


def json_lines(row, n=5):
    return "".join(row % {"n": number} + "\n" for number in range(n))


PRICES = {
    "dollars": ("$12.50", "$1.00", "-$3.00"),
    "signs behind": ("12.50 €", "1.00 €", "3.00 €"),
    "grouped by commas": ("1,234.50", "1.00", "12,345,678.00"),
    "grouped by points": ("1.234,50", "1,00", "12.345.678,00"),
    "grouped by apostrophes": ("1'234.50", "1.00", "3"),
    "commas": ("12,50", "1,00", "3"),
}


@pytest.mark.parametrize("prices", PRICES.values(), ids=PRICES)
def test_prices_are_read_as_they_are_written(tmp_path, prices):
    rows = [f"A{n};1;2026-02-01 10:00:00;k;P1;1;{price.lstrip('-')};EUR" for n, price in enumerate(prices)]
    _, text, found = drafted(tmp_path, **{"2026-02-01.csv": lines(*rows, names=NAMES.replace(",", ";"))})
    assert found.refusals == (), text


ROWS = {
    "days": orders(ROW.replace(" 10:00:00", "")),
    "German days": orders(ROW.replace("2026-02-01 10:00:00", "01.02.2026")),
    "whole numbers with a point": orders(ROW.replace(",2,", ",2.0,")),
    "ids with a point": orders(ROW.replace("k{n}", "1785{n}.0")),
    "blanks in the header": orders(names=NAMES.replace(",", ", ")),
    "names that break lines": orders(names=NAMES.replace("sku", '"s\nku\x07"')),
    "a name twice": orders(ROW + ",x,y", names=NAMES + ",note,note"),
    "a column twice": orders(ROW + ",P2", names=NAMES + ",sku"),
    "a nameless column": orders(ROW + ",", names=NAMES + ","),
}


@pytest.mark.parametrize("content", ROWS.values(), ids=ROWS)
def test_a_csv_is_taken_by_its_draft(tmp_path, content):
    _, text, found = drafted(tmp_path, **{"2026-02-01.csv": content})
    assert found.refusals == (), text
    assert set(found.feeds.values()) == {"orders"}


JSON = {
    "times as text": '{"id": "%(n)s", "time": "1769940000123", "event": "login", "device": "d"}',
    "times as numbers": '{"id": "%(n)s", "time": 1769940000123, "event": "login", "device": "d"}',
    "days as numbers": '{"id": "%(n)s", "time": 20260201100000, "event": "login", "device": "d"}',
    "ids as numbers": '{"id": %(n)s, "time": "2026-02-01 10:00:00", "event": "login", "user": 17}',
    "ratings as text": '{"id": "%(n)s", "time": "2026-02-01 10:00:00", "event": "rate", "rating": "4.5", "device": "d"}',
    "names that break lines": '{"id": "%(n)s", "time": "2026-02-01 10:00:00", "event": "login", "device": "d", "x\\ny\\u0007": 1}',
    "half a character in a name": '{"id": "%(n)s", "time": "2026-02-01 10:00:00", "event": "login", "device": "d", "user\\ud800": "u"}',
    "half a character": '{"id": "%(n)s", "time": "2026-02-01 10:00:00", "event": "login", "device": "d", "x\\ud800": "\\ud800"}',
}


@pytest.mark.parametrize("row", JSON.values(), ids=JSON)
def test_json_is_taken_by_its_draft(tmp_path, row):
    source, text, found = drafted(tmp_path, **{"2026-02-01.jsonl": json_lines(row)})
    assert source.feeds["events"].table == "events"
    allowed = "it holds" if "ud800" in row else "-"  # such a record is refused whatever the source says
    assert [one.reason for one in found.refusals if not one.reason.startswith(allowed)] == [], text


@pytest.mark.parametrize(
    "name",
    [
        "orders [a]*.csv", "README", "~a/orders.csv", "x:y/orders.csv", "Über uns/orders.csv", "{1}/a?b.csv", "ORDERS.CSV", "a%2eb.csv",
        "a" * 80 + "/orders.csv", "x.2026-02-01", "9/1.csv", "orders;|.csv",
    ],
)  # fmt: skip
def test_a_file_of_any_name_is_taken_by_its_draft(tmp_path, name):
    _, text, found = drafted(tmp_path, **{name: orders()})
    assert None not in found.feeds.values(), text


def test_contacts_are_drafted_unverified_until_somebody_confirms_that_they_are_not(tmp_path):
    rows = [f"M{n},1380013800{n},anna{n}@example.com,2026-02-01 10:00:00" for n in range(5)]
    source, text, found = drafted(tmp_path, **{"members/2026-02-01.csv": lines(*rows, names="member_no,mobile,email,updated_at")})
    (feed,) = source.feeds.values()
    assert (feed.table, feed.verified_contacts, feed.contacts) == ("accounts", "none", ("phone_token", "email_token"))
    (line,) = [line for line in text.splitlines() if line.startswith("verified_contacts")]
    assert line.startswith('verified_contacts = "none"  # confirm: "all" if')
    assert found.refusals == ()


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ("member_no,name,mobile,card_no,unionid,updated_at", ("member_no", "name", "card_no", "unionid")),
        ("会员号,姓名,手机号,会员卡号,UnionId,更新时间", ("会员号", "姓名", "会员卡号", "UnionId")),
    ],
)
def test_names_cards_and_platform_ids_are_drafted_and_not_shown(tmp_path, names, wanted):
    rows = [f"M{n},王小明{n},1380013800{n},VIP-8800{n},oWx8Qa{n}kLm,2026-02-01 10:00:00" for n in range(5)]
    source, text, found = drafted(tmp_path, **{"members/2026-02-01.csv": lines(*rows, names=names)})
    (feed,) = source.feeds.values()
    assert feed.table == "accounts"
    mapped = {column: (feed.columns[column].from_, feed.columns[column].type) for column in PERSONAL if column in feed.columns}
    assert mapped == dict(zip(PERSONAL, zip(wanted, ("account", "string", "card", "union"), strict=True), strict=True))
    assert found.refusals == ()
    assert not any(secret in text for secret in ("王小明", "VIP-8800", "oWx8Qa", "1380013800"))


PERSONAL = ("account_id", "name_encrypted", "card_token", "union_token")


def test_fields_that_say_whether_a_contact_is_verified_are_drafted(tmp_path):
    rows = [f"M{n},1380013800{n},{str(n % 2 == 0).lower()},2026-02-01 10:00:00" for n in range(5)]
    names = "member_no,mobile,mobile_verified,updated_at"
    source, text, _ = drafted(tmp_path, **{"members/2026-02-01.csv": lines(*rows, names=names)})
    (feed,) = source.feeds.values()
    mapping = feed.columns["is_phone_verified"]
    assert (mapping.from_, mapping.type) == ("mobile_verified", "boolean")
    assert "verified_contacts" not in text
    assert feed.unstated_contacts == ()


def test_no_name_of_digits_is_a_day_unless_the_calendar_has_it():
    assert day_pattern(["export_99999999.csv"]) is None
    assert day_pattern(["2026-02-01.csv", "2026-02-30.csv"]) is None
    assert day_pattern(["2026-02-01.csv", "2026-02-02.csv"]) == r"(\d{4}-\d{2}-\d{2})"


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("2026_orders.csv", "*orders.csv"),
        ("part-00000-1a2b3c4d.parquet", "part-*.parquet"),
        ("tills/orders20260201", "tills/orders*"),
        ("export.2026-02-01", "export.*"),
        ("a/[x].CSV.GZ", "a/?x?.csv"),
    ],
)
def test_patterns_of_odd_names(name, pattern):
    assert pattern_of(name) == pattern
    assert "*" not in exact_pattern(name)


def test_files_of_one_pattern_with_other_fields_are_feeds_of_their_own(tmp_path):
    events = lines("e1,2026-02-01 10:00:00,login,d", names="id,time,event,device")
    source, _, found = drafted(tmp_path, **{"1.csv": orders(), "2.csv": events, "sub/a.csv": orders()})
    assert {name: source.feeds[feed].table for name, feed in found.feeds.items()} == {
        "1.csv": "orders",
        "2.csv": "events",
        "sub/a.csv": "orders",
    }
    assert found.refusals == ()


def test_many_files_with_other_fields_are_said(tmp_path):
    files = {f"2026-02-0{n}.csv": orders() for n in (1, 2)}
    files |= {f"2026-03-0{n}.csv": lines("e1,2026-03-01 10:00:00,login,d", names="id,time,event,device") for n in range(1, 8)}
    _, text, found = drafted(tmp_path, **files)
    assert "# 7 more have other fields, such as 2026-03-01.csv: they need a feed of their own" in text
    assert len(found.refusals) == 7


def test_a_file_of_many_days_is_history(tmp_path):
    rows = [f"A{n},1,2026-{n // 28 + 1:02}-{n % 28 + 1:02} 10:00:00,k,P1,1,3.50,EUR" for n in range(84)]
    source, text, found = drafted(tmp_path, **{"orders.csv": lines(*rows)})
    assert (source.historical, source.late_limit_days) == (True, None), text
    assert found.refusals == ()


def test_a_wrong_clock_makes_no_history(tmp_path):
    rows = [ROW.format(n=n) for n in range(50)] + [ROW.format(n=50).replace("2026", "1999")]
    source, _, found = drafted(tmp_path, **{"2026-02-01.csv": lines(*rows)})
    assert (source.historical, source.late_limit_days, source.repeat_days) == (False, 3, 4)
    assert [one.reason for one in found.refusals] == ["it was delivered after the late limit"]


def head(tmp_path, content):
    (tmp_path / "x.csv").write_bytes(content)
    return head_of(tmp_path / "x.csv", max_bytes=100_000, max_rows=100)


@pytest.mark.parametrize(
    ("encoding", "written", "told"),
    [
        ("cp1252", "Müller Öl größe €", "latin-1"),
        ("cp1252", "Müller Öl größe", "latin-1"),
        ("gb18030", "绿茶 陶瓷杯", "gb18030"),
        ("utf-16-be", "Müller 茶", "utf-16"),
        ("utf-16-le", "Müller 茶", "utf-16"),
    ],
)
def test_western_texts_are_told_from_chinese_ones(tmp_path, encoding, written, told):
    found = head(tmp_path, "".join(["order,title\n", *(f"{n},{written}\n" for n in range(20))]).encode(encoding))
    assert (found.encoding, found.rows[7].fields) == (told, {"order": "7", "title": written})


def test_only_a_line_feed_ends_a_record_of_json(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"a": "x\u2028y\x0b\x85"}\r\n{"a": "z"}\n'.replace("\x0b", "\x7f"), encoding="utf-8")
    found = head_of(tmp_path / "x.jsonl", max_bytes=1000, max_rows=10)
    assert [(row.line, row.fields["a"]) for row in found.rows] == [(1, "x\u2028y\x7f\x85"), (2, "z")]


def test_a_draft_is_toml_whatever_a_field_holds(tmp_path):
    odd = 'say "x" \\ \x1b[2J\t#\u2028!'
    _, text, _ = drafted(
        tmp_path,
        **{"2026-02-01.jsonl": '{"id": "1", "time": "2026-02-01T10:00:00Z", "device": "d", "event": "x\\r\\ny = 1\\u001b"}\n'},
    )
    assert tomllib.loads(text)["name"] == "shop"
    assert "\x1b" not in text
    assert "\r" not in text
    assert summary("x", [odd]).samples == ('say "x" \\ \\x1b[2J\\t#\\u2028!',)
