"""Sessions against a plain reading, and built day by day."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, assume, given, seed, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from frames import contents, frame, in_order
from reclake.lake.schema import conform
from reclake.silver.sessions import sessions
from reclake.tables import silver

ZONE = "Asia/Shanghai"
DAY = date(2026, 3, 1)
COLUMNS = [field.name for field in silver.SESSIONS.fields if field.name != "session_id"]


@dataclass(frozen=True)
class Event:
    """What a session is made of."""

    occurred_at: datetime
    position: int
    source: str = "demo"
    device_id: str | None = "d"
    login: str | None = None
    channel: str = "app"
    event_type: str = "view_item"
    is_bot: bool = False
    zone: str = ZONE

    @property
    def unit(self) -> tuple[str, str | None]:
        return self.source, self.device_id or self.login

    @property
    def day(self) -> date:
        return self.occurred_at.astimezone(ZoneInfo(self.zone)).date()

    def row(self) -> dict:
        return dict(
            source=self.source, delivery_day=self.day, file_digest="f", position=self.position, event_date=self.day,
            occurred_at=self.occurred_at, channel=self.channel, event_type=self.event_type, is_bot=self.is_bot,
            account_id=self.login or self.device_id, login_account_id=self.login, device_id=self.device_id,
        )  # fmt: skip


def at(hours: float, position: int = 0, **columns) -> Event:
    """An event so many hours after the midnight with which DAY begins."""
    return Event(midnight(DAY, ZONE) + timedelta(hours=hours), position, **columns)


def midnight(day: date, zone: str) -> datetime:
    """When the day begins there."""
    return datetime.combine(day, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)


def is_full(of_day: list[Event], gap: timedelta) -> bool:
    """Whether the unit is active from midnight to midnight without a pause longer than the gap."""
    day, zone = of_day[0].day, of_day[0].zone
    moments = [midnight(day, zone), *(event.occurred_at for event in of_day), midnight(day + timedelta(days=1), zone)]
    return all(after - before <= gap for before, after in pairwise(moments))


def parts(events: list[Event], gap: timedelta) -> list[list[Event]]:
    """The events of one unit, cut into sessions, one event after the other."""
    events = sorted(events, key=lambda event: (event.occurred_at, event.day, event.position))
    full = {day for day, of_day in groupby(events, key=lambda event: event.day) if is_full(list(of_day), gap)}
    found: list[list[Event]] = []
    for event in events:
        before = found[-1][-1] if found else None
        is_cut = before is not None and before.day != event.day and (before.day in full or event.day in full)
        if before is None or is_cut or event.occurred_at - before.occurred_at > gap:
            found.append([])
        found[-1].append(event)
    return found


def as_row(session: list[Event]) -> dict:
    first, last = session[0], session[-1]
    kinds = [event.event_type for event in session]
    length = last.occurred_at - first.occurred_at
    n_views, n_carts, n_purchases = (kinds.count(kind) for kind in ("view_item", "add_to_cart", "purchase"))
    logins = [event.login for event in session if event.login]
    return dict(
        session_date=first.day,
        source=first.source,
        unit_id=first.unit[1],
        account_id=logins[-1] if logins else first.unit[1],
        channel=first.channel,
        started_at=first.occurred_at.replace(tzinfo=None),
        ended_at=last.occurred_at.replace(tzinfo=None),
        duration_seconds=int(length.total_seconds()),
        n_events=len(session),
        n_views=n_views,
        n_carts=n_carts,
        n_purchases=n_purchases,
        is_engaged=length > timedelta(seconds=10) or n_carts + n_purchases > 0 or n_views >= 2,
    )


def expected(events: list[Event], gap: timedelta) -> list[dict]:
    people = sorted((event for event in events if not event.is_bot), key=lambda event: event.unit)
    return in_order(*(as_row(part) for _, unit in groupby(people, key=lambda e: e.unit) for part in parts(list(unit), gap)))


def shared(spark, **days: date) -> DataFrame:
    """Devices that many use, each with the day since when, and a phone that says nothing of devices."""
    devices = [
        dict(key_kind="device", key=device, valid_from=day, n_accounts=2, reason="one_shop") for device, day in days.items()
    ]
    phone = dict(key_kind="phone", key="d", valid_from=DAY, n_accounts=2, reason="one_shop")
    return frame(spark, silver.SHARED_KEYS, phone, *devices)


def build(spark, events: list[Event], *, gap_minutes: int = 30, zone: str = ZONE, **devices: date) -> DataFrame:
    rows = frame(spark, silver.EVENTS, *(event.row() for event in events))
    return conform(sessions(rows, shared(spark, **devices), gap_minutes=gap_minutes, timezone=zone), silver.SESSIONS)


def test_on_a_shared_device_a_session_holds_the_events_of_one_login_alone(spark):
    def told(events, **devices):
        built = contents(build(spark, events, **devices), "session_date", "unit_id", "account_id", "n_events")
        return sorted(tuple(row.values()) for row in built)

    logins = ["a", None, "b", "a", "b", None]
    crowd = [at(23.5 + n / 12, n, login=login) for n, login in enumerate(logins)]  # 23:30 to 23:55
    late = at(24 + 1 / 6, 6, login="b")  # 00:10, the day after
    # One's own device: one visit, credited to the last login.
    assert told([*crowd, late]) == [(DAY, "d", "b", 7)]
    # A kiosk: what a did is a's, what b did is b's, and the rest is nobody's.
    assert told([*crowd, late], d=DAY) == [(DAY, "a", "a", 2), (DAY, "b", "b", 3), (DAY, "d", "d", 2)]
    # Shared from the next day on: what was done before is judged as it was then.
    assert told([*crowd, late], d=DAY + timedelta(days=1)) == [(DAY, "d", "b", 6), (DAY + timedelta(days=1), "b", "b", 1)]
    # A kiosk of another shop of the chain changes nothing here.
    assert told([*crowd, late], e=DAY) == [(DAY, "d", "b", 7)]


def test_the_event_keeps_its_device(spark):
    """Only the session is credited otherwise: a builder gives no new events."""
    assert "device_id" in {field.name for field in silver.EVENTS.fields}
    assert silver.SHARED_KEYS not in {i.table for i in silver.EVENTS.reads}


def test_a_longer_pause_ends_a_session_and_midnight_does_not(spark):
    built = build(
        spark,
        [
            at(23.75, 0, event_type="session_start", channel="web"),
            at(24.25, 1),
            at(24.5, 2, login="a", event_type="add_to_cart"),
            at(24.75, 3, event_type="purchase"),
            at(25.25 + 1e-6, 4, login="b"),  # a pause of 30 minutes and 4 ms
            at(25.25 + 1e-6, 5, event_type="search"),
            at(24.3, 6, is_bot=True),
            at(24.6, 7, device_id=None, login="b"),  # another unit: no device
        ],
    )
    night = dict(source="demo", session_date=DAY, duration_seconds=0)
    assert contents(built, *COLUMNS) == in_order(
        night
        | dict(
            unit_id="d", account_id="a", channel="web", started_at=at(23.75).occurred_at.replace(tzinfo=None),
            ended_at=at(24.75).occurred_at.replace(tzinfo=None), duration_seconds=3600, n_events=4, n_views=1, n_carts=1, n_purchases=1,
            is_engaged=True,
        ),
        night
        | dict(
            unit_id="d", account_id="b", channel="app", session_date=DAY + timedelta(days=1),
            started_at=at(25.25 + 1e-6).occurred_at.replace(tzinfo=None), ended_at=at(25.25 + 1e-6).occurred_at.replace(tzinfo=None),
            n_events=2, n_views=1, n_carts=0, n_purchases=0, is_engaged=False,
        ),
        night
        | dict(
            unit_id="b", account_id="b", channel="app", session_date=DAY + timedelta(days=1),
            started_at=at(24.6).occurred_at.replace(tzinfo=None), ended_at=at(24.6).occurred_at.replace(tzinfo=None),
            n_events=1, n_views=1, n_carts=0, n_purchases=0, is_engaged=False,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "kinds", "is_engaged"),
    [
        ([0, 10], ["search", "search"], False),
        ([0, 10.001], ["search", "search"], True),
        ([0], ["add_to_cart"], True),
        ([0], ["purchase"], True),
        ([0, 0], ["view_item", "view_item"], True),
        ([0, 0], ["view_item", "view_item_list"], False),
    ],
)
def test_engaged_is_long_or_active(spark, seconds, kinds, is_engaged):
    events = [at(second / 3600, n, event_type=kind) for n, (second, kind) in enumerate(zip(seconds, kinds, strict=True))]
    assert contents(build(spark, events), "is_engaged") == [dict(is_engaged=is_engaged)]


def test_a_day_without_a_pause_is_cut_at_its_midnights_and_no_other(spark):
    def pauses(first: int, last: int, step: float) -> list[Event]:
        return [at(first + n * step, n) for n in range(int((last - first) / step) + 1)]

    def spans(events: list[Event]) -> list[tuple]:
        return sorted((row.started_at, row.ended_at) for row in build(spark, events, gap_minutes=360).collect())

    def moments(*hours: float) -> list[datetime]:
        return [at(hour).occurred_at.replace(tzinfo=None) for hour in hours]

    # Active from 12:00 to 12:00 two days later, every 3 hours: the day between is full.
    whole = spans(pauses(12, 60, 3))
    assert whole == [tuple(moments(12, 21)), tuple(moments(24, 45)), tuple(moments(48, 60))]
    # The same with a longer pause in the middle day: one session comes into it, one leaves it.
    broken = spans([event for event in pauses(12, 60, 3) if event.position not in (6, 7)])
    assert broken == [tuple(moments(12, 27)), tuple(moments(36, 60))]


def test_a_session_keeps_its_name_when_built_again_and_names_differ(spark):
    events = [at(1, 0), at(1, 1, device_id="e"), at(1, 2, source="shop"), at(3, 3), at(3, 4, device_id="e")]
    first, second = (sorted(row.session_id for row in build(spark, order).collect()) for order in (events, events[::-1]))
    assert first == second
    assert len(set(first)) == 5
    assert all(len(name) == 64 for name in first)


# Five days each: a plain month's end, a leap day, and a day of 23 and one of 25 hours.
SPANS = {
    "month's end": (ZONE, date(2026, 2, 27)),
    "leap day": (ZONE, date(2028, 2, 27)),
    "clocks forward": ("Europe/Berlin", date(2026, 3, 27)),
    "clocks back": ("Europe/Berlin", date(2026, 10, 23)),
}
N_DAYS, GAP_HOURS = 5, 6


def lives(zone: str, first_day: date) -> st.SearchStrategy[list[Event]]:
    """Six units over five days: chains over midnight and through whole days, pauses just at and beyond the gap."""

    @st.composite
    def drawn(draw) -> list[Event]:
        events: list[Event] = []
        for unit in ("d", "e", "f", "g", "h", "i"):
            moment = midnight(first_day, zone) + timedelta(hours=draw(st.integers(0, 30)))
            for step in draw(st.lists(st.sampled_from([0, 3, 5, 6, 6, 6.0003, 9, 13]), max_size=22)):
                moment += timedelta(hours=step)
                if moment >= midnight(first_day + timedelta(days=N_DAYS), zone):
                    break
                event = Event(
                    occurred_at=moment.replace(microsecond=0),
                    position=len(events),
                    device_id=unit if unit != "g" else None,
                    login=draw(st.sampled_from(["a", "b"])) if unit == "g" else draw(st.sampled_from([None, None, "a", "b"])),
                    event_type=draw(st.sampled_from(["view_item", "add_to_cart", "purchase", "search"])),
                    is_bot=draw(st.integers(0, 19)) == 0,
                    zone=zone,
                )
                events.append(event)
                if draw(st.integers(0, 9)) == 0:
                    again = event.occurred_at + timedelta(seconds=1)
                    events.append(replace(event, position=len(events), occurred_at=again))
        return draw(st.permutations(events))

    return drawn()


def misread(spark, span: str, n_examples: int, *, drawn_by: int, beside: int = 1) -> list[str]:
    """Random lives that are not cut as a plain reading cuts them: all at once, or day by day with the days beside each."""
    zone, first_day = SPANS[span]
    found: list[str] = []
    sizes: list[int] = []

    # Making a failure smaller would run Spark hundreds of times.
    @seed(drawn_by)
    @settings(max_examples=n_examples, deadline=None, database=None, phases=[Phase.generate])
    @given(events=lives(zone, first_day))
    def read(events: list[Event]) -> None:
        assume(len(events) >= 10)  # the first that is drawn is the smallest there is: nobody does anything
        sizes.append(len(events))
        at_once = build(spark, events, gap_minutes=GAP_HOURS * 60, zone=zone)
        if contents(at_once, *COLUMNS) != expected(events, timedelta(hours=GAP_HOURS)):
            found.append(f"at once: {events}")
        rows = frame(spark, silver.EVENTS, *(event.row() for event in events))
        days = [first_day + timedelta(days=n) for n in range(N_DAYS)]
        if contents(day_by_day(rows, days, gap_minutes=GAP_HOURS * 60, zone=zone, beside=beside)) != contents(at_once):
            found.append(f"day by day: {events}")

    read()
    assert len(sizes) == n_examples
    return found


@pytest.mark.parametrize("span", SPANS)
def test_random_lives_are_cut_as_a_plain_reading_cuts_them(spark, span):
    assert misread(spark, span, 1, drawn_by=1) == []


@pytest.mark.trial
@pytest.mark.parametrize("span", SPANS)
def test_many_random_lives_are_cut_as_a_plain_reading_cuts_them(spark, trial_seed, span):
    assert misread(spark, span, 5, drawn_by=trial_seed) == []


@pytest.mark.trial
def test_days_that_see_nothing_of_those_beside_them_are_told(spark, trial_seed):
    """The known-bad variant."""
    wrong = misread(spark, "leap day", 4, drawn_by=trial_seed, beside=0)
    assert wrong
    assert {told.partition(":")[0] for told in wrong} == {"day by day"}


def day_by_day(events: DataFrame, days: list[date], *, gap_minutes: int, zone: str = ZONE, beside: int = 1) -> DataFrame:
    """Each day built alone from its own events and those of the days beside it."""
    around = timedelta(days=beside)
    built = (
        sessions(
            events.where(F.col("event_date").between(F.lit(day - around), F.lit(day + around))),
            shared(events.sparkSession),
            gap_minutes=gap_minutes,
            timezone=zone,
        ).where(F.col("session_date") == F.lit(day))
        for day in days
    )
    return reduce(DataFrame.unionByName, (conform(of_day, silver.SESSIONS) for of_day in built))


def test_all_windows_share_one_exchange_and_one_sort(spark):
    plan = build(spark, [])._jdf.queryExecution().executedPlan().toString()
    assert plan.count("Window [") >= 3
    # The join with the shared devices has its own, where they are too many to be broadcast.
    assert (plan.count("Exchange hashpartitioning(source"), plan.count("Sort [source")) == (1, 1)


@pytest.mark.data
def test_a_real_shop_has_15877_sessions_and_its_days_can_be_built_alone(spark, root):
    path = root.parent / "shared" / "data" / "retailrocket-subset" / "events.csv"
    if not path.exists():
        pytest.skip("needs shared/data/retailrocket-subset")
    names = F.create_map(*map(F.lit, ["view", "view_item", "addtocart", "add_to_cart", "transaction", "purchase"]))
    raw = spark.read.csv(str(path), header=True, schema="timestamp long, visitorid string, event string, itemid string")
    moment = F.timestamp_seconds("timestamp")
    events = raw.select(
        F.lit("retailrocket").alias("source"),
        F.to_date(F.from_utc_timestamp(moment, ZONE)).alias("event_date"),
        F.to_date(moment).alias("delivery_day"),
        F.lit("f").alias("file_digest"),
        F.monotonically_increasing_id().alias("position"),
        moment.alias("occurred_at"),
        F.lit("web").alias("channel"),
        names[F.col("event")].alias("event_type"),
        F.col("visitorid").alias("account_id"),
        F.lit(None).cast("string").alias("login_account_id"),
        F.col("visitorid").alias("device_id"),
        F.lit(False).alias("is_bot"),
    ).localCheckpoint()
    at_once = conform(sessions(events, shared(spark), gap_minutes=30, timezone=ZONE), silver.SESSIONS).localCheckpoint()
    (totals,) = at_once.agg(
        F.count("*"), F.sum("n_events"), F.sum(F.col("n_events").eqNullSafe(1).cast("int")), F.max("duration_seconds")
    ).collect()
    assert tuple(totals) == (15_877, 97_381, 5_703, 43_584)
    days = [date(2015, 7, 1), date(2015, 7, 2), date(2015, 8, 4)]
    alone = contents(day_by_day(events, days, gap_minutes=30))
    assert len(alone) > 200
    assert alone == contents(at_once.where(F.col("session_date").isin(days)))
