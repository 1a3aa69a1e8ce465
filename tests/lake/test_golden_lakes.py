"""Lakes that earlier releases wrote are read by this one, and go on under it (R-25)."""

import json
import shutil
from pathlib import Path

import pytest
from pyspark.sql import functions as F

from golden_lake import THIRD, opened, rows_of
from lakes import ROOT, assert_same_bag, bag, run_days, with_inputs
from reclake import tables
from reclake.lake.store import Store
from reclake.run import stage
from reclake.run.id_rules import changed_rules
from reclake.run.runner import run_graph
from reclake.tables import gold, silver

pytestmark = pytest.mark.trial
LAKES = sorted((ROOT / "tests" / "data").glob("lake-*"))


@pytest.fixture(params=LAKES, ids=lambda folder: folder.name)
def golden(request, tmp_path) -> Path:
    """A copy of the lake and its landing files."""
    return shutil.copytree(request.param, tmp_path / "golden")


def test_there_is_one():
    assert LAKES


# Columns that a later release does not store: they are not read, and leave the lake with its next maintenance.
NO_LONGER_STORED = {table.name: {"fingerprint"} for table in silver.RECORDS}


def read_otherwise(app, golden):
    """The published tables that are not read with the rows that were written."""
    wanted = {path.stem: [json.loads(line) for line in path.read_text().splitlines()] for path in (golden / "rows").iterdir()}
    assert app.manifest.current().keys() & tables.BY_NAME.keys() == wanted.keys()
    otherwise = []
    for name, rows in wanted.items():
        gone = NO_LONGER_STORED.get(name, set())
        assert not gone & {field.name for field in tables.BY_NAME[name].fields}
        held = [{column: value for column, value in row.items() if column not in gone} for row in rows]
        read = [json.loads(row) for row in rows_of(app, name, list(held[0]))] if held else rows_of(app, name, [])
        if _in_order(read) != _in_order(held):
            otherwise.append(name)
    return otherwise


def _in_order(rows):
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def test_every_table_holds_the_rows_that_were_written(spark, golden):
    assert read_otherwise(opened(spark, golden, golden / "landing"), golden) == []


def test_a_column_that_is_no_longer_found_is_told(spark, golden, monkeypatch):
    """The known-bad variant: a release that looks for it under another name, in the two tables that have it."""
    stored = Store._stored
    monkeypatch.setattr(Store, "_stored", lambda *told: stored(*told).withColumnRenamed("line_amount", "amount"))
    told = read_otherwise(opened(spark, golden, golden / "landing"), golden)
    assert sorted(told) == [silver.ORDER_LINES.name, silver.ORDER_RECORDS.name]


def test_a_changed_rule_that_makes_no_day_stale_is_told(spark, golden, tmp_path, monkeypatch):
    """The known-bad variant: days that the earlier release built stay as they are, and only new ones follow the rule."""
    builder_of = stage.builder_of

    def changed(table):
        builder = builder_of(table)
        if table is not silver.ORDER_LINES:
            return builder
        return lambda **told: builder(**told).withColumn("product_id", F.concat(F.lit("new-"), "product_id"))

    monkeypatch.setattr(stage, "builder_of", changed)
    only = with_inputs(silver.ORDER_LINES)
    upgraded, anew = opened(spark, golden, golden / "landing"), opened(spark, tmp_path / "anew", golden / "landing")
    assert run_days(upgraded, THIRD, only=only) == run_days(upgraded, only=only) == run_days(anew, only=only) == {}
    found, wanted = bag(upgraded, silver.ORDER_LINES), bag(anew, silver.ORDER_LINES)
    assert found.total() == wanted.total()
    assert found != wanted


@pytest.mark.parametrize("rule", [1, 2], ids=lambda rule: f"id_rule-{rule}")
def test_it_goes_on_as_if_this_release_had_written_it(spark, golden, tmp_path, rule):
    source = (ROOT / "conf" / "sources" / "demo.toml").read_text(encoding="utf-8")
    assert source.count("id_rule = 1") == 1
    (tmp_path / "demo.toml").write_text(source.replace("id_rule = 1", f"id_rule = {rule}"), encoding="utf-8")
    upgraded = opened(spark, golden, golden / "landing", sources=tmp_path)
    changed = changed_rules(upgraded.ledger, upgraded.sources)
    held = {table.name for table in silver.RECORDS if upgraded.ledger.days(table)}  # feedback came with a later release
    assert [set(change.days) for change in changed] == [held] * (rule - 1)
    assert run_days(upgraded, THIRD) == {}
    assert run_days(upgraded) == {}, "what the changed code has made stale"
    assert changed_rules(upgraded.ledger, upgraded.sources) == []
    # Lists that were served before what they read was restated stay; asked for, they are made anew.
    assert run_graph(upgraded, table=gold.RECOMMENDATIONS.name, force=True) == {}
    anew = opened(spark, tmp_path / "anew", golden / "landing", sources=tmp_path)
    assert run_days(anew) == {}
    names = upgraded.manifest.current().keys() & tables.BY_NAME.keys()
    assert names == anew.manifest.current().keys() & tables.BY_NAME.keys()
    empty = {name for name in names if not anew.manifest.current()[name].n_rows}
    for name in sorted(names - empty):
        # What was delivered before is not taken in anew: it lacks what a later release notes of a file.
        assert_same_bag(upgraded, anew, tables.BY_NAME[name], columns=written(golden, name) if name.startswith("bronze.") else ())


def written(golden, name):
    """The columns of the table as the earlier release wrote them."""
    with (golden / "rows" / f"{name}.jsonl").open(encoding="utf-8") as rows:
        return list(json.loads(next(rows)))
