"""The days of purchase that came after a cut beside those that the model of the days before it expected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from reclake.tables import gold, silver
from reclake.tables.line_kinds import SOLD_KINDS
from reclake.value.forecasts import expected_purchases
from reclake.value.purchasing import PARAMETERS, Purchasing

from .reader import Reader

# Days of purchase of the customers whose value is told: an order counts on the day of its first sale line.
_BOUGHT = f"""
WITH orders AS (
    SELECT i.customer_id, min(l.event_date) AS day FROM rows AS l JOIN identities AS i USING (account_id)
    WHERE l.event_date < $1 AND NOT l.is_return AND l.quantity > 0 AND l.line_amount > 0
        AND (l.line_kind IS NULL OR l.line_kind IN ({", ".join(f"'{kind}'" for kind in SOLD_KINDS)}))
        AND i.valid_from < $1 AND (i.valid_to IS NULL OR i.valid_to >= $1)
    GROUP BY i.customer_id, l.source, coalesce(l.order_scope, l.channel, ''), l.order_id
),
bought AS (
    SELECT DISTINCT o.customer_id, o.day FROM orders AS o JOIN valued AS v USING (customer_id) WHERE v.as_of_date = $1
),
seen AS (
    SELECT customer_id, count(*) - 1 AS x, max(day) - min(day) AS t_x, $2::DATE - min(day) AS age FROM bought WHERE day < $2 GROUP BY 1
)"""
_GROUPS = f"{_BOUGHT} SELECT x, t_x, age, count(*) FROM seen GROUP BY ALL ORDER BY ALL"
_CAME = f"{_BOUGHT} SELECT day, count(*) FROM bought JOIN seen USING (customer_id) WHERE day >= $2 GROUP BY day ORDER BY day"
_LINES = (
    "account_id", "event_date", "source", "channel", "order_scope", "order_id", "is_return", "quantity", "line_amount", "line_kind",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Holdout:
    """Days of purchase since the cut, added up, of the customers who were known by then."""

    split: date
    n_customers: int
    days: tuple[date, ...]
    came: tuple[int, ...]
    expected: tuple[float, ...]


def read_holdout(rows: Reader, as_of: date) -> Holdout | None:
    """The held-out days of the as_of's model of purchases; None where there was nothing to hold out.

    One row per history (repeats, last repeat, age) is read, which is few beside the customers. For the page of a made-up company: it
    reads all order lines.
    """
    names = ("split_date", "model", *(f"calibration_{name}" for name in PARAMETERS))
    sql = f"SELECT {', '.join(names)} FROM rows WHERE as_of_date = ? AND calibration_r IS NOT NULL LIMIT 1"
    if not {gold.VALUE_MODELS.name, gold.CUSTOMER_VALUE.name, silver.IDENTITIES.name, silver.ORDER_LINES.name} <= set(
        rows.published
    ):
        return None
    models = rows.query(gold.VALUE_MODELS, sql, columns=(*names, "as_of_date"), parameters=[as_of])
    if not models:
        return None
    split, name, *parameters = models[0]
    beside = {
        "identities": (silver.IDENTITIES, ("account_id", "customer_id", "valid_from", "valid_to")),
        "valued": (gold.CUSTOMER_VALUE, ("as_of_date", "customer_id")),
    }
    groups, came_on = (
        rows.query(silver.ORDER_LINES, sql, columns=_LINES, parameters=[as_of, split], beside=beside) for sql in (_GROUPS, _CAME)
    )
    if not groups:
        return None
    x, t_x, age, n = np.array(groups, dtype=np.float64).T
    of_day = dict(came_on)
    model = Purchasing(name, *parameters)
    days = [split + timedelta(days=place) for place in range((as_of - split).days)]
    expected = [float(n @ expected_purchases(model, place + 1.0, x, t_x, age)) for place in range(len(days))]
    came = np.cumsum([of_day.get(day, 0) for day in days])
    return Holdout(split, int(n.sum()), tuple(days), tuple(int(one) for one in came), tuple(expected))
