"""gold.tier_changes: flows by hand, and for drawn companies that they add up and that no row is small."""

import random
from collections import Counter
from datetime import date

from frames import contents, frame, in_order
from reclake.gold.tier_changes import emptiness, tier_changes
from reclake.lake.schema import conform
from reclake.segment.tiers import ORDER, PROSPECT
from reclake.tables import gold

BEFORE, AS_OF = date(2026, 3, 1), date(2026, 3, 8)


def segments(spark, day, tiers):
    """A frame of gold.customer_segments: customer → tier."""
    rows = (dict(as_of_date=day, customer_id=customer, tier=tier) for customer, tier in tiers.items())
    return frame(spark, gold.CUSTOMER_SEGMENTS, *rows)


def built(spark, before, now, *, least=1):
    given = (segments(spark, AS_OF, now), segments(spark, BEFORE, before))
    return conform(tier_changes(*given, as_of=AS_OF, min_group_size=least), gold.TIER_CHANGES)


def flow(direction, from_tier, to_tier, n, *, previous=BEFORE):
    return dict(
        as_of_date=AS_OF, previous_as_of_date=previous, direction=direction, from_tier=from_tier, to_tier=to_tier, n_customers=n
    )


def of(tier, *names):
    return dict.fromkeys(names, tier)


def test_every_customer_of_both_days_stands_in_one_flow(spark):
    before = of("new", "a", "b", "c") | of("returning", "d") | of("high_value", "e") | of("prospect", "f", "left")
    now = of("returning", "a", "b", "d") | of("potential", "c") | of("dormant", "e") | of("new", "f") | of("prospect", "came")
    assert contents(built(spark, before, now)) == in_order(
        flow("upgrade", "new", "returning", 2),
        flow("downgrade", "new", "potential", 1),
        flow("stay", "returning", "returning", 1),
        flow("downgrade", "high_value", "dormant", 1),
        flow("upgrade", "prospect", "new", 1),
        flow("exit", "prospect", "none", 1),
        flow("entry", "none", "prospect", 1),
    )


def test_the_first_as_of_has_entries_only(spark):
    assert contents(built(spark, {}, of("new", "a", "b"))) == [flow("entry", "none", "new", 2, previous=None)]


def named(tier, n, prefix):
    return dict.fromkeys((f"{prefix}{number}" for number in range(n)), tier)


def test_small_flows_become_one_row_of_their_direction(spark):
    before = named("new", 12, "a") | named("new", 3, "b") | named("potential", 4, "c") | named("returning", 2, "d")
    now = named("new", 12, "a") | named("returning", 3, "b") | named("high_value", 4, "c") | named("dormant", 2, "d")
    assert contents(built(spark, before, now, least=5)) == in_order(
        flow("stay", "new", "new", 12),
        # Two went down: too few for a row of their own. Seven went up, and stand with them.
        flow("several", "several", "several", 9),
    )


def drawn(seed):
    draw, tiers = random.Random(seed), (PROSPECT, *ORDER)
    likely = draw.choices(tiers, k=3)
    n = draw.randint(1, 90)
    before, now = {}, {}
    for number in range(n):
        kind = draw.random()
        if kind < 0.9:
            before[f"c{number}"] = draw.choice(likely if draw.random() < 0.8 else tiers)
        if kind > 0.08:
            stays = f"c{number}" in before and draw.random() < 0.6
            now[f"c{number}"] = before[f"c{number}"] if stays else draw.choice(tiers)
    return before, now, draw.choice((1, 2, 5, 10))


def test_flows_add_up_and_no_row_is_small(spark):
    n_pooled = 0
    for seed in range(12):
        before, now, least = drawn(seed)
        rows = contents(built(spark, before, now, least=least))
        n_all = len(before.keys() | now.keys())
        assert sum(row["n_customers"] for row in rows) == (n_all if n_all >= least else 0)
        assert all(row["n_customers"] >= least for row in rows)
        exact = Counter((before.get(one, "none"), now.get(one, "none")) for one in before.keys() | now.keys())
        for row in rows:
            if "several" not in row.values():
                assert row["n_customers"] == exact[row["from_tier"], row["to_tier"]]
        n_pooled += sum("several" in row.values() for row in rows)
        small = {pair for pair, n in exact.items() if n < least}
        assert bool(small) == any("several" in row.values() for row in rows) or n_all < least
    assert n_pooled > 5


def test_too_few_customers_are_the_reason_for_no_row(spark):
    given = (segments(spark, AS_OF, of("new", "a", "b")), segments(spark, BEFORE, of("new", "b", "c")))
    assert contents(tier_changes(*given, as_of=AS_OF, min_group_size=4)) == []
    reasons = [emptiness(*given, as_of=AS_OF, min_group_size=least).collect()[0]["reason"] for least in (3, 4)]
    assert reasons == [None, "fewer than 4 customers are known"]
