"""Rows of gold as a small shop has them, from plain Python: what reports about behaviour are made of in tests."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from random import Random

import bought
import returning
from reclake.tables import gold

AS_OF = bought.AS_OF
WINDOW_DAYS = 28
FIRST = AS_OF - timedelta(days=WINDOW_DAYS)
FOLLOWED = {"day": (30, 10, (0, 1, 3, 10)), "week": (10, 8, (0, 2, 8)), "month": (3, 2, (0, 1, 2))}
N_LEFT_OUT = {"any": 40, "order": 0}
VISITS, CUSTOMERS = "browse_cart_order_pay", "search_to_order"
STEPS = {VISITS: ("browse", "cart", "order", "pay"), CUSTOMERS: ("search", "view", "order")}
CHANNELS = ("app", "web", "mini_program")
FATES = ("lost", "open", "excluded")


def active_days(n, n_days, seed=3):
    """Customer → days on which it was active: many come once, some come often."""
    drawn_by, active = Random(seed), {}
    for number in range(n):
        first = AS_OF - timedelta(days=drawn_by.randrange(1, n_days))
        rate = drawn_by.choice((0.0, 0.05, 0.1, 0.3))
        later = (first + timedelta(days=k) for k in range(1, (AS_OF - first).days))
        active[f"c{number}"] = {first, *(day for day in later if drawn_by.random() < rate)}
    return active


def retention(histories, activity, *, least=10):
    """Rows of gold.retention."""
    ends = {
        (period, before + 1): end
        for period, (*_, brackets) in FOLLOWED.items()
        for before, end in zip((-1, *brackets), brackets, strict=False)
    }
    for (period, kind, start, measure, first), (n, n_active, _) in returning.retention(
        histories, as_of=AS_OF, followed=FOLLOWED, least=least
    ).items():
        last = ends[period, first] if measure == "bracket" else None if measure == "unbounded" else first
        yield {
            "as_of_date": AS_OF, "activity": activity, "period": period, "cohort_kind": kind, "start_date": start, "measure": measure,
            "dimension": "all", "value": "all",
            "from_interval": first, "to_interval": last, "is_open": n_active is None, "n_customers": n, "n_active": n_active,
            "active_share": None if n_active is None else n_active / n, "currency": "CNY", "n_left_out": N_LEFT_OUT[activity],
            "revenue_ratio": None if measure != "bounded" or activity != "order" or n_active is None else n_active / n / 2,
        }  # fmt: skip


def lifecycle(histories, activity):
    """Rows of gold.lifecycle."""
    common = {"as_of_date": AS_OF, "activity": activity, "n_left_out": N_LEFT_OUT[activity]}
    for (period, start, state), n in returning.by_interval(histories, as_of=AS_OF, followed=FOLLOWED).items():
        row = {"state_kind": "interval", "period": period, "start_date": start, "is_open": n is None, "state": state}
        yield common | row | {"n_customers": n}
    for (day, before, state), n in returning.flows(histories, as_of=AS_OF, n_days=30).items():
        row = {"state_kind": "daily", "period": "day", "start_date": day, "is_open": False, "from_state": before, "state": state}
        yield common | row | {"n_customers": n}


def units(funnel, n, seed):
    """Units of a funnel: (entry day, customer, channel, last step, fate of those who did not come to the end)."""
    drawn_by = Random(seed)
    for number in range(n):
        day = FIRST + timedelta(days=drawn_by.randrange(WINDOW_DAYS))
        last = drawn_by.choices(range(1, len(STEPS[funnel]) + 1), (60, 25, 10, 5)[: len(STEPS[funnel])])[0]
        fate = "converted" if last == len(STEPS[funnel]) else drawn_by.choices(FATES, (80, 15, 5))[0]
        yield day, f"c{number % 400}", drawn_by.choice(CHANNELS), last, fate


def _rows_of(funnel, period, entry, dimension, value, of):
    n_entered = len(of)
    reached = [sum(last >= step and fate != "excluded" for *_, last, fate in of) for step in range(1, len(STEPS[funnel]) + 1)]
    for step, name in enumerate(STEPS[funnel], start=1):
        here = Counter(fate for *_, last, fate in of if last == step)
        yield {
            "as_of_date": AS_OF, "funnel": funnel, "period": period, "entry_date": entry, "dimension": dimension, "value": value,
            "step": step, "step_name": name, "n_entered": n_entered, "n_customers": len({customer for _, customer, *_ in of}),
            "n_reached": reached[step - 1], **{f"n_{fate}": here[fate] for fate in FATES}, "n_lost_customers": here["lost"],
            "n_mature": sum(fate != "open" for *_, fate in of),
            "n_mature_reached": sum(last >= step and fate not in ("open", "excluded") for *_, last, fate in of),
            "overall_share": reached[step - 1] / n_entered, "step_seconds_median": None if step == 1 else 61.0 * step, "is_final": False,
        }  # fmt: skip


def funnels():
    """Rows of gold.funnels: of visits, which are of one day each, and of customers, who may enter on several days."""
    for funnel, n in ((VISITS, 3000), (CUSTOMERS, 900)):
        of = list(units(funnel, n, seed=len(funnel)))
        yield from _rows_of(funnel, "window", FIRST, "all", "all", of)
        for channel in CHANNELS:
            yield from _rows_of(funnel, "window", FIRST, "channel", channel, [unit for unit in of if unit[2] == channel])
        for day in sorted({day for day, *_ in of}):
            yield from _rows_of(funnel, "day", day, "all", "all", [unit for unit in of if unit[0] == day])


def funnel_losses():
    """Rows of gold.funnel_losses: where the lost of each step went, and who was lost more often than expected."""
    for funnel, n in ((VISITS, 3000), (CUSTOMERS, 900)):
        of = list(units(funnel, n, seed=len(funnel)))
        for step, name in enumerate(STEPS[funnel][:-1], start=1):
            lost = [unit for unit in of if unit[3] == step and unit[4] == "lost"]
            common = {"as_of_date": AS_OF, "funnel": funnel, "step": step, "step_name": name}
            by_next = Counter(("left", "view_item", "other_channel", "other")[number % 7 % 4] for number in range(len(lost)))
            for value, count in by_next.items():
                yield common | {"dimension": "next_event", "value": value, "n_lost": count, "lost_share": count / len(lost)}
            for channel in CHANNELS:
                reached = [unit for unit in of if unit[2] == channel and unit[3] >= step and unit[4] not in ("open", "excluded")]
                n_lost = sum(unit[3] == step for unit in reached)
                expected = len(lost) / len(CHANNELS)
                yield common | {
                    "dimension": "channel", "value": channel, "n_reached": len(reached), "n_lost": n_lost,
                    "lost_share": n_lost / len(reached), "expected_lost": expected, "excess_lost": n_lost - expected,
                    "deviations": (n_lost - expected) / 7,
                }  # fmt: skip


NODES = ("list", "product", "search", "cart", "checkout", "purchase", "page", "a page of <b>others</b>")
GOAL, PATH, N_STEPS = "purchase", "visits", 6


def walks(n=800, seed=5):
    """Paths, each a run of nodes without repeats beside each other."""
    drawn_by = Random(seed)
    for _ in range(n):
        walk = [drawn_by.choice(NODES[:3])]
        while drawn_by.random() < 0.75:
            walk.append(drawn_by.choice([node for node in NODES if node != walk[-1]]))
        yield tuple(walk)


def path_transitions():
    """Rows of gold.path_transitions."""
    pairs = Counter(pair for walk in walks() for pair in pairwise(("path_start", *walk, "path_end")))
    of_from, of_to = Counter(), Counter()
    for (before, after), n in pairs.items():
        of_from[before] += n
        of_to[after] += n
    for (before, after), n in pairs.items():
        yield {
            "as_of_date": AS_OF, "path": PATH, "form": "collapsed", "dimension": "all", "value": "all", "from_node": before, "to_node": after,
            "n_transitions": n, "n_paths": n, "n_customers": n, "from_share": n / of_from[before], "to_share": n / of_to[after],
            "seconds_median": None if {before, after} & {"path_start", "path_end"} else 30.0,
        }  # fmt: skip


def _at(ways, anchor, occurrence, direction, n_steps):
    for step in range(1, n_steps + 1):
        end = "path_end" if direction == "from" else "path_start"
        there = Counter(way[step - 1] if step <= len(way) else end for way in ways)
        for node, n in there.items():
            yield {
                "as_of_date": AS_OF, "path": PATH, "form": "collapsed", "dimension": "all", "value": "all", "anchor": anchor,
                "occurrence": occurrence, "direction": direction, "step": step, "node": node, "n_at_node": n, "n_customers": n,
                "n_ways": len(ways), "n_paths": len(ways), "node_share": n / len(ways),
            }  # fmt: skip


def path_steps():
    """Rows of gold.path_steps: from the start, and to and from the first visit of the cart."""
    yield from _at(list(walks()), "path_start", "first", "from", N_STEPS)
    with_cart = [walk for walk in walks() if "cart" in walk]
    yield from _at([walk[walk.index("cart") + 1 :] for walk in with_cart], "cart", "first", "from", 3)
    yield from _at([walk[: walk.index("cart")][::-1] for walk in with_cart], "cart", "first", "to", 3)


def path_routes(least=10):
    """Rows of gold.path_routes: routes of three nodes."""
    paths = list(walks())
    base = sum(GOAL in walk for walk in paths) / len(paths)
    holding = {}
    for walk in paths:
        for place in range(len(walk) - 2):
            holding.setdefault(walk[place : place + 3], {}).setdefault(walk, place)
    common = {"as_of_date": AS_OF, "path": PATH, "form": "collapsed", "n_nodes": 3, "base_share": base}
    for route, of in sorted(holding.items()):
        n_paths, n_converted = len(of), sum(GOAL in walk[place + 2 :] for walk, place in of.items())
        if n_paths >= least:
            yield common | {
                "route": " > ".join(route), "n_occurrences": n_paths, "n_paths": n_paths, "n_customers": n_paths,
                "n_converted": n_converted, "support_share": n_paths / len(paths), "conversion_share": n_converted / n_paths,
                "lift_ratio": n_converted / n_paths / base,
            }  # fmt: skip
    yield common | {"route": "other", "n_occurrences": 500}


def rows(n_customers=300):
    """Table → its rows, of one as_of."""
    visits, orders = active_days(n_customers, 63), active_days(n_customers // 2, 63, seed=4)
    history = bought.lines(11, n=900)
    return {
        gold.FUNNELS: list(funnels()),
        gold.FUNNEL_LOSSES: list(funnel_losses()),
        gold.PATH_TRANSITIONS: list(path_transitions()),
        gold.PATH_STEPS: list(path_steps()),
        gold.PATH_ROUTES: list(path_routes()),
        gold.RETENTION: [*retention(visits, "any"), *retention(orders, "order")],
        gold.LIFECYCLE: [*lifecycle(visits, "any"), *lifecycle(orders, "order")],
        gold.SALES: bought.sales(history, shown_days=400, least=2),
        gold.FIRST_ORDERS: bought.first_orders(history, shown_days=400, least=2),
    }


def days(first, last):
    """Days as the command line is given them."""
    return ("--from", date.isoformat(first), "--to", date.isoformat(last))
