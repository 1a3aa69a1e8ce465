"""Counts of whole funnels over streams of histories, against plain Python; blocks of any size give the same."""

import random
from collections import Counter

import pyarrow as pa
import pytest

import plain_funnels
from reclake.behaviour.funnels.block import Block, Clock
from reclake.behaviour.funnels.definition import Funnel
from reclake.behaviour.funnels.stream import Plan, counted
from reclake.behaviour.kinds import KINDS

A, B, C, X, ORDER = "view_item", "add_to_cart", "purchase", "search", "order"
LETTERS = {"A": A, "B": B, "C": C, "X": X, "D": "begin_checkout", "E": "login"}
CHANNELS = ["app", "web", "pos"]
DAY = 86_400
MICRO = 1_000_000


def funnel(
    steps=(A, B, C), *, unit="customer", mode="ordered", window=None, exclude=(), linked=None, breakdowns=("channel",), name="f"
):
    return Funnel.model_validate({
        "name": name, "description": "d", "unit": unit, "mode": mode, "window": window or {"seconds": 60}, "linked": linked,
        "steps": [{"name": f"s{n}", "any_of": [{"event": kind}]} for n, kind in enumerate(steps)],
        "exclude": [{"any_of": [{"event": kind}], **where} for kind, where in exclude], "breakdowns": breakdowns,
    })  # fmt: skip


def batch_of(histories, funnels):
    """The histories of several customers as the rows that the stream reads."""
    rows = []
    for customer, events in enumerate(histories):
        for event in events:
            kind = event["kind"]
            masks = {}
            for n, one in enumerate(funnels):
                bits = [kind in {of.event for of in step.any_of} for step in (*one.steps, *one.exclude)]
                masks[f"mask_{n}"] = sum(bit << place for place, bit in enumerate(bits))
            device, product = event["device"], event["product"]
            rows.append({
                "customer": customer * 7919 + 11, "moment": event["at"] * MICRO, "day": event["at"] // DAY, "kind": KINDS.index(kind) + 1,
                "channel": CHANNELS.index(event["channel"]) + 1, "unit": device and sum(map(ord, device)),
                "linked_product_id": product and sum(map(ord, product)), "dim_channel": event["channel"], "dim_product_id": product, **masks,
            })  # fmt: skip
    fields = {"dim_channel": pa.string(), "dim_product_id": pa.string()}
    names = ["customer", "moment", "day", "kind", "channel", "unit", "linked_product_id", "dim_channel", "dim_product_id"]
    schema = pa.schema([(name, fields.get(name, pa.int64())) for name in [*names, *(f"mask_{n}" for n in range(len(funnels)))]])
    return pa.RecordBatch.from_pylist(rows, schema=schema)


def read(histories, funnels, *, as_of, n_rows=10**6, most_rows=10**6, batch_rows=10**6):
    """Funnel → what is counted, as the plain reading writes it."""
    batch = batch_of(histories, funnels)
    batches = [batch.slice(first, batch_rows) for first in range(0, len(batch), batch_rows)]
    plan = Plan(funnels, Clock("UTC", 30), as_of * MICRO, n_rows, most_rows)
    found = {one.name: Counter() for one in funnels}
    passed = Counter()
    for counts in counted(batches, plan):
        for row in counts.to_pylist():
            timed = (row["funnel"], *_key(row)[:6]) if row["measure"].endswith("seconds") else ()
            if row["microseconds"] is not None:  # the exact sum beside the counts by second
                passed[timed] += row["microseconds"]
                continue
            if timed:
                passed[timed] -= row["seconds"] * row["n"] * MICRO
            found[row["funnel"]][_key(row)] += row["n"]
    assert set(passed.values()) <= {0}
    return {name: Counter({key: n for key, n in of.items() if key[0] != "not compared"}) for name, of in found.items()}


def _key(row):
    place = (row["period"], row["first_day"], row["dimension"], row["value"])
    match row["measure"]:
        case "units":
            return ("units", *place, row["step"], row["fate"], row["is_mature"])
        case "step_seconds" | "total_seconds":
            return (row["measure"], *place, row["step"], row["seconds"])
        case "customers":
            return ("customers", *place)
        case "lost_customers":
            return ("lost_customers", *place, row["step"])
        case "next" | "later":
            return (row["measure"], row["step"], row["value"])
    return ("not compared", row["measure"], row["step"], row["value"])


def plain(histories, one, *, as_of):
    steps = {}
    for n, step in enumerate(one.steps):
        steps.setdefault(step.any_of[0].event, []).append(n)
    told = {
        "unit": one.unit, "mode": one.mode, "n_steps": len(one.steps), "steps": steps, "linked": one.linked and "product",
        "excludes": {of.event for step in one.exclude for of in step.any_of}, "exclusions": [one.between(of) for of in one.exclude],
        "breakdowns": one.breakdowns,
    }  # fmt: skip
    window = None if one.window.natural_day else one.window.total_seconds
    found = Counter()
    for history in histories:
        found += plain_funnels.counts(history, told | {"history": history}, as_of=as_of, window=window)
    return found


def letters(text, channel="app"):
    """Events as letters and seconds: A0 B10."""
    return [
        {"at": int(one[1:]), "kind": LETTERS[one[0]], "channel": channel, "product": "p", "device": "d"} for one in text.split()
    ]


def random_history(draws, n_most=25):
    at, events = draws.randrange(3 * DAY), []
    for _ in range(draws.randrange(n_most)):
        at += draws.choice([0, 0, 1, 7, 30, 600, 2000, 40_000])
        events.append({
            "at": at, "kind": draws.choice([A, A, B, B, C, X, ORDER]), "channel": draws.choice(CHANNELS),
            "product": draws.choice([None, "p", "q", "r"]), "device": draws.choice([None, "d", "e"]),
        })  # fmt: skip
    return events


def every_kind_of_funnel():
    window, day = {"seconds": 3000}, {"natural_day": True}
    exclude = [(X, {"after": "s0", "before": "s1"}), (X, {"after": "s1"})]
    found = []
    for mode in ("ordered", "strict", "fixed", "dedup", "increase", "any"):
        for unit in ("customer", "session", "customer_product"):
            linked = None if unit == "customer_product" or mode == "strict" else "product_id"
            allowed = () if mode == "any" else exclude
            found += [
                funnel(unit=unit, mode=mode, window=window),
                funnel(unit=unit, mode=mode, window=window, exclude=allowed, linked=linked),
                funnel(unit=unit, mode=mode, window=day, breakdowns=("channel", "product_id")),
            ]
            if unit != "session":
                found.append(
                    funnel(steps=(A, B, ORDER), unit=unit, mode=mode, window={"days": 1}, linked=linked, exclude=allowed)
                )
    return [one.model_copy(update={"name": f"f{n}"}) for n, one in enumerate(found)]


@pytest.mark.parametrize(("n_rows", "most_rows", "batch_rows"), [(10**6, 10**6, 10**6), (40, 60, 13), (5, 9, 3)])
def test_every_kind_of_funnel_counts_as_a_plain_reading(n_rows, most_rows, batch_rows):
    draws = random.Random(n_rows)
    histories = [random_history(draws) for _ in range(200 if n_rows > 100 else 20)]
    histories.append(sorted((event for _ in range(12) for event in random_history(draws)), key=lambda one: one["at"]))  # a till
    as_of = 3 * DAY + 4000
    histories = [[event for event in events if event["at"] < as_of] for events in histories]
    funnels = every_kind_of_funnel()[:: 1 if n_rows > 100 else 5]
    found = read(histories, funnels, as_of=as_of, n_rows=n_rows, most_rows=most_rows, batch_rows=batch_rows)
    fates = Counter()
    for one in funnels:
        expected = plain(histories, one, as_of=as_of)
        assert found[one.name] == expected, (one.name, one.mode, one.unit)
        fates.update(key[6] for key in expected if key[0] == "units")
    assert set(fates) == {"converted", "open", "lost", "excluded"}


def fate(text, *, as_of=10_000, exclude=()):
    found = read([letters(text)], [funnel((A, B), exclude=exclude)], as_of=as_of)["f"]
    (told,) = {key[6] for key in found if key[0] == "units" and key[1] == "window"}
    return told


@pytest.mark.parametrize(
    ("text", "as_of", "told"), [("A0", 60, "open"), ("A0", 61, "lost"), ("A0 A50", 100, "open"), ("A0 B60", 61, "converted")]
)
def test_who_is_inside_the_window_is_open_and_not_lost(text, as_of, told):
    assert fate(text, as_of=as_of) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A0 X5 B10", "excluded"), ("X0 A5 B10", "converted"), ("A0 B10 X20", "converted"), ("A0 X5", "excluded"),
        ("A0 X5 A20 B30", "excluded"), ("A0 X61", "lost"), ("A0 X5 A70 B75", "converted"),
    ],
)  # fmt: skip
def test_an_exclusion_between_two_steps_drops_the_unit(text, told):
    assert fate(text, exclude=[(X, {})]) == told


def test_what_entered_is_converted_lost_open_or_excluded_and_steps_never_grow():
    draws = random.Random(3)
    histories = [random_history(draws) for _ in range(400)]
    one = funnel(window={"hours": 4}, exclude=[(X, {})])
    found = read(histories, [one], as_of=5 * DAY)["f"]
    units = Counter()
    for key, n in found.items():
        if key[0] == "units":
            units[key[1:6]] += n  # place and depth
    entered = Counter()
    for place, n in units.items():
        entered[place[:4]] += n
    for place, n in entered.items():
        by_fate = Counter()
        for key, m in found.items():
            if key[0] == "units" and key[1:5] == place:
                by_fate[key[6]] += m
        assert sum(by_fate.values()) == n
        assert set(by_fate) <= {"converted", "open", "lost", "excluded"}
    assert sum(n for place, n in entered.items() if place[0] == "window" and place[2] == "all") > 300


def test_the_order_of_customers_changes_nothing():
    draws = random.Random(4)
    histories = [random_history(draws) for _ in range(50)]
    shuffled = draws.sample(histories, len(histories))
    funnels = every_kind_of_funnel()[:12]
    assert read(histories, funnels, as_of=9 * DAY) == read(shuffled, funnels, as_of=9 * DAY, n_rows=100, batch_rows=30)


def test_a_customer_with_most_of_the_events_is_read_in_parts(monkeypatch):
    till = [{"at": 200 * n, "kind": [A, B, C][n % 3], "channel": "pos", "product": "p", "device": "d"} for n in range(30_000)]
    histories, sizes = [letters("A0 B5"), till, letters("A0 B5 C9")], []
    monkeypatch.setattr(Block, "__init__", lambda self, *a, made=Block.__init__: (made(self, *a), sizes.append(len(self)))[0])
    funnels = [funnel(window={"hours": 1}), funnel(unit="session", window={"hours": 1}, name="g")]
    at_once = read(histories, funnels, as_of=90 * DAY)
    assert max(sizes) > len(till)
    sizes.clear()
    assert read(histories, funnels, as_of=90 * DAY, n_rows=1000, most_rows=4000, batch_rows=500) == at_once
    assert max(sizes) < 6000
    assert sum(sizes) > len(till)


def test_a_session_of_a_hundred_thousand_events_is_read_in_bounded_parts():
    first = 3600
    views = [
        {"at": first + second, "kind": A if second % 3 else B, "channel": "app", "product": "p", "device": "d"}
        for second in range(100_000)
    ]
    one = funnel((A, B), unit="session", window={"minutes": 10})
    found = read([views], [one], as_of=3 * DAY)["f"]
    # It goes over a midnight, and neither day is active from end to end: one session.
    assert found["units", "window", 0, "all", "all", 2, "converted", True] == 1
    assert found["units", "day", 0, "all", "all", 2, "converted", True] == 1
