"""gold.path_transitions, gold.path_steps and gold.path_routes: a published toy row for row, and random visits against plain Python."""

import random
import re
from collections import Counter, defaultdict
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pytest

import plain_paths
from declared import cut_inputs
from frames import contents, frame
from reclake.behaviour.paths.definition import Paths
from reclake.behaviour.paths.path_counts import path_counts
from reclake.gold.path_routes import emptiness as no_routes
from reclake.gold.path_routes import path_routes
from reclake.gold.path_steps import path_steps
from reclake.gold.path_transitions import emptiness, path_transitions
from reclake.lake.schema import conform
from reclake.run.inputs import made
from reclake.tables import gold, silver
from reclake.tables.histories import HISTORIES

AS_OF = date(2026, 3, 10)
ZONE = "Asia/Shanghai"
OLD = date(2026, 1, 1)
KINDS = {
    "home": "view_page",
    "catalog": "view_item_list",
    "search": "search",
    "cart": "add_to_cart",
    "purchase": "purchase",
    "login": "login",
}
TOY = {
    "u1": "home catalog cart purchase",
    "u2": "home catalog cart purchase",
    "u3": "home catalog catalog cart",
    "u4": "home search cart",
    "u5": "home search search",
}
BUILDERS = {gold.PATH_TRANSITIONS: path_transitions, gold.PATH_STEPS: path_steps, gold.PATH_ROUTES: path_routes}


def definition(name, **more):
    nodes = [
        {"name": node, "any_of": [{"event": kind}]} for node, kind in KINDS.items() if node not in ("search", "purchase", "login")
    ]
    values = {
        "goal": "purchase",
        "anchors": ("cart",),
        "n_steps": 4,
        "n_anchor_steps": 2,
        "longest_route": 4,
        "ignore": ("login",),
    }
    return Paths.model_validate({"name": name, "description": "d", "nodes": nodes} | values | more)


RAW, COLLAPSED = definition("raw", collapse=False), definition("collapsed", breakdowns=("channel",))


def event(account, node, moment, *, position, device="d", channel="web", **more):
    return dict(
        source="demo", delivery_day=moment.date(), file_digest="a", position=position, event_date=(moment + timedelta(hours=8)).date(),
        occurred_at=moment, channel=channel, event_type=KINDS[node], account_id=account, device_id=f"{account}_{device}", is_bot=False,
    ) | more  # fmt: skip


def toy(days_ago=2):
    noon = datetime(2026, 3, 10, 4) - timedelta(days=days_ago)
    return [
        event(account, node, noon + timedelta(seconds=20 * n), position=n, channel="app" if account in ("u4", "u5") else "web")
        for account, path in TOY.items() for n, node in enumerate(path.split())
    ]  # fmt: skip


def inputs(spark, events):
    accounts = sorted({one["account_id"] for one in events})
    return {
        silver.IDENTITIES.name: frame(spark, silver.IDENTITIES, *(dict(account_id=a, customer_id=f"c_{a}", valid_from=OLD) for a in accounts)),
        silver.ACCOUNTS.name: frame(
            spark, silver.ACCOUNTS,
            *(dict(account_id=a, basis="consent" if a == "silent" else "contract", is_device=False, is_machine=a == "robot", valid_from=OLD) for a in accounts),
        ),
        silver.CONSENTS.name: frame(spark, silver.CONSENTS),
        silver.PRODUCTS.name: frame(spark, silver.PRODUCTS),
        gold.CUSTOMER_SEGMENTS.name: frame(spark, gold.CUSTOMER_SEGMENTS),
        silver.EVENTS.name: frame(spark, silver.EVENTS, *events),
        silver.ORDER_LINES.name: frame(spark, silver.ORDER_LINES),
    }  # fmt: skip


def counts(spark, definitions, events, *, window_days=0):
    """The shared input, made once as a stage keeps it."""
    given = {"paths": {one.name: one for one in definitions}, "funnels": {}, "gap_minutes": 30, "timezone": ZONE}
    taken = cut_inputs(gold.PATH_STEPS, inputs(spark, events), as_of=AS_OF, window_days=window_days, given=given)
    return taken["path_counts"].localCheckpoint()


def built(counted, definitions, *, least=1, tables=tuple(BUILDERS)):
    """Table → its rows."""
    items = {one.name: one for one in definitions}
    made = {table: BUILDERS[table](counted, as_of=AS_OF, paths=items, min_group_size=least) for table in tables}
    return {table: contents(conform(one, table)) for table, one in made.items()}


def cells(rows, *names, **where):
    """Sorted tuples of columns, of the rows that hold these values."""
    return sorted(tuple(row[name] for name in names) for row in rows if all(row[name] == value for name, value in where.items()))


@pytest.fixture(scope="module")
def toy_counts(spark):
    silent = [
        event("silent", "home", datetime(2026, 3, 8, 4), position=0),
        event("robot", "home", datetime(2026, 3, 8, 4), position=0),
    ]
    logins = [
        event("u1", "login", datetime(2026, 3, 8, 4, 0, 1), position=9),
        event("u9", "login", datetime(2026, 3, 8, 4), position=0),
    ]
    return counts(spark, [RAW, COLLAPSED], [*toy(), *silent, *logins])


@pytest.fixture(scope="module")
def toy_tables(toy_counts):
    return built(toy_counts, [RAW, COLLAPSED])


def test_the_transitions_of_the_toy_row_for_row(toy_tables):
    rows = toy_tables[gold.PATH_TRANSITIONS]
    names = ("from_node", "to_node", "n_transitions", "n_paths", "n_customers", "from_share", "to_share", "seconds_median")
    assert cells(rows, *names, path="collapsed", form="collapsed", value="all") == sorted([
        ("path_start", "home", 5, 5, 5, 1.0, 1.0, None), ("home", "catalog", 3, 3, 3, 0.6, 1.0, 20.0), ("home", "search", 2, 2, 2, 0.4, 1.0, 20.0),
        ("catalog", "cart", 3, 3, 3, 1.0, 0.75, 20.0), ("search", "cart", 1, 1, 1, 0.5, 0.25, 20.0), ("search", "path_end", 1, 1, 1, 0.5, 0.2, None),
        ("cart", "purchase", 2, 2, 2, 0.5, 1.0, 20.0), ("cart", "path_end", 2, 2, 2, 0.5, 0.4, None), ("purchase", "path_end", 2, 2, 2, 1.0, 0.4, None),
    ])  # fmt: skip
    raw = cells(rows, "from_node", "to_node", "n_transitions", path="raw", form="raw")
    assert sum(n for one, other, n in raw if one != "path_start" and other != "path_end") == 13
    assert {("catalog", "catalog", 1), ("search", "search", 1)} <= set(raw)


def test_the_steps_of_the_toy_row_for_row(toy_tables):
    rows = toy_tables[gold.PATH_STEPS]
    start = {"value": "all", "anchor": "path_start", "occurrence": "first", "direction": "from"}
    assert cells(rows, "step", "node", "n_at_node", "node_share", path="collapsed", **start) == [
        (1, "home", 5, 1.0), (2, "catalog", 3, 0.6), (2, "search", 2, 0.4), (3, "cart", 4, 0.8), (3, "path_end", 1, 0.2),
        (4, "path_end", 3, 0.6), (4, "purchase", 2, 0.4),
    ]  # fmt: skip
    assert cells(rows, "step", "node", "node_share", path="raw", **start)[-6:] == [
        (3, "cart", 0.6), (3, "catalog", 0.2), (3, "search", 0.2), (4, "cart", 0.2), (4, "path_end", 0.4), (4, "purchase", 0.4),
    ]  # fmt: skip
    to_cart = {"path": "collapsed", "value": "all", "anchor": "cart", "direction": "to"}
    for occurrence in ("first", "last", "all"):
        assert cells(rows, "step", "node", "n_at_node", "n_customers", "n_ways", "n_paths", occurrence=occurrence, **to_cart) == [
            (1, "catalog", 3, 3, 4, 4), (1, "search", 1, 1, 4, 4), (2, "home", 4, 4, 4, 4),
        ]  # fmt: skip
    by_channel = {"path": "collapsed", "dimension": "channel", "anchor": "path_start", "step": 3}
    assert cells(rows, "value", "node", "n_at_node", "n_ways", **by_channel) == [
        ("app", "cart", 1, 2), ("app", "path_end", 1, 2), ("web", "cart", 3, 3),
    ]  # fmt: skip


def test_the_routes_of_the_toy_row_for_row(toy_tables):
    rows = cells(
        toy_tables[gold.PATH_ROUTES],
        "n_nodes",
        "route",
        "n_occurrences",
        "n_paths",
        "n_customers",
        "n_converted",
        path="collapsed",
    )
    assert rows == [
        (3, "catalog > cart > purchase", 2, 2, 2, 2), (3, "home > catalog > cart", 3, 3, 3, 2), (3, "home > search > cart", 1, 1, 1, 0),
        (4, "home > catalog > cart > purchase", 2, 2, 2, 2),
    ]  # fmt: skip
    (row,) = (
        one for one in toy_tables[gold.PATH_ROUTES] if one["route"] == "home > catalog > cart" and one["path"] == "collapsed"
    )
    shares = [row[name] for name in ("support_share", "conversion_share", "base_share", "lift_ratio")]
    assert shares == pytest.approx([0.6, 2 / 3, 0.4, 2 / 3 / 0.4])


def test_small_groups_are_joined_and_everything_adds_up(toy_counts):
    tables = built(toy_counts, [RAW, COLLAPSED], least=3)
    transitions = cells(tables[gold.PATH_TRANSITIONS], "from_node", "to_node", "n_transitions", path="collapsed", dimension="all")
    # Of search and purchase, with two customers each, and the next larger node nothing is told alone; nor of edges of two.
    # The ends of visits after search (one customer) and purchase (two) are at least two customers, and go with the next larger edge.
    assert transitions == [
        ("cart", "other", 4), ("home", "other", 5), ("other", "other", 7), ("path_start", "home", 5),
    ]  # fmt: skip
    steps = cells(
        tables[gold.PATH_STEPS], "step", "node", "n_at_node", "n_ways", path="collapsed", dimension="all", anchor="path_start"
    )
    assert steps == [(1, "home", 5, 5), (2, "other", 5, 5), (3, "other", 5, 5), (4, "other", 5, 5)]
    routes = cells(tables[gold.PATH_ROUTES], "n_nodes", "route", "n_occurrences", "n_paths", path="collapsed")
    # A route of 4 nodes was walked by two customers alone: an other of them would be these two.
    assert routes == [(3, "other", 6, None)]
    by_channel = {row["value"] for row in tables[gold.PATH_STEPS] if row["dimension"] == "channel"}
    assert by_channel == {"other"}


def test_few_who_go_elsewhere_are_counted_with_the_way_that_nearly_all_take(spark):
    """30 customers go from home to catalog and stay; one more goes to the cart, where three begin."""
    visits = (
        [(f"u{n}", ("home", "catalog")) for n in range(30)]
        + [("odd", ("home", "cart"))]
        + [(f"c{n}", ("cart",)) for n in range(3)]
    )
    rows = [
        event(who, node, datetime(2026, 3, 8, 4, 0, second), position=second)
        for who, nodes in visits
        for second, node in enumerate(nodes)
    ]
    found = built(counts(spark, [COLLAPSED], rows), [COLLAPSED], least=3, tables=(gold.PATH_TRANSITIONS,))[gold.PATH_TRANSITIONS]
    names = ("from_node", "to_node", "n_transitions", "is_with_others", "from_share", "to_share")
    assert cells(found, *names, dimension="all") == sorted([
        ("path_start", "home", 31, False, 31 / 34, 1.0), ("path_start", "cart", 3, False, 3 / 34, 3 / 4),
        ("home", "catalog", 31, True, 1.0, 1.0), ("catalog", "path_end", 30, False, 1.0, 30 / 34), ("cart", "path_end", 4, False, 1.0, 4 / 34),
    ])  # fmt: skip


def test_what_lies_beyond_the_limits_of_a_definition_is_other(toy_counts):
    narrow = COLLAPSED.model_copy(update={"top_nodes": 2, "top_routes": 1})
    tables = built(toy_counts.where("path = 'collapsed'"), [narrow])
    steps = cells(tables[gold.PATH_STEPS], "step", "node", "n_at_node", dimension="all", anchor="path_start")
    assert steps == [
        (1, "home", 5), (2, "other", 5), (3, "cart", 4), (3, "path_end", 1), (4, "other", 2), (4, "path_end", 3),
    ]  # fmt: skip
    assert cells(tables[gold.PATH_ROUTES], "n_nodes", "route", "n_occurrences", path="collapsed") == [
        (3, "home > catalog > cart", 3), (3, "other", 3), (4, "home > catalog > cart > purchase", 2),
    ]  # fmt: skip


def test_nobody_and_too_few_have_their_reason(spark, toy_counts):
    few = contents(emptiness(toy_counts, as_of=AS_OF, paths={"raw": RAW}, min_group_size=6))
    assert few == [{"as_of_date": AS_OF, "reason": "fewer than 6 customers were seen on a device in the window"}]
    assert built(toy_counts, [RAW, COLLAPSED], least=6) == {table: [] for table in BUILDERS}
    nobody = contents(emptiness(toy_counts.limit(0), as_of=AS_OF, paths={"raw": RAW}, min_group_size=1))
    assert nobody[0]["reason"] == "nobody who may be profiled was seen on a device in the window"
    assert contents(emptiness(toy_counts, as_of=AS_OF, paths={"raw": RAW}, min_group_size=5))[0]["reason"] is None


def test_people_of_two_parts_are_not_counted_twice_for_the_least_group(spark):
    """Two customers on two channels each, joined as one value, are two, in nodes, steps and transitions."""
    noon = datetime(2026, 3, 8, 4)
    visits = [(f"u{n}", channel, "home cart") for n in (1, 2) for channel in ("app", "web")]
    visits += [(f"u{n}", "kiosk", "home catalog") for n in (3, 4, 5)]
    events = [
        event(account, node, noon + timedelta(seconds=20 * at), position=at, device=channel, channel=channel)
        for account, channel, path in visits for at, node in enumerate(path.split())
    ]  # fmt: skip
    tables = built(counts(spark, [COLLAPSED], events), [COLLAPSED], least=3, tables=(gold.PATH_TRANSITIONS, gold.PATH_STEPS))
    for table, names in {gold.PATH_TRANSITIONS: ("from_node", "to_node"), gold.PATH_STEPS: ("anchor", "node")}.items():
        rows = [row for row in tables[table] if row["dimension"] == "channel"]
        assert {row["value"] for row in rows} == {"other"}
        assert "cart" not in {row[name] for row in rows for name in names}


def test_routes_have_reasons_of_their_own(toy_counts):
    for counted, least, reason in (
        (toy_counts, 3, None),
        (toy_counts, 4, "no route was walked by 4 customers in the window"),
        (toy_counts.where("measure != 'routes'"), 1, "no visit in the window has as many nodes as a route"),
        (toy_counts.limit(0), 1, "nobody who may be profiled was seen on a device in the window"),
    ):
        given = {"paths": {"collapsed": COLLAPSED}, "min_group_size": least}
        of_one = counted.where("path = 'collapsed'")
        assert contents(no_routes(of_one, as_of=AS_OF, **given)) == [{"as_of_date": AS_OF, "reason": reason}]
        is_empty = not built(of_one, [COLLAPSED], least=least, tables=(gold.PATH_ROUTES,))[gold.PATH_ROUTES]
        assert is_empty == (reason is not None)


def random_events(draws, n_accounts=40):
    made_now = []
    for account in range(n_accounts):
        moment = datetime(2026, 3, draws.randrange(2, 9), draws.randrange(24))
        for _ in range(draws.randrange(14)):
            moment += timedelta(seconds=draws.choice([0, 0, 20, 300, 1800, 1801, 30_000]))
            if moment < datetime(2026, 3, 9, 16):  # midnight in the business's zone
                channel, device = draws.choice(["app", "web"]), draws.choice("xxy")
                made_now.append(
                    event(
                        f"a{account}", draws.choice(list(KINDS)), moment, position=len(made_now), channel=channel, device=device
                    )
                )
    return made_now


def plain_rows(events, one):
    """Rows of the three tables, without shares, as a plain reading has them."""
    histories = defaultdict(list)
    for seen in sorted(events, key=lambda one: (one["occurred_at"], one["position"])):
        node = next(node for node, kind in KINDS.items() if kind == seen["event_type"])
        at = int((seen["occurred_at"] - datetime(2026, 1, 1)).total_seconds())
        histories[seen["account_id"]].append({"at": at, "node": node, "device": seen["device_id"], "channel": seen["channel"]})
    sums = plain_paths.counts(
        histories.values(), goal="purchase", anchors=one.anchors, n_steps=one.n_steps, n_anchor_steps=one.n_anchor_steps,
        lengths=one.route_lengths, breakdowns=one.breakdowns, ignored={"login"}, collapse=one.collapse,
    )  # fmt: skip
    rows = {"edges": Counter(), "steps": Counter(), "routes": Counter()}
    for (measure, dimension, value, *more), of in sums.items():
        if measure == "routes":
            rows["routes"][len(more[0]), " > ".join(more[0]), of["n_paths"], of["n_customers"], of.get("n_converted", 0)] = of[
                "n"
            ]
        elif measure in rows:
            rows[measure][dimension, value, *more, of["n_customers"]] = of["n"]
    return rows


def read_rows(tables, path):
    names = {
        gold.PATH_TRANSITIONS: ("dimension", "value", "from_node", "to_node", "n_customers", "n_transitions"),
        gold.PATH_STEPS: ("dimension", "value", "anchor", "occurrence", "direction", "step", "node", "n_customers", "n_at_node"),
        gold.PATH_ROUTES: ("n_nodes", "route", "n_paths", "n_customers", "n_converted", "n_occurrences"),
    }
    rows = [cells(tables[table], *of, path=path) for table, of in names.items()]
    return {
        measure: Counter({row[:-1]: row[-1] for row in of})
        for measure, of in zip(("edges", "steps", "routes"), rows, strict=True)
    }


@contextmanager
def partitions_of_a_shuffle(spark, n):
    before = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", str(n))
    try:
        yield
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", before)  # unset would give Spark's default, not that of the tests


def test_random_visits_in_any_order_and_partitioning_are_told_as_a_plain_reading(spark):
    draws = random.Random(5)
    events = random_events(draws)
    wide = [one.model_copy(update={"top_routes": 1000}) for one in (RAW, COLLAPSED)]
    shuffled = draws.sample(events, len(events))
    # Days before the window, of the same accounts, change nothing: an as_of does not depend on what was built before.
    before = [event(one["account_id"], "home", datetime(2026, 2, 1, 4), position=n) for n, one in enumerate(events[:20])]
    with partitions_of_a_shuffle(spark, 3):
        tables = built(counts(spark, wide, [*before, *shuffled], window_days=20), wide)
    for one in wide:
        expected = plain_rows(events, one)
        assert read_rows(tables, one.name) == expected, one.name
        assert all(len(of) > 30 for of in expected.values())
    for row in tables[gold.PATH_STEPS]:
        assert row["node_share"] == row["n_at_node"] / row["n_ways"]
    shares = Counter()
    for row in tables[gold.PATH_STEPS]:
        shares[tuple(row[name] for name in gold.PATH_STEPS.key[1:-1])] += row["n_at_node"] / row["n_ways"]
    assert shares
    assert all(total == pytest.approx(1) for total in shares.values())


def test_the_counts_need_no_exchange_and_no_sort_beside_those_of_histories(spark):
    frames = inputs(spark, toy())
    people = cut_inputs(gold.FIRST_ORDERS, frames, as_of=AS_OF)["people"].localCheckpoint()
    lives = made(
        HISTORIES,
        lambda i: frames[i.table.name],
        lambda _: people,
        as_of=AS_OF,
        arguments={"funnels": {}, "paths": {}, "timezone": ZONE},
    )
    counted = path_counts(lives, as_of=AS_OF, paths={"raw": RAW, "collapsed": COLLAPSED}, gap_minutes=30, timezone=ZONE)
    with partitions_of_a_shuffle(spark, 3):  # one partition needs no exchange
        above, below = counted._jdf.queryExecution().executedPlan().toString().split("MapInArrow")
    assert "Sort [" not in above
    assert above.count("Exchange ") == 1  # of the counts, which are added up
    assert len(re.findall(r"Exchange [^\n]*REPARTITION_BY_COL", below)) == 1
    assert below.count("Sort [customer_id") == 1
