from datetime import UTC, date, datetime

from frames import contents, frame, in_order
from reclake.lake.schema import conform
from reclake.silver.interactions import interactions
from reclake.sources.catalogues import SOURCES
from reclake.tables import silver

DAY = date(2026, 3, 1)


def at(minute: int) -> datetime:
    return datetime(2026, 3, 1, 9, minute, tzinfo=UTC)


def test_each_kind_is_counted_and_machines_guests_and_services_are_left_out(spark):
    event = dict(
        event_date=DAY, delivery_day=DAY, file_digest="f", account_id="a", product_id="p", is_bot=False, event_type="view_item"
    )
    line = dict(
        event_date=DAY, delivery_day=DAY, file_digest="o", account_id="a", product_id="p", is_return=False, ordered_at=at(30)
    )
    events = frame(
        spark,
        silver.EVENTS,
        event | dict(position=0, occurred_at=at(1)),
        event | dict(position=1, occurred_at=at(3)),
        event | dict(position=2, occurred_at=at(4), is_bot=True),
        event | dict(position=3, occurred_at=at(5), product_id=None),
        event | dict(position=4, occurred_at=at(6), event_type="add_to_cart"),
        event | dict(position=5, occurred_at=at(7), event_type="purchase"),
        event | dict(position=6, occurred_at=at(8), event_type="view_item_list"),
        # Three ratings, two of them in one moment: the one delivered last counts, whatever it is.
        event | dict(position=8, occurred_at=at(9), event_type="rate", rating=2.0),
        event | dict(position=7, occurred_at=at(9), event_type="rate", rating=5.0),
        event | dict(position=9, occurred_at=at(2), event_type="rate", rating=4.0),
        event | dict(position=10, occurred_at=at(1), account_id="b"),
    )
    order_lines = frame(
        spark,
        silver.ORDER_LINES,
        line | dict(position=0, is_repeat=False),
        line | dict(position=1, is_repeat=True),
        line | dict(position=2, is_return=True),
        line | dict(position=3, account_id=None),
        line | dict(position=4, product_id=None),
    )
    row = dict(event_date=DAY, account_id="a", product_id="p", rating=None)
    utc = {at(m): at(m).replace(tzinfo=None) for m in (1, 3, 6, 9, 30)}
    assert contents(conform(interactions(events, order_lines, sources={}), silver.INTERACTIONS)) == in_order(
        row | dict(kind="view", n_events=2, last_at=utc[at(3)]),
        row | dict(kind="add_to_cart", n_events=1, last_at=utc[at(6)]),
        row | dict(kind="rating", n_events=3, last_at=utc[at(9)], rating=2.0),
        row | dict(kind="purchase", n_events=2, last_at=utc[at(30)]),
        row | dict(kind="view", n_events=1, last_at=utc[at(1)], account_id="b"),
    )


def test_a_purchase_event_counts_only_where_its_source_delivers_no_orders(spark, root):
    sources = {name: SOURCES.read(root / "conf" / "sources" / f"{name}.toml") for name in ("retailrocket", "demo")}
    event = dict(
        event_date=DAY, delivery_day=DAY, file_digest="f", product_id="p", is_bot=False, event_type="purchase", occurred_at=at(1)
    )
    events = frame(
        spark,
        silver.EVENTS,
        event | dict(position=0, source="retailrocket", account_id="a"),
        event | dict(position=1, source="demo", account_id="b"),
    )
    found = interactions(events, frame(spark, silver.ORDER_LINES), sources=sources)
    assert contents(found, "account_id", "kind") == [{"account_id": "a", "kind": "purchase"}]
