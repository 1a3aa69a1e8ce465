"""reclake sales and reclake retention: what they print is what the rows of gold say, without Spark."""

import json
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from typer.testing import CliRunner

import bought
import returning
from bought import AS_OF
from lakes import ROOT, as_environment
from reclake.cli import app
from reclake.errors import UsageError
from reclake.tables import gold
from without_spark import publish

FOLLOWED = {"day": (9, 6, (0, 1, 3, 6)), "week": (4, 3, (0, 2)), "month": (3, 2, (0, 1, 2))}
HISTORY = bought.lines(11)
SALES = bought.sales(HISTORY, shown_days=400, least=2)
FIRSTS = bought.first_orders(HISTORY, shown_days=400, least=2)
ACTIVE = {
    f"c{n}": {AS_OF - timedelta(days=1 + (7 * n + step * step) % 60) for step in range(n % 5 + 1)} for n in range(30)
}  # fmt: skip
CELLS = returning.retention(ACTIVE, as_of=AS_OF, followed=FOLLOWED, least=2)
LIVES = returning.by_interval(ACTIVE, as_of=AS_OF, followed=FOLLOWED)
FLOWS = returning.flows(ACTIVE, as_of=AS_OF, n_days=9)
ENDS = {("day", 2): 3, ("day", 4): 6, ("week", 1): 2}  # last intervals of the brackets that hold several


def retained():
    for (period, kind, start, measure, first), (n, n_active, _) in CELLS.items():
        last = ENDS.get((period, first), first) if measure == "bracket" else None if measure == "unbounded" else first
        yield {
            "as_of_date": AS_OF, "activity": "order", "period": period, "cohort_kind": kind, "start_date": start, "measure": measure,
            "dimension": "all", "value": "all",
            "from_interval": first, "to_interval": last, "is_open": n_active is None, "n_customers": n, "n_active": n_active,
            "active_share": None if n_active is None else n_active / n, "currency": "CNY", "n_left_out": 20,
            "revenue_ratio": 0.25 if measure == "bounded" else None,
        }  # fmt: skip
    for value, n in {"北": 30, "other": 12}.items():  # and by region, of one cohort
        yield {
            "as_of_date": AS_OF, "activity": "order", "period": "month", "cohort_kind": "first", "start_date": date(2026, 2, 1), "measure": "bounded",
            "dimension": "region", "value": value, "from_interval": 0, "to_interval": 0, "is_open": False, "n_customers": n, "n_active": n,
            "active_share": 1.0, "currency": "CNY", "n_left_out": 20,
        }  # fmt: skip


def lived():
    common = {"as_of_date": AS_OF, "activity": "order", "n_left_out": 0}
    for (period, start, state), n in LIVES.items():
        yield common | {
            "state_kind": "interval",
            "period": period,
            "start_date": start,
            "is_open": n is None,
            "state": state,
            "n_customers": n,
        }
    for (day, before, state), n in FLOWS.items():
        row = {"state_kind": "daily", "period": "day", "start_date": day, "is_open": False, "from_state": before, "state": state}
        yield common | row | {"n_customers": n}


def best():
    """Twelve customers; the spend of one is more than the column holds."""
    row = {"as_of_date": AS_OF, "tier": "new", "segment": "active", "currency": "CNY", "n_orders": 2}
    yield from (row | {"customer_id": f"c{n:02}", "spend_amount": Decimal(10 * n) if n else None} for n in range(12))
    yield row | {"customer_id": "prospect", "n_orders": 0, "spend_amount": Decimal(10**6)}


ROWS = {
    gold.SALES: SALES + [row | {"as_of_date": date(2026, 3, 1), "n_orders": 10**6} for row in SALES],
    gold.FIRST_ORDERS: FIRSTS,
    gold.RETENTION: list(retained()),
    gold.LIFECYCLE: list(lived()),
    gold.CUSTOMER_SEGMENTS: list(best()),
    gold.CUSTOMER_PRODUCTS: [
        {"as_of_date": AS_OF, "customer_id": customer, "rank": rank, "product_id": product}
        for customer, products in {"c11": ("p2", "p1"), "c10": ("p3",)}.items()
        for rank, product in enumerate(products, start=1)
    ],
    gold.PRODUCTS: [{"product_id": "p1", "product_name": "茶"}, {"product_id": "p2", "product_name": "soap"}],
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    publish(folder / "lake", ROWS)
    return folder / "lake"


@pytest.fixture(autouse=True)
def lake(root, monkeypatch):
    for name, value in (as_environment({"lake.root": str(root)}) | {"RECLAKE_HOME": str(ROOT)}).items():
        monkeypatch.setenv(name, value)


def reclake(*arguments):
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def listed(*arguments):
    return json.loads(reclake(*arguments, "--json"))


@pytest.mark.parametrize("by", [None, "channel", "category", "customer_kind"])
@pytest.mark.parametrize("period", ["day", "month"])
def test_sales_add_up_to_the_rows_of_the_newest_as_of(period, by):
    sums = defaultdict(lambda: [0, Decimal(0), 0, Decimal(0)])
    for row in SALES:
        if row["period"] == period and (row["category"] == "(all)") == (by != "category"):
            key = (str(row["start_date"]), row[by] if by else None, row["currency"])
            values = (row["n_orders"], row["revenue_amount"], row["n_returns"], row["return_amount"])
            sums[key] = [before + value for before, value in zip(sums[key], values, strict=True)]
    newest = sorted({start for start, *_ in sums}, reverse=True)[:2]
    found = listed("sales", "--period", period, "--last", "2", *(["--by", by] if by else []))
    assert [row["start_date"] for row in found] == sorted((row["start_date"] for row in found), reverse=True)
    assert {
        (row["start_date"], row[by] if by else None, row["currency"]): [
            row["n_orders"], Decimal(row["revenue_amount"]), row["n_returns"], Decimal(row["return_amount"]),
        ]
        for row in found
    } == {key: values for key, values in sums.items() if key[0] in newest}  # fmt: skip


def test_first_orders_are_those_of_the_table():
    found = listed("sales", "--first-orders")
    wanted = {
        (str(row["month_date"]), row["channel"]): (row["n_customers"], row["n_repeat_30"], row["n_open_90"]) for row in FIRSTS
    }
    assert len(wanted) > 1
    assert {
        (row["month_date"], row["channel"]): (row["n_customers"], row["n_repeat_30"], row["n_open_90"]) for row in found
    } == wanted


def test_the_best_customers_have_names_of_what_they_buy_and_an_id_where_nobody_knows_one():
    found = listed("sales", "--best", "3")
    assert [(row["customer_id"], row["buys"]) for row in found] == [("c11", "soap, 茶"), ("c10", "p3"), ("c09", None)]
    assert "110.00 CNY" in reclake("sales", "--best", "3")


@pytest.mark.parametrize("measure", ["bounded", "unbounded", "bracket", "stickiness"])
def test_cohorts_have_a_column_per_cell_which_is_null_where_it_is_open(measure):
    kind = "recurring" if measure == "stickiness" else "first"
    wanted = defaultdict(dict)
    for (period, of_kind, start, of_measure, first), (n, n_active, _) in CELLS.items():
        if (period, of_kind, of_measure) == ("week", kind, measure):
            wanted[str(start)] |= {"n_customers": n, first: n_active}
    found = {row.pop("start_date"): row for row in listed("retention", "--period", "week", "--measure", measure, "--counts")}
    assert {start: {name if name == "n_customers" else int(name.split("-")[0].rstrip("+")): n for name, n in row.items()}
            for start, row in found.items()} == wanted  # fmt: skip
    assert any(n is None for row in found.values() for n in row.values())


def test_shares_and_revenue_stand_in_the_same_table_and_who_is_left_out_below():
    text = reclake("retention", "--period", "month")
    assert text.splitlines()[0] == f"gold.retention, as_of_date {AS_OF}, order, first cohorts by month, bounded, active_share"
    assert text.splitlines()[-1] == "Not counted: 20 customers at least who were active and may not be profiled"
    assert listed("retention", "--period", "month", "--revenue")[0]["0"] == 0.25
    assert list(listed("retention", "--period", "week", "--measure", "bracket")[0]) == ["start_date", "n_customers", "0", "1-2"]


def test_a_breakdown_has_a_row_per_value_and_the_sum_holds_none_of_them():
    assert listed("retention", "--period", "month", "--by", "region", "--counts") == [
        {"start_date": "2026-02-01", "region": "北", "n_customers": 30, "0": 30},
        {"start_date": "2026-02-01", "region": "other", "n_customers": 12, "0": 12},
    ]


def test_the_life_cycle_has_a_column_per_state():
    found = listed("retention", "--lifecycle", "interval", "--period", "week")
    assert {
        (date.fromisoformat(row["start_date"]), state): row[state]
        for row in found
        for state in ("new", "returning", "resurrecting", "dormant")
    } == {(start, state): n for (period, start, state), n in LIVES.items() if period == "week"}
    assert found[0]["is_open"]
    daily = listed("retention", "--lifecycle", "daily", "--last", "9")
    sums = defaultdict(int)
    for (day, _, state), n in FLOWS.items():
        sums[str(day), state] += n
    states = {state for _, state in sums}
    assert {(row["start_date"], state): row[state] for row in daily for state in states if row[state]} == sums


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("sales", "--period", "year"), "--period knows no 'year'"),
        (("sales", "--by", "shop"), "--by knows no 'shop'"),
        (("sales", "--first-orders", "--best", "3"), "two questions"),
        (("sales", "--as-of", "2030-01-01"), "no rows of the as_of 2030-01-01"),
        (("retention", "--measure", "half"), "--measure knows no 'half'"),
        (("retention", "--measure", "stickiness", "--period", "day"), "weeks and months"),
        (("retention", "--revenue", "--activity", "any"), "--revenue is told of orders"),
        (("retention", "--revenue", "--by", "region"), "of all customers together"),
        (("retention", "--by", "tier"), "gold.retention is not told by 'tier'"),
        (("retention", "--by", "region", "--lifecycle", "daily"), "--by"),
    ],
)
def test_what_cannot_be_asked_is_said(asked, said):
    with pytest.raises(UsageError, match=said):
        CliRunner().invoke(app, asked, catch_exceptions=False)


def test_an_answer_without_a_row_says_why():
    assert reclake("retention", "--activity", "any").startswith(
        "gold.retention holds no row of this: nobody did it, or fewer people"
    )
