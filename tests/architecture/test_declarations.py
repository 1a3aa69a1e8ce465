"""Declarations: every column has meaning, unit and privacy class; names follow the rules; builders take what is declared."""

import importlib
import inspect
import re

import pytest

from reclake import tables
from reclake.tables import Field, Privacy, models, ops
from reclake.tables.declaration import is_lower

NUMERIC = re.compile(r"^(integer|long|double|float|decimal\(\d+,\d+\))$")
COLUMNS = [(table, field) for table in tables.TABLES for field in table.fields]
EVERY_TABLE = pytest.mark.parametrize("table", tables.TABLES, ids=lambda table: table.name)
BUILT = [table for table in tables.GATED if table.stage not in ("bronze", "training")]

# Numbers that count or measure nothing.
WITHOUT_UNIT = {
    ("gold.recommendations", "score"): "the link's own scale",
    ("gold.product_recommendations", "score"): "the link's own scale",
    ("gold.basket_recommendations", "score"): "the link's own scale",
    ("silver.identity_pairs", "match_probability"): "a probability",
    ("ops.ledger", "sequence"): "an order",
    ("ops.ledger", "version"): "a name",
    ("ops.ledger", "token"): "a name",
    ("ops.gate_results", "version"): "a name",
    ("ops.published_versions", "manifest_id"): "a name",
    ("ops.published_versions", "version"): "a name",
    ("ops.published_versions", "token"): "a name",
    ("ops.claims", "token"): "a name",
    ("ops.contact_exports", "version"): "a name",
    ("ops.maintenance", "version"): "a name",
    ("ops.maintenance", "oldest_version"): "a name",
}
# By the end or start of a name: the type it must have.
TYPE_OF_NAME = {
    r"_at$": "timestamp",
    r"_date$": "date",
    r"^is_": "boolean",
    r"^n_": "long",
    r"_share$": "double",
    r"_amount$": r"decimal\(\d+,\d+\)",
    r"(?<!_gap)_days$": "integer|long",
    r"_gap_days$": "double",  # a mean
    r"_seconds$": "long|double",
    # A level or weight is named after the attribute that it is of.
    r"^(?!level_|weight_).*_(id|digest|hash|name)$": "string",
}
NAME_OF_TYPE = {"timestamp": r"_at$", "boolean": r"^is_", "date": r"_(date|day|since|on)$|^valid_(from|to)$"}


def test_there_are_tables():
    assert len(tables.TABLES) >= 30
    assert len(COLUMNS) >= 300
    assert len(BUILT) >= 15


@EVERY_TABLE
def test_every_column_has_its_meaning(table):
    assert re.match(r"^one row per ", table.grain)
    for field in table.fields:
        assert re.match(r"^\S.{3,}[^\s]$", field.doc), field.name
        assert field.doc.endswith((".", "…")), f"{field.name}: a sentence ends with a full stop"


def test_a_column_without_a_privacy_class_cannot_be_declared():
    with pytest.raises(TypeError, match="privacy"):
        Field("colour", "string", "A colour.")


@EVERY_TABLE
def test_what_a_person_did_and_when_is_personal(table):
    """In a table of people nothing that tells one from another is plain; such columns leave no values in Delta's log."""
    if not {"account_id", "customer_id", "unit_id"} & {f.name for f in table.fields}:
        return
    telling = ("product_id", "order_id", "line_id", "event_type", "kind", "quantity")
    plain = {f.name for f in table.fields if f.privacy is Privacy.NONE}
    assert not plain & {f.name for f in table.fields if f.type in ("timestamp", "double") or f.type.startswith("decimal")}
    assert not plain & set(telling)


FALLS = [
    (table.name, field.name, i.table.name)
    for table, field in COLUMNS
    for i in table.reads
    for read in i.table.fields
    if read.name == field.name and is_lower(field.privacy, read.privacy)
]


def test_privacy_classes_never_fall_along_a_lineage():
    """What is personal in a table is so in every table that takes it over, unless the declaration says why it is not."""
    stated = {(table.name, field.name) for table, field in COLUMNS if field.falls_because}
    assert {(table, column) for table, column, _ in FALLS} == stated
    assert stated == {
        ("silver.products", "product_id"),
        ("gold.contact_exclusions", "tier"),
        ("gold.behaviour_cube", "n_orders"),
        *(("gold.recommendations", name) for name in ("scenario", "strategy", "model_version", "reason")),
        *(("ops.serving_coverage", name) for name in ("scenario", "strategy")),
    }


def test_a_class_that_falls_is_noticed():
    """The known-bad variant: the name that a till typed, as it was declared before."""
    names = {(table.name, field.name): field.privacy for table, field in COLUMNS if field.name == "product_name"}
    assert names["silver.products", "product_name"] is names["silver.order_records", "product_name"] is Privacy.PERSONAL
    assert is_lower(Privacy.NONE, names["silver.order_records", "product_name"])


def test_what_a_source_names_an_act_of_a_person_by_is_personal():
    ids = {
        (table.name, field.name, field.privacy)
        for table, field in COLUMNS
        if field.name in ("event_id", "consent_id", "order_id", "line_id", "session_id")
    }
    assert len(ids) >= 9
    assert {privacy for *_, privacy in ids} <= {Privacy.PERSONAL, Privacy.PSEUDONYM}


def test_no_digest_of_one_record_is_declared_beside_its_columns():
    """Bronze holds the record itself. Elsewhere a digest of it without a key could be guessed back to what the others hide."""
    digests = {(table.name, f.name) for table, f in COLUMNS if re.search(r"fingerprint|_hash$", f.name)}
    assert {table.split(".")[0] for table, _ in digests} == {"bronze"}


@EVERY_TABLE
def test_every_number_has_its_unit(table):
    bare = {(table.name, f.name) for f in table.fields if NUMERIC.match(f.type) and not f.unit}
    assert bare == {listed for listed in WITHOUT_UNIT if listed[0] == table.name}
    assert [f.name for f in table.fields if f.type == "timestamp" and f.unit != "UTC"] == []


@EVERY_TABLE
def test_names_tell_types_and_types_names(table):
    unlike = [
        f"{f.name} is {f.type}"
        for f in table.fields
        for ending, type_ in TYPE_OF_NAME.items()
        if re.search(ending, f.name) and not re.fullmatch(type_, f.type) and (table.name, f.name) not in WITHOUT_UNIT
    ]
    unlike += [
        f"{f.name} is {f.type}" for f in table.fields if f.type in NAME_OF_TYPE and not re.search(NAME_OF_TYPE[f.type], f.name)
    ]
    assert unlike == []


@EVERY_TABLE
def test_money_has_its_currency(table):
    names = {field.name for field in table.fields}
    assert "currency" in names or not any(name.endswith("_amount") for name in names)


def test_contact_data_and_raw_content_stay_where_they_belong():
    assert {table.name for table, field in COLUMNS if field.privacy is Privacy.CONTACT} == {"silver.contacts"}
    assert {table.layer for table, field in COLUMNS if field.privacy is Privacy.RAW} == {"bronze"}


def test_gold_and_ops_name_no_account_and_no_device():
    shown = {(table.name, field.name) for table, field in COLUMNS if table.layer in ("gold", "ops")}
    assert [
        column
        for column in sorted(shown)
        if re.search(r"account|device|phone|email", column[1]) and not column[1].startswith("n_")
    ] == []


def test_gold_is_flat_and_readable_by_every_tool():
    sets = {("gold.behaviour_cube", "customer_bitmap")}  # a set of customers, which views and exports leave out
    gold = [field.type for table, field in COLUMNS if table.layer == "gold" and (table.name, field.name) not in sets]
    assert gold
    assert {type_.split("(")[0] for type_ in gold} <= {
        "string",
        "date",
        "timestamp",
        "integer",
        "long",
        "double",
        "boolean",
        "decimal",
    }


def test_inputs_come_before_what_reads_them():
    place = {table.name: number for number, table in enumerate(tables.TABLES)}
    assert [t.name for t in tables.TABLES for i in t.reads if place[i.table.name] >= place[t.name] and t not in ops.WRITTEN] == []
    assert {table.stage for table in BUILT} <= set(tables.STAGES)


@pytest.mark.parametrize("table", BUILT, ids=lambda table: table.name)
def test_a_builder_is_named_after_its_table_and_takes_what_it_declares(table):
    builder = getattr(importlib.import_module(f"reclake.{table.layer}.{table.noun}"), table.noun)
    parameters = inspect.signature(builder).parameters.values()
    positional = [p.name for p in parameters if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    keywords = {p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
    assert positional == [declared.name for declared in table.inputs]
    options = {parameter.name for parameter in table.parameters}
    options |= {name.partition(".")[0] for name in table.catalogues}
    served = {"champions"} if models.serving(table) else {"fitted"} if models.weighing(table) else set()
    assert keywords == options | ({"as_of"} if table.is_as_of else set()) | served
    assert not any(p.default is not inspect.Parameter.empty for p in parameters)


def test_every_table_says_how_long_its_rows_stay():
    assert [table.name for table in tables.TABLES if bool(table.retention) == bool(table.stays_because)] == []
