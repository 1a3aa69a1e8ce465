"""A world with tastes that can be learnt, for tests of trainings."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from pyspark.sql import DataFrame, SparkSession

from declared import cut_inputs
from frames import frame
from lakes import open_lake
from reclake.recommend.als import Als, AlsValues
from reclake.recommend.interface import Judging
from reclake.run.application import Application
from reclake.tables import silver
from reclake.tables.models import ALS

DAY = date(2026, 3, 1)  # as_of
CUT = DAY - timedelta(days=7)  # first held-out day

INPUTS = (silver.INTERACTIONS, silver.IDENTITIES, silver.ACCOUNTS, silver.CONSENTS, silver.PRODUCTS)
WEIGHTS = {"view": 1.0, "purchase": 5.0}


TINY_SETTINGS = (
    "als.rank=4", "als.iterations=3", "als.blocks=1", "training.test_days=7", "training.bootstrap_samples=50",
)  # fmt: skip
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


def als(settings: AlsValues = TINY_ALS) -> Als:
    return Als(settings, WEIGHTS, max_item_factor_bytes=10**6)


def judging(min_group_size: int = 1, **training: float) -> Judging:
    return Judging("ndcg_at_10", replace(Training(), **training), min_group_size)


def plain_interactions() -> list[tuple[str, str, date]]:
    """Customer, product and day of each view of the world."""
    random = np.random.default_rng(5)
    rows = []
    for number in range(60):
        own = random.permutation([f"t{number % 4}p{place}" for place in range(8)])
        for place, product in enumerate(own[:6]):
            day = CUT - timedelta(days=1 + int(random.integers(20))) if place < 4 else CUT + timedelta(days=place % 2 * 4)
            rows.append((f"c{number}", str(product), day))
    return rows


def world(spark: SparkSession) -> list[DataFrame]:
    """Four tastes of eight products; 60 customers see half of theirs before the cut and a quarter after it.

    One frame for each of INPUTS.
    """
    interactions = [
        dict(account_id=f"a{who[1:]}", product_id=product, event_date=day, kind="view", n_events=1)
        for who, product, day in plain_interactions()
    ]
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


def trained_on(frames: list[DataFrame], *, as_of: date = DAY) -> dict[str, DataFrame]:
    """What a training is given of the frames, which are one for each of INPUTS."""
    named = {table.name: rows for table, rows in zip(INPUTS, frames, strict=True)}
    return cut_inputs(ALS, named, as_of=as_of)


def world_lake(spark: SparkSession, folder: Path) -> None:
    """A lake that publishes the world, and the registry of its models."""
    app = open_lake(spark, folder, source="demo", landing=folder / "landing", overrides=TINY_SETTINGS)
    publish_world(app)
    app.registry(ALS.name)


def publish_world(app: Application) -> None:
    """Have an empty lake publish the world, as if the daily stages had built it."""
    moved, counted = {}, {}
    for table, rows in zip(INPUTS, world(app.spark), strict=True):
        if table.write == "replace_days":
            days = [CUT + timedelta(days=n) for n in range(-21, 7)]
            moved[table.name] = app.store.replace_days(table, rows, days=days, entry={"commit_id": table.noun})
        else:
            moved[table.name] = app.store.replace_whole(table, rows, entry={"commit_id": table.noun})
        counted[table.name] = rows.count()
    app.manifest.publish(moved, counted, run_id="before", token=1, at=app.clock())
