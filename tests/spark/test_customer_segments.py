"""What gold.customer_segments says of the past, and gold.segment_bins, on a few hand-computed customers; tiers: test_tiers.py."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from declared import cut_inputs
from frames import contents, frame, in_order
from reclake.gold.customer_segments import customer_segments
from reclake.gold.segment_bins import segment_bins
from reclake.lake.schema import conform
from reclake.segment.rfm import scored_bins
from reclake.segment.rfm_tiers import rfm_tier, rfm_tier_of
from reclake.segment.segments import cells, segment, segment_of
from reclake.segment.settings import TiersSettings, TierWordsSettings
from reclake.tables import gold, silver

AS_OF = date(2026, 3, 10)
OLD = date(2026, 1, 1)
JUDGED = ("tier", "p_alive", "expected_rate_per_day", "last_visit_date", "tier_since", "tier_reason", "tier_reason_zh")
RULES = {
    "words": TierWordsSettings(recent_days=30, high_rate_per_day=0.1, lapsed_days=365),
    "tiers": TiersSettings(stay_days=5, look_back_days=0, min_repeats=30, sample_customers=100),
}


def days_ago(n):
    return AS_OF - timedelta(days=n)


def identity(account, customer, since=OLD, until=None):
    return dict(account_id=account, customer_id=customer, valid_from=since, valid_to=until)


def account(account_id, *, basis="contract", is_device=False, is_machine=False, since=OLD):
    return dict(account_id=account_id, basis=basis, is_device=is_device, is_machine=is_machine, valid_from=since)


def line(account_id, order_id, ago, amount, *, currency="CNY", quantity=1, source="demo", scope="web", kind="product"):
    return dict(
        order_scope=scope,
        line_kind=kind,
        account_id=account_id,
        order_id=order_id,
        source=source,
        event_date=days_ago(ago),
        quantity=quantity,
        line_amount=Decimal(amount),
        currency=currency,
        is_return=quantity < 0,
    )


def built(spark, identities, accounts, lines, *, consents=(), window_days=0):
    frames = {
        silver.IDENTITIES.name: frame(spark, silver.IDENTITIES, *identities),
        silver.ACCOUNTS.name: frame(spark, silver.ACCOUNTS, *accounts),
        silver.CONSENTS.name: frame(spark, silver.CONSENTS, *consents),
        silver.ORDER_LINES.name: frame(spark, silver.ORDER_LINES, *lines),
        silver.SESSIONS.name: frame(spark, silver.SESSIONS),
    }
    segments = conform(
        customer_segments(
            **cut_inputs(gold.CUSTOMER_SEGMENTS, frames, as_of=AS_OF, window_days=window_days),
            as_of=AS_OF,
            reporting_currency="CNY",
            **RULES,
        ),
        gold.CUSTOMER_SEGMENTS,
    )
    return segments.drop(*JUDGED)


def row(
    customer,
    first=None,
    last=None,
    n_orders=0,
    spend="0",
    returned="0",
    scores=None,
    segment="no_orders",
    tier="prospect",
    currency="CNY",
):
    recency, frequency, monetary = scores or (None, None, None)
    return dict(
        as_of_date=AS_OF,
        customer_id=customer,
        first_order_date=first and days_ago(first),
        last_order_date=last and days_ago(last),
        recency_days=last,
        n_orders=n_orders,
        spend_amount=Decimal(spend),
        return_amount=Decimal(returned),
        currency=currency,
        recency_score=recency,
        frequency_score=frequency,
        monetary_score=monetary,
        rfm_cell="".join(map(str, scores)) if scores else None,
        segment=segment,
        rfm_tier=tier,
    )


def test_customers_are_counted_scored_and_named(spark):
    found = built(
        spark,
        [
            *(identity(one, "often") for one in ("often_app", "often_pos")),
            *(
                identity(one, one)
                for one in ("once", "returner", "member", "seen", "walk_in", "crawler", "abroad", "future", "silent", "anonymous")
            ),
            identity("moved", "before", OLD, days_ago(1)),
            identity("moved", "often", days_ago(1)),
        ],
        [
            *(account(one) for one in ("often_app", "often_pos", "moved", "once", "returner", "member", "abroad", "future")),
            account("seen", is_device=True),
            account("walk_in", is_device=True),
            account("crawler", is_device=True, is_machine=True),
            account("silent", basis="consent"),
            account("anonymous", basis="consent", is_device=True),
        ],
        [
            line("often_app", "o1", 60, "10.00"),
            line("often_app", "o1", 60, "5.00"),
            line("often_app", "o1", 9, "5.00", source="other"),
            line("often_pos", "o2", 20, "30.00"),
            line("often_pos", "o2", 2, "-30.00", quantity=-1),
            line("moved", "o3", 1, "1.50"),
            line("once", "o4", 30, "7.00"),
            line("walk_in", "o5", 40, "3.00"),
            line("returner", "o6", 3, "-9.00", quantity=-1),
            line("member", "o7", 3, "0.00"),
            line("abroad", "o8", 55, "1.00", currency="USD"),
            line("abroad", "o9", 50, "2.00", currency="EUR"),
            line("abroad", "o10", 45, "2.00", currency="EUR"),
            line("future", "o11", 0, "99.00"),
            line("silent", "o12", 5, "99.00"),
            line("nobody", "o13", 5, "99.00"),
            line(None, "o14", 5, "99.00"),
        ],
    )
    # Recency 45, 40, 30, 1: ranks .125 .375 .625 .875 → 1 2 4 5. Orders 1, 1, 3, 4: .25 .25 .625 .875 → 2 2 4 5.
    # Spend in CNY 3, 7, 51.5: 1/6, 1/2, 5/6 → 1 3 5; alone in EUR: 1/2 → 3.
    assert contents(found) == in_order(
        row("often", 60, 1, 4, "51.50", "-30.00", (5, 5, 5), "champions", "high_value"),
        row("once", 30, 30, 1, "7.00", "0", (4, 2, 3), "active", "new"),
        row("walk_in", 40, 40, 1, "3.00", "0", (2, 2, 1), "cooling", "churn_warning"),
        row("abroad", 55, 45, 3, "4.00", "0", (1, 4, 3), "hibernating", "dormant", currency="EUR"),
        row("returner", returned="-9.00"),
        row("member"),
        row("future"),
        row("seen"),
    )
    edges = [
        ("recency", "days", 1, 45, None, 1),
        ("recency", "days", 2, 40, 40, 1),
        ("recency", "days", 4, 30, 30, 1),
        ("recency", "days", 5, None, 1, 1),
        ("frequency", "orders", 2, None, 1, 2),
        ("frequency", "orders", 4, 3, 3, 1),
        ("frequency", "orders", 5, 4, None, 1),
        ("monetary", "CNY", 1, None, 3, 1),
        ("monetary", "CNY", 3, 7, 7, 1),
        ("monetary", "CNY", 5, 52, None, 1),
        ("monetary", "EUR", 3, None, None, 1),
    ]
    assert contents(conform(segment_bins(found, as_of=AS_OF, min_group_size=1), gold.SEGMENT_BINS)) == in_order(
        *(
            dict(as_of_date=AS_OF, measure=m, unit=u, score=s, upper_score=s, n_customers=n)
            | dict(lower_edge=low and Decimal(f"{low}.0000"), upper_edge=high and Decimal(f"{high}.0000"))
            for m, u, s, low, high, n in edges
        )
    )


def test_one_order_is_one_whatever_days_currencies_and_files_its_lines_have(spark):
    found = built(
        spark,
        [identity(one, one) for one in ("night", "two_places", "mixed", "old")],
        [account(one) for one in ("night", "two_places", "mixed", "old")],
        [
            # The till closed over midnight; goods of it that came back later are no order.
            line("night", "1001", 5, "8.00") | dict(file_digest="a"),
            line("night", "1001", 4, "2.00") | dict(file_digest="b"),
            line("night", "1001", 1, "-2.00", quantity=-1),
            # One number on till and web: two orders.
            line("two_places", "1001", 3, "4.00", scope="pos"),
            line("two_places", "1001", 3, "5.00", scope="web"),
            # One order in three currencies; of the reporting one only something came back.
            line("mixed", "7", 2, "1.00", currency="EUR"),
            line("mixed", "7", 3, "2.00", currency="USD"),
            line("mixed", "8", 1, "3.00", currency="USD"),
            line("mixed", "7", 2, "-9.00", currency="CNY", quantity=-1),
            # Rows from before scope and kind were told.
            line("old", "1", 9, "6.00", scope=None, kind=None) | dict(channel="pos"),
            line("old", "1", 9, "6.00", scope="pos"),
            line("old", "1", 9, "6.00", scope=None, kind=None) | dict(channel="web"),
        ],
    )
    assert contents(found) == in_order(
        row("night", 5, 5, 1, "10.00", "-2.00", (2, 1, 3), "cooling", "churn_warning"),
        row("two_places", 3, 3, 2, "9.00", scores=(4, 4, 1), segment="frequent_buyers", tier="new"),
        row("mixed", 3, 1, 2, "5.00", scores=(5, 4, 3), segment="frequent_buyers", tier="potential", currency="USD"),
        row("old", 9, 9, 2, "18.00", scores=(1, 4, 5), segment="slipping_away", tier="churn_warning"),
    )


def test_who_may_be_under_14_is_in_no_segment(spark):
    ages = {"a_13": AS_OF.year - 14, "a_14": AS_OF.year - 15, "a_unknown": None}
    found = built(
        spark,
        [identity(name, f"c{name}") for name in ages],
        [account(name) | dict(birth_year=year) for name, year in ages.items()],
        [line(name, f"o{name}", 3, "5") for name in ages],
    )
    assert contents(found, "customer_id") == [{"customer_id": "ca_14"}, {"customer_id": "ca_unknown"}]


def test_who_bought_once_over_midnight_is_new(spark):
    lines = [line("once", "1", 5, "8.00"), line("once", "1", 4, "2.00"), line("often", "2", 9, "1.00")]
    found = built(spark, [identity(one, one) for one in ("once", "often")], [account("once"), account("often")], lines)
    assert contents(found.where("customer_id = 'once'")) == [
        row("once", 5, 5, 1, "10.00", scores=(4, 3, 4), segment="big_spenders", tier="new")
    ]


def test_money_of_the_order_counts_in_its_spend_and_makes_no_order(spark):
    found = built(
        spark,
        [identity(one, one) for one in ("buyer", "voucher_only", "postage")],
        [account(one) for one in ("buyer", "voucher_only", "postage")],
        [
            line("buyer", "1", 3, "50.00"),
            line("buyer", "1", 3, "4.90", kind="shipping"),
            line("buyer", "1", 2, "-10.00", kind="voucher"),
            line("buyer", "1", 3, "-0.02", kind="rounding", currency="CNY"),
            line("buyer", "1", 3, "0.00", kind="gift"),
            line("buyer", "1", 1, "-4.90", kind="shipping", quantity=-1),
            # Nothing of this order was sold in the window.
            line("buyer", "2", 2, "-5.00", kind="voucher"),
            line("voucher_only", "3", 2, "-5.00", kind="voucher"),
            # Services have always been sold.
            line("postage", "4", 2, "7.00", kind="service"),
        ],
    )
    assert contents(found) == in_order(
        row("buyer", 3, 3, 1, "44.88", "-4.90", (2, 3, 4), "cooling", "churn_warning"),
        row("voucher_only"),
        row("postage", 2, 2, 1, "7.00", scores=(4, 3, 2), segment="active", tier="new"),
    )


def test_a_sum_that_no_column_holds_is_left_out_and_everybody_is_scored_right(spark):
    most = "99999999999999.0000"
    found = built(
        spark,
        [identity(one, one) for one in ("barcode", "a", "b", "c", "d")],
        [account(one) for one in ("barcode", "a", "b", "c", "d")],
        [
            line("barcode", "1", 1, most),
            line("barcode", "1", 1, most),
            line("barcode", "2", 1, f"-{most}", quantity=-1),
            line("barcode", "2", 1, f"-{most}", quantity=-1),
            *(line(one, one, 1, amount) for one, amount in (("a", "1.00"), ("b", "2.00"), ("c", "3.00"), ("d", "4.00"))),
        ],
    )
    scored = {"a": 1, "b": 2, "c": 3, "d": 4, "barcode": 5}
    assert {one["customer_id"]: one["monetary_score"] for one in found.collect()} == scored
    assert contents(found.where("customer_id = 'barcode'")) == [
        row("barcode", 1, 1, 1, "0", scores=(3, 3, 5), segment="steady", tier="new") | dict(spend_amount=None, return_amount=None)
    ]
    bins = conform(segment_bins(found, as_of=AS_OF, min_group_size=1), gold.SEGMENT_BINS).where("measure = 'monetary'")
    assert {one["score"]: one["n_customers"] for one in bins.collect()} == {1: 1, 2: 1, 3: 1, 4: 1}


def test_a_window_leaves_older_sales_out_and_its_first_day_in(spark):
    found = built(
        spark,
        [identity("a", "a")],
        [account("a")],
        [line("a", "o1", 31, "1.00"), line("a", "o2", 30, "2.00"), line("a", "o3", 1, "4.00")],
        window_days=30,
    )
    assert contents(found) == [row("a", 30, 1, 2, "6.00", scores=(3, 3, 3), segment="steady", tier="returning")]


def test_columns_and_plain_python_agree_on_every_cell(spark):
    rows = [(*cell, on_one_day) for cell in cells() for on_one_day in (True, False)]
    given_scores = spark.createDataFrame(rows, "r int, f int, m int, on_one_day boolean")
    named = given_scores.withColumn("segment", segment(*(given_scores[name] for name in "rfm")))
    found = named.withColumn("rfm_tier", rfm_tier(named["segment"], on_one_day=named["on_one_day"])).collect()
    assert len(found) == 250
    for one in found:
        cell = (one["r"], one["f"], one["m"])
        assert (one["segment"], one["rfm_tier"]) == (segment_of(*cell).name, rfm_tier_of(*cell, on_one_day=one["on_one_day"]))


def scores_of(spark, values):
    """Value → score, for values of one measure."""
    measured = spark.createDataFrame(
        [("x", "y", Decimal(value)) for value in values], "measure string, unit string, value decimal(18,4)"
    )
    bins = scored_bins(measured).collect()
    found = {value: [b["score"] for b in bins if b["lower"] <= Decimal(value) <= b["upper"]] for value in values}
    assert all(len(scores) == 1 for scores in found.values())
    assert sum(b["n"] for b in bins) == len(values)
    return {value: scores[0] for value, scores in found.items()}


def test_mid_ranks_give_equal_values_equal_scores_and_may_leave_a_score_out(spark):
    values = [1, 1, 1, 1, 2, 2, 3, 5, 9, 40]
    found = scores_of(spark, values)
    assert [found[value] for value in values] == [2, 2, 2, 2, 3, 3, 4, 4, 5, 5]


def test_one_customer_is_in_the_middle(spark):
    assert scores_of(spark, [7]) == {7: 3}


amounts = st.one_of(st.integers(-400, -1), st.integers(1, 5), st.decimals("0.0001", "99999999", places=4))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(amounts, min_size=1, max_size=30))
def test_scores_agree_with_counting_by_hand(spark, values):
    values = [Decimal(value) for value in values]
    for value, found in scores_of(spark, values).items():
        twice_rank = 2 * sum(other < value for other in values) + values.count(value)
        assert found == min(5, 1 + 5 * twice_rank // (2 * len(values)))


@pytest.mark.data
def test_online_retail_gives_the_published_counts_and_ranges(spark, root):
    stored = root.parent / "shared" / "data" / "online-retail" / "online_retail.parquet"
    if not stored.exists():
        pytest.skip("no ../shared/data/online-retail")
    lines = (
        spark.read
        .parquet(str(stored))
        .where("CustomerID is not null")
        .selectExpr(
            "cast(CustomerID as string) account_id",
            "InvoiceNo order_id",
            "'online_retail' source",
            "'web' channel",
            "'web' order_scope",
            "'product' line_kind",
            "to_date(InvoiceDate) event_date",
            "Quantity quantity",
            "cast(cast(UnitPrice as decimal(18,4)) * Quantity as decimal(18,4)) line_amount",
            "'GBP' currency",
            "Quantity < 0 is_return",
        )
    )
    customers = lines.selectExpr(
        "account_id", "account_id customer_id", "date '2010-11-30' valid_from", "cast(null as date) valid_to", "'alone' evidence",
        "'research' basis", "'web' channel", "false is_device", "false is_machine", "cast(null as int) birth_year",
    ).distinct()  # fmt: skip
    frames = {
        silver.IDENTITIES.name: customers.select("account_id", "customer_id", "valid_from", "valid_to", "evidence"),
        silver.ACCOUNTS.name: customers.select(
            "account_id", "channel", "basis", "is_device", "is_machine", "birth_year", "valid_from", "valid_to"
        ),
        silver.CONSENTS.name: frame(spark, silver.CONSENTS),
        silver.ORDER_LINES.name: lines,
        silver.SESSIONS.name: frame(spark, silver.SESSIONS),
    }
    found = conform(
        customer_segments(
            **cut_inputs(gold.CUSTOMER_SEGMENTS, frames, as_of=date(2011, 12, 10)),
            as_of=date(2011, 12, 10),
            reporting_currency="CNY",
            **RULES,
        ),
        gold.CUSTOMER_SEGMENTS,
    ).cache()
    rows = found.collect()
    bought = [one for one in rows if one["n_orders"]]
    assert len(bought) == 4338
    assert len(rows) == 4372
    assert sum(one["n_orders"] for one in bought) == 18_532
    assert sum(one["spend_amount"] for one in bought) == Decimal("8911407.9040")
    assert {one["currency"] for one in bought} == {"GBP"}
    used = [one["rfm_cell"] for one in bought]
    assert (len(set(used)), used.count("555"), used.count("111")) == (93, 348, 334)
    measures = {"recency": "recency_days", "frequency": "n_orders", "monetary": "spend_amount"}
    values = {(m, s): [one[v] for one in bought if one[f"{m}_score"] == s] for m, v in measures.items() for s in range(1, 6)}
    assert {m: [len(values[m, s]) for s in range(1, 6)] for m in measures} == {
        "recency": [869, 858, 863, 880, 868],
        "frequency": [1493, 0, 1343, 630, 872],
        "monetary": [868, 867, 868, 867, 868],
    }
    ranges = {key: (min(group), max(group)) for key, group in values.items() if group}
    assert [ranges["recency", s] for s in range(1, 6)] == [(180, 374), (73, 179), (34, 72), (15, 33), (1, 13)]
    assert [ranges["frequency", s] for s in (1, 3, 4, 5)] == [(1, 1), (2, 3), (4, 5), (6, 209)]
    cents = [round(float(ranges["monetary", s][1]), 2) for s in range(1, 6)]
    assert cents == [250.15, 489.60, 942.26, 2056.89, 280206.02]
    bins = (
        segment_bins(found, as_of=date(2011, 12, 10), min_group_size=10).where("measure = 'monetary'").orderBy("score").collect()
    )
    found.unpersist()
    assert [(b["lower_edge"], b["upper_edge"], b["n_customers"]) for b in bins] == [
        (None, 250, 860), (250, 490, 860), (490, 940, 860), (940, 2100, 860), (2100, None, 860)
    ]  # fmt: skip
