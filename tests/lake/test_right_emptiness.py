"""What is rightly empty is green, and says why: before all data, and when everybody knows everything."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from kept import copy_of
from lakes import open_lake, run_days, with_inputs
from reclake import tables
from reclake.run.runner import scope_of
from reclake.run.stage import build_stage
from reclake.run.views import published
from reclake.tables import gold, ops, silver
from till import FIRST, MENDED, SECOND, order

ONLY = with_inputs(gold.RECOMMENDATIONS, gold.SEGMENT_BINS)
AGO, LAST = date(2020, 1, 1), SECOND + timedelta(days=1)


def two_people(spark, folder):
    """The first day of two people who have bought both products by the second, by gates that look at everything."""
    (folder / "mended").mkdir()
    (folder / "mended" / "till.toml").write_text(MENDED)
    lines = {
        FIRST: [order("o1", customer="c1", sku="p1"), order("o2", customer="c2", sku="p2")],
        SECOND: [order("o3", customer="c1", sku="p2", day=SECOND), order("o4", customer="c2", sku="p1", day=SECOND)],
    }
    place = folder / "landing" / "till" / "app"
    place.mkdir(parents=True)
    for day, written in lines.items():
        (place / f"{day}.jsonl").write_text("".join(f"{line}\n" for line in written))
    assert run_days(opened(spark, folder), FIRST, only=ONLY) == {}


def opened(spark, folder):
    own = [f"sources.directory={folder / 'mended'}"]
    return open_lake(spark, folder, source="till", landing=folder / "landing", overrides=own)


@pytest.fixture(scope="module")
def app(spark, tmp_path_factory):
    return opened(spark, copy_of("two-people", two_people, spark, tmp_path_factory.mktemp("emptiness")))


def as_ofs_of(app, table):
    return {row["as_of_date"] for row in published(app, table).select("as_of_date").distinct().collect()}


def test_when_everybody_knows_everything_the_lists_are_empty_and_green(app):
    assert as_ofs_of(app, gold.RECOMMENDATIONS) == {SECOND}
    app.reporter.reports.clear()
    assert run_days(app, SECOND, only=ONLY) == {}
    assert as_ofs_of(app, gold.RECOMMENDATIONS) == {SECOND}
    (report,) = [one for one in app.reporter.reports if one.table == "gold.recommendations"]
    assert report.warnings == (f"{LAST} has at least one row: everybody knows everything that is on sale",)
    rows = app.store.read_newest(ops.GATE_RESULTS).where("table = 'gold.recommendations'").orderBy("checked_at").collect()
    assert rows[-1]["verdict"] == "passed"
    assert [(one["rule"], one["blocks"]) for one in json.loads(rows[-1]["findings"])] == [(f"{LAST} has at least one row", False)]


def test_before_all_data_nothing_is_known_and_all_is_green(app):
    scope = replace(scope_of(app, first=None, last=None, as_ofs=(AGO,)), tables=ONLY)
    stopped = {}
    for name in tables.STAGES[1:]:
        stopped |= build_stage(app, name, scope, stopped=stopped)
    assert stopped == {}
    for table in (gold.CUSTOMER_SEGMENTS, gold.SEGMENT_BINS, gold.RECOMMENDATIONS):
        assert app.ledger.days(table)[str(AGO)].content.digest.n_rows == 0
        assert AGO not in as_ofs_of(app, table)


def test_a_shop_that_knows_nobody_and_no_product_is_green(spark, tmp_path):
    """Guests only, with lines that name no product: there is nobody to know, and nothing to recommend."""
    (tmp_path / "mended").mkdir()
    (tmp_path / "mended" / "till.toml").write_text(MENDED)
    place = tmp_path / "landing" / "till" / "app"
    place.mkdir(parents=True)
    (place / f"{FIRST}.jsonl").write_text("".join(f"{order(f'o{n}', customer='NULL', sku=None)}\n" for n in range(5)))
    app = opened(spark, tmp_path)
    assert run_days(app, FIRST, only=ONLY) == {}
    assert published(app, silver.ORDER_LINES).count() == 5
    assert published(app, silver.ACCOUNTS).count() == 0
