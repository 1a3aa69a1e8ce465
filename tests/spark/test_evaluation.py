"""Models beside what needs no training, on rolling origins: means, segments and ratios against plain Python."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from random import Random

import pytest

from frames import frame
from reclake.lake.schema import conform, spark_schema
from reclake.recommend.evaluation import Evaluation, evaluated
from reclake.recommend.interface import Judging
from reclake.recommend.item_item import ItemItem, ItemItemValues
from reclake.recommend.metrics import ndcg_at, recall_at
from reclake.recommend.settings import PopularitySettings, TrainingSettings
from reclake.tables import gold, silver

AS_OF = date(2026, 3, 2)
TEST_DAYS, ORIGINS, K, LEAST = 7, 2, 10, 3
WEIGHTS = {"view": 1.0, "purchase": 5.0}
HALF_LIFE = 14.0
PRODUCTS = {f"p{n:02}": ("tea", "cups", None)[n % 3] for n in range(24)}
TIERS = {f"c{n}": ("new", "returning")[n % 2] for n in range(20)}
PEOPLE = "account_id string, customer_id string, channel string, may_be_profiled boolean"
TRAINING = TrainingSettings(
    test_days=TEST_DAYS, bootstrap_samples=60, bootstrap_seed=7, min_champion_ratio=1.0, max_item_factor_bytes=10**6
)


def people():
    """Each customer has an account on the web; of those of even number in the app too; the last may not be profiled."""
    web = [(f"w{n}", f"c{n}", "web", n != 20) for n in range(21)]
    return web + [(f"a{n}", f"c{n}", "app", True) for n in range(0, 20, 2)]


def interactions():
    random, rows = Random(2), Counter()
    for account, customer, _, _ in people():
        favourite = int(customer[1:]) % 3
        for _ in range(random.randint(2, 14)):
            item = random.choice([f"p{n:02}" for n in range(24) if n % 3 == favourite or random.random() < 0.2])
            rows[account, item, AS_OF - timedelta(days=random.randint(1, 28)), random.choice(("view", "purchase"))] += 1
    return [
        dict(zip(("account_id", "product_id", "event_date", "kind"), key, strict=True)) | {"n_events": n}
        for key, n in rows.items()
    ]


@pytest.fixture(scope="module")
def rows(spark):
    """The rows of gold.model_metrics, by split-independent key."""
    evaluation = Evaluation(
        as_of=AS_OF,
        recommenders=[ItemItem(ItemItemValues(5, 1.0, 1.0, max_products=50, blocks=2), max_bytes=10**6)],
        champions={},
        judging=Judging("ndcg_at_10", TRAINING, LEAST),
        popularity=PopularitySettings(half_life_days=HALF_LIFE),
        weights=WEIGHTS,
        n_origins=ORIGINS,
    )
    found = evaluated(
        frame(spark, silver.INTERACTIONS, *interactions()),
        spark.createDataFrame(people(), PEOPLE),
        frame(spark, silver.PRODUCTS, *(dict(product_id=item, category=category) for item, category in PRODUCTS.items())),
        frame(spark, gold.CUSTOMER_SEGMENTS, *(dict(customer_id=who, tier=tier) for who, tier in TIERS.items())),
        evaluation,
    )
    shared = {"training_id": "t", "as_of_date": AS_OF, "model_version": None, "is_promoted": False}
    whole = [tuple((shared | row).get(name) for name in spark_schema(gold.MODEL_METRICS).names) for row in found]
    assert conform(spark.createDataFrame(whole, spark_schema(gold.MODEL_METRICS)), gold.MODEL_METRICS).count() == len(found)
    return found


def known():
    customer = {account: (who, channel) for account, who, channel, may in people() if may}
    return [
        row | {"who": customer[row["account_id"]][0], "channel": customer[row["account_id"]][1]}
        for row in interactions()
        if row["account_id"] in customer
    ]


def ranking(rows, cut, half_life):
    """All products by decayed weight before the cut, or by that of 7 days."""
    weights = Counter(dict.fromkeys(PRODUCTS, 0.0))
    for row in rows:
        age = (cut - row["event_date"]).days - 1
        if age >= 0 and (half_life or age < 7):
            weights[row["product_id"]] += (
                WEIGHTS[row["kind"]] * row["n_events"] * (0.5 ** (age / half_life) if half_life else 1.0)
            )
    return sorted(PRODUCTS, key=lambda item: (-round(weights[item], 9), item))


def last_category(own):
    counted = Counter()
    for row in own:
        if PRODUCTS[row["product_id"]]:
            counted[row["event_date"], PRODUCTS[row["product_id"]]] += row["n_events"]
    return min(counted, key=lambda key: (-key[0].toordinal(), -counted[key], key[1]))[1] if counted else None


def expected():
    """(segment kind, segment, model) → (nDCG, recall) of each customer and origin."""
    whole, found = known(), defaultdict(list)
    channels = defaultdict(Counter)
    for row in whole:
        channels[row["who"]][row["channel"]] += row["n_events"]
    for origin in range(1, ORIGINS + 1):
        cut = AS_OF - timedelta(days=TEST_DAYS * origin)
        before = [row for row in whole if row["event_date"] < cut]
        decayed, recent = ranking(before, cut, HALF_LIFE), ranking(before, cut, None)
        for who in sorted({row["who"] for row in whole}):
            own = [row for row in before if row["who"] == who]
            seen = {row["product_id"] for row in own}
            truth = {
                row["product_id"] for row in whole if row["who"] == who and 0 <= (row["event_date"] - cut).days < TEST_DAYS
            } - seen
            if not truth:
                continue
            category = last_category(own)
            first = [item for item in decayed if category and PRODUCTS[item] == category]
            lists = {
                "popularity": decayed,
                "popular_7_days": recent,
                "last_category": [*first, *(i for i in decayed if i not in first)],
            }
            length = (
                "none"
                if not seen
                else "1-4 products"
                if len(seen) < 5
                else "5-19 products"
                if len(seen) < 20
                else "20 products or more"
            )
            channel = max(channels[who], key=lambda name: (channels[who][name], name))
            for name, ranked in lists.items():
                shown = [item for item in ranked if item not in seen][:K]
                for segment in (("all", "all"), ("tier", TIERS[who]), ("channel", channel), ("history", length)):
                    found[(*segment, name)].append((who, ndcg_at(K, shown, truth), recall_at(K, shown, truth)))
    return found


def test_means_of_every_segment_agree_with_plain_python(rows):
    by_key = {(row["segment_kind"], row["segment"], row["model_name"], row["metric"]): row for row in rows}
    assert len(by_key) == len(rows)
    wanted = {key: values for key, values in expected().items() if len({who for who, *_ in values}) >= LEAST}
    assert {key[0] for key in wanted} == {"all", "tier", "channel", "history"}
    baselines = {key[:3] for key in by_key if key[2] != "item_item"}
    assert baselines == wanted.keys()
    for key, values in wanted.items():
        for place, metric in enumerate(("ndcg_at_10", "recall_at_10"), start=1):
            row = by_key[(*key, metric)]
            assert row["value"] == pytest.approx(sum(value[place] for value in values) / len(values)), (key, metric)
            assert row["n_customers"] == len({who for who, *_ in values})
            assert row["lower"] <= row["value"] <= row["upper"]


def test_ratios_are_those_of_the_means_and_every_model_is_there(rows):
    of_all = {(row["model_name"], row["metric"]): row for row in rows if row["segment_kind"] == "all"}
    assert {name for name, _ in of_all} == {"popular_7_days", "popularity", "last_category", "item_item"}
    for name, base in (("item_item", "popular_7_days"), ("last_category", "popularity")):
        ratio = of_all[name, f"ndcg_at_10 / {base}"]
        assert ratio["value"] == pytest.approx(of_all[name, "ndcg_at_10"]["value"] / of_all[base, "ndcg_at_10"]["value"])
        assert ratio["lower"] < ratio["value"] < ratio["upper"]
    assert ("popularity", "ndcg_at_10 / popularity") not in of_all
    assert {row["split"] for row in rows} == {"train < 2026-02-23 <= test < 2026-03-02; train < 2026-02-16 <= test < 2026-02-23"}
