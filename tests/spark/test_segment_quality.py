"""gold.segment_quality against counting by hand, with intervals from published formulas."""

from datetime import date, timedelta
from decimal import Decimal
from math import sqrt
from statistics import mean, stdev

import pytest

from declared import cut_inputs
from frames import contents, frame
from reclake.gold.segment_quality import emptiness, segment_quality
from reclake.lake.schema import conform
from reclake.tables import gold, silver

AS_OF = date(2026, 3, 31)
BEFORE = date(2026, 3, 1)
OLD = date(2026, 1, 1)


def frames_of(spark, before, now, sales):
    """Customer → tier on both days, and sales as (customer, days before the as_of, amount, currency)."""
    customers = sorted(before.keys() | now.keys())
    days = ((BEFORE, before), (AS_OF, now), (date(2026, 3, 15), dict.fromkeys(customers, "dormant")))
    return {
        silver.IDENTITIES.name: frame(
            spark, silver.IDENTITIES, *(dict(account_id=one, customer_id=one, valid_from=OLD) for one in customers)
        ),
        silver.ACCOUNTS.name: frame(
            spark,
            silver.ACCOUNTS,
            *(dict(account_id=one, basis="contract", is_device=False, is_machine=False, valid_from=OLD) for one in customers),
        ),
        silver.CONSENTS.name: frame(spark, silver.CONSENTS),
        gold.CUSTOMER_SEGMENTS.name: frame(
            spark,
            gold.CUSTOMER_SEGMENTS,
            *(dict(as_of_date=day, customer_id=one, tier=tier) for day, tiers in days for one, tier in tiers.items()),
        ),
        silver.ORDER_LINES.name: frame(
            spark,
            silver.ORDER_LINES,
            *(
                dict(account_id=one, order_id=str(place), source="demo", order_scope="web", line_kind="product", currency=currency,
                     event_date=AS_OF - timedelta(days=ago), quantity=1, line_amount=Decimal(amount), is_return=False)
                for place, (one, ago, amount, currency) in enumerate(sales)
            ),
        ),
    }  # fmt: skip


def arguments(spark, *given, least):
    cut = cut_inputs(gold.SEGMENT_QUALITY, frames_of(spark, *given), as_of=AS_OF)
    return cut | {"as_of": AS_OF, "min_group_size": least, "reporting_currency": "CNY"}


def wilson(hits, n, z=1.959963984540054):
    """Wilson 1927, as written in textbooks."""
    share = hits / n
    middle, half = share + z * z / (2 * n), z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return [(middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)]


def test_what_came_after_is_counted_by_the_tier_of_thirty_days_before(spark):
    before = dict.fromkeys("abcdefg", "returning") | dict.fromkeys("xy", "new")
    now = dict.fromkeys("abcd", "returning") | dict.fromkeys("ef", "dormant") | dict.fromkeys("xyz", "new")
    sales = [
        ("a", 30, "10.00", "CNY"),  # the first day after the as_of before
        ("a", 1, "5.50", "CNY"),
        ("b", 3, "7.00", "EUR"),  # bought, and is in no sum
        ("c", 31, "99.00", "CNY"),  # the day before
        ("d", 0, "99.00", "CNY"),  # the as_of itself
        ("e", 2, "4.00", "CNY"),
        ("z", 2, "4.00", "CNY"),  # stood in no tier then
    ]
    found = conform(segment_quality(**arguments(spark, before, now, sales, least=3)), gold.SEGMENT_QUALITY)
    (row,) = contents(found)
    spends = [15.5, 0, 0, 0, 4, 0]
    half = 1.959963984540054 * stdev(spends) / sqrt(6)
    assert {name: row[name] for name in ("as_of_date", "before_as_of_date", "tier_before", "n_customers", "currency")} == {
        "as_of_date": AS_OF, "before_as_of_date": BEFORE, "tier_before": "returning", "n_customers": 6, "currency": "CNY",
    }  # fmt: skip
    shares = ("coverage_share", "bought_share", "bought_lower_share", "bought_upper_share")
    assert [row[name] for name in shares] == [round(share, 2) for share in (6 / 7, 3 / 6, *wilson(3, 6))]
    stayed = [row[f"stayed_{name}share"] for name in ("", "lower_", "upper_")]
    assert stayed == [round(share, 2) for share in (4 / 6, *wilson(4, 6))]
    amounts = [float(row[f"{name}_spend_amount"]) for name in ("mean", "lower", "upper")]
    assert amounts == pytest.approx([mean(spends), 0, mean(spends) + half], abs=1e-4)


def test_few_spenders_have_no_mean(spark):
    before = dict.fromkeys("abcdefg", "returning")
    sales = [("a", 1, "592.50", "CNY"), ("b", 1, "3.00", "CNY")]
    (row,) = contents(segment_quality(**arguments(spark, before, before, sales, least=3)))
    assert [row[f"{name}_spend_amount"] for name in ("mean", "lower", "upper")] == [None] * 3
    assert row["bought_share"] == 0.29


def test_counts_are_whole_groups(spark):
    before = dict.fromkeys("abcdefg", "returning")
    found = segment_quality(**arguments(spark, before, before, [], least=3))
    assert contents(found, "n_customers", "coverage_share", "bought_share", "bought_lower_share", "mean_spend_amount") == [
        {"n_customers": 6, "coverage_share": 1.0, "bought_share": 0.0, "bought_lower_share": 0.0, "mean_spend_amount": Decimal(0)}
    ]


@pytest.mark.parametrize(
    ("before", "least", "reason"),
    [
        ({}, 1, "no as_of of 2026-03-01 was built"),
        ({"a": "new"}, 2, "every tier of 2026-03-01 has fewer than 2 customers who are still known"),
    ],
    ids=["no as_of before", "small tiers"],
)
def test_no_tier_to_judge_has_its_reason(spark, before, least, reason):
    given = arguments(spark, before, {"a": "new"}, [], least=least)
    assert contents(segment_quality(**given)) == []
    assert contents(emptiness(**given)) == [{"as_of_date": AS_OF, "reason": reason}]
