"""gold.recommendations: whole rows, coverage of everyone, and what must not matter."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pytest

from declared import cut_inputs
from frames import contents, frame, in_order
from reclake.errors import ContractBroken
from reclake.gold.recommendations import emptiness, recommendations
from reclake.lake.schema import conform
from reclake.recommend.als import FittedAls
from reclake.recommend.lists import with_consented_lists
from reclake.recommend.scenarios.definition import LABELS, Scenario
from reclake.tables import gold, silver

DAY = date(2026, 3, 1)
BEFORE = DAY - timedelta(days=30)
WEIGHTS = {"view": 1.0, "purchase": 5.0}
PRODUCTS = ["p1", "p2", "p3", "p4", "p5", "p6"]


@dataclass(frozen=True)
class HalfLife:
    half_life_days: float = 14.0


@dataclass(frozen=True)
class Limits:
    n_related: int = 10
    n_candidates: int = 20
    min_together: int = 5
    min_lift: float = 1.2


def scenario(chain, *, reasons=(), **more):
    """A scenario of customers with one list of this chain."""
    texts = {
        "goes_with": ("with {product}", "配{product}"),
        "bought": ("bought {product}", "买过{product}"),
        "looked_at": ("looked at {product}", "看过{product}"),
        "popular_in": ("popular in {category}", "{category}热门"),
        "due": ("{elapsed} of {usual}", "{elapsed}/{usual}"),
    }
    rules = {name: more.pop(name) for name in tuple(more) if name not in Scenario.model_fields}
    return Scenario(
        name="x", description="A test.", query=more.pop("query", "customer"), label="opened", within_days=7, metric="ndcg",
        blocks={"list": {"chain": chain, **rules}}, reasons=[dict(fact=f, en=texts[f][0], zh=texts[f][1]) for f in reasons], **more,
    )  # fmt: skip


HOME = [{"link": "model", "model": "als"}, {"link": "popular", "scope": "all"}]
OTHERS = (
    silver.STOCK, silver.IMPRESSIONS, gold.PRODUCT_RELATIONS, gold.POPULAR_PRODUCTS, gold.DUE_AGAIN, gold.CUSTOMER_SEGMENTS, gold.CONTACT_LIST,
)  # fmt: skip
NEW = ("reason", "reason_en", "reason_zh", "evidence_relation", "evidence_product_id", "price_amount", "currency")


def identity(account, customer, **more):
    return dict(account_id=account, customer_id=customer, valid_from=BEFORE, evidence="alone", n_accounts=1) | more


def account(name, *, basis="consent", **more):
    return dict(account_id=name, basis=basis, is_device=name.startswith("d"), valid_from=BEFORE) | more


def view(name, product, day=DAY - timedelta(days=1), n=1):
    return dict(account_id=name, product_id=product, event_date=day, kind="view", n_events=n)


IDENTITIES = [
    identity("a1", "c1"),
    identity("d1", "c1"),  # the device of a1
    identity("a2", "c2"),  # agreed, unknown to the model
    identity("a3", "c3"),  # said nothing
    identity("d4", "c4"),  # a device with interactions
    identity("d5", "c5"),  # a device without any: nobody yet
    identity("a6", "c6"),  # withdrew
    identity("a8", "c8"),  # agreed, and may be 13
    identity("a7", "c7", valid_from=DAY),  # comes into being after the as_of
]
BORN = {"a8": DAY.year - 14}
ACCOUNTS = [
    account(row["account_id"], valid_from=row["valid_from"], birth_year=BORN.get(row["account_id"])) for row in IDENTITIES
]
CONSENTS = [
    dict(account_id=name, purpose="personalisation", is_granted=granted, valid_from=BEFORE)
    for name, granted in (("a1", True), ("a2", True), ("a6", False), ("a8", True))
]
INTERACTIONS = [
    view("a1", "p1", n=3),
    view("d1", "p2"),
    view("a2", "p3", n=2),
    view("a1", "p4", day=DAY),  # not yet
    view("a3", "p6", n=50),
    view("d4", "p6", n=50),
    view("a6", "p6", n=50),
    view("a8", "p6", n=50),
]
CATALOGUE = [
    *(dict(product_id=product, valid_from=BEFORE) for product in PRODUCTS[:4]),
    dict(product_id="p5", valid_from=BEFORE, is_active=False),
    dict(product_id="p6", valid_from=BEFORE, is_active=True),
    dict(product_id="p7", valid_from=DAY, is_active=True),
]


@pytest.fixture(scope="module")
def model(spark):
    """Knows c1 and, from before the withdrawal, c6; p6 came later."""
    return FittedAls(
        customer_factors=spark.createDataFrame(
            [("c1", [1.0, 0.0]), ("c6", [0.0, 1.0])], "customer_id string, factors array<float>"
        ),
        products=spark.createDataFrame([(p, i) for i, p in enumerate(PRODUCTS[:5])], "product_id string, product_index int"),
        product_factors=np.array([[1, 0], [0, 1], [0.25, 1], [0.75, 0], [9, 9]], dtype=np.float32),
        n_customers=2,
        cut=DAY,
        version="3",
    )


def built(spark, model, *, interactions=INTERACTIONS, n=3, scenarios=None, products=CATALOGUE, others=None):
    """The rows; `others` are those of tables that only some scenarios need, by table."""
    given = others or {}
    frames = {table.name: frame(spark, table, *given.get(table.name, ())) for table in OTHERS} | {
        table.name: frame(spark, table, *rows)
        for table, rows in (
            (silver.IDENTITIES, IDENTITIES),
            (silver.ACCOUNTS, ACCOUNTS),
            (silver.CONSENTS, CONSENTS),
            (silver.INTERACTIONS, interactions),
            (silver.PRODUCTS, products),
        )
    }
    inputs = cut_inputs(gold.RECOMMENDATIONS, frames, as_of=DAY)
    asked = scenarios or {"home": scenario(HOME, size=n, unseen=True)}
    made = recommendations(
        **inputs,
        timezone="UTC",
        as_of=DAY,
        popularity=HalfLife(),
        weights=WEIGHTS,
        limits=Limits(),
        scenarios=asked,
        champions={"als": model},
    )
    return contents(conform(made, gold.RECOMMENDATIONS))


@pytest.fixture(scope="module")
def usual(spark, model):
    """The rows of the interactions as they are."""
    return built(spark, model)


def listed(customer, *entries):
    """Rows of (product, score, source, because)."""
    return [
        dict(
            as_of_date=DAY,
            scenario="home",
            customer_id=customer,
            rank=rank,
            product_id=product,
            score=score,
            source=source,
            because_product_id=because,
            model_version="3" if source == "als" else None,
            strategy="als" if source == "als" else "popular",
            position=1 if source == "als" else 2,
            stock_status="not_counted",
            **dict.fromkeys(NEW),
        )
        for rank, (product, score, source, because) in enumerate(entries, start=1)
    ]


# Popularity counts c1 and c2 only: p1 3, p3 2, p2 1, then p4 and p6 with 0.
NON_PERSONAL = [("p1", 3.0, "non_personal", None), ("p3", 2.0, "non_personal", None), ("p2", 1.0, "non_personal", None)]


def test_whole_rows(usual):
    expected = [
        # p4 is pulled by p1 (.75), p3 by p2 (1); p5 is off sale; p6 is unknown to the model.
        *listed("c1", ("p4", 0.75, "als", "p1"), ("p3", 0.25, "als", "p2"), ("p6", 0.0, "popular", None)),
        *listed("c2", ("p1", 3.0, "popular", None), ("p2", 1.0, "popular", None), ("p4", 0.0, "popular", None)),
        *(row for customer in ("c3", "c4", "c6", "c8") for row in listed(customer, *NON_PERSONAL)),
    ]
    assert usual == in_order(*expected)


def test_without_a_model_all_is_popular(spark):
    rows = built(spark, None)
    assert Counter(row["source"] for row in rows) == {"popular": 6, "non_personal": 12}
    assert {row["model_version"] for row in rows} == {None}


def test_short_only_where_the_catalogue_is(spark, model):
    n_rows = Counter(row["customer_id"] for row in built(spark, model, n=20))
    assert n_rows == {"c1": 3, "c2": 4, "c3": 5, "c4": 5, "c6": 5, "c8": 5}


@pytest.mark.parametrize("change", ["deleted", "permuted"])
def test_the_history_of_those_who_may_not_be_profiled_moves_nothing(spark, model, usual, change):
    silent = {"a3", "d4", "a6"}
    others = [row for row in INTERACTIONS if row["account_id"] not in silent]
    # The device keeps one view: without any it is no customer.
    changed = {
        "deleted": [*others, view("d4", "p1")],
        "permuted": [*others, view("a3", "p1", n=9), view("a3", "p4", n=70), view("d4", "p2", n=8), view("a6", "p3", n=5)],
    }[change]
    assert built(spark, model, interactions=changed) == usual


def test_a_model_from_the_future_is_refused(spark, model):
    from dataclasses import replace

    with pytest.raises(ContractBroken, match="cannot score 2026-03-01"):
        built(spark, replace(model, cut=DAY + timedelta(days=1)))


def shown(customer, rank, product, source, as_of=DAY, because=None):
    return dict(
        as_of_date=as_of, scenario="home", customer_id=customer, rank=rank, product_id=product, score=1.0 / rank,
        source=source, because_product_id=because, model_version="3" if source == "als" else None,
        strategy=None, position=None, stock_status=None, **dict.fromkeys(NEW),
    )  # fmt: skip


def test_who_may_no_longer_be_profiled_gets_the_list_of_everyone_else(spark):
    rows = [
        shown("c1", 1, "p4", "als", because="p1"),
        shown("c1", 2, "p5", "popular"),
        shown("c2", 1, "p6", "als", because="p2"),
        shown("c3", 1, "p1", "non_personal"),
        shown("c3", 2, "p2", "non_personal"),
        shown("c4", 1, "p1", "non_personal"),
        shown("c4", 2, "p2", "non_personal"),
        shown("c1", 1, "p3", "popular", as_of=BEFORE),  # an as_of on which nobody has the other list
    ]
    allowed = spark.createDataFrame([("c2",), ("c4",)], "customer_id string")
    consented = conform(with_consented_lists(frame(spark, gold.RECOMMENDATIONS, *rows), allowed), gold.RECOMMENDATIONS)
    theirs = [shown("c1", 1, "p1", "non_personal"), shown("c1", 2, "p2", "non_personal")]
    assert contents(consented) == in_order(*theirs, *rows[2:7])


def popular_of(name, query="customer"):
    chain = [{"link": "popular", "scope": "all"}]
    return Scenario(
        name=name,
        description="What is popular.",
        query=query,
        label=LABELS[query][0],
        within_days=7,
        metric="ndcg",
        blocks={"list": {"chain": chain}},
    )


def reason_for_nothing(spark, *, identities=IDENTITIES, interactions=(), products=(), scenarios=None):
    frames = {
        silver.IDENTITIES.name: frame(spark, silver.IDENTITIES, *identities),
        silver.ACCOUNTS.name: frame(spark, silver.ACCOUNTS, *ACCOUNTS),
        silver.CONSENTS.name: frame(spark, silver.CONSENTS, *CONSENTS),
        silver.INTERACTIONS.name: frame(spark, silver.INTERACTIONS, *interactions),
        silver.PRODUCTS.name: frame(spark, silver.PRODUCTS, *products),
        **{table.name: frame(spark, table) for table in OTHERS},
    }
    told = emptiness(
        **cut_inputs(gold.RECOMMENDATIONS, frames, as_of=DAY),
        as_of=DAY,
        champions={},
        scenarios={"home": popular_of("home")} if scenarios is None else scenarios,
    )
    (row,) = contents(told)
    assert row["as_of_date"] == DAY
    return row["reason"]


def test_nobody_can_be_shown_anything_where_nothing_is_on_sale_or_everything_is_known(spark):
    two = CATALOGUE[:2]
    agreed = IDENTITIES[:3]  # c1 and c2: what they know is left out
    everything = [view(name, product) for name in ("a1", "a2") for product in ("p1", "p2", "p3")]
    assert reason_for_nothing(spark, identities=agreed, products=two) is None
    assert reason_for_nothing(spark, identities=agreed, products=two, interactions=everything[:-2]) is None
    assert (
        reason_for_nothing(spark, identities=agreed, products=two, interactions=everything)
        == "everybody knows everything that is on sale"
    )
    assert reason_for_nothing(spark, identities=agreed, products=CATALOGUE[4:5]) == "nothing is on sale"
    unfilled = "no scenario of customers has a list that is always filled"
    assert reason_for_nothing(spark, identities=agreed, products=two, scenarios={}) == unfilled
    assert reason_for_nothing(spark, identities=agreed, products=two, scenarios={"p": popular_of("p", "product")}) == unfilled
    # c3 said nothing and is shown what is popular, known or not.
    of_all = [*everything, *(view("a3", product) for product in ("p1", "p2"))]
    assert reason_for_nothing(spark, products=two, interactions=of_all) is None
    # Where nobody is there any more, people may have been lost.
    assert reason_for_nothing(spark, identities=[], products=two) is None
