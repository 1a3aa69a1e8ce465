"""Days and stages, on ledgers made by hand."""

from dataclasses import replace
from datetime import date

from test_plan import entry, planner

from reclake import tables
from reclake.lake.digest import DayContent, Digest
from reclake.lake.ledger import EXPIRED
from reclake.look.days import days_by_stages
from reclake.run.plan import Digests, Scope
from reclake.tables import bronze, silver


def works(plan):
    return {table.name: plan.work(table) for table in tables.GATED}


def test_a_row_says_what_of_each_stage_is_built_missing_or_stale():
    plan, ledger = planner(
        entry(bronze.ORDERS, "2026-01-01"),
        entry(bronze.ORDERS, "2026-01-02"),
        entry(silver.ORDER_RECORDS, "2026-01-01", inputs={"bronze.orders": "other"}),
    )
    newest, oldest = days_by_stages(ledger, works(plan), limit=5)
    assert (newest["day"], newest["bronze"], newest["silver"]) == ("2026-01-02", "1 built", "3 missing")
    assert oldest["silver"] == "3 missing, 1 stale"
    assert "silver.order_records: bronze.orders changed" in oldest["why"].split("; ")


def test_a_day_that_stays_as_earlier_code_made_it_says_so():
    raw = entry(bronze.ORDERS, "2026-01-01")
    plan, ledger = planner(
        raw,
        entry(silver.ORDER_RECORDS, "2026-01-01"),
        entry(bronze.ORDERS, "2026-01-09"),
        digests=Digests("other", "settings", "suite"),
    )
    ledger.add([replace(raw, kind=EXPIRED, content=DayContent(Digest()), sequence=2)])
    *_, oldest = days_by_stages(ledger, works(plan), limit=5)
    assert (oldest["day"], oldest["silver"].partition(",")[0]) == ("2026-01-01", "1 built")
    assert "silver.order_records: code changed, but it stays, as the raw records are gone" in oldest["why"].split("; ")


def test_an_as_of_stands_at_the_day_whose_run_builds_it():
    plan, ledger = planner(entry(silver.ORDER_LINES, "2026-01-02"), scope=Scope(as_ofs=(date(2026, 1, 3),)))
    (row,) = days_by_stages(ledger, works(plan), limit=1)
    fed = [table for table in tables.of_stage("customers") if silver.ORDER_LINES in (i.table for i in table.reads)]
    assert (row["day"], row["customers"]) == ("2026-01-02", f"{len(fed)} missing")
    assert "gold.customer_segments: never built" in row["why"]
