"""The funnels of a real shop, as published beside the methods: any start, ties in the order of steps."""

from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lakes import ROOT
from reclake.behaviour.funnels.block import Clock
from reclake.behaviour.funnels.definition import Funnel
from reclake.behaviour.funnels.stream import Plan, counted
from reclake.behaviour.kinds import KINDS

STEPS = ("view_item", "add_to_cart", "purchase")
AS_OF = datetime(2015, 9, 18, 2, 51, 42, tzinfo=UTC)
MICRO = 1_000_000


@pytest.fixture(scope="module")
def shop():
    path = ROOT.parent / "shared" / "data" / "retailrocket-subset" / "events.csv"
    if not path.exists():
        pytest.skip("needs shared/data/retailrocket-subset")
    events = pd.read_csv(path)
    events["step"] = events["event"].map({"view": 0, "addtocart": 1, "transaction": 2})
    assert len(events) == 97_381
    return events.sort_values(["visitorid", "timestamp", "step"], kind="stable")


def read(shop, funnel, *, batch_rows=20_000, as_of=AS_OF):
    step = shop["step"].to_numpy()
    table = pa.table({
        "customer": shop["visitorid"].to_numpy(), "moment": shop["timestamp"].to_numpy() * MICRO, "day": shop["timestamp"].to_numpy() // 86_400,
        "kind": np.array([KINDS.index(kind) + 1 for kind in STEPS])[step], "channel": np.ones(len(shop), dtype=np.int64),
        "unit": shop["visitorid"].to_numpy(), "linked_product_id": shop["itemid"].to_numpy(), "mask_0": 1 << step.astype(np.int64),
    })  # fmt: skip
    plan = Plan([funnel], Clock("UTC", 30), int(as_of.timestamp()) * MICRO, n_rows=30_000)
    found = pa.Table.from_batches(counted(table.to_batches(max_chunksize=batch_rows), plan)).to_pandas()
    return found[found["period"] == "window"]


def funnel(unit, window, mode="ordered"):
    steps = [{"name": kind, "any_of": [{"event": kind}]} for kind in STEPS]
    return Funnel(name="f", description="d", unit=unit, mode=mode, window=window, steps=steps)


def reached(found):
    units = found[found["measure"] == "units"]
    return tuple(int(units[units["step"] >= step]["n"].sum()) for step in (1, 2, 3))


@pytest.mark.data
@pytest.mark.parametrize(
    ("unit", "mode", "window", "expected"),
    [
        ("customer", "ordered", {"minutes": 30}, (2_083, 1_640, 1_221)),
        ("customer", "ordered", {"days": 7}, (2_083, 1_786, 1_709)),
        ("customer_product", "ordered", {"minutes": 30}, (75_374, 7_087, 4_621)),
        ("customer_product", "ordered", {"days": 7}, (75_374, 7_469, 5_427)),
        ("customer_product", "increase", {"minutes": 30}, (75_374, 6_902, 4_512)),
        ("customer_product", "increase", {"days": 7}, (75_374, 7_284, 5_312)),
    ],
)
def test_visitors_and_products_are_counted_as_published(shop, unit, mode, window, expected):
    assert reached(read(shop, funnel(unit, window, mode))) == expected


@pytest.mark.data
def test_fates_and_times_of_a_week_are_as_published(shop):
    found = read(shop, funnel("customer_product", {"days": 7}))
    units = found[found["measure"] == "units"]
    fates, mature = Counter(), Counter()
    for row in units.itertuples():
        fates[row.fate] += row.n
        if row.is_mature:
            mature["entered"] += row.n
            mature[row.fate] += row.n
    assert dict(fates) == {"converted": 5_427, "open": 2_947, "lost": 67_000}
    assert (mature["entered"], mature["converted"]) == (72_219, 5_219)
    times = found[(found["measure"] == "total_seconds") & (found["step"] == 3)]
    by_second = times[times["microseconds"].isna()]
    assert np.median(np.repeat(by_second["seconds"], by_second["n"])) == 273
    sums = times[times["seconds"].isna()]
    assert sums["n"].sum() == 5_427
    assert round(sums["microseconds"].sum() / sums["n"].sum() / MICRO) == 6_963


@pytest.mark.data
def test_visits_are_those_of_the_sessions(shop):
    views = Funnel(
        name="f", description="d", unit="session", window={"days": 1},
        steps=[{"name": name, "any_of": [{"event": kind} for kind in STEPS]} for name in ("any", "more")],
    )  # fmt: skip
    every = shop.assign(step=0)
    found = read(every, views)
    assert reached(found)[0] == 15_877
