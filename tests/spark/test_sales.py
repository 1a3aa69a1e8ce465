"""gold.products, gold.sales and gold.first_orders: rows in, whole rows out, and plain Python on random histories."""

from datetime import date
from decimal import Decimal

import pytest
from pyspark.sql import functions as F

import bought
from bought import AS_OF, CATEGORIES, CUSTOMERS
from declared import cut_inputs
from frames import contents, frame, in_order
from reclake.gold import first_orders as of_first_orders
from reclake.gold.customer_products import customer_products
from reclake.gold.products import products
from reclake.gold.sales import emptiness, sales
from reclake.lake.schema import conform
from reclake.tables import gold, silver

OLD = date(2026, 1, 1)


def inputs(spark, table, lines):
    accounts = [*CUSTOMERS, "stray"]
    frames = {
        silver.IDENTITIES.name: frame(
            spark,
            silver.IDENTITIES,
            *(dict(account_id=one, customer_id=customer, valid_from=OLD) for one, customer in CUSTOMERS.items()),
        ),
        silver.ACCOUNTS.name: frame(
            spark,
            silver.ACCOUNTS,
            *(
                dict(
                    account_id=one,
                    basis="contract" if one.startswith("a") else "consent",
                    is_device=False,
                    is_machine=False,
                    valid_from=OLD,
                )
                for one in accounts
            ),
        ),
        silver.CONSENTS.name: frame(spark, silver.CONSENTS),
        silver.ORDER_LINES.name: frame(spark, silver.ORDER_LINES, *lines),
        silver.PRODUCTS.name: frame(
            spark,
            silver.PRODUCTS,
            *(dict(product_id=one, category=category, valid_from=OLD) for one, category in CATEGORIES.items()),
        ),
    }
    return cut_inputs(table, frames, as_of=AS_OF)


def sold(spark, lines, *, shown_days=400, least=1):
    taken = inputs(spark, gold.SALES, lines)
    return conform(sales(**taken, as_of=AS_OF, shown_days=shown_days, min_group_size=least), gold.SALES)


def begun(spark, lines, *, shown_days=400, least=1):
    taken = inputs(spark, gold.FIRST_ORDERS, lines)
    built = of_first_orders.first_orders(**taken, as_of=AS_OF, shown_days=shown_days, min_group_size=least)
    return conform(built, gold.FIRST_ORDERS)


@pytest.mark.parametrize(("seed", "least", "shown_days"), [(1, 1, 400), (2, 3, 400), (3, 3, 40)])
def test_sales_are_what_plain_python_counts(spark, seed, least, shown_days):
    history = bought.lines(seed)
    wanted = in_order(*bought.sales(history, shown_days=shown_days, least=least))
    assert len(wanted) > 10
    assert any(row["channel"] == "(others)" for row in wanted) == (least > 1)
    assert contents(sold(spark, history, shown_days=shown_days, least=least)) == wanted


@pytest.mark.parametrize(("seed", "least"), [(4, 1), (5, 4)])
def test_first_orders_are_what_plain_python_counts(spark, seed, least):
    history = bought.lines(seed, n=110, n_days=150)
    wanted = in_order(*bought.first_orders(history, shown_days=400, least=least))
    assert any(row["channel"] == "(others)" for row in wanted) == (least > 1)
    assert any(0 < row["repeat_60_share"] < 1 for row in wanted if row["repeat_60_share"])
    assert contents(begun(spark, history, least=least)) == wanted


def test_what_is_joined_keeps_the_total_and_rows_in_any_order_give_the_same(spark):
    history = bought.lines(6)
    fine, joined = (sold(spark, rows, least=least) for rows, least in ((history, 1), (history[::-1], 4)))
    totals = {}
    for name, built in (("fine", fine), ("joined", joined)):
        whole = [row for row in contents(built) if row["category"] == "(all)" and row["period"] == "month"]
        totals[name] = {
            start: sum(
                row["revenue_amount"] + row["n_orders"] for row in whole if (row["currency"], row["start_date"]) == ("CNY", start)
            )
            for start in {row["start_date"] for row in whole}
        }
    assert len(totals["fine"]) == 3
    assert totals["fine"] == totals["joined"]


def test_nobody_bought_is_a_reason_and_a_large_day_without_rows_is_none(spark):
    history = bought.lines(7)
    for lines, least, reason in (
        ([], 1, "nobody bought in the 40 days before"),
        (history, 99, "fewer than 99 people bought in the 40 days before"),
        (history, 2, None),
    ):
        found = emptiness(**inputs(spark, gold.SALES, lines), as_of=AS_OF, shown_days=40, min_group_size=least)
        assert contents(found) == [{"as_of_date": AS_OF, "reason": reason}]


def test_first_orders_of_few_customers_have_a_reason_to_be_absent(spark):
    taken = inputs(spark, gold.FIRST_ORDERS, bought.lines(7))
    for least, reason in ((99, "fewer than 99 customers ordered first in each month shown"), (1, None)):
        found = of_first_orders.emptiness(**taken, as_of=AS_OF, shown_days=400, min_group_size=least)
        assert contents(found) == [{"as_of_date": AS_OF, "reason": reason}]


def test_what_customers_buy_most_is_what_plain_python_counts(spark):
    history = bought.lines(8, n=300)
    built = customer_products(**inputs(spark, gold.CUSTOMER_PRODUCTS, history), as_of=AS_OF, n=2)
    found = contents(conform(built, gold.CUSTOMER_PRODUCTS))
    assert found == in_order(*bought.customer_products(history, n=2))
    assert {row["rank"] for row in found} == {1, 2}


def test_a_product_has_its_newest_state(spark):
    day = date(2026, 3, 1)
    states = [
        dict(product_id="p1", product_name="old", valid_from=OLD, valid_to=day),
        dict(
            product_id="p1",
            product_name="tea",
            category="drinks",
            price_amount=Decimal("3.5000"),
            currency="CNY",
            is_active=True,
            valid_from=day,
        ),
        dict(product_id="p2", product_name="as a till typed it", valid_from=OLD, is_active=True),
    ]
    branded = frame(spark, silver.PRODUCTS, *states).withColumn("brand", F.when(F.col("product_id") == "p1", "leaf"))
    found = conform(products(branded), gold.PRODUCTS)
    blank = dict(category=None, brand=None, price_amount=None, currency=None)
    assert contents(found) == in_order(
        dict(
            product_id="p1",
            product_name="tea",
            category="drinks",
            brand="leaf",
            price_amount=Decimal("3.5000"),
            currency="CNY",
            is_active=True,
            changed_date=day,
        ),
        dict(product_id="p2", product_name="as a till typed it", is_active=True, changed_date=OLD) | blank,
    )
