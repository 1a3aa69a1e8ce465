"""A rollback brings back what was known then, but nobody's profile who has withdrawn since."""

import json
import shutil
from datetime import date, timedelta

import pytest

from lakes import open_lake, run_days, with_inputs
from reclake.run import rollback
from reclake.run.rollback import CONSENTED, roll_back
from reclake.run.views import published
from reclake.tables import gold

FIRST = date(2026, 1, 1)
NEXT = FIRST + timedelta(days=1)
ONLY = with_inputs(gold.CUSTOMER_SEGMENTS, gold.RECOMMENDATIONS)


def test_every_gold_table_of_customers_says_what_a_withdrawal_does_to_it():
    assert {table.name for table in CONSENTED} == {
        table.name for table in gold.TABLES if "customer_id" in {field.name for field in table.fields}
    }


def withdraw_half(company, folder):
    """The first day's deliveries, and on the next day a withdrawal by every second account that had agreed."""
    wanted = {path for path in company.rglob("*") if path.is_file() and FIRST.isoformat() in path.name}
    for path in wanted:
        place = folder / path.relative_to(company)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    told = [
        json.loads(line)
        for path in sorted(folder.glob("demo/consents/*/*"))
        for line in path.read_text().splitlines()
        if line[:1] == "{"
    ]
    agreed = sorted(
        (r for r in told if r.get("purpose") == "personalisation" and r.get("granted") is True), key=lambda r: r["consent_no"]
    )
    withdrawn = [
        r | {"consent_no": f"w{r['consent_no']}", "granted": False, "decided_at": f"{NEXT}T09:00:00+08:00"} for r in agreed[::2]
    ]
    assert withdrawn
    late = folder / "demo" / "consents" / "all" / f"{NEXT}.jsonl"
    late.write_text("".join(f"{json.dumps(r | {'received_at': r['decided_at']})}\n" for r in withdrawn))
    return folder


@pytest.fixture
def shop(spark, company, tmp_path):
    """A lake after the first day and after the withdrawals, and the manifest of the first day."""
    app = open_lake(spark, tmp_path / "lake", source="demo", landing=withdraw_half(company, tmp_path / "landing"))
    assert run_days(app, FIRST, only=ONLY) == {}
    number = app.manifest.last_id()
    assert run_days(app, NEXT, only=ONLY) == {}
    return app, number


def profiled(app, as_of):
    return {row["customer_id"] for row in published(app, gold.CUSTOMER_SEGMENTS).where(f"as_of_date = '{as_of}'").collect()}


def lists(app, as_of):
    rows = published(app, gold.RECOMMENDATIONS).where(f"as_of_date = '{as_of}'").collect()
    found = {}
    for row in sorted(rows, key=lambda row: (row["customer_id"], row["rank"])):
        found.setdefault(row["customer_id"], []).append((row["product_id"], row["source"]))
    return found


@pytest.mark.trial
def test_who_withdrew_since_is_not_profiled_after_a_rollback(shop):
    app, number = shop
    then, now = profiled(app, NEXT), profiled(app, NEXT + timedelta(days=1))
    shown = lists(app, NEXT)
    assert then > now  # strictly: somebody withdrew, and nobody is new
    moved = roll_back(app, number)
    assert profiled(app, NEXT) == now
    after = lists(app, NEXT)
    assert after.keys() == shown.keys()
    everyones = next(iter(rows for rows in shown.values() if rows[0][1] == "non_personal"))
    for customer, rows in after.items():
        assert rows == (everyones if customer in then - now else shown[customer])
    current = app.manifest.current()
    assert {t.name: current[t.name].version for t in CONSENTED} == {t.name: moved[t.name] for t in CONSENTED}
    for table in (gold.CUSTOMER_SEGMENTS, gold.RECOMMENDATIONS):
        assert published(app, table).count() == app.ledger.n_rows(table) == current[table.name].n_rows
    assert run_days(app, NEXT, only=ONLY) == {}  # the later state comes back
    assert profiled(app, NEXT + timedelta(days=1)) == now


@pytest.mark.trial
def test_without_the_rule_a_rollback_would_profile_them_again(shop, monkeypatch):
    app, number = shop
    then, now = profiled(app, NEXT), profiled(app, NEXT + timedelta(days=1))
    monkeypatch.setattr(rollback, "_apply_consents", lambda *_: {})
    roll_back(app, number)
    assert profiled(app, NEXT) == then > now
