"""gold.segment_bins: what is published of scores counts ten people at least, and quotes nobody's value."""

import random
from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal

import pytest

from frames import contents, frame, in_order
from reclake.gold.segment_bins import emptiness, rounded, segment_bins
from reclake.lake.schema import conform
from reclake.tables import gold

AS_OF = date(2026, 3, 1)
TWO_DIGITS = Context(prec=2, rounding=ROUND_HALF_UP)


def customers(spark, *values):
    """Customers of one as_of, each (unit, score, spend_amount), scored alike by all three measures."""
    rows = [
        dict(as_of_date=AS_OF, customer_id=f"c{n}", currency=unit, n_orders=1, recency_days=1, spend_amount=Decimal(amount))
        | dict(recency_score=3, frequency_score=3, monetary_score=score)
        for n, (unit, score, amount) in enumerate(values)
    ]
    return frame(spark, gold.CUSTOMER_SEGMENTS, *rows)


def published(spark, *values, least=10):
    """Rows of monetary."""
    bins = conform(segment_bins(customers(spark, *values), as_of=AS_OF, min_group_size=least), gold.SEGMENT_BINS)
    return [row for row in contents(bins) if row["measure"] == "monetary"]


def row(unit, score, upper_score, lower, upper, n):
    held = {"lower_edge": lower, "upper_edge": upper}
    edges = {name: None if edge is None else Decimal(edge).quantize(Decimal("0.0001")) for name, edge in held.items()}
    return dict(as_of_date=AS_OF, measure="monetary", unit=unit, score=score, upper_score=upper_score, n_customers=n) | edges


def spread(unit, score, n, first):
    return [(unit, score, f"{first + number}.37") for number in range(n)]


def test_no_edge_is_one_customers_amount_and_the_outermost_are_open(spark):
    found = published(
        spark,
        *spread("CNY", 1, 10, 111),
        *spread("CNY", 2, 29, 1234),
        *spread("CNY", 3, 12, 7777),
        ("CNY", 3, "12971.60"),
    )
    assert found == in_order(
        row("CNY", 1, 1, None, 120, 10),
        row("CNY", 2, 2, 1200, 1300, 20),
        row("CNY", 3, 3, 7800, None, 10),
    )


def test_scores_of_too_few_people_are_joined_with_a_neighbour(spark):
    found = published(
        spark,
        *spread("CNY", 1, 9, 100),
        *spread("CNY", 2, 1, 200),
        *spread("CNY", 3, 10, 300),
        *spread("CNY", 4, 11, 400),
        *spread("CNY", 5, 9, 500),
        *spread("EUR", 2, 4, 10),
        *spread("EUR", 4, 5, 20),
        *spread("GBP", 3, 10, 10),
    )
    # EUR has nine people: none of them is published. All of GBP are one group, which is open on both sides.
    assert found == in_order(
        row("CNY", 1, 2, None, 200, 10),
        row("CNY", 3, 3, 300, 310, 10),
        row("CNY", 4, 5, 400, None, 20),
        row("GBP", 3, 3, None, None, 10),
    )


def test_one_more_customer_does_not_show_in_a_count(spark):
    before = spread("CNY", 2, 23, 100)
    counts = [published(spark, *before, *spread("CNY", 2, n, 50))[0]["n_customers"] for n in (0, 1)]
    assert counts == [20, 20]


@pytest.mark.parametrize("least", [2, 10])
def test_random_scores_agree_with_plain_python(spark, least):
    rng = random.Random(11)
    for _ in range(6):
        values = [
            (rng.choice(["CNY", "EUR", "USD"]), score, f"{score * 1000 + rng.randrange(900)}.{rng.randrange(10, 99)}")
            for score in rng.choices(
                range(1, 6), weights=[rng.choice([0, 1, 9]) + 0.1 for _ in range(5)], k=rng.choice([5, 40, 120])
            )
        ]
        assert published(spark, *values, least=least) == in_order(*joined(values, least))


def joined(values, least):
    """The groups by hand: lists of amounts by score, merged upwards, a rest merged downwards."""
    by_unit = defaultdict(lambda: defaultdict(list))
    for unit, score, amount in values:
        by_unit[unit][score].append(Decimal(amount))
    for unit, by_score in by_unit.items():
        groups = []
        for score in sorted(by_score):
            if groups and len(groups[-1][1]) < least:
                groups[-1] = ((groups[-1][0][0], score), groups[-1][1] + by_score[score])
            else:
                groups.append(((score, score), by_score[score]))
        if len(groups) > 1 and len(groups[-1][1]) < least:
            (_, rest), (low, kept) = groups.pop(), groups.pop()
            groups.append(((low[0], max(by_score)), kept + rest))
        for place, ((low, high), amounts) in enumerate(groups):
            if len(amounts) >= least:
                lower = None if place == 0 else TWO_DIGITS.plus(min(amounts))
                upper = None if place == len(groups) - 1 else TWO_DIGITS.plus(max(amounts))
                yield row(unit, low, high, lower, upper, len(amounts) // least * least)


def test_rounding_agrees_with_pythons_decimals(spark):
    written = ["0", "0.0007", "0.07", "0.0995", "1", "9.949", "9.95", "10", "12.5", "99.4999", "99.5", "125", "250.5", "999.9999",
               "12971.60", "280206.02", "-30", "-1250.01", "94999999999999", "1000", "0.001"]  # fmt: skip
    frame_of = spark.createDataFrame([(Decimal(one),) for one in written], "value decimal(18,4)")
    found = frame_of.select(rounded(frame_of["value"]).alias("edge")).collect()
    assert [one["edge"] for one in found] == [TWO_DIGITS.plus(Decimal(one)) for one in written]


def test_an_edge_that_no_column_holds_is_open(spark):
    greatest = spark.createDataFrame([(Decimal("99999999999999.9999"),)], "value decimal(18,4)")
    assert greatest.select(rounded(greatest["value"]).alias("edge")).first()["edge"] is None


def test_recency_joins_scores_though_its_values_fall(spark):
    rows = [
        dict(as_of_date=AS_OF, customer_id=f"c{n}", currency="CNY", n_orders=1, spend_amount=Decimal(1), recency_days=days)
        | dict(recency_score=score, frequency_score=3, monetary_score=3)
        for n, (score, days) in enumerate([(1, 374 - one) for one in range(4)] + [(2, 150 + one) for one in range(8)]
                                          + [(5, 1 + one) for one in range(10)])
    ]  # fmt: skip
    found = segment_bins(frame(spark, gold.CUSTOMER_SEGMENTS, *rows), as_of=AS_OF, min_group_size=10)
    assert [
        tuple(one) for one in found.where("measure = 'recency'").drop("as_of_date", "measure").orderBy("score").collect()
    ] == [
        ("days", 1, 2, Decimal(150), None, 10),
        ("days", 5, 5, None, Decimal(10), 10),
    ]


@pytest.mark.parametrize(
    ("n", "reason"), [(0, "nobody bought in the window"), (9, "fewer than 10 customers bought in the window"), (10, None)]
)
def test_no_bins_have_their_reason(spark, n, reason):
    told = emptiness(customers(spark, *spread("CNY", 3, n, 1)), as_of=AS_OF, min_group_size=10)
    assert [tuple(one) for one in told.collect()] == [(AS_OF, reason)]
