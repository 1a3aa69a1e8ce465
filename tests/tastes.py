"""A world with tastes that can be learnt, for tests of trainings."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from pyspark.sql import DataFrame, SparkSession

from frames import frame
from reclake.recommend.interface import AlsValues
from reclake.tables import silver

DAY = date(2026, 3, 1)  # as_of
CUT = DAY - timedelta(days=7)  # first held-out day

WEIGHTS = {"view": 1.0, "purchase": 5.0}


TINY_ALS = AlsValues(rank=4, iterations=3, regularisation=0.1, alpha=1.0, half_life_days=90.0, blocks=1, seed=7)


@dataclass(frozen=True)
class HalfLife:
    half_life_days: float = 14.0


@dataclass(frozen=True)
class Training:
    test_days: int = 7
    bootstrap_samples: int = 200
    bootstrap_seed: int = 7
    min_champion_ratio: float = 0.98
    max_item_factor_bytes: int = 10**6


def world(spark: SparkSession) -> list[DataFrame]:
    """Four tastes of eight products; 60 customers see half of theirs before the cut and a quarter after it.

    In the order in which a training takes them: interactions, identities, accounts, consents, products.
    """
    random = np.random.default_rng(5)
    interactions = []
    for number in range(60):
        own = random.permutation([f"t{number % 4}p{place}" for place in range(8)])
        for place, product in enumerate(own[:6]):
            day = CUT - timedelta(days=1 + int(random.integers(20))) if place < 4 else CUT + timedelta(days=place % 2 * 4)
            interactions.append(dict(account_id=f"a{number}", product_id=product, event_date=day, kind="view", n_events=1))
    accounts = sorted({row["account_id"] for row in interactions})
    start = DAY - timedelta(days=60)
    # a59 did not agree.
    return [
        frame(spark, silver.INTERACTIONS, *interactions),
        frame(spark, silver.IDENTITIES, *(dict(account_id=a, customer_id=f"c{a[1:]}", valid_from=start) for a in accounts)),
        frame(
            spark, silver.ACCOUNTS, *(dict(account_id=a, basis="consent", is_device=False, valid_from=start) for a in accounts)
        ),
        frame(
            spark,
            silver.CONSENTS,
            *(dict(account_id=a, purpose="personalisation", is_granted=a != "a59", valid_from=start) for a in accounts),
        ),
        frame(spark, silver.PRODUCTS, *(dict(product_id=f"t{t}p{p}", valid_from=start) for t in range(4) for p in range(8))),
    ]
