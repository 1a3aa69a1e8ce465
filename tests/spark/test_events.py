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
    built = events(records, frame(spark, silver.ORDER_LINES), sources={"demo": small_source("demo")}, bots=LIMITS)
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
    lines = frame(spark, silver.ORDER_LINES)
    reasons = {
        (row["source"], row["bot_reason"])
        for row in contents(events(records, lines, sources=sources, bots=LIMITS), "source", "bot_reason")
    }
    assert reasons == {
        ("both", "events_per_minute; user_agent"),
        ("agent", "user_agent"),
        ("behaviour", "events_per_minute"),
        ("none", None),
    }
    unasked = events(records.where("source = 'none'"), lines, sources={"none": sources["none"]}, bots=LIMITS)
    assert contents(unasked, *COLUMNS) == [dict(position=n, is_bot=False, bot_reason=None) for n in range(3)]


def even(first_position, *, device=None, login=None, n=6, **columns):
    """Events 100 seconds apart: a rhythm, and never too fast."""
    account = login or device
    seen = dict(device_id=device, login_account_id=login, account_id=account)
    return [event(first_position + i, i * 100, **seen | columns) for i in range(n)]


RHYTHM = SimpleNamespace(max_events_per_minute=60, min_events_for_rhythm=6, min_gap_deviation=0.05, max_active_hours=20)


def machines(spark, records, lines=(), **options):
    """The units that a rule flags, with its name."""
    built = events(
        frame(spark, silver.EVENT_RECORDS, *records),
        frame(spark, silver.ORDER_LINES, *lines),
        sources={"demo": small_source("demo", **options)},
        bots=RHYTHM,
    )
    flagged = built.where("is_bot").selectExpr("coalesce(device_id, account_id) unit", "bot_reason").distinct()
    return {row["unit"]: row["bot_reason"] for row in flagged.collect()}


def test_evidence_of_a_person_outweighs_a_rhythm(spark):
    def ordered(account, days_before, **columns):
        return dict(source="demo", account_id=account, event_date=DAY - timedelta(days=days_before), is_return=False) | columns

    found = machines(
        spark,
        [
            *even(0, device="player"),
            *even(10, device="today", login="buyer"),
            *even(20, login="month"),
            *even(30, device="longer", login="long_ago"),
            *even(40, device="later", login="tomorrow"),
            *even(50, device="other", login="nobody"),
            *even(60, device="till", login="member"),
            *even(70, device="two_logins", login="one", n=5),
            event(75, 500, device_id="two_logins", login_account_id="two", account_id="two"),
            *even(80, device="bought", n=5),
            event(85, 500, device_id="bought", account_id="bought", event_type="purchase"),
            # The order of one of several devices' logins, and too few events for a rhythm on the day before.
            *even(90, device="yesterday", login="buyer", n=5, event_date=DAY - timedelta(days=1)),
        ],
        [
            ordered("buyer", 0),
            ordered("buyer", 3),
            ordered("month", 30),
            ordered("long_ago", 31),
            ordered("tomorrow", -1),
            ordered("member", 2, channel="pos"),
            ordered(None, 0),
        ],
    )
    assert found == {"player": "rhythm", "longer": "rhythm", "later": "rhythm", "other": "rhythm"}


def test_an_order_clears_nobody_of_pace_or_of_never_sleeping(spark):
    fast = [event(n, n / 10, device_id="fast", login_account_id="a", account_id="a") for n in range(61)]
    awake = [
        event(100 + n, (n - 12) * 3600 + (n * 701) % 1800, device_id="awake", login_account_id="a", account_id="a")
        for n in range(24)
    ]
    order = dict(source="demo", account_id="a", event_date=DAY, is_return=False)
    assert machines(spark, fast + awake, [order]) == {"fast": "events_per_minute", "awake": "active_hours"}


def test_events_that_a_source_calls_automatic_count_for_no_behaviour(spark):
    """A visit of one page, and a client that sends a sign of life every 15 seconds."""
    view = event(0, 36 * 15, device_id="reader", login_account_id="a", account_id="a")
    pings = [
        event(1 + n, 15 * n, device_id="reader", login_account_id="a", account_id="a", event_type="view_page") for n in range(36)
    ]
    other = even(100, device="machine")
    assert machines(spark, [view, *pings, *other]) == {"reader": "rhythm", "machine": "rhythm"}
    assert machines(spark, [view, *pings, *other], automatic_events=("view_page",)) == {"machine": "rhythm"}


def test_people_without_a_device_are_told_apart_by_their_login(spark):
    """As when all clients write one device that stands for none: nobody is a machine for what the others do."""
    visits = [
        event(10 * person + n, 7 * person + 60 * n * (1 + n), login_account_id=f"p{person}", account_id=f"p{person}")
        for person in range(40)
        for n in range(4)
    ]
    assert machines(spark, visits) == {}


def test_behaviour_exchanges_and_sorts_the_events_once_and_else_not_at_all(spark):
    records, lines = frame(spark, silver.EVENT_RECORDS), frame(spark, silver.ORDER_LINES)

    def plan_of(**options):
        built = events(records, lines, sources={"demo": small_source("demo", **options)}, bots=LIMITS)
        return built._jdf.queryExecution().executedPlan().toString()

    asked = plan_of()
    join, _, beside = asked.partition("SortMergeJoin")[2].partition("\n         +- ")
    assert (join.count("Window ["), join.count("Exchange hashpartitioning"), join.count("Sort [")) == (2, 1, 1)
    assert "search_query" in join
    assert "search_query" not in beside.partition("Scan ")[0], "the evidence moves keys, not events"
    assert "Exchange" not in plan_of(by_behaviour=False)
