from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

from frames import contents, frame, in_order
from reclake.lake.schema import conform
from reclake.silver.events import events
from reclake.tables import silver
from small_sources import small_source

LIMITS = SimpleNamespace(max_events_per_minute=2, min_events_for_rhythm=30, min_gap_deviation=0.05, max_active_hours=20)
DAY = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
COLUMNS = ("position", "is_bot", "bot_reason")


def event(position, second=0, *, source="demo", **columns):
    known = dict(source=source, delivery_day=DAY, file_digest="f", record_class="kept", event_date=DAY, event_type="view_item")
    return known | dict(position=position, account_id="a", occurred_at=NOON + timedelta(seconds=second)) | columns


def test_behaviour_speaks_for_the_units_day_and_the_user_agent_for_its_event(spark):
    tomorrow = dict(event_date=DAY + timedelta(days=1))
    records = frame(
        spark,
        silver.EVENT_RECORDS,
        event(0, 0, device_id="d1"),
        event(1, 1, device_id="d1", user_agent=GOOGLE),
        # The same device under another login; without this event the device would not be too fast.
        event(2, 2, device_id="d1", account_id="b", login_account_id="b"),
        event(3, 7200, device_id="d1"),
        event(4, 86400, device_id="d1", **tomorrow),
        event(5, 0, device_id="d2", user_agent=GOOGLE),
        event(6, 9, device_id="d2", user_agent=""),
        # Without a device the account is the unit.
        event(7, 0),
        event(8, 1),
        event(9, 2),
        event(10, 0, device_id="d3", record_class="duplicate"),
    )
    built = events(records, sources={"demo": small_source("demo")}, bots=LIMITS)
    fast, person = dict(is_bot=True, bot_reason="events_per_minute"), dict(is_bot=False, bot_reason=None)
    assert contents(conform(built, silver.EVENTS), *COLUMNS) == in_order(
        dict(position=0) | fast,
        dict(position=1, is_bot=True, bot_reason="events_per_minute; user_agent"),
        dict(position=2) | fast,
        dict(position=3) | fast,
        dict(position=4) | person,
        dict(position=5, is_bot=True, bot_reason="user_agent"),
        dict(position=6) | person,
        dict(position=7) | fast,
        dict(position=8) | fast,
        dict(position=9) | fast,
    )


def test_a_source_says_which_rules_are_asked(spark):
    names = ("both", "agent", "behaviour", "none")
    rows = [event(n, n, source=name, device_id="d", user_agent=GOOGLE) for name in names for n in range(3)]
    sources = {
        name: small_source(name, by_user_agent=name in ("both", "agent"), by_behaviour=name in ("both", "behaviour"))
        for name in names
    }
    records = frame(spark, silver.EVENT_RECORDS, *rows)
    reasons = {
        (row["source"], row["bot_reason"])
        for row in contents(events(records, sources=sources, bots=LIMITS), "source", "bot_reason")
    }
    assert reasons == {
        ("both", "events_per_minute; user_agent"),
        ("agent", "user_agent"),
        ("behaviour", "events_per_minute"),
        ("none", None),
    }
    unasked = events(records.where("source = 'none'"), sources={"none": sources["none"]}, bots=LIMITS)
    assert contents(unasked, *COLUMNS) == [dict(position=n, is_bot=False, bot_reason=None) for n in range(3)]


def test_behaviour_costs_one_exchange_and_one_sort_and_else_none(spark):
    records = frame(spark, silver.EVENT_RECORDS)
    asked = events(records, sources={"demo": small_source("demo")}, bots=LIMITS)._jdf.queryExecution().executedPlan().toString()
    assert asked.count("Window [") >= 2
    assert (asked.count("Exchange hashpartitioning"), asked.count("Sort [")) == (1, 1)
    unasked = events(records, sources={"demo": small_source("demo", by_behaviour=False)}, bots=LIMITS)
    assert "Exchange" not in unasked._jdf.queryExecution().executedPlan().toString()
