"""gold.funnels and gold.funnel_losses on a few hand-computed customers, and on random ones against plain Python."""

import random
import re
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

import plain_funnels
from declared import cut_inputs
from frames import contents, frame
from reclake.behaviour.funnels.definition import Funnel
from reclake.behaviour.funnels.funnel_counts import funnel_counts
from reclake.behaviour.funnels.people import WHO, funnel_people
from reclake.behaviour.paths.definition import Paths
from reclake.behaviour.sittings import session_starts
from reclake.gold.funnel_losses import funnel_losses
from reclake.gold.funnels import emptiness, funnels
from reclake.lake.schema import conform
from reclake.run.inputs import made
from reclake.silver.sessions import sessions
from reclake.tables import gold, silver
from reclake.tables.histories import HISTORIES

AS_OF = date(2026, 3, 10)
LIVES = replace(gold.FUNNELS, inputs=(HISTORIES,))  # what is given histories themselves
ZONE = "Asia/Shanghai"
OLD = date(2026, 1, 1)
SHORT = {"v": "view_item", "c": "add_to_cart", "o": "begin_checkout", "p": "purchase", "s": "search", "r": "rate"}


def funnel(name, steps, *, unit="customer", window=None, breakdowns=("channel",), **more):
    return Funnel.model_validate({
        "name": name, "description": "d", "unit": unit, "window": window or {"hours": 1}, "breakdowns": breakdowns,
        "steps": [{"name": step, "any_of": [{"event": kind}] if isinstance(kind, str) else kind} for step, kind in steps], **more,
    })  # fmt: skip


SHOP = funnel("shop", [("view", "view_item"), ("cart", "add_to_cart"), ("pay", "purchase")], unit="session")
SAME = funnel("same", [("view", "view_item"), ("order", "order")], unit="customer_product", window={"days": 2})


def at(days_ago, hour, minute=0, second=0):
    """A moment in the business's zone, as UTC."""
    local = datetime.combine(AS_OF - timedelta(days=days_ago), datetime.min.time())
    return local + timedelta(hours=hour - 8, minutes=minute, seconds=second)


def event(account, kind, moment, *, device=None, channel="web", position=0, product="p1", **more):
    return dict(
        source="demo", delivery_day=moment.date(), file_digest="a", position=position, event_date=(moment + timedelta(hours=8)).date(),
        occurred_at=moment, channel=channel, event_type=SHORT[kind], account_id=account, device_id=device or f"{account}_d",
        login_account_id=None, product_id=product, is_bot=False,
    ) | more  # fmt: skip


def line(account, moment, product="p1", **more):
    return dict(
        source="demo", delivery_day=moment.date(), file_digest="b", position=0, order_scope="pos", order_id="o", quantity=1,
        event_date=(moment + timedelta(hours=8)).date(), ordered_at=moment, channel="pos", account_id=account, line_kind="product",
        product_id=product, line_amount=Decimal(1), currency="CNY", is_return=False,
    ) | more  # fmt: skip


def inputs(spark, events, lines=(), *, silent=(), machines=()):
    accounts = sorted({one["account_id"] for one in (*events, *lines)})
    return {
        silver.IDENTITIES.name: frame(spark, silver.IDENTITIES, *(dict(account_id=a, customer_id=f"c_{a}", valid_from=OLD) for a in accounts)),
        silver.ACCOUNTS.name: frame(
            spark, silver.ACCOUNTS,
            *(dict(account_id=a, basis="consent" if a in silent else "contract", is_device=False, is_machine=a in machines, valid_from=OLD) for a in accounts),
        ),
        silver.CONSENTS.name: frame(spark, silver.CONSENTS),
        silver.PRODUCTS.name: frame(spark, silver.PRODUCTS),
        gold.CUSTOMER_SEGMENTS.name: frame(spark, gold.CUSTOMER_SEGMENTS),
        silver.EVENTS.name: frame(spark, silver.EVENTS, *events),
        silver.ORDER_LINES.name: frame(spark, silver.ORDER_LINES, *lines),
    }  # fmt: skip


def taken(table, frames, chosen, *, window_days=0):
    """What the builder of a table is given; the counts are made once, as a stage keeps them."""
    items = {one.name: one for one in chosen}
    given = {"funnels": items, "paths": {}, "gap_minutes": 30, "timezone": ZONE}
    found = cut_inputs(table, frames, as_of=AS_OF, window_days=window_days, given=given)
    return {"funnel_counts": found["funnel_counts"].localCheckpoint(), "funnels": items, "as_of": AS_OF}


def built(spark, chosen, events, lines=(), *, least=1, window_days=0, **people):
    arguments = taken(gold.FUNNELS, inputs(spark, events, lines, **people), chosen, window_days=window_days)
    return conform(funnels(**arguments, min_group_size=least, window_days=window_days), gold.FUNNELS).localCheckpoint()


def visit(account, kinds, days_ago=2, hour=12, **more):
    """Events a minute apart."""
    return [event(account, kind, at(days_ago, hour, minute), position=minute, **more) for minute, kind in enumerate(kinds)]


def rows(found, *names, where="true"):
    return sorted(tuple(row[name] for name in names) for row in contents(found.where(where)))


EVENTS = [
    *visit("a", "vcp"),
    *visit("a", "vv", hour=15),  # a second visit of the day
    *visit("b", "vsc", channel="app"),
    *visit("b", "p", hour=14, channel="app"),  # too late
    *visit("c", "c", channel="app"),  # never enters
    *visit("d", "v", days_ago=1, hour=23, channel="app"),
    event("d", "c", at(1, 23, 30), channel="app"),
    *visit("silent", "vcp"),
    *visit("robot", "vcp"),
    event("a", "v", at(2, 3), is_bot=True),
]


def test_visits_are_counted_step_by_step_per_channel(spark):
    found = built(spark, [SHOP], EVENTS, silent={"silent"}, machines={"robot"})
    columns = ("value", "step_name", "n_entered", "n_customers", "n_reached", "n_lost", "n_open", "n_lost_customers", "n_mature")
    assert rows(found, *columns, where="period = 'window'") == sorted([
        ("all", "view", 4, 3, 4, 1, 0, 1, 3), ("all", "cart", 4, 3, 3, 1, 1, 1, 3), ("all", "pay", 4, 3, 1, 0, 0, 0, 3),
        ("app", "view", 2, 2, 2, 0, 0, 0, 1), ("app", "cart", 2, 2, 2, 1, 1, 1, 1), ("app", "pay", 2, 2, 0, 0, 0, 0, 1),
        ("web", "view", 2, 1, 2, 1, 0, 1, 2), ("web", "cart", 2, 1, 1, 0, 0, 0, 2), ("web", "pay", 2, 1, 1, 0, 0, 0, 2),
    ])  # fmt: skip
    days = rows(found, "entry_date", "step", "n_reached", "is_final", where="period = 'day' AND dimension = 'all'")
    second, last = AS_OF - timedelta(days=2), AS_OF - timedelta(days=1)
    assert days == [(second, 1, 3, True), (second, 2, 2, True), (second, 3, 1, True), (last, 1, 1, False), (last, 2, 1, False), (last, 3, 0, False)]  # fmt: skip
    timed = rows(
        found,
        "step",
        "step_seconds_mean",
        "step_seconds_median",
        "total_seconds_p90",
        where="period = 'window' AND value = 'all'",
    )
    # From view to cart 60, 120 and 1,800 s.
    assert timed == [(1, None, None, None), (2, 660.0, 120.0, 1464.0), (3, 60.0, 60.0, 120.0)]
    shares = rows(found, "step", "step_share", "overall_share", "mature_share", where="period = 'window' AND value = 'all'")
    assert shares == [
        (1, 1.0, 1.0, 1.0),
        (2, 0.75, 0.75, pytest.approx(2 / 3)),
        (3, pytest.approx(1 / 3), 0.25, pytest.approx(1 / 3)),
    ]


def test_a_product_is_followed_from_the_web_to_the_till(spark):
    events = [
        event("a", "v", at(5, 10), product="p1"),
        event("a", "v", at(5, 11), product="p2"),
        event("b", "v", at(5, 10), product="p1"),
    ]
    lines = [
        line("a", at(4, 10)),
        line("b", at(2, 11)),
        line("a", at(4, 9), product="p3"),
        line("a", at(4, 8), product="p2", is_return=True),
    ]
    found = built(spark, [SAME], events, lines)
    assert rows(found, "value", "step_name", "n_reached", "n_customers", where="period = 'window'") == sorted(
        (value, step, n, 2) for value in ("all", "web") for step, n in (("view", 3), ("order", 1))
    )
    arguments = taken(gold.FUNNEL_LOSSES, inputs(spark, events, lines), [SAME])
    losses = conform(funnel_losses(**arguments, min_group_size=1), gold.FUNNEL_LOSSES).localCheckpoint()
    # Of p2 the till followed in the window, which is another channel; b came back too late.
    assert rows(losses, "step", "dimension", "value", "n_lost", "lost_share", where="dimension IN ('next_event', 'later')") == [
        (1, "later", "no_other_channel", 1, 0.5), (1, "later", "other_channel", 1, 0.5), (1, "next_event", "left", 1, 0.5),
        (1, "next_event", "other_channel", 1, 0.5),
    ]  # fmt: skip


def test_values_of_few_customers_are_joined_and_lone_ones_left_out(spark):
    events = [
        one for n, channel in enumerate(["web"] * 5 + ["app"] * 3 + ["pos"]) for one in visit(f"a{n}", "v", channel=channel)
    ] + visit("z", "v", days_ago=4)  # fmt: skip
    found = built(spark, [SHOP], events, least=2, window_days=5)
    told = rows(found, "period", "dimension", "value", "n_entered", "entry_date", where="step = 1")
    second, monday, first = AS_OF - timedelta(days=2), date(2026, 3, 2), AS_OF - timedelta(days=5)
    assert AS_OF.weekday() == 1
    assert told == sorted([
        ("day", "all", "all", 9, second), ("day", "channel", "other", 4, second), ("day", "channel", "web", 5, second),
        ("week", "all", "all", 10, monday), ("week", "channel", "other", 4, monday), ("week", "channel", "web", 6, monday),
        ("window", "all", "all", 10, first), ("window", "channel", "other", 4, first), ("window", "channel", "web", 6, first),
    ])  # fmt: skip
    none = built(spark, [SHOP], events[:1], least=2)
    assert contents(none) == []
    arguments = taken(gold.FUNNELS, inputs(spark, events[:1]), [SHOP])
    why = contents(emptiness(**arguments, min_group_size=2, window_days=0))
    assert why == [{"as_of_date": AS_OF, "reason": "fewer than 2 customers entered any funnel in the window"}]
    arguments = taken(gold.FUNNELS, inputs(spark, visit("c", "c")), [SHOP])
    assert "nobody who may be profiled" in contents(emptiness(**arguments, min_group_size=2, window_days=0))[0]["reason"]


def test_a_value_is_measured_against_what_its_mix_explains(spark):
    """On the app everybody is lost, on the web half; logged in or not makes no difference beyond the channel."""
    kinds = {("app", True): ["v"] * 6, ("app", False): ["v"] * 2, ("web", True): ["v", "vcp"], ("web", False): ["v", "vcp"] * 3}
    one = funnel("f", [("view", "view_item"), ("pay", "purchase")], breakdowns=("channel", "login"))
    events = [
        seen | {"login_account_id": "x" if login else None}
        for (channel, login), visits in kinds.items()
        for n, kind in enumerate(visits)
        for seen in visit(f"{channel}{login}{n}", kind, channel=channel)
    ]
    arguments = taken(gold.FUNNEL_LOSSES, inputs(spark, events), [one])
    found = conform(funnel_losses(**arguments, min_group_size=1), gold.FUNNEL_LOSSES).localCheckpoint()
    told = rows(
        found, "dimension", "value", "n_reached", "n_lost", "expected_lost", where="dimension NOT IN ('next_event', 'later')"
    )
    # Logged in 7 of 8 are lost, else 5 of 8: app has 6 and 2 of them, web 2 and 6. By channel 8 of 8 and 4 of 8.
    assert told == [
        ("channel", "app", 8, 8, 6.5), ("channel", "web", 8, 4, 5.5), ("login", "anonymous", 8, 5, 5.0), ("login", "logged_in", 8, 7, 7.0),
    ]  # fmt: skip
    assert dict(rows(found, "value", "excess_lost", where="dimension = 'login'")) == {"anonymous": 0.0, "logged_in": 0.0}


def test_conditions_ask_of_properties(spark):
    asked = [
        {"event": "rate", "where": [{"property": "rating", "at_least": 4}]},
        {
            "event": "view_item",
            "where": [{"property": "channel", "one_of": ["app"]}, {"property": "product_id", "is_known": False}],
        },
        {"event": "search", "where": [{"property": "hour", "at_most": 9}, {"property": "login", "none_of": ["logged_in"]}]},
    ]
    one = funnel("f", [("good", asked), ("pay", "purchase")], breakdowns=("hour", "weekday"))
    events = [
        event("a", "r", at(2, 10), rating=4.0), event("b", "r", at(2, 10), rating=3.9), event("c", "r", at(2, 10)),
        event("d", "v", at(2, 10), channel="app", product=None), event("e", "v", at(2, 10), channel="app"), event("f", "v", at(2, 10)),
        event("g", "s", at(2, 9, 59)), event("h", "s", at(2, 10)), event("i", "s", at(2, 9), login_account_id="i"),
    ]  # fmt: skip
    found = built(spark, [one], events)
    assert rows(found, "dimension", "value", "n_entered", where="period = 'window' AND step = 1") == [
        ("all", "all", 3), ("hour", "09", 1), ("hour", "10", 2), ("weekday", "sunday", 3),
    ]  # fmt: skip


def random_events(draws, n_accounts=40):
    made_now = []
    for account in range(n_accounts):
        moment = at(draws.randrange(1, 9), draws.randrange(24))
        for _ in range(draws.randrange(14)):
            moment += timedelta(seconds=draws.choice([0, 0, 20, 300, 2500, 30_000]))
            if moment < at(0, 0):
                kind, channel = draws.choice("vvvccps"), draws.choice(["app", "web"])
                made_now.append(
                    event(f"a{account}", kind, moment, channel=channel, device=draws.choice("xy") + str(account))
                    | {"position": len(made_now)}
                )
    return made_now


def test_random_events_in_any_order_and_partitioning_are_counted_as_a_plain_reading(spark):
    draws = random.Random(5)
    events = random_events(draws)
    events.append(event("late", "v", at(1, 23, 30), channel="app", position=len(events)))  # its window is open
    shifted = {one["position"]: (one["occurred_at"] - datetime(1970, 1, 1)) + timedelta(hours=8) for one in events}
    by_account = {}
    for one in sorted(events, key=lambda one: (one["occurred_at"], one["delivery_day"], one["position"])):
        told = {
            "at": int(shifted[one["position"]].total_seconds()),
            "kind": one["event_type"],
            "channel": one["channel"],
            "product": "p",
            "device": one["device_id"],
        }
        by_account.setdefault(one["account_id"], []).append(told)
    as_of = int((datetime.combine(AS_OF, datetime.min.time()) - datetime(1970, 1, 1)).total_seconds())
    plain = {
        "unit": "session", "mode": "ordered", "n_steps": 3, "steps": {"view_item": [0], "add_to_cart": [1], "purchase": [2]}, "linked": None,
        "excludes": set(), "exclusions": [], "breakdowns": ("channel",),
    }  # fmt: skip
    counts = Counter()
    for history in by_account.values():
        counts += plain_funnels.counts(history, plain | {"history": history}, as_of=as_of, window=3600)
    expected = Counter()
    for (what, period, first_day, _, value, *more), n in ((key, n) for key, n in counts.items() if key[0] == "units"):
        depth, state, _ = more
        day = (date(1970, 1, 1) + timedelta(days=first_day)) if period != "window" else date(1990, 1, 1)
        for step in range(1, 4):
            expected[period, day, value, step, "entered"] += n
            expected[period, day, value, step, "reached"] += n * (depth >= step)
            expected[period, day, value, step, "lost"] += n * (depth == step and state == "lost")
            expected[period, day, value, step, "open"] += n * (depth == step and state == "open")
        assert what == "units"
    draws.shuffle(events)
    frames = inputs(spark, events)
    frames[silver.EVENTS.name] = frames[silver.EVENTS.name].repartition(3)
    found = Counter()
    given = taken(gold.FUNNELS, frames, [SHOP])
    for row in conform(funnels(**given, min_group_size=1, window_days=0), gold.FUNNELS).collect():
        for what in ("entered", "reached", "lost", "open"):
            found[row["period"], row["entry_date"], row["value"], row["step"], what] += row[f"n_{what}"]
    assert +found == +expected
    assert sum(n for key, n in found.items() if key[0] == "window" and key[4] == "open") > 0


def test_customers_products_and_devices_break_funnels_and_paths_down(spark):
    """Values are those of the customer at the as_of, and of the product and the device at the entry."""
    phone, desktop = "Mozilla/5.0 (iPhone) Mobile", "Mozilla/5.0 (Windows NT 10.0)"
    events = [
        *visit("a", "vcp", user_agent=phone, product="p1"),
        *visit("a", "v", hour=15, user_agent=desktop, product="p2"),
        *visit("b", "vc", user_agent=phone, product="p2"),
        *visit("x", "v", product="unknown"),  # neither a customer with orders nor a product of the catalogue
    ]
    frames = inputs(spark, events)
    tiers = {"c_a": ("loyal", OLD), "c_b": ("new", AS_OF - timedelta(days=1))}
    frames[gold.CUSTOMER_SEGMENTS.name] = frame(
        spark, gold.CUSTOMER_SEGMENTS,
        *(dict(as_of_date=AS_OF, customer_id=c, tier=tier, n_orders=2, first_order_date=first) for c, (tier, first) in tiers.items()),
        dict(as_of_date=AS_OF - timedelta(days=1), customer_id="c_x", tier="loyal", n_orders=1, first_order_date=OLD),
    )  # fmt: skip
    frames[silver.PRODUCTS.name] = frame(
        spark, silver.PRODUCTS, *(dict(product_id=p, category=of, valid_from=OLD) for p, of in (("p1", "tea"), ("p2", "soap")))
    )
    expected = {
        "tier": {"loyal": 2, "new": 1, "unknown": 1},
        "category": {"tea": 1, "soap": 2, "unknown": 1},
        "device_kind": {"phone": 2, "desktop": 1, "unknown": 1},
        "customer_kind": {"returning": 2, "new": 2},
        "order_band": {"2-3": 3, "unknown": 1},
    }
    names = tuple(expected)
    chosen = [
        funnel("one", [("view", "view_item"), ("pay", "purchase")], unit="session", breakdowns=names[:3]),
        funnel("two", [("view", "view_item"), ("pay", "purchase")], unit="session", breakdowns=names[3:]),
    ]
    counted = conform(funnels(**taken(gold.FUNNELS, frames, chosen), min_group_size=1, window_days=0), gold.FUNNELS)
    first_steps = contents(counted.where("period = 'window' AND step = 1 AND dimension <> 'all'"))
    entered = {name: {row["value"]: row["n_entered"] for row in first_steps if row["dimension"] == name} for name in names}
    assert entered == expected
    reached = contents(counted.where("period = 'window' AND step = 2 AND n_reached > 0 AND dimension <> 'all'"))
    assert {row["value"] for row in reached} == {"loyal", "tea", "phone", "returning", "2-3"}

    ways = [
        Paths.model_validate({"name": name, "description": "d", "goal": "purchase", "breakdowns": of})
        for name, of in (("one", names[:3]), ("two", names[3:]))
    ]
    given = {"paths": {one.name: one for one in ways}, "funnels": {}, "gap_minutes": 30, "timezone": ZONE}
    counts = cut_inputs(gold.PATH_STEPS, frames, as_of=AS_OF, given=given)["path_counts"].where("measure = 'paths'").collect()
    n_paths = {name: {row["value"]: row["n_paths"] for row in counts if row["dimension"] == name} for name in names}
    assert n_paths == expected


def test_all_funnels_share_one_exchange_and_one_sort(spark):
    """Beside the join with people: no step is joined with the next, and no funnel adds an exchange."""
    frames = inputs(spark, EVENTS)
    people = cut_inputs(gold.FIRST_ORDERS, frames, as_of=AS_OF)["people"].localCheckpoint()
    described = SHOP.model_copy(update={"breakdowns": ("channel", "tier", "category")})
    for funnels_asked in ({}, {"shop": described}):
        given = {"funnels": funnels_asked, "paths": {}, "timezone": ZONE}
        lives = made(HISTORIES, lambda i: frames[i.table.name], lambda _: people, as_of=AS_OF, arguments=given)
        read = funnel_counts(lives, as_of=AS_OF, funnels=funnels_asked or {"shop": SHOP}, gap_minutes=30, timezone=ZONE)
        _, below = read._jdf.queryExecution().executedPlan().toString().split("MapInArrow")
        # What customers and products are is joined below the one exchange and its sort.
        behind = below[: below.index("REPARTITION_BY_COL")]
        assert (behind.count("Sort [customer_id"), behind.count("Exchange "), "Join" in behind) == (1, 1, False)
    given = {"funnels": {}, "paths": {}, "timezone": ZONE}
    lives = made(HISTORIES, lambda i: frames[i.table.name], lambda _: people, as_of=AS_OF, arguments=given)
    counts = funnel_counts(lives, as_of=AS_OF, funnels={"shop": SHOP, "same": SAME}, gap_minutes=30, timezone=ZONE)
    plan = counts._jdf.queryExecution().executedPlan().toString()
    above, below = plan.split("MapInArrow")
    assert "Sort [customer_id" not in above
    exchanges = Counter(re.findall(r"Exchange [^\n]*(REPARTITION_BY_COL|ENSURE_REQUIREMENTS)", below))
    assert exchanges == {"REPARTITION_BY_COL": 1, "ENSURE_REQUIREMENTS": 2}  # by customer; both sides of the join with people
    assert below.count("Sort [customer_id") == 1


@pytest.mark.parametrize("zone", ["UTC", ZONE, "America/Sao_Paulo"])
def test_sessions_from_arrays_begin_where_those_of_silver_begin(spark, zone):
    draws = random.Random(zone)
    events = []
    first = datetime(2018, 11, 2)  # in Sao Paulo the midnight of 4 November did not exist
    for device in "abcdef":
        moment = first + timedelta(seconds=draws.randrange(80_000))
        for _ in range(60):
            moment += timedelta(minutes=draws.choice([1, 20, 30, 31]) if device > "c" else draws.choice([25, 30]))
            events.append((device, moment))

    def business_day(moment):
        return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).date()

    told = [
        event("x", "v", moment, device=device, position=n) | {"event_date": business_day(moment)}
        for n, (device, moment) in enumerate(events)
    ]
    built_sessions = conform(
        sessions(frame(spark, silver.EVENTS, *told), frame(spark, silver.SHARED_KEYS), gap_minutes=30, timezone=zone),
        silver.SESSIONS,
    )
    expected = sorted((row["unit_id"], row["started_at"]) for row in built_sessions.collect())
    events.sort()
    unit = np.array([ord(device) for device, _ in events])
    moments = np.array([int((moment - datetime(1970, 1, 1)) / timedelta(microseconds=1)) for _, moment in events])
    days = np.array([(business_day(moment) - date(1970, 1, 1)).days for _, moment in events])
    is_start = session_starts(unit, moments, days, gap_minutes=30, timezone=zone)
    assert [one for one, starts in zip(events, is_start, strict=True) if starts] == expected
    assert len(expected) > 12


def test_the_people_behind_every_number_add_up_to_it(spark):
    """For unit customer they are as many as the number says; nobody who is silent or a machine is among them."""
    events = [*EVENTS, *visit("e", "vcsp"), *visit("f", "vp", days_ago=1, hour=23)]
    excluding = funnel(
        "shop", [("view", "view_item"), ("pay", "purchase")], unit="session", exclude=[{"any_of": [{"event": "search"}]}]
    )
    chosen = [excluding, SHOP.model_copy(update={"name": "by_customer", "unit": "customer"}), SAME]
    frames = inputs(spark, events, [line("a", at(1, 12)), line("b", at(1, 13))], silent={"silent"}, machines={"robot"})
    counted = conform(funnels(**taken(gold.FUNNELS, frames, chosen), min_group_size=1, window_days=0), gold.FUNNELS)
    numbers = contents(counted.where("period = 'window' AND dimension = 'all'"))
    histories = cut_inputs(LIVES, frames, as_of=AS_OF, given={"funnels": {}, "paths": {}, "timezone": ZONE})[
        "histories"
    ].localCheckpoint()
    behind = [
        funnel_people(histories, as_of=AS_OF, funnel=one, step=step, who=who, gap_minutes=30, timezone=ZONE).select(
            F.lit(one.name).alias("funnel"), F.lit(step).alias("step"), F.lit(who).alias("who"), "*"
        )
        for one in chosen
        for step in range(1, len(one.steps) + 1)
        for who in WHO
    ]
    people = contents(reduce(DataFrame.unionByName, behind))
    for row in numbers:
        for who in WHO:
            found = [one for one in people if (one["funnel"], one["step"], one["who"]) == (row["funnel"], row["step"], who)]
            assert sum(one["n_units"] for one in found) == row[f"n_{who}"]
            assert len({one["customer_id"] for one in found}) == len(found)
            if row["funnel"] == "by_customer":
                assert len(found) == row[f"n_{who}"]
            if who == "lost":
                assert len(found) == row["n_lost_customers"]
    assert {one["who"] for one in people} == set(WHO)
    assert not {"c_silent", "c_robot"} & {one["customer_id"] for one in people}
