"""Tiers of gold.customer_segments against the rules in plain Python, on companies that are drawn and on degenerate ones."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from declared import cut_inputs
from frames import contents, frame
from reclake.gold.customer_segments import customer_segments
from reclake.lake.schema import conform
from reclake.segment.activity import activity
from reclake.segment.settings import TiersSettings, TierWordsSettings
from reclake.segment.standing import first_day_seen, standings
from reclake.tables import gold, silver
from tier_rules import DAY, Company, Customer, Words

FIRST = date(2026, 1, 1)
AS_OF = date(2026, 3, 4)  # a Wednesday
COLUMNS = (
    "customer_id", "tier", "p_alive", "expected_rate_per_day", "last_visit_date", "tier_since", "tier_reason", "tier_reason_zh",
)  # fmt: skip


def drawn(n, *, seed=11, days=62):
    """Customers of three mixes of channels who buy, look around and stop."""
    draw, people = np.random.default_rng(seed), {}
    for number in range(n):
        channels, looks = (("app+pos", 4.0), ("pos", 0.0), ("web", 7.0))[number % 3]
        rate, p, at = draw.gamma(1.1, 1 / 15), draw.beta(0.9, 3.0), draw.uniform(0, 55)
        orders, visits = [at], []
        while (at := at + draw.exponential(1 / (rate * (1 + looks)))) < days:
            if draw.random() < 1 / (1 + looks):
                orders.append(at)
                if draw.random() < p:
                    break
            else:
                visits.append(at)
        on = [tuple(FIRST + int(one) * DAY for one in ats) for ats in (orders, visits)]
        people[f"c{number:03d}"] = Customer(channels, *on)
    return people


def built(spark, customers, *, as_ofs=(AS_OF,), words=None, **settings):
    """The builder on the customers' orders and visits, each channel an account of its own; one frame over all as_ofs."""
    words = words or Words()
    accounts = [(f"{name}/{channel}", name, channel) for name, c in customers.items() for channel in c.channels.split("+")]
    long_ago = date(2020, 1, 1)
    frames = {
        silver.IDENTITIES.name: frame(
            spark, silver.IDENTITIES, *(dict(account_id=a, customer_id=c, valid_from=long_ago) for a, c, _ in accounts)
        ),
        silver.ACCOUNTS.name: frame(
            spark,
            silver.ACCOUNTS,
            *(
                dict(account_id=a, channel=channel, basis="contract", is_device=False, is_machine=False, valid_from=long_ago)
                for a, _, channel in accounts
            ),
        ),
        silver.CONSENTS.name: frame(spark, silver.CONSENTS),
        silver.ORDER_LINES.name: frame(
            spark,
            silver.ORDER_LINES,
            *(
                dict(account_id=f"{name}/{c.channels.split('+')[0]}", order_id=f"{name}-{place}", source="demo", order_scope="web",
                     line_kind="product", event_date=day, quantity=1, line_amount=Decimal(1), currency="CNY", is_return=False)
                for name, c in customers.items() for place, day in enumerate(c.orders)
            ),
        ),
        silver.SESSIONS.name: frame(
            spark,
            silver.SESSIONS,
            *(
                dict(account_id=f"{name}/{c.channels.split('+')[-1]}", session_date=day, n_purchases=n)
                for name, c in customers.items()
                for day, n in (*((day, 0) for day in c.visits), *((day, 1) for day in c.orders))
            ),
        ),
    }  # fmt: skip
    tiers = TiersSettings(**{"stay_days": 5, "look_back_days": 28, "min_repeats": 30, "sample_customers": 10_000, **settings})
    rows = [
        conform(
            customer_segments(
                **cut_inputs(gold.CUSTOMER_SEGMENTS, frames, as_of=as_of),
                as_of=as_of,
                reporting_currency="CNY",
                words=TierWordsSettings(**vars(words)),
                tiers=tiers,
            ),
            gold.CUSTOMER_SEGMENTS,
        )
        for as_of in as_ofs
    ]
    return reduce(DataFrame.unionByName, rows)


def stood(spark, customers, *, as_ofs=(AS_OF,), **settings):
    """What is said of the customers at each as_of, without the rest of the table: as_of_date and COLUMNS."""
    tiers = TiersSettings(**{"stay_days": 5, "look_back_days": 0, "min_repeats": 10, "sample_customers": 10_000, **settings})
    days = "customer_id string, day date"
    orders = spark.createDataFrame([(name, day) for name, c in customers.items() for day in c.orders], days)
    visits = spark.createDataFrame([(name, day) for name, c in customers.items() for day in c.visits], days)
    channels = spark.createDataFrame([(name, c.channels) for name, c in customers.items()], "customer_id string, channels string")
    rows = []
    for as_of in as_ofs:
        before = (frame.where(F.col("day") < F.lit(as_of)) for frame in (orders, visits))
        done = activity(*before, channels, since=first_day_seen(as_of, tiers))
        of_day = standings(done, as_of=as_of, words=TierWordsSettings(**vars(Words())), tiers=tiers)
        rows.append(of_day.select(F.lit(as_of).alias("as_of_date"), *COLUMNS))
    return [row.asDict() for row in reduce(DataFrame.unionByName, rows).collect()]


def same(found, expected):
    """Whole rows, doubles to ten digits."""
    numbers = ("p_alive", "expected_rate_per_day")
    for one, other in zip(found, expected, strict=True):
        for name in numbers:
            expected_number = None if other[name] is None else pytest.approx(other[name], rel=1e-10)
            assert one[name] == expected_number, one
        assert {k: v for k, v in one.items() if k not in numbers} == {k: v for k, v in other.items() if k not in numbers}


def by_name(rows):
    return sorted(rows, key=lambda row: row["customer_id"])


def test_the_builder_follows_the_rules_customer_by_customer(spark):
    customers = drawn(240)
    company = Company(customers)
    found = by_name(contents(built(spark, customers), *COLUMNS))
    same(found, [company.row(name, AS_OF) for name in sorted(customers)])
    assert {one["tier"] for one in found} == {"new", "returning", "high_value", "potential", "churn_warning", "dormant"}
    assert any("reviewed" in one["tier_reason"] for one in found)


def test_no_tier_flaps_over_consecutive_as_ofs(spark):
    """Ten as_ofs over two Mondays, each built alone: what is estimated moves nobody twice within stay_days."""
    customers, stay_days = drawn(240, seed=5), 5
    as_ofs = [AS_OF - n * DAY for n in range(9, -1, -1)]
    rows = stood(spark, customers, as_ofs=as_ofs)
    tiers = {(row["customer_id"], row["as_of_date"]): row["tier"] for row in rows}
    words, n_moved, n_estimated = Words(), 0, 0
    for name, customer in customers.items():
        last_estimated = None
        for before, day in pairwise(as_ofs):
            was, now = tiers.get((name, before)), tiers.get((name, day))
            if was == now or was is None or "prospect" in (was, now):
                continue
            n_moved += 1
            orders, visits = customer.known(day)
            seen = max([orders[-1], *visits])
            is_fact = seen == before  # bought or visited on the day that now counts
            is_limit = words.recent_days + 1 in ((day - orders[0]).days, (day - seen).days)
            if not is_fact and not is_limit:
                n_estimated += 1
                is_grace_over = (day - seen).days == stay_days + 1
                assert customer.review_day(day, stay_days) == day or is_grace_over, (name, day, was, now)
                assert last_estimated is None or (day - last_estimated).days >= stay_days or seen >= last_estimated
                last_estimated = day
    assert n_moved > 40
    assert n_estimated > 10


def test_a_shop_in_which_nobody_buys_any_more_has_no_active_customers(spark):
    customers = drawn(120)
    for name in ("c000", "c002"):  # two who look in again
        customers[name] = replace(customers[name], visits=(*customers[name].visits, AS_OF + 395 * DAY))
    later = AS_OF + 400 * DAY
    rows = by_name(contents(built(spark, customers, as_ofs=(later,)), *COLUMNS))
    same(rows, [Company(customers).row(name, later) for name in sorted(customers)])
    assert {row["customer_id"] for row in rows if row["tier"] == "churn_warning"} == {"c000", "c002"}
    assert {row["tier"] for row in rows} == {"churn_warning", "dormant"}
    assert all("nothing bought for more than 365 days" in row["tier_reason"] for row in rows)
    assert all("超过 365 天未购买" in row["tier_reason_zh"] for row in rows)


def test_without_enough_to_learn_from_the_limits_decide(spark):
    def ago(*days):
        return tuple(AS_OF - n * DAY for n in days)

    customers = {
        "new": Customer("app", ago(3), ()),
        "once": Customer("app", ago(40), ago(2)),
        "silent": Customer("app", ago(90, 60), ()),
        "steady": Customer("pos", ago(99, 50, 20), ()),
        "often": Customer("pos", ago(40, 30, 20, 10), ()),
        "twice_at_once": Customer("app", ago(1, 1), ()),
        "future": Customer("app", ago(0, -5), ()),
        "gone": Customer("app", ago(500), ago(490)),
    }
    rows = by_name(contents(built(spark, customers), *COLUMNS))
    same(rows, [Company(customers).row(name, AS_OF) for name in sorted(customers)])
    assert {row["customer_id"]: row["tier"] for row in rows} == {
        "new": "new",
        "once": "potential",
        "silent": "churn_warning",
        "steady": "returning",
        "often": "high_value",
        "twice_at_once": "high_value",
        "future": "prospect",
        "gone": "dormant",
    }
    assert {row["p_alive"] for row in rows} == {None}


@pytest.mark.parametrize(
    "customers",
    [
        {"only": Customer("app", (AS_OF - 9 * DAY,), ())},
        {f"c{n:02d}": Customer("web", (AS_OF - 40 * DAY, AS_OF - 20 * DAY), (AS_OF - 30 * DAY,)) for n in range(40)},
    ],
    ids=["one customer with one order", "all are equal"],
)
def test_degenerate_companies_follow_the_rules(spark, customers):
    rows = by_name(contents(built(spark, customers), *COLUMNS))
    same(rows, [Company(customers).row(name, AS_OF) for name in sorted(customers)])


def test_before_the_first_order_everybody_is_a_prospect(spark):
    customers = {"a": Customer("app", (AS_OF,), (AS_OF - 3 * DAY,)), "b": Customer("pos", (), ())}
    assert by_name(contents(built(spark, customers), *COLUMNS)) == [
        {
            "customer_id": name,
            "tier": "prospect",
            "p_alive": None,
            "expected_rate_per_day": None,
            "last_visit_date": None,
            "tier_since": None,
            "tier_reason": "nothing bought in the window",
            "tier_reason_zh": "统计窗口内没有购买",
        }
        for name in ("a", "b")
    ]


def test_a_smaller_sample_is_the_same_in_any_order_of_rows(spark):
    customers = drawn(90)
    backwards = dict(reversed(customers.items()))
    one, other = (by_name(stood(spark, each, sample_customers=60)) for each in (customers, backwards))
    assert one == other
    assert [row["p_alive"] for row in by_name(stood(spark, customers))] != [row["p_alive"] for row in one]
