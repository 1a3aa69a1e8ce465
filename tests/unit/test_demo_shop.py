"""What the demo company delivers of its shop: brands, variants, list prices, stock, and recommendations by a known law."""

import json
import sys
from collections import Counter, defaultdict
from datetime import datetime
from itertools import pairwise
from math import log, sqrt

import pytest
from pydantic import ValidationError

from demo import demo_settings
from reclake.recommend.propensity import RatioSums
from reclake.synthetic.company import slot_lines
from reclake.synthetic.facts import World
from reclake.synthetic.landing import TRUTH
from reclake.synthetic.names import BRANDS
from reclake.tables.vocabulary import WORDS

FEEDS = ("assortment", "stock", "impressions")
N_PEOPLE = 250
SETTINGS = demo_settings(n_days=40, impressions__shown_share=0.9)


def lines_of(settings, n_people):
    world = World.of(settings)
    return [line for number in range(n_people) for line in slot_lines(world, number)]


@pytest.fixture(scope="module")
def lines():
    return lines_of(SETTINGS, N_PEOPLE)


def delivered(lines, feed):
    return [json.loads(line.payload) for line in lines if line.file.startswith(f"{feed}/")]


def truth(lines, table):
    return [json.loads(line.payload) for line in lines if line.file.startswith(f"{TRUTH}{table}/")]


def at(text):
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_more_days_leave_the_first_ones_as_they_are():
    short, long = (lines_of(demo_settings(n_days=days), 40) for days in (14, 20))

    def files(lines):
        return Counter((line.file, line.payload) for line in lines if line.file.startswith(FEEDS) and line.delivery_day < 14)

    assert len(files(short)) > 600
    assert files(short) == files(long)


def test_a_law_that_is_none_is_refused():
    arms = {name: arm.model_dump() for name, arm in SETTINGS.impressions.arms.items()}
    with pytest.raises(ValidationError, match="do not add up to 1"):
        demo_settings(impressions__arms=arms | {"policy": arms["policy"] | {"share": 0.5}})
    for probabilities in ({"popular": 0.5, "item_item": 0.5}, {"popular": 0.5, "item_item": 0.3, "als": 0.3}):
        with pytest.raises(ValidationError, match=r"arms\.policy\.web needs one probability per strategy"):
            demo_settings(impressions__arms=arms | {"policy": arms["policy"] | {"web": probabilities}})
    with pytest.raises(ValidationError, match="is no strategy"):
        demo_settings(impressions__non_personal="nothing")


class TestAssortment:
    def test_the_brand_is_the_one_in_the_name(self, lines):
        world = World.of(SETTINGS)
        brands = {one["sku"]: one["brand"] for one in delivered(lines, "assortment")}
        assert brands.keys() == {product.product_id for product in world.catalogue.products if product.launch_day < 40}
        assert set(brands.values()) == set(BRANDS)
        assert all(product.name.startswith(brands.get(product.product_id, "")) for product in world.catalogue.products)

    def test_variants_are_alike_and_know_the_one_that_stands_for_them(self, lines):
        rows = {one["product_id"]: one for one in truth(lines, "assortment")}
        told = {one["sku"]: one.get("variant_of") for one in delivered(lines, "assortment")}
        assert all(told[sku] == rows[sku]["variant_of"] for sku in told)
        groups = defaultdict(set)
        for sku, row in rows.items():
            if row["variant_of"]:
                groups[row["variant_of"]].add(sku)
        assert len(groups) > 50
        styles = {product.product_id: product.style for product in World.of(SETTINGS).catalogue.products}
        for first, members in groups.items():
            assert first in members
            assert len(members) > 1
            assert len({(rows[sku]["category"], rows[sku]["noun"], styles[sku]) for sku in members}) == 1

    def test_a_list_price_comes_with_every_price_and_is_never_below_it(self, lines):
        world = World.of(SETTINGS)
        prices = {
            (product.product_id, world.calendar.start(day)): price
            for product in world.catalogue.products
            for day, price in product.prices
        }
        found = {(one["sku"], at(one["updated_at"]) // 86_400_000): one["list_price"] for one in delivered(lines, "assortment")}
        of_day = {(sku, start // 86_400_000): price for (sku, start), price in prices.items()}
        assert found.keys() == {key for key in of_day if key in found}
        assert len(found) > 900
        discounts = [1 - of_day[key] / list_price for key, list_price in found.items()]
        assert min(discounts) > -0.01  # to the tenth of a yuan
        n_discounted = sum(discount > 0.02 for discount in discounts)
        assert abs(n_discounted / len(discounts) - 0.25) < 4 * sqrt(0.25 * 0.75 / len(discounts))


class TestStock:
    @pytest.fixture(scope="class")
    def states(self, lines):
        """By product the records in the order of days."""
        found = defaultdict(list)
        for record in delivered(lines, "stock"):
            found[record["sku"]].append(record)
        return {sku: sorted(records, key=lambda one: at(one["counted_at"])) for sku, records in found.items()}

    def test_what_is_sold_out_comes_back(self, states):
        n_out = 0
        for records in states.values():
            assert records[0]["on_hand"] >= 20
            changed = [record["on_hand"] for record, before in pairwise(records) if record["on_hand"] != before["on_hand"]]
            n_out += changed.count(0)
            assert all((first == 0) != (second == 0) for first, second in pairwise(changed))
        assert n_out > 150

    def test_a_recall_is_lifted_once(self, states):
        recalled = {sku: [record["recalled"] for record in records] for sku, records in states.items()}
        named = [said for said in recalled.values() if any(said)]
        assert 5 < len(named) < 40
        assert all(sum(first and not second for first, second in pairwise(said)) <= 1 for said in named)
        assert all(sum(second and not first for first, second in pairwise(said)) == 1 for said in named)


class TestImpressions:
    @pytest.fixture(scope="class")
    def rows(self, lines):
        return {(row["list_id"], row["list_position"]): row for row in truth(lines, "impressions")}

    @pytest.fixture(scope="class")
    def records(self, lines):
        return delivered(lines, "impressions")

    def test_what_is_delivered_is_what_the_truth_tells(self, rows, records):
        found = Counter()
        for record in records:
            row = rows[record["list"], record["position"]]
            assert (record["sku"], record["channel"], at(record["shown_at"])) == (
                row["product_id"],
                row["channel"],
                row["shown_at"],
            )
            found[record["action"]] += 1
            if record["action"] == "shown":
                assert [record[name] for name in ("scenario", "strategy", "arm", "propensity")] == [
                    row[name] for name in ("scenario", "strategy", "arm", "propensity")
                ]
                assert ("model" in record) == (row["strategy"] != "popular")
            if record["action"] == "clicked":
                assert at(record["at"]) == row["clicked_at"] > row["shown_at"]
            if record["action"] == "ordered":
                assert (record["order_no"], at(record["at"]) >= row["clicked_at"]) == (row["order_id"], True)
        assert found == {
            "shown": len(rows),
            "clicked": sum(row["clicked_at"] is not None for row in rows.values()),
            "ordered": sum(row["order_id"] is not None for row in rows.values()),
        }
        assert set(found) == set(WORDS["list_action"])
        assert found["ordered"] > 20

    def test_an_order_from_a_list_holds_the_product_and_is_the_accounts(self, lines, records):
        orders, of_order = defaultdict(set), {}
        for line in lines:
            if line.file.startswith("orders/") and not line.file.startswith("orders/pos") and line.expected == "kept":
                one = json.loads(line.payload)
                orders[one["order_no"], one["buyer"]].add(one["sku"])
                of_order[one["order_no"]] = one["buyer"]
        bought = [record for record in records if record["action"] == "ordered"]
        shown = {(record["list"], record["position"]): record for record in records if record["action"] == "shown"}
        for record in bought:
            buyer = of_order[record["order_no"]]
            assert record["sku"] in orders[record["order_no"], buyer]
            assert shown[record["list"], record["position"]].get("account") in (None, buyer)

    def test_no_list_shows_what_cannot_be_sold_or_a_variant_twice(self, rows):
        world, of_list = World.of(SETTINGS), defaultdict(list)
        for (list_id, position), row in sorted(rows.items()):
            offer = world.offers[row["product_id"]]
            assert offer.can_be_sold(world.calendar.day(row["shown_at"]))
            of_list[list_id].append(position)
        assert all(positions == list(range(1, len(positions) + 1)) for positions in of_list.values())
        groups = Counter((list_id, world.offers[row["product_id"]].stands_for) for (list_id, _), row in rows.items())
        assert set(groups.values()) == {1}

    def test_who_has_not_granted_personalisation_is_shown_what_all_are(self, lines, rows):
        persons = {one["person_id"]: one["personalisation"] for one in truth(lines, "persons")}
        closed = [row for row in rows.values() if persons[row["person_id"]] in ("refused", "unknown")]
        assert len(closed) > 500
        assert {(row["arm"], row["strategy"], row["propensity"]) for row in closed} == {("non_personal", "popular", 1.0)}
        arms = defaultdict(set)
        for row in rows.values():
            if row["arm"] != "non_personal":
                arms[row["person_id"]].add(row["arm"])
        assert {len(found) for found in arms.values()} == {1}
        assert {arm for found in arms.values() for arm in found} == set(SETTINGS.impressions.arms)

    def test_strategies_are_drawn_by_the_law(self, lines, rows):
        law = {(one["arm"], one["channel"], one["strategy"]): one["propensity"] for one in truth(lines, "click_law")}
        lists = {row["list_id"]: row for row in rows.values()}.values()
        drawn = Counter((row["arm"], row["channel"], row["strategy"]) for row in lists)
        of_context = Counter((row["arm"], row["channel"]) for row in lists)
        assert all(row["propensity"] == law[row["arm"], row["channel"], row["strategy"]] for row in lists)
        for (arm, channel, strategy), propensity in law.items():
            n = of_context[arm, channel]
            assert n > 50
            error = sqrt(propensity * (1 - propensity) / n)
            assert abs(drawn[arm, channel, strategy] / n - propensity) <= 4 * error

    def test_clicks_follow_their_probabilities(self, rows):
        """Per strategy and position: clicks about as many as their probabilities add up to."""
        expected, variance, found = Counter(), Counter(), Counter()
        for (_, position), row in rows.items():
            for key in (row["strategy"], position):
                probability = row["click_probability"]
                expected[key] += probability
                variance[key] += probability * (1 - probability)
                found[key] += row["clicked_at"] is not None
        assert len(expected) == 3 + SETTINGS.impressions.n_positions
        for key in expected:
            assert abs(found[key] - expected[key]) <= 4 * sqrt(variance[key]), key
        ratio = log(expected[1] / expected[6]) / log(6)
        assert ratio == pytest.approx(SETTINGS.impressions.position_exponent, rel=0.01)

    def test_the_mean_of_the_probabilities_is_the_law(self, lines, rows):
        law = {
            (one["channel"], one["strategy"], one["list_position"]): one["click_probability"]
            for one in truth(lines, "click_law")
            if one["arm"] == "explore"
        }
        found = defaultdict(list)
        for (_, position), row in rows.items():
            found[row["person_id"]].append((row["click_probability"], law[row["channel"], row["strategy"], position]))
        # A person's probabilities are those of the law times one appetite, whose mean over people is that of the law.
        factors = [pairs[0][0] / pairs[0][1] for pairs in found.values()]
        assert all(one / of_law == pytest.approx(pairs[0][0] / pairs[0][1]) for pairs in found.values() for one, of_law in pairs)
        a, b = SETTINGS.impressions.click_a, SETTINGS.impressions.click_b
        deviation = sqrt(b / (a * (a + b + 1)))  # of the appetite over its mean
        assert abs(sum(factors) / len(factors) - 1) <= 4 * deviation / sqrt(len(factors))


def test_weighted_rates_find_the_planted_effects_and_plain_ones_do_not(root):
    sys.path.insert(0, str(root / "benchmarks"))
    from impressions import demo_impressions, found_again

    assert demo_impressions() == demo_settings().impressions
    found = found_again(demo_impressions(), seeds=range(25), n_people=2000)
    assert min(found["weighted"].values()) >= 21  # of 25, at .95 each: fewer in 1 of 140
    assert min(found["position"].values()) >= 21
    assert max(found["plain"]["popular"], found["plain"]["als"]) <= 8


def test_the_interval_is_that_between_people():
    """Every person twice as often, with the same rates: the rate stays, and the interval does not shrink with rows."""
    once = RatioSums.of([(1, 10), (0, 5), (3, 20), (2, 15)])
    louder = RatioSums.of([(2, 20), (0, 10), (6, 40), (4, 30)])
    assert (once.rate, once.standard_error) == pytest.approx((louder.rate, louder.standard_error))
    assert once.interval == pytest.approx((0.12 - 1.959964 * 0.020656, 0.12 + 1.959964 * 0.020656), abs=1e-5)
    nothing = RatioSums.of([])
    assert str(nothing.rate) == str(nothing.standard_error) == "nan"
