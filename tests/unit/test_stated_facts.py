"""The query that checks reasons against silver: true ones pass, and each false one is counted."""

from datetime import date

import pytest

from lakes import ROOT, places
from reclake.look.lake import look_at
from reclake.look.reasons import stated_facts
from reclake.settings import load_settings
from reclake.tables import gold, silver
from without_spark import publish

AS_OF, BEFORE = date(2026, 3, 10), date(2026, 3, 1)


def stated(scenario, customer, product, reason, other=None, relation=None):
    return {
        "as_of_date": AS_OF, "scenario": scenario, "customer_id": customer, "product_id": product, "rank": 1, "reason": reason,
        "evidence_product_id": other, "evidence_relation": relation,
    }  # fmt: skip


def beside(reason, other, about="p1", relation="bought_together"):
    """A row of a product's page and one of the basket of that product and p0: what is stated of `about`."""
    fact = {
        "as_of_date": AS_OF, "scenario": "s", "rank": 1, "reason": reason,
        "evidence_product_id": about, "evidence_relation": relation,
    }  # fmt: skip
    return fact | {"product_id": "p1", "recommended_product_id": other}, fact | {"basket": '["p0","p1"]', "product_id": other}


PAGES, BASKETS = zip(
    beside("goes_with", "p2"),
    beside("goes_with", "p3"),  # in one order only
    beside("goes_with", "p3", about="p2"),  # of a product that the page is not about; and no such relation
    beside("seen_with", "p3", relation="seen_together"),
    beside("seen_with", "p3", about="p4", relation="seen_together"),  # true, and of another page
    beside("popular_in", "p5", about=None, relation=None),
    beside("popular_in", "p2", about=None, relation=None),
    strict=True,
)


def related(relation, product, other, **more):
    row = {"as_of_date": AS_OF, "relation": relation, "product_id": product, "related_product_id": other}
    return row | {"n_together": 2, "lift": 2.0} | more


ROWS = {
    gold.RECOMMENDATIONS: [
        stated("true", "c1", "p2", "goes_with", "p1", "bought_together"),
        stated("true", "c1", "p3", "looked_at", "p4", "seen_together"),
        stated("true", "c1", "p3", "bought", "p1", "bought_next"),
        stated("true", "c1", "p5", "popular_in"),
        stated("true", "c1", "p1", "due"),
        stated("true", "c1", "p9", None),
        stated("false", "c2", "p2", "goes_with", "p1", "bought_together"),  # bought by c1
        stated("false", "c1", "p3", "goes_with", "p1", "bought_together"),  # in one order only
        stated("false", "c1", "p3", "looked_at", "p1", "seen_together"),  # bought, and not looked at
        stated("false", "c1", "p2", "bought", "p1", "bought_next"),  # no such relation
        stated("false", "c1", "p2", "popular_in"),
        stated("false", "c1", "p8", "popular_in"),  # on the list, and not among the first ten
        stated("false", "c1", "p9", "popular_in"),  # of last week alone
        stated("false", "c1", "p2", "due"),
        stated("false", "c1", "p3", "looked_at", "p7", "seen_together"),  # only after the as_of
    ],
    gold.PRODUCT_RECOMMENDATIONS: list(PAGES),
    gold.BASKET_RECOMMENDATIONS: list(BASKETS),
    silver.INTERACTIONS: [
        {"event_date": day, "account_id": account, "product_id": product, "kind": kind, "n_events": 1}
        for day, account, product, kind in (
            (BEFORE, "a1", "p1", "purchase"),
            (BEFORE, "a1", "p4", "view"),
            (AS_OF, "a1", "p7", "view"),
            (BEFORE, "a2", "p4", "view"),
        )
    ],
    silver.IDENTITIES: [{"account_id": f"a{n}", "customer_id": f"c{n}", "valid_from": BEFORE} for n in (1, 2)],
    silver.ORDER_LINES: [
        {"source": "s", "event_date": BEFORE, "order_scope": "x", "order_id": order, "product_id": product, "position": n}
        for order, products in (("o1", "p1 p2 p3"), ("o2", "p1 p2"), ("o3", "p3"))
        for n, product in enumerate(products.split())
    ],
    gold.PRODUCT_RELATIONS: [
        related("bought_together", "p1", "p2"),
        related("bought_together", "p1", "p3"),
        related("seen_together", "p4", "p3"),
        related("seen_together", "p1", "p3"),
        related("seen_together", "p7", "p3"),
        related("bought_next", "p1", "p3"),
    ],
    gold.POPULAR_PRODUCTS: [
        {"as_of_date": AS_OF, "scope": "category", "value": "tea", "kind": kind, "rank": n, "product_id": product}
        for kind, n, product in (("decayed", 10, "p5"), ("decayed", 2, "p2"), ("decayed", 11, "p8"), ("last_7_days", 1, "p9"))
    ],
    silver.PRODUCTS: [
        {"product_id": product, "category": category, "valid_from": BEFORE} for product, category in (("p5", "tea"), ("p2", "cups"), ("p8", "tea"), ("p9", "tea"))
    ],
    gold.DUE_AGAIN: [
        {"as_of_date": AS_OF, "customer_id": "c1", "product_id": product, "is_due": is_due} for product, is_due in (("p1", True), ("p2", False))
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("facts")
    publish(folder / "lake", ROWS)
    own = [f"{key}={value}" for key, value in places(folder, folder / "landing").items()]
    return look_at(ROOT, load_settings(ROOT, profile="test", overrides=own, environment={})).reader


def test_true_facts_hold_and_each_false_one_is_counted(reader):
    counts = stated_facts(reader, gold.RECOMMENDATIONS, as_of=AS_OF, min_together=2, min_lift=1.2)
    assert {(row["scenario"], row["reason"]): (row["n_rows"], row["n_false"]) for row in counts} == {
        **{("true", reason): (1, 0) for reason in ("goes_with", "looked_at", "bought", "popular_in", "due", None)},
        **{
            ("false", reason): (n, n)
            for reason, n in (("goes_with", 2), ("looked_at", 2), ("bought", 1), ("popular_in", 3), ("due", 1))
        },
    }


def test_a_pair_below_the_floors_is_false(reader):
    for floors in ({"min_together": 3, "min_lift": 1.2}, {"min_together": 2, "min_lift": 2.5}):
        counts = stated_facts(reader, gold.RECOMMENDATIONS, as_of=AS_OF, **floors)
        assert {(row["scenario"], row["reason"]): row["n_false"] for row in counts}["true", "goes_with"] == 1


@pytest.mark.parametrize("table", [gold.PRODUCT_RECOMMENDATIONS, gold.BASKET_RECOMMENDATIONS], ids=lambda table: table.noun)
def test_what_is_stated_beside_a_product_is_of_that_product(reader, table):
    counts = stated_facts(reader, table, as_of=AS_OF, min_together=2, min_lift=1.2)
    assert {row["reason"]: (row["n_rows"], row["n_false"]) for row in counts} == {
        "goes_with": (3, 2), "seen_with": (2, 1), "popular_in": (2, 1),
    }  # fmt: skip
