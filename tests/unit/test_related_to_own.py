"""What is related to a customer's own products, against sums over all pairs in plain Python, with other sums and orders."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal

import pyarrow as pa
import pytest

from reclake.recommend.scenarios.links import RelatedLink
from reclake.recommend.scenarios.related import Own, Partners, RelatedToOwn, look_up_in

RELATIONS = ("bought_together", "seen_together")
SCHEMA = pa.schema([
    ("product_id", pa.string()), ("relation", pa.string()), ("places", pa.list_(pa.int32())), ("scores", pa.list_(pa.float64())),
    ("units", pa.list_(pa.int64())), ("is_strong", pa.list_(pa.bool_())),
])  # fmt: skip


def exact(score):
    """The score with 12 digits, as a sum of weights takes it."""
    return Decimal(repr(score)).quantize(Decimal("1e-12"), ROUND_HALF_UP)


def drawn_relations(draw, products):
    """(relation, product, place) → score, is_strong; few different scores, so that some are equal."""
    return {
        (relation, product, place): (draw.choice((0.1, 0.25, 1 / 3, draw.random())), draw.random() < 0.5)
        for relation in RELATIONS
        for product in products
        for place in draw.sample(range(1, 13), draw.randint(0, 6))
    }


def look_up(pairs):
    """The pairs as a block of the workers holds them."""
    rows = []
    for product, relation in sorted({(product, relation) for relation, product, _ in pairs}, reverse=True):
        of_product = [(place, *value) for (r, p, place), value in pairs.items() if (r, p) == (relation, product)]
        rows.append({
            "product_id": product,
            "relation": relation,
            "places": [place for place, _, _ in of_product],
            "scores": [score for _, score, _ in of_product],
            "units": [int(exact(score) * 10**12) for _, score, _ in of_product],
            "is_strong": [is_strong for _, _, is_strong in of_product],
        })
    return look_up_in(pa.Table.from_pylist(rows, schema=SCHEMA))


def pairs_of(pairs, own, relation, *, follows, only_strong):
    """Place → what the own products that are followed say of it: (score, own product), in no order that matters."""
    spoken = {}
    for one in own:
        for (r, product, place), (score, is_strong) in pairs.items():
            if (r, product) == (relation, one.product_id) and follows(one) and (is_strong or not only_strong):
                spoken.setdefault(place, []).append((score, one))
    return spoken


FOLLOWS = {"seen": lambda one: one.is_new, "bought": lambda one: one.is_newly_bought, "last": lambda one: one.recency == 1}


@pytest.mark.parametrize("seed", range(40))
def test_candidates_are_the_sums_over_all_pairs_of_the_own_products(seed):
    draw = random.Random(seed)
    products = [f"p{n}" for n in range(8)]
    pairs = drawn_relations(draw, products)
    own = []
    for recency, product in enumerate(draw.sample([*products, "gone"], draw.randint(1, 6)), start=1):
        is_viewed, is_bought = draw.random() < 0.6, draw.random() < 0.5
        own.append(Own(product, recency, is_viewed, is_bought, recency <= 3, is_bought and draw.random() < 0.7))
    links = {
        link.key: link
        for relation in RELATIONS
        for to in FOLLOWS
        for strong in (False, True)
        for link in [RelatedLink(link="related", relation=relation, to=to, above_chance=strong)]
    }
    draw.shuffle(own)
    related = RelatedToOwn({}, own, links, look_up(pairs))
    for key, link in links.items():
        expected = []
        for place, spoken in pairs_of(pairs, own, link.relation, follows=FOLLOWS[link.to], only_strong=link.above_chance).items():
            total = float(sum((exact(score) for score, _ in spoken), Decimal(0)))
            least, product = min((-score, one.product_id) for score, one in spoken)
            (best,) = (one for score, one in spoken if (-score, one.product_id) == (least, product))
            fact = "looked_at" if best.is_viewed and link.to != "bought" else "bought" if best.is_bought else None
            expected.append((place, total, product, fact))
        assert related[key] == sorted(expected, key=lambda one: (-one[1], one[0])), key
    strong = pairs_of(pairs, own, "bought_together", follows=FOLLOWS["bought"], only_strong=True)
    goes_with = {place: min((-score, one.product_id) for score, one in spoken)[1] for place, spoken in strong.items()}
    assert dict(Partners(related)) == goes_with


def test_what_came_with_the_customer_is_kept_and_nothing_is_looked_up_before_a_list_asks():
    asked = []

    def noted(product_id, relation):
        asked.append((product_id, relation))
        return iter([(3, 0.5, 5 * 10**11, True)])

    link = RelatedLink(link="related", relation="seen_together", to="seen")
    related = RelatedToOwn({"model/als": []}, [Own("p1", 1, True, False, True, False)], {link.key: link}, noted)
    partners = Partners(related)
    assert related["model/als"] == []
    assert related.get("popular/all", ()) == ()
    assert asked == []
    assert related[link.key] == related[link.key] == [(3, 0.5, "p1", "looked_at")]
    assert asked == [("p1", "seen_together")], "once, however often it is read"
    assert 3 not in partners, "what was looked at goes with nothing that was bought"
    assert list(related) == [link.key, "model/als"]
