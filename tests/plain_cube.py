"""The cube counted by plain Python, one act at a time: an independent oracle."""

import random
from collections import defaultdict
from datetime import date, timedelta

EPOCH = date(1970, 1, 1)
MINUTE = 60_000_000
GAP_MINUTES = 30


def sessions(acts):
    """Of each act the session that it belongs to, by customer and device; None without a device."""
    visits, last = {}, {}
    for n in sorted(range(len(acts)), key=lambda n: acts[n]["moment"]):
        act = acts[n]
        if act["unit"] is None:
            visits[n] = None
            continue
        whose = (act["customer"], act["unit"])
        before, number = last.get(whose, (None, 0))
        if before is not None and act["moment"] - before > GAP_MINUTES * MINUTE:
            number += 1
        last[whose] = (act["moment"], number)
        visits[n] = (*whose, number)
    return visits


def cells(acts, pairs):
    """(a, b, month) → pair of values → what is counted."""
    of = sessions(acts)
    counted = defaultdict(lambda: defaultdict(lambda: defaultdict(set)))
    for n, act in enumerate(acts):
        for a, b in pairs:
            values = tuple("(none)" if act["dims"][name] is None else act["dims"][name] for name in (a, b))
            cell = counted[a, b, act["month"]][values]
            cell["customers"].add(act["customer"])
            if act["order"] is None:
                cell["events"].add(n)
            if of[n] is not None:
                cell["sessions"].add(of[n])
            if act["is_sale"]:
                cell["orders"].add(act["order"])
                cell["buyers"].add(act["customer"])
            if act["amount"]:
                cell["payers"].add(act["customer"])
            cell["lines"].add(n)
    return counted


def rows(acts, pairs, *, least):
    """Whole rows as dicts; `customers` is the set of numbers."""
    for (a, b, month), of_month in cells(acts, pairs).items():
        for values, parts in _joined(of_month, least).items():
            amount = sum(acts[n]["amount"] for part in parts for n in part["lines"])
            buyers, payers = (set().union(*(part[name] for part in parts)) for name in ("buyers", "payers"))
            has_few = 0 < len(buyers) < least or 0 < len(payers) < least
            yield {
                "dimension_a": a, "value_a": values[0], "dimension_b": b, "value_b": values[1], "month": month,
                "n_events": sum(len(part["events"]) for part in parts), "n_sessions": sum(len(part["sessions"]) for part in parts),
                "n_orders": sum(len(part["orders"]) for part in parts), "n_buyers": len(buyers),
                "amount": None if has_few else amount, "customers": set().union(*(part["customers"] for part in parts)),
            }  # fmt: skip


def _joined(of_month, least):
    small = {values for values, part in of_month.items() if len(part["customers"]) < least or values == ("(others)", "(others)")}
    large = sorted(of_month.keys() - small, key=lambda values: (len(of_month[values]["customers"]), values))
    people = set().union(*(of_month[values]["customers"] for values in small)) if small else set()
    if small and len(people) < least:
        if not large:
            return {}
        small.add(large.pop(0))
    shown = {values: [of_month[values]] for values in large}
    return shown | ({("(others)", "(others)"): [of_month[values] for values in small]} if small else {})


def acts(seed, *, n_customers=40, n=600):
    """Random events and order lines over three months, in order of customer and time."""
    draw, made = random.Random(seed), []
    for _ in range(n):
        customer = int(n_customers * draw.random() ** 2) * 3_000 + 1
        day = date(2026, 1, 5) + timedelta(days=draw.randrange(80))
        is_line = draw.random() < 0.2
        at = draw.randrange(60, 1_300)
        order = f"{customer}-{day}-{draw.randrange(2)}" if is_line else None
        made.append({
            "customer": customer, "moment": ((day - EPOCH).days * 1_440 + at) * MINUTE - 8 * 60 * MINUTE, "day": (day - EPOCH).days,
            "month": (day.replace(day=1) - EPOCH).days, "unit": None if is_line else customer * 10 + draw.randrange(2), "order": order,
            "is_sale": is_line and draw.random() < 0.8, "amount": draw.randrange(-5_000, 10**9) if is_line else 0,
            "dims": {
                "channel": draw.choice(("app", "web", None)), "tier": ("new", "dormant", "potential")[customer // 3_000 % 3], "kind": "order" if is_line else draw.choice(("search", "view_item")),
                "product_id": f"p{int(9 * draw.random() ** 3)}",
            },
        })  # fmt: skip
    return sorted(made, key=lambda act: (act["customer"], act["moment"]))
