"""Held-out days of purchase, counted by SQL, against counting by hand; the forecast is that of the model."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from lakes import ROOT, places
from reclake.look.holdout import read_holdout
from reclake.look.lake import look_at
from reclake.settings import load_settings
from reclake.tables import gold, silver
from reclake.value.forecasts import expected_purchases
from reclake.value.purchasing import Purchasing
from without_spark import publish

AS_OF, SPLIT = date(2026, 3, 10), date(2026, 3, 7)
MODEL = Purchasing("mbg_nbd", 0.6, 20.0, 0.9, 1.7)
OLD = date(2026, 1, 1)


def line(account, day, order, **more):
    return {
        "account_id": account, "event_date": day, "source": "s", "order_scope": "x", "order_id": order, "position": 1,
        "is_return": False, "quantity": 1, "line_amount": Decimal("5"),
    } | more  # fmt: skip


LINES = [
    line("a1", date(2026, 3, 1), "o1"),
    line("a1", date(2026, 3, 1), "o2"),  # one day
    line("a2", date(2026, 3, 4), "o3"),  # of the same customer
    line("a1", date(2026, 3, 8), "o4"),
    line("a1", date(2026, 3, 9), "o4", position=2),  # the order was placed the day before
    line("a1", date(2026, 3, 5), "o5", is_return=True, quantity=-1, line_amount=Decimal("-5")),
    line("a1", date(2026, 3, 5), "o6", line_kind="shipping"),
    line("a3", date(2026, 3, 2), "o7"),
    line("a3", AS_OF, "o8"),
    line("a4", date(2026, 3, 8), "o9"),  # unknown before the split
    line("a5", date(2026, 3, 2), "o10"),  # no value is told of them
    line("a5", date(2026, 3, 8), "o11"),
]


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("holdout")
    of = {"a1": "c1", "a2": "c1", "a3": "c3", "a4": "c4", "a5": "c5"}
    calibration = {f"calibration_{name}": value for name, value in zip(("r", "alpha", "a", "b"), MODEL.parameters, strict=True)}
    publish(
        folder / "lake",
        {
            silver.ORDER_LINES: LINES,
            silver.IDENTITIES: [
                {"account_id": account, "customer_id": one, "valid_from": OLD} for account, one in of.items()
            ] + [{"account_id": "a2", "customer_id": "c2", "valid_from": AS_OF + timedelta(days=1)}],
            gold.CUSTOMER_VALUE: [{"as_of_date": AS_OF, "customer_id": one} for one in ("c1", "c3", "c4")],
            gold.VALUE_MODELS: [
                {"as_of_date": AS_OF, "currency": "CNY", "split_date": SPLIT, "model": MODEL.name} | calibration,
                {"as_of_date": OLD, "currency": "CNY", "model": "none"},
            ],
        },
    )  # fmt: skip
    own = [f"{key}={value}" for key, value in places(folder, folder / "landing").items()]
    return look_at(ROOT, load_settings(ROOT, profile="test", overrides=own, environment={})).reader


def test_days_since_the_split_are_added_up_of_those_known_before(reader):
    found = read_holdout(reader, AS_OF)
    assert (found.split, found.n_customers, found.days) == (SPLIT, 2, tuple(SPLIT + timedelta(days=n) for n in range(3)))
    assert found.came == (0, 1, 1)
    # c1 bought on two days, three days apart, and was first seen six days before the split; c3 once, five days before it.
    histories = (np.array([1.0, 0.0]), np.array([3.0, 0.0]), np.array([6.0, 5.0]))
    wanted = [expected_purchases(MODEL, float(n), *histories).sum() for n in (1, 2, 3)]
    assert found.expected == pytest.approx(wanted)


def test_without_a_model_of_the_days_before_there_is_no_curve(reader):
    assert read_holdout(reader, OLD) is None
