"""Source files: what they promise, and that nothing wrong in one passes."""

import pickle
import re
import tomllib
from datetime import date

import pytest

from reclake.errors import SettingsInvalid
from reclake.sources.catalogues import SOURCES
from reclake.sources.source import RECORDS, ColumnMapping, DeliveryDay, Source, mappable
from reclake.sources.times import moment, time_format_problem

GOOD = """
name = "shop"
description = "A shop."
basis = "consent"
time_zone = "Asia/Shanghai"
late_limit_days = 3
repeat_days = 4

[completion]
marker = "rename"

[bots]
by_user_agent = true
by_behaviour = true

[feeds.clicks]
table = "events"
pattern = "events/*/*.jsonl*"
format = "json_lines"
delivery_day = { from = "name", pattern = '(\\d{4}-\\d{2}-\\d{2})' }
record_id = ["event_id"]
duplicates = "drop"
transport = ["sent_at"]

[feeds.clicks.columns]
event_id = { from = "id", type = "string", required = true }
occurred_at = { from = "ts", type = "timestamp", format = "iso", required = true }
event_type = { from = "what", type = "string", map = { view = "view_item" } }
channel = { from = "app.channel", type = "string", one_of = ["app", "web"] }
login_account_id = { from = "user", type = "account", scope = "channel" }
product_id = { from = "sku", type = "product", upper = true, not_products = ["POST"] }
"""


def written(tmp_path, text=GOOD, name="shop"):
    path = tmp_path / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(tmp_path, text, name="shop"):
    """What the error says was found."""
    with pytest.raises(SettingsInvalid) as error:
        SOURCES.read(written(tmp_path, text, name))
    assert error.value.exit_code == 2
    return str(error.value)


def changed(old, new):
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_good_file_is_read(tmp_path):
    source = SOURCES.read(written(tmp_path))
    assert source.tables_fed == ("events",)
    assert source.feeds_of("events") == {"clicks": source.feeds["clicks"]}
    assert source.feeds_of("orders") == {}
    assert source.feed_of("events", "events/app/2026-03-01.jsonl.gz") == source.feeds["clicks"]
    assert source.feed_of("events", "orders/app/2026-03-01.jsonl") is None
    assert source.feeds["clicks"].columns["channel"] == ColumnMapping(from_="app.channel", type="string", one_of=("app", "web"))


def of_patterns(*feeds):
    """A source of these (table, pattern) pairs, named a, b and so on."""
    told = tomllib.loads(GOOD)
    clicks = told["feeds"].pop("clicks")
    products = {"product_id": {"from": "id", "type": "product"}}
    for name, (table, pattern) in zip("abcdef", feeds, strict=False):
        own = {"columns": products, "record_id": []} if table == "products" else {}
        told["feeds"][name] = clicks | own | {"table": table, "pattern": pattern}
    return Source.model_validate(told)


@pytest.mark.parametrize(
    ("name", "feed"),
    [
        ("tills/1.csv", "a"),
        ("tills/1.CSV", "a"),
        ("tills/1.csv.gz", "b"),  # an exact match goes first, whichever feed is named first
        ("tills/1.Csv.GZ", "a"),
        ("Tills/1.csv", None),
        ("tills/1.csv.zip", None),
        ("tills/1.csv.gz.gz", "b"),
        ("stock/1.PARQUET", "c"),
        ("stock/1.Parquet", "d"),
    ],
)
def test_a_pattern_takes_other_letters_of_an_ending_and_what_is_packed(name, feed):
    source = of_patterns(
        ("events", "tills/*.csv"), ("products", "tills/*.csv.gz"), ("events", "stock/*.PARQUET"), ("events", "stock/*.Parquet")
    )
    assert source.feed_name(name) == feed
    for table in ("events", "products"):  # a parser that knows the table only agrees with the intake
        if feed is not None and source.feeds[feed].table == table:
            assert source.feed_name(name, table) == feed
            assert source.feed_of(table, name) == source.feeds[feed]


def test_a_day_is_found_behind_other_letters_of_an_ending():
    rule = DeliveryDay(from_="name", pattern=r"(\d{4}-\d{2}-\d{2})\.csv$")
    names = ("2026-03-01.csv", "2026-03-01.CSV", "2026-03-01.csv.gz", "2026-03-01.Csv.GZ")
    assert {rule.day_of(name) for name in names} == {date(2026, 3, 1)}
    assert rule.day_of("2026-03-01.csv.zip") is None


def test_a_source_travels_to_workers(tmp_path):
    source = SOURCES.read(written(tmp_path))
    assert pickle.loads(pickle.dumps(source)) == source  # noqa: S301


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('basis = "consent"', 'basis = "consent"\nspeed = 1', "speed"),
        ('name = "shop"', 'name = "Shop"', "name"),
        ('name = "shop"', 'name = "../shop"', "name"),
        ('name = "shop"', 'name = "other"', "other"),
        ("[feeds.clicks]", '[feeds."../clicks"]\ntable="events"\n[feeds.clicks]', "../clicks"),
        ("Asia/Shanghai", "Asia/Nowhere", "no IANA time zone"),
        ("late_limit_days = 3", "historical = true", "no late_limit_days and no repeat_days"),
        ("late_limit_days = 3\n", "", "are needed"),
        ("repeat_days = 4", "repeat_days = 3", "at least late_limit_days + 1"),
        ('marker = "rename"', 'marker = "stable"', "stable_seconds"),
        ('table = "events"', 'table = "silver.events"', "feeds.clicks.table"),
        ('table = "events"', 'table = "files"', "feeds.clicks.table"),
        ('format = "json_lines"', 'format = "json_lines"\ndelimiter = ";"', "only for csv"),
        ('format = "json_lines"', 'format = "json_lines"\nencoding = "gbk"', "encoding"),
        ('format = "json_lines"', 'format = "parquet"\nencoding = "gb18030"', "encoding: is only for json_lines and csv"),
        ('format = "json_lines"', 'format = "json_lines"\nbinary = "hex"', "binary: is only for parquet"),
        ('basis = "consent"', 'basis = "consent"\nid_rule = 3', "id_rule"),
        ('["event_id"]', '["order_id"]', "order_id"),
        ("(\\d{4}-\\d{2}-\\d{2})", "(\\d{4}", "no regular expression"),
        ("(\\d{4}-\\d{2}-\\d{2})", "\\d{4}", "exactly one group"),
        ("event_id = {", "customer_id = {", "no column that a feed of events can map"),
        ("event_id = {", "account_id = {", "no column that a feed of events can map"),
        ("event_id = {", "event_date = {", "no column that a feed of events can map"),
        ("event_id = {", "is_repeat = {", "no column that a feed of events can map"),
        ('type = "account", scope = "channel"', 'type = "string"', "privacy class"),
        ('from = "id", type = "string"', 'from = "id", type = "phone"', "privacy class"),
        ('type = "timestamp", format = "iso"', 'type = "timestamp"', "needs a format"),
        ('format = "iso"', 'format = "yyyy-DD"', "'DD' is none of"),
        ('type = "timestamp", format = "iso"', 'type = "string"', "does not fit a timestamp"),
        ('from = "id", type', 'from = "id", constant = "1", type', "either from or constant"),
        ('from = "id", type', "type", "either from or constant"),
        ('scope = "channel"', 'scope = "shop"', "'shop' is not a mapped column"),
        ('from = "id", type = "string"', 'from = "id", type = "string", not_products = ["X"]', "not_products is only for"),
        ('from = "id", type = "string"', 'from = "id", type = "string", min = 3', "min is only for"),
        ('from = "id", type = "string"', 'from = "id", type = "string", upper = true, lower = true', "exclude each other"),
        ('from = "id", type = "string"', 'from = "id", type = "string", decimal_mark = ","', "decimal_mark is only for"),
        ('type = "product", upper = true', 'type = "product", outside = "drop", required = true', "required column cannot drop"),
        ('format = "iso", required', 'format = "iso", outside = "drop", required', "required column cannot drop"),
        ('map = { view = "view_item" }', 'outside = "drop"', "every record needs it"),
        (
            'from = "id", type = "string", required = true',
            'from = "id", type = "string", outside = "drop"',
            "every record needs it",
        ),
        (
            "[feeds.clicks.columns]",
            '[feeds.clicks.columns]\nrating = { from = "v", type = "double", max = 10 }',
            "above 5, the most",
        ),
        ('format = "json_lines"', 'format = "json_lines"\nmax_line_amount = 5', "only for orders"),
        ('format = "json_lines"', 'format = "csv"\nvalues = "as_text"', "only for json_lines and parquet"),
        ("late_limit_days = 3", "late_limit_days = 3\nid_rule = 3", "id_rule"),
        ("occurred_at = {", "received_at = {", "['occurred_at'] must be mapped"),
        ("login_account_id", "search_query", "login_account_id or device_id"),
        ('transport = ["sent_at"]', "transport = 1", "transport"),
        ('basis = "consent"', "basis = consent", "cannot be read"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, old, new, said):
    assert said in refused(tmp_path, changed(old, new))


SHOP = """
name = "tills"
description = "Tills."
basis = "contract"
time_zone = "UTC"
historical = true

[completion]
marker = "rename"

[bots]
by_user_agent = false
by_behaviour = false

[feeds.sales]
table = "orders"
pattern = "*.csv"
format = "csv"
delivery_day = { from = "fixed", day = 2026-02-01 }
duplicates = "flag"

[feeds.sales.columns]
order_id = { from = "order", type = "string" }
ordered_at = { constant = "2026-02-01", type = "timestamp", format = "yyyy-MM-dd" }
channel = { constant = " POS ", type = "string", lower = true }
line_kind = { from = "kind", type = "string", map = { P = "product", S = "shipping" }, default = "service", one_of = ["product"] }
quantity = { constant = "1", type = "long" }
unit_price_amount = { from = "price", type = "decimal", default = "2.50", currency_signs = ["€", "kr.", "R$", "元"], none = ["-"] }
currency = { constant = "eur", type = "string", upper = true }
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "by_behaviour = false",
            'by_behaviour = false\nautomatic_events = ["scroll", "hartbeat"]',
            "automatic_events 'hartbeat'",
        ),
        ('S = "shipping"', 'S = "shiping"', "map 'shiping' is not one of the standard's: product"),
        ('default = "service"', 'default = "freight"', "default 'freight' is not one"),
        ('one_of = ["product"]', 'one_of = ["goods"]', "one_of 'goods' is not one"),
        ('constant = " POS "', 'constant = "shop"', "constant 'shop' is not one of the standard's: app"),
        ('constant = " POS "', 'constant = " "', "constant is blank"),
        ('constant = " POS "', 'constant = "x", map = { y = "pos" }', "constant 'x' is not in its map"),
        ("lower = true", "upper = true", "constant ' POS ' is not one"),
        ('constant = "eur"', 'constant = "Euro"', "constant 'Euro' is not ISO 4217"),
        ('constant = "1"', 'constant = "abc"', "constant 'abc' is no long"),
        ('constant = "1"', 'constant = "1.5"', "constant '1.5' is no long"),
        ('constant = "1"', 'constant = "9223372036854775808"', "is no long"),
        ('constant = "1"', 'constant = "2000000"', "constant '2000000' is outside its limits"),
        ('constant = "1"', 'constant = "1", min = 2000000', "min 2000000.0 is above max 1000000.0 of the standard"),
        ('constant = "1"', 'constant = "1", max = -2000000', "min -1000000.0 of the standard is above max -2000000.0"),
        ('default = "2.50"', 'default = "2,50"', "default '2,50' is no decimal"),
        ('constant = "2026-02-01"', 'constant = "1.2.2026"', "constant '1.2.2026' is not a time"),
        ('none = ["-"]', 'none = [" "]', "none ' ' is blank"),
        *(('"€"', f'"{sign}"', f"currency_signs '{sign}' is no sign") for sign in ("-", "5", ".", "€5", "-€", " ", "％", "٣")),
    ],
)
def test_a_value_that_no_record_may_hold_is_refused(tmp_path, old, new, said):
    SOURCES.read(written(tmp_path, SHOP, "tills"))
    assert SHOP.count(old) == 1
    assert said in refused(tmp_path, SHOP.replace(old, new), "tills")


@pytest.mark.parametrize(("table", "told"), [("events", "event_type = 'kaboom'"), ("consents", "is_granted = 'yes'")])
def test_a_constant_of_events_and_consents_is_of_the_standard(table, told):
    column, value = told.replace("'", "").split(" = ")
    kind = "boolean" if column == "is_granted" else "string"
    told = tomllib.loads(GOOD)
    clicks = told["feeds"]["clicks"]
    clicks["columns"]["event_type"] = {"constant": "rate", "type": "string"}
    if table == "consents":
        at = {"from": "at", "type": "timestamp", "format": "iso"}
        account = {"from": "user", "type": "account"}
        clicks |= {"table": table, "record_id": []}
        clicks["columns"] = {
            "account_id": account, "channel": {"constant": "web", "type": "string"}, "changed_at": at,
            "purpose": {"constant": "marketing", "type": "string"}, "is_granted": {"constant": "true", "type": "boolean"},
        }  # fmt: skip
    Source.model_validate(told)
    clicks["columns"][column] = {"constant": value, "type": kind}
    with pytest.raises(ValueError, match=f"constant '{value}' is not"):
        Source.model_validate(told)


MEMBERS = {
    "account_id": {"from": "no", "type": "account"}, "channel": {"constant": "web", "type": "string"},
    "phone_token": {"from": "tel", "type": "phone"}, "email_token": {"from": "mail", "type": "email"},
}  # fmt: skip


def of_members(columns=MEMBERS, **stated):
    told = tomllib.loads(GOOD)
    told["id_rule"] = 1
    told["feeds"]["clicks"] |= {"table": "accounts", "record_id": [], "columns": columns, **stated}
    return Source.model_validate(told)


FLAG = {"from": "tried", "type": "boolean"}


@pytest.mark.parametrize(
    ("columns", "stated", "said"),
    [
        (MEMBERS | {"is_phone_verified": FLAG}, {"verified_contacts": "all"}, "is all, and is_phone_verified is mapped"),
        ({k: v for k, v in MEMBERS.items() if k != "phone_token"} | {"is_phone_verified": FLAG}, {}, "phone_token is not"),
        (MEMBERS | {"is_email_verified": FLAG | {"default": "true"}}, {}, "default 'true' reads an answer"),
        (MEMBERS | {"is_phone_verified": FLAG}, {"verified_contacts": "typed"}, "is typed, and is_phone_verified is mapped"),
        (MEMBERS, {"verified_contacts": "some"}, "verified_contacts"),
    ],
)
def test_a_contact_is_verified_by_one_clear_word(columns, stated, said):
    with pytest.raises(ValueError, match=said):
        of_members(columns, **stated)


def test_only_accounts_have_contacts_to_verify():
    with pytest.raises(ValueError, match="is only for accounts"):
        Source.model_validate(tomllib.loads(changed('format = "json_lines"', 'format = "json_lines"\nverified_contacts = "all"')))


def test_contacts_of_which_nothing_is_said_are_named():
    assert of_members().feeds["clicks"].unstated_contacts == ("phone_token", "email_token")
    assert of_members(MEMBERS | {"is_email_verified": FLAG}).feeds["clicks"].unstated_contacts == ("phone_token",)
    for word in ("all", "none", "typed"):
        assert of_members(verified_contacts=word).feeds["clicks"].unstated_contacts == ()


def test_all_contacts_verified_is_what_lakes_were_built_with():
    """So it changes no digest; a source that states nothing counts no contact any more, and its accounts are restated."""

    def digest(source):
        return source.digest(source.tables_fed)

    assert digest(of_members(verified_contacts="all")) == "7c03a2931d5f22b0e9fdaa7b3bfa68172108d6e56cf3f9188ed792fa9b402a92"
    assert digest(of_members()) == digest(of_members(verified_contacts="none")) != digest(of_members(verified_contacts="all"))
    without = {name: MEMBERS[name] for name in ("account_id", "channel")}
    assert digest(of_members(without)) == digest(of_members(without, verified_contacts="all"))
    # What staff wrote leaves other statements alone, whether it holds a contact or not.
    assert digest(of_members(without, verified_contacts="typed")) != digest(of_members(without))


def test_what_is_mapped_later_moves_no_digest_of_a_source_without_it():
    """The same source as before names, cards and platform ids could be mapped, and those that map them."""
    before = of_members(verified_contacts="all").digest(["accounts"])
    assert before == "7c03a2931d5f22b0e9fdaa7b3bfa68172108d6e56cf3f9188ed792fa9b402a92"
    later = {"name_encrypted": "string", "card_token": "card", "union_token": "union"}
    found = {of_members(MEMBERS | {column: {"from": "x", "type": kind}}).digest(["accounts"]) for column, kind in later.items()}
    assert len(found | {before}) == 4


@pytest.mark.parametrize(
    ("column", "kind", "said"),
    [
        ("card_token", "string", "use account, device, phone, email, card or union"),
        ("gender", "card", "use a type that keeps it readable"),
        ("birth_year", "union", "does not fit a integer"),
    ],
)
def test_a_card_is_mapped_as_a_card(column, kind, said):
    with pytest.raises(ValueError, match=said):
        of_members(MEMBERS | {column: {"from": "x", "type": kind}})


def test_no_default_grants_a_consent():
    columns = {
        "account_id": {"from": "user", "type": "account"}, "channel": {"constant": "web", "type": "string"},
        "changed_at": {"from": "at", "type": "timestamp", "format": "iso"}, "purpose": {"from": "what", "type": "string"},
        "is_granted": {"from": "answer", "type": "boolean", "map": {"yes": "true", "no": "false"}, "default": "false"},
    }  # fmt: skip
    told = tomllib.loads(GOOD)
    told["feeds"]["clicks"] |= {"table": "consents", "record_id": [], "columns": columns}
    Source.model_validate(told)
    columns["is_granted"]["default"] = "true"
    with pytest.raises(ValueError, match="default 'true' reads an answer that is missing or unknown as a grant"):
        Source.model_validate(told)


def test_a_constant_is_judged_in_its_spelling(tmp_path):
    text = SHOP.replace('constant = "1", type = "long"', 'constant = "1.0", type = "long", whole_number = true')
    assert text != SHOP
    assert SOURCES.read(written(tmp_path, text, "tills")).feeds["sales"].columns["quantity"].constant == "1.0"
    assert "'1.0' is no long" in refused(tmp_path, text.replace("whole_number = true", "whole_number = false"), "tills")


def test_a_truth_value_as_text_may_be_1_or_0():
    told = of_patterns(("products", "a")).model_dump(by_alias=True, exclude_unset=True)
    told["feeds"]["a"]["columns"]["is_active"] = {"constant": "1", "type": "boolean"}
    with pytest.raises(ValueError, match="'1' is not true or false"):
        Source.model_validate(told)
    told["feeds"]["a"]["values"] = "as_text"
    assert Source.model_validate(told).feeds["a"].columns["is_active"].constant == "1"


def test_all_problems_are_named_at_once(tmp_path):
    text = GOOD.replace('"Asia/Shanghai"', '"Mars"').replace('["event_id"]', '["nothing"]').replace('"iso"', '"whenever"')
    found = refused(tmp_path, text)
    assert all(said in found for said in ("Mars", "nothing", "feeds.clicks.columns.occurred_at"))
    text = SHOP.replace('"eur"', '"Euro"').replace('"1"', '"abc"').replace('"shipping"', '"shiping"').replace('"€"', '"5"')
    found = refused(tmp_path, text, "tills")
    assert all(f"'{said}'" in found for said in ("Euro", "abc", "shiping", "5"))


@pytest.mark.parametrize(
    "pattern",
    [
        "../*.jsonl",
        "a/../../b",
        "/etc/*",
        "~/x",
        "s3a://other/*",
        "file:///etc/*",
        "a\\b",
        "%2e%2e/x",
        "a%2Fb",
        ".hidden/*",
        "x/_tmp/*",
        "",
        "a\x00b",
    ],
)
def test_a_pattern_stays_below_the_landing_folder(tmp_path, pattern):
    escaped = pattern.replace("\\", "\\\\").replace("\x00", "\\u0000")
    assert "feeds.clicks.pattern" in refused(tmp_path, changed("events/*/*.jsonl*", escaped))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsInvalid, match=r"nothing\.toml cannot be read"):
        SOURCES.read(tmp_path / "nothing.toml")


def test_the_digest_moves_with_what_decides_on_a_record():
    def digest(text):
        source = Source.model_validate(tomllib.loads(text))
        return source.digest(source.tables_fed)

    same = [
        ("A shop.", "The shop."),
        ('"A shop."', '"A shop."\ndescription_zh = "一家店。"'),
        ('marker = "rename"', 'marker = "success_file"'),
        ("(\\d{4}-\\d{2}-\\d{2})", "^(.*)$"),
    ]
    same += [
        ('format = "json_lines"', f'format = "json_lines"\n{key}') for key in ('encoding = "gb18030"', "may_be_empty = true")
    ]
    other = [
        ("Asia/Shanghai", "UTC"),
        ('basis = "consent"', 'basis = "contract"'),
        ("view_item", "login"),
        ("repeat_days = 4", "repeat_days = 5"),
    ]
    assert {digest(changed(*pair)) for pair in same} == {digest(GOOD)}
    other += [
        ('basis = "consent"', 'basis = "consent"\nid_rule = 1'),
        ('format = "json_lines"', 'format = "json_lines"\nvalues = "as_text"'),
        ('from = "id", type', 'from = "id", none = ["0"], type'),
        ("upper = true", "lower = true"),
    ]
    assert len({digest(GOOD), *(digest(changed(*pair)) for pair in other)}) == 1 + len(other)


def test_a_key_that_came_later_changes_no_digest_while_it_holds_its_default():
    """Or a new release would make every lake stale; a source of before there were rules of ids has rule 1."""
    source = Source.model_validate(tomllib.loads(changed('basis = "consent"', 'basis = "consent"\nid_rule = 1')))
    assert source.digest(source.tables_fed) == "b5db34ee0a2e6ff19b91fbd4793bc04832617b1649e875901c721dd9e8d625bf"


SHIPPED = [
    ("demo", "accounts", "4ef3f4b05e45b2f5d17bf214d061da3bed236bc1099cae54ae8ab73d87994750"),
    ("demo", "consents", "84ce10414b2d2b9ac947f441b1a1904d19cbd3fa6efa04558a90b76706e9c86f"),
    ("demo", "events", "26b13d1c344fd38f4cfb2603e2574a6bf768ff2fd780aac0b9be12f6c501b1db"),
    ("demo", "orders", "4598117f660982393e5d53e2b39e8092fb24ab3cb204b819e0b2cfb73d84a0d4"),
    ("demo", "impressions", "8ccc87a52dda7b8dcb65b18e0f9fc65b9367482a0de7e37ab3e8fd06157b84fc"),
    ("demo", "products", "7eec183ded7ded94cab9ccb8b03247e7664c58716b7858aca4223b74306ffa60"),
    ("demo", "stock", "43437d7615ce5f90ce604f15ef875909107ea3afc0325c958ca2324e6791d558"),
    ("movielens", "accounts", "feb90b1fbe49fe4fcc007d5ebc66c5c3927002c11087fb79a31e9e7dc154c9e6"),
    ("movielens", "events", "2a1a675497dcc6ddaec986b6b318fcbcd2a032ef8fcfea3e57459fcc0f829221"),
    ("movielens", "products", "3c7177c9a6425ec15d5ac555b6b59aa0dc3f948f6307327e0a98892ed002ecf5"),
    ("online_retail", "orders", "7d6a5379147b0aafedaaa852d552de9ff8c973b5b8584b0ae883e7cc5b520e4a"),
    ("retailrocket", "events", "26bd5821963027067c77d15ebdbce1fbab24e505d6ac1ed22cb6f7a1088d517b"),
]


@pytest.mark.parametrize(("name", "noun", "digest"), SHIPPED)
def test_the_shipped_sources_have_the_digests_that_lakes_were_built_with(root, name, noun, digest):
    source = SOURCES.read(root / "conf" / "sources" / f"{name}.toml")
    assert source.digest([noun]) == digest
    other = sorted(set(RECORDS) - set(source.tables_fed))
    assert source.concerns([noun, *other])
    assert not source.concerns(other)


def test_all_that_a_source_feeds_counts_where_nothing_is_named(root):
    demo = SOURCES.read(root / "conf" / "sources" / "demo.toml")
    assert demo.digest() == demo.digest(demo.tables_fed) != demo.digest(demo.tables_fed[1:])


def test_delivery_day_is_a_real_day():
    rule = DeliveryDay(from_="name", pattern=r"(\d{4}-?\d{2}-?\d{2})")
    names = {"a/2026-03-01.csv": date(2026, 3, 1), "20240229.csv": date(2024, 2, 29), "2026-02-30.csv": None, "none.csv": None}
    assert {name: rule.day_of(name) for name in names} == names


def test_contact_data_can_be_mapped_where_it_is_kept():
    held = {"phone_token", "email_token", "card_token", "union_token", "name_encrypted", "address_encrypted", "channel"}
    assert held <= set(mappable("accounts"))
    assert "channel" in mappable("consents")
    assert not {"phone", "email", "card", "union", "feed", "phone_encrypted"} & set(mappable("accounts"))


@pytest.mark.parametrize("pattern", ["yyyy-MM-dd HH:mm:ss", "dd/MM/yyyy", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"])
def test_time_patterns_are_known(pattern):
    assert time_format_problem(pattern) is None


def test_a_time_that_is_none_is_none():
    zone = Source.model_validate(tomllib.loads(GOOD)).zone
    bad = [("soon", "iso"), ("1e400", "epoch_seconds"), ("nan", "epoch_millis"), ("2026-13-01 00:00:00", "yyyy-MM-dd HH:mm:ss")]
    assert [moment(text, pattern, zone) for text, pattern in bad] == [None] * len(bad)


def test_shipped_sources_can_be_read(root):
    paths = sorted((root / "conf" / "sources").glob("*.toml"))
    assert {"movielens", "online_retail", "retailrocket"} <= {path.stem for path in paths}
    assert all(SOURCES.read(path).name == path.stem for path in paths)


def test_services_of_online_retail_are_no_products(root):
    product = SOURCES.read(root / "conf" / "sources" / "online_retail.toml").feeds["lines"].columns["product_id"]
    codes = {
        "POST": True,
        "M": True,
        "BANK CHARGES": True,
        "GIFT_0001_10": True,
        "85123A": False,
        "DCGS0003": False,
        "PADSX": False,
    }
    assert {code: product.is_service(code) for code in codes} == codes


def recipes(root):
    """The whole source files in docs/sources.md, by name."""
    blocks = re.findall(
        r"^```toml\n(.*?)^```$", (root / "docs" / "sources.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return {found[1]: text for text in blocks if (found := re.search(r'^name = "(\w+)"$', text, re.MULTILINE))}


def test_every_recipe_can_be_used_as_it_stands(root, tmp_path):
    found = recipes(root)
    assert found.keys() >= {"branch_sheets", "webshop", "site_analytics"}
    for name, text in found.items():
        assert SOURCES.read(written(tmp_path, text, name)).name == name


def test_every_key_of_a_column_is_explained(root):
    told = (root / "docs" / "sources.md").read_text(encoding="utf-8").split("## One column")[1].split("\n## ")[0]
    keys = [field.alias or name for name, field in ColumnMapping.model_fields.items()] + ["id_rule", "values", "max_line_amount"]
    assert len(keys) >= 20
    assert [key for key in keys if f"`{key}" not in told] == []
