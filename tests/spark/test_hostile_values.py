"""What a client sends never stops a table: no row that is kept is against a rule of its gate, whatever a record holds."""

import json
import random
from types import SimpleNamespace

import pytest
from pyspark.sql import functions as F

from hostile import spoilt
from reclake.inspection.drafted_columns import type_of
from reclake.lake.schema import conform
from reclake.privacy.keys import make_key_files
from reclake.quality.measures import flaws, measure
from reclake.quality.suites import load_suite
from reclake.run.code import builder_of
from reclake.silver.accounts import accounts
from reclake.silver.consents import consents
from reclake.silver.events import events
from reclake.silver.interactions import interactions
from reclake.silver.order_lines import order_lines
from reclake.silver.products import products
from reclake.silver.stock import stock
from reclake.sources.mapping import ID_COLUMNS, RECORDS, mappable
from reclake.tables import BY_NAME, silver
from reclake.tables.vocabulary import WORDS
from sources_of_records import bronze_frame, bronze_row, classified, feed, source

N_RECORDS = 1200
ZONE = "Asia/Shanghai"
BOTS = SimpleNamespace(max_events_per_minute=20, min_events_for_rhythm=30, min_gap_deviation=0.05, max_active_hours=20)
LIMITS = {"max_record_bytes": 1_048_576, "max_depth": 32}
HEX = "0123456789abcdef" * 4
AT = "2026-03-01T08:00:00Z"

# Good values of columns whose type tells none; ids of one letter get a number behind them.
VALUES = {
    "login_account_id": "u", "account_id": "u", "device_id": "d", "product_id": "p", "order_id": "o", "phone_token": "13800138000",
    "email_token": "a@b.cd", "card_token": "VIP880012", "union_token": "oWx8Qa1", "birth_year": 1980, "currency": "EUR", "event_type": "rate", "line_id": "1",
    **{column: words[0] for column, words in WORDS.items() if column != "event_type"},
}  # fmt: skip
OF_TYPE = {"timestamp": AT, "double": 4.5, "long": 2, "decimal": 2.5, "boolean": True}
NOT_MAPPED = {"line_kind", "name_encrypted", "address_encrypted"}


def good(column):
    return VALUES.get(column, OF_TYPE.get(type_of(column), "e" if column in ID_COLUMNS else "tea"))


# A good record of each table, under the names of its columns.
GOOD = {noun: {column: good(column) for column in mappable(noun) if column not in NOT_MAPPED} for noun in RECORDS}
AS_TEXT = {"search_query", "product_name"}  # masked whatever their type says


def columns(table):
    typed = {name: {"from": name, "type": "string" if name in AS_TEXT else type_of(name)} for name in GOOD[table]}
    return {name: mapping | ({"format": "iso"} if mapping["type"] == "timestamp" else {}) for name, mapping in typed.items()}


def of_table(table, **other):
    """Two feeds of the table: values as JSON types them, and every value by its text, bad ones of an optional column left out."""
    lenient = columns(table)
    for name in {"rating", "birth_year", "received_at", "price_amount", "search_query"} & set(lenient):
        lenient[name] |= {"outside": "drop"}
    if "product_id" in lenient:
        lenient["product_id"] |= {"upper": True, "strip_suffix": ".0"}
    return {
        f"{table}_typed": feed(table, columns(table), pattern=f"{table}/typed", **other),
        f"{table}_text": feed(table, lenient, pattern=f"{table}/text", values="as_text", **other),
    }


# Facts that are the kept records of one table.
KEPT = {
    table.name: table.reads[0].table.name
    for table in silver.facts.TABLES
    if len(table.inputs) == 1 and table.reads[0].table in silver.RECORDS
}


def of_family(family, records):
    return {table.noun: records[table.noun] for table in family}


@pytest.fixture(scope="module")
def built(spark, tmp_path_factory):
    """The silver tables of spoilt records, by name."""
    directory = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(directory, ["id1", "c1"])
    feeds = {name: one for table in GOOD for name, one in of_table(table).items()}
    sources = {"demo": source(repeat_days=None, late_limit_days=None, time_zone="Europe/Berlin", **feeds)}
    draw = random.Random(20261129)

    def bronze(table):
        rows = []
        for position in range(N_RECORDS):
            record = GOOD[table] | {
                name: f"{value}{position % 97}" for name, value in GOOD[table].items() if value in ("u", "d", "p", "o", "e", "c")
            }
            raw = json.dumps(spoilt(draw, record), ensure_ascii=bool(position % 2)).encode("utf-8", "surrogatepass")
            rows.append(bronze_row(raw, position, file_digest=HEX, file_name=f"{table}/{'typed' if position % 3 else 'text'}"))
        return bronze_frame(spark, table, *rows)

    given = {"sources": sources, "timezone": ZONE, "id_key_id": "id1", "directory": directory, "contact_key_id": "c1"}
    given |= {"default_region": "CN"} | LIMITS
    records = {table.noun: classified(table, bronze(silver.raw_of(table).noun), **given) for table in silver.RECORDS}
    records = {noun: conform(frame, BY_NAME[f"silver.{noun}"]).cache() for noun, frame in records.items()}
    made = {f"silver.{noun}": frame for noun, frame in records.items()}
    lines = order_lines(records["order_records"])
    facts = {
        **{name: builder_of(BY_NAME[name])(made[of]) for name, of in KEPT.items()},
        "silver.events": events(records["event_records"], lines, sources=sources, bots=BOTS),
        "silver.products": products(
            records["product_records"], of_family(silver.NAMING_PRODUCTS, records), sources=sources, timezone=ZONE
        ),
        "silver.stock": stock(records["stock_records"], sources=sources, timezone=ZONE),
        "silver.consents": consents(records["consent_records"], timezone=ZONE),
    }
    made |= {name: conform(frame, BY_NAME[name]).cache() for name, frame in facts.items()}
    last = {
        "silver.accounts": accounts(
            of_family(silver.NAMING_ACCOUNTS, records), made["silver.events"], sources=sources, timezone=ZONE
        ),
        "silver.interactions": interactions(made["silver.events"], made["silver.order_lines"], sources=sources),
    }
    yield made | {name: conform(frame, BY_NAME[name]) for name, frame in last.items()}
    spark.catalog.clearCache()


TABLES = (
    *(table.name for table in silver.RECORDS), *KEPT,
    "silver.events", "silver.products", "silver.stock", "silver.consents", "silver.accounts", "silver.interactions",
)  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_no_kept_row_is_against_a_rule(built, root, name):
    table = BY_NAME[name]
    rules = [rule for rule in load_suite(root / "expectations", table).rules if rule.severity == "critical"]
    against = {rule.text: column for rule in rules if (column := rule.is_against(table)) is not None} | flaws(table)
    names = {f"rule_{number}": text for number, text in enumerate(against)}
    counts = built[name].agg(
        F.count("*").alias("n_rows"), *[F.count_if(against[text]).alias(rule) for rule, text in names.items()]
    )
    (row,) = counts.collect()
    assert row["n_rows"] >= 50
    assert {text: row[rule] for rule, text in names.items() if row[rule]} == {}
    measured = measure(built[name], table, conditions=())
    assert (measured.n_flawed, measured.n_repeated) == (0, 0)


def test_many_are_kept_and_many_refused_or_noted(built):
    for name in (table.name for table in silver.RECORDS):
        found = built[name].groupBy("record_class").count().collect()
        classes = {row["record_class"]: row["count"] for row in found}
        assert classes["kept"] >= N_RECORDS / 12, name
        assert classes["rejected"] >= N_RECORDS / 12, name
    said = {
        row["reason"] for row in built["silver.event_records"].select(F.explode("reasons").alias("reason")).distinct().collect()
    }
    assert {
        "event_type is not one of the standard's",
        "channel is not one of the standard's",
        "rating is outside its limits",
    } <= said
    noted = {row["note"] for row in built["silver.event_records"].select(F.explode("notes").alias("note")).distinct().collect()}
    assert "rating is outside its limits" in noted
