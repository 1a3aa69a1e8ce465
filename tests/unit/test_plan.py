"""The plan: which days a delivery touches, and which of them are stale. On ledgers made by hand."""

from dataclasses import replace
from datetime import date, datetime
from types import SimpleNamespace

import pytest

from reclake import tables
from reclake.lake.digest import DayContent, Digest
from reclake.lake.ledger import EXPIRED, REMOVED, Entry, Ledger
from reclake.run.plan import Digests, Limits, Planner, Scope, limits_of
from reclake.tables import Input, bronze, gold, ops, silver
from reclake.tables.inputs import day_before, previous_as_of, until_as_of

NOTHING = Digests("code", "settings", "suite")
WINDOWS = {i.days.window: 0 for table in tables.TABLES for i in table.reads if i.days.window}  # all days


def entry(table, day, *, digest="1:a", details=None, sequence=1, inputs=None):
    inner = {d: Digest.parse(text) for d, text in (details or {}).items()}
    return Entry(
        table=table.name, day=day, sequence=sequence, kind="build", version=0, run_id="r", token=1, recorded_at=datetime(2026, 1, 1),
        content=DayContent(Digest.parse(digest), inner), code_digest="code", settings_digest="settings", suite_digest="suite",
        input_digests=inputs or {},
    )  # fmt: skip


def planner(*entries, scope=None, limits=None, digests=NOTHING, model=None, windows=None, restate_as_ofs=30):
    ledger = Ledger(None)
    ledger.add(entries)
    return Planner(
        ledger,
        scope=scope or Scope(),
        limits=limits or Limits(late_days=3, repeat_days=2),
        digests=lambda table: digests,
        models={"als": model},
        windows=WINDOWS if windows is None else windows,
        restate_as_ofs=restate_as_ofs,
    ), ledger


def on(*days):
    return Scope(delivery_days=frozenset(map(date.fromisoformat, days)), as_ofs=(max(map(date.fromisoformat, days)),))


def test_a_delivery_touches_the_deliveries_in_which_its_repeats_may_lie():
    entries = [entry(bronze.ORDERS, f"2026-01-0{n}") for n in range(1, 7)]
    plan, _ = planner(*entries, scope=on("2026-01-02"))
    assert plan.touched(silver.ORDER_RECORDS) == {"2026-01-02", "2026-01-03", "2026-01-04"}
    unlimited, _ = planner(*entries, scope=on("2026-01-02"), limits=Limits(None, None))
    assert unlimited.touched(silver.ORDER_RECORDS) == {f"2026-01-0{n}" for n in range(2, 7)}


def test_the_widest_limits_of_the_sources_hold_for_the_lake():
    def source(late, repeat, historical=False):
        return SimpleNamespace(late_limit_days=late, repeat_days=repeat, historical=historical)

    assert limits_of({}) == Limits(0, 0)
    assert limits_of({"a": source(3, 4), "b": source(1, 9)}) == Limits(3, 9)
    assert limits_of({"a": source(3, 4), "old": source(None, None, historical=True)}) == Limits(None, None)


def test_event_days_are_those_that_the_delivery_brought_and_those_it_may_have_brought_before():
    records = entry(silver.EVENT_RECORDS, "2026-01-05", details={"2026-01-03": "1:a", "2026-01-05": "4:b"})
    earlier = [entry(silver.EVENTS, day) for day in ("2026-01-01", "2026-01-02", "2026-01-04")]
    plan, _ = planner(entry(bronze.EVENTS, "2026-01-05"), records, *earlier, scope=on("2026-01-05"))
    assert plan.touched(silver.EVENTS) == {"2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"}
    assert plan.days_to_read(silver.EVENTS.reads[0], ["2026-01-03"]) is None


def test_sessions_are_rebuilt_around_a_touched_day():
    events = [entry(silver.EVENTS, f"2026-01-0{n}") for n in range(1, 6)]
    records = entry(silver.EVENT_RECORDS, "2026-01-03", details={"2026-01-03": "1:a"})
    plan, _ = planner(entry(bronze.EVENTS, "2026-01-03"), records, *events, scope=on("2026-01-03"), limits=Limits(0, 0))
    # An event may lie one day after its delivery, as zones differ: that day is looked at as well.
    around = {"2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"}
    # A shared key may have begun on any day: the others are looked at, and only their digests say whether they are stale.
    assert plan.touched(silver.SESSIONS) >= around
    assert plan.days_to_read(silver.SESSIONS.reads[0], ["2026-01-02"]) == [date(2026, 1, n) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (dict(code="other"), "code changed"),
        (dict(settings="other"), "settings changed"),
        (dict(suite="other"), "suite changed"),
    ],
)
def test_a_day_is_stale_by_code_settings_and_suite(change, why):
    plan, ledger = planner(entry(bronze.ORDERS, "2026-01-01"))
    inputs = plan.work(silver.ORDER_RECORDS).input_digests["2026-01-01"]
    ledger.add([entry(silver.ORDER_RECORDS, "2026-01-01", inputs=inputs)])
    assert not plan.work(silver.ORDER_RECORDS).reasons
    changed = Digests(**{"code": "code", "settings": "settings", "suite": "suite", **change})
    other = Planner(
        ledger, scope=Scope(), limits=Limits(3, 2), digests=lambda table: changed, models={}, windows=WINDOWS, restate_as_ofs=30
    )
    assert other.work(silver.ORDER_RECORDS).reasons == {"2026-01-01": why}


def test_a_decision_of_a_steward_is_acted_on_by_a_run_of_any_day():
    decided = entry(bronze.IDENTITY_DECISIONS, "whole")
    plan, ledger = planner(decided, scope=on("2026-01-03"))
    assert plan.touched(silver.IDENTITY_DECISIONS) == {"whole"}
    assert plan.work(silver.IDENTITY_DECISIONS).reasons == {"whole": "never built"}
    inputs = plan.work(silver.IDENTITY_DECISIONS).input_digests["whole"]
    ledger.add([entry(silver.IDENTITY_DECISIONS, "whole", inputs=inputs)])
    assert plan.work(silver.IDENTITY_DECISIONS).reasons == {}
    # One that is appended later: the table holds other content.
    later, _ = planner(
        entry(bronze.IDENTITY_DECISIONS, "whole", digest="2:b"),
        entry(silver.IDENTITY_DECISIONS, "whole", inputs=inputs),
        scope=on("2026-01-04"),
    )
    assert later.work(silver.IDENTITY_DECISIONS).reasons == {"whole": "bronze.identity_decisions changed"}


def test_a_key_that_becomes_shared_restates_the_sessions_from_the_day_before_and_no_earlier_ones():
    days = [f"2026-01-0{n}" for n in range(1, 7)]
    events = [entry(silver.EVENTS, day) for day in days]

    def keys(**changes):
        details = {f"2026-01-0{n}": digest for n, digest in zip((2, 4), ("1:a", "1:b"), strict=True)}
        return entry(silver.SHARED_KEYS, "whole", details=details | {day.replace("_", "-")[1:]: d for day, d in changes.items()})

    plan, ledger = planner(*events, keys())
    inputs = plan.work(silver.SESSIONS).input_digests
    ledger.add(entry(silver.SESSIONS, day, inputs=inputs[day]) for day in days)

    def stale(**changes):
        anew, _ = planner(*events, keys(**changes), *(entry(silver.SESSIONS, day, inputs=inputs[day]) for day in days))
        return anew.work(silver.SESSIONS).days

    assert stale() == ()
    assert stale(_2026_01_05="1:c") == tuple(days[3:])
    assert stale(_2026_01_04="1:c") == tuple(days[2:])
    assert stale(_2026_01_09="1:c") == ()


class TestExpiredRawRecords:
    """Raw records of the 1st are gone; a delivery is compared with the two days before it."""

    DAYS = tuple(f"2026-01-0{n}" for n in range(1, 6))

    @pytest.fixture
    def ledger(self):
        raw = [entry(bronze.ORDERS, day) for day in self.DAYS]
        plan, ledger = planner(*raw)
        inputs = plan.work(silver.ORDER_RECORDS).input_digests
        ledger.add(entry(silver.ORDER_RECORDS, day, inputs=inputs[day], details={day: "1:a"}) for day in self.DAYS[:4])
        ledger.add([replace(raw[0], kind=EXPIRED, content=DayContent(Digest()), sequence=2)])
        return ledger

    def work(self, ledger, table=silver.ORDER_RECORDS, digests=NOTHING, **scope):
        return Planner(
            ledger,
            scope=Scope(**scope),
            limits=Limits(3, 2),
            digests=lambda _: digests,
            models={},
            windows=WINDOWS,
            restate_as_ofs=30,
        ).work(table)

    def test_days_that_read_them_stay_as_they_are_and_what_was_never_built_is_built(self, ledger):
        assert self.work(ledger).reasons == {"2026-01-05": "never built"}
        assert self.work(ledger).kept == {}

    @pytest.mark.parametrize(("change", "why"), [(dict(code="other"), "code changed"), (dict(suite="other"), "suite changed")])
    def test_other_code_makes_only_the_later_days_stale_and_says_of_the_others_that_they_stay(self, ledger, change, why):
        work = self.work(ledger, digests=replace(NOTHING, **change))
        assert work.reasons == {"2026-01-04": why, "2026-01-05": "never built"}
        assert work.kept == dict.fromkeys(self.DAYS[:3], why)

    def test_a_day_that_was_never_built_is_not_built_from_a_part(self, ledger):
        ledger.add([replace(ledger.days(silver.ORDER_RECORDS)[self.DAYS[1]], kind=REMOVED, sequence=7)])
        work = self.work(ledger)
        assert work.reasons == {"2026-01-05": "never built"}
        assert work.kept == {self.DAYS[1]: "never built"}

    def test_to_take_a_day_back_is_a_loss_only_where_it_cannot_be_built_again(self, ledger):
        now = ledger.days(silver.ORDER_RECORDS)
        plan = Planner(
            ledger, scope=Scope(), limits=Limits(3, 2), digests=lambda _: NOTHING, models={}, windows=WINDOWS, restate_as_ofs=30
        )
        same, other = (
            replace(now[self.DAYS[0]], code_digest="other"),
            replace(now[self.DAYS[0]], input_digests={"bronze.orders": "x"}),
        )
        told = [plan.would_be_lost(silver.ORDER_RECORDS, now[self.DAYS[0]], earlier) for earlier in (None, other, same)]
        assert told == [True, True, False]
        assert not plan.would_be_lost(silver.ORDER_RECORDS, now[self.DAYS[3]], None)

    def test_force_does_not_build_them_from_nothing(self, ledger):
        assert self.work(ledger, force=True).days == self.DAYS[3:]

    def test_what_is_built_from_what_was_kept_goes_on(self, ledger):
        assert self.work(ledger, silver.ORDER_LINES).days == self.DAYS[:4]

    def test_a_day_may_go_once_all_that_reads_it_by_day_was_built_from_it(self):
        """Also from the days after it that look back to it, and from what they hold now."""
        raw = [entry(bronze.ORDERS, day) for day in self.DAYS[:3]]
        plan, ledger = planner(*raw)
        readers = [reader for reader, _ in plan.day_readers(bronze.ORDERS)]
        assert {reader.name for reader in readers} == {"silver.order_records", "ops.reconciliation", "ops.freshness"}
        assert plan.reach(bronze.ORDERS) == 28

        def build(*tables, days):
            for table in tables:
                inputs = plan.work(table).input_digests
                ledger.add(entry(table, day, inputs=inputs[day], sequence=9) for day in days)

        assert plan.unread(bronze.ORDERS) == set(self.DAYS[:3])
        build(silver.ORDER_RECORDS, days=self.DAYS[:3])
        build(ops.RECONCILIATION, days=self.DAYS[:3])
        build(ops.FRESHNESS, days=self.DAYS[:2])
        assert plan.unread(bronze.ORDERS) == set(self.DAYS[:3]), "the third day's freshness looks at all of them"
        build(ops.FRESHNESS, days=self.DAYS[2:3])
        assert plan.unread(bronze.ORDERS) == set()
        ledger.add([entry(bronze.ORDERS, self.DAYS[0], digest="2:b", sequence=10)])
        assert self.DAYS[0] in plan.unread(bronze.ORDERS), "another file came, and nothing was built from it yet"
        published = Planner(
            ledger,
            scope=Scope(),
            limits=Limits(3, 2),
            digests=lambda _: NOTHING,
            models={},
            windows=WINDOWS,
            restate_as_ofs=30,
            versions={"bronze.orders": 0},
        )
        assert published.unread(bronze.ORDERS) == set(self.DAYS[:3]), "nothing that was built is published"

    def test_a_removed_day_is_no_expired_one(self, ledger):
        again = entry(bronze.ORDERS, self.DAYS[0], sequence=3)
        ledger.add([replace(again, kind=REMOVED, content=DayContent(Digest()))])
        assert set(self.work(ledger, digests=replace(NOTHING, code="other")).reasons) == set(self.DAYS)


def test_only_the_event_day_whose_records_changed_is_stale():
    records = entry(silver.ORDER_RECORDS, "2026-01-02", details={"2026-01-01": "1:a", "2026-01-02": "2:b"})
    plan, ledger = planner(records)
    built = plan.work(silver.ORDER_LINES).input_digests
    ledger.add(entry(silver.ORDER_LINES, day, inputs=built[day]) for day in built)
    assert not plan.work(silver.ORDER_LINES).reasons
    ledger.add([entry(silver.ORDER_RECORDS, "2026-01-02", details={"2026-01-01": "2:c", "2026-01-02": "2:b"}, sequence=2)])
    assert plan.work(silver.ORDER_LINES).reasons == {"2026-01-01": "silver.order_records changed"}


def test_an_as_of_is_stale_only_by_days_and_validities_before_it():
    scope = Scope(as_ofs=(date(2026, 1, 3),))
    accounts = entry(silver.ACCOUNTS, "whole", details={"2026-01-01": "1:a"})
    lines = [entry(silver.ORDER_LINES, day) for day in ("2026-01-01", "2026-01-02")]
    plan, ledger = planner(accounts, *lines, scope=scope)
    table = gold.CUSTOMER_SEGMENTS
    assert plan.work(table).days == ("2026-01-03",)
    ledger.add([entry(table, "2026-01-03", inputs=plan.work(table).input_digests["2026-01-03"])])
    ledger.add([
        entry(silver.ORDER_LINES, "2026-01-03"),
        entry(silver.ACCOUNTS, "whole", details={"2026-01-01": "1:a", "2026-01-03": "1:b"}, sequence=2),
    ])
    assert not plan.work(table).reasons
    ledger.add([entry(silver.ORDER_LINES, "2026-01-01", digest="2:f", sequence=2)])
    assert plan.work(table).reasons == {"2026-01-03": "silver.order_lines changed"}


def test_what_was_served_is_not_restated_unless_forced():
    table = gold.RECOMMENDATIONS
    interactions = entry(silver.INTERACTIONS, "2026-01-01")
    earlier = entry(table, "2026-01-02", inputs={"silver.interactions": "old"})
    plan, _ = planner(interactions, earlier, scope=Scope(as_ofs=(date(2026, 1, 5),)))
    assert plan.work(table).days == ("2026-01-05",)
    forced, _ = planner(interactions, earlier, scope=Scope(as_ofs=(date(2026, 1, 5),), force=True))
    assert forced.work(table).days == ("2026-01-02", "2026-01-05")


@pytest.mark.parametrize("table", [gold.CUSTOMER_SEGMENTS, gold.RECOMMENDATIONS])
def test_an_as_of_that_was_taken_back_is_built_again_and_one_of_a_day_that_was_never_delivered_is_not(table):
    """Nor is one that was never built: it is absent, and no day's run asks for it."""
    fed = [
        entry(one, f"2026-01-0{day}") for day in range(1, 6) for one in (bronze.ORDERS, silver.ORDER_LINES, silver.INTERACTIONS)
    ]
    gone = [
        replace(entry(table, day), kind=REMOVED, content=DayContent(Digest()))
        for day in ("2026-01-03", "2026-01-05", "2030-01-02")
    ]
    newest = (date(2026, 1, 6),)

    def days(**scope):
        return planner(*fed, *gone, scope=Scope(**scope))[0].work(table).days

    assert days(as_ofs=newest) == ("2026-01-03", "2026-01-05", "2026-01-06")
    assert days(as_ofs=newest, delivery_days=frozenset({date(2026, 1, 4), date(2026, 1, 5)})) == ("2026-01-05", "2026-01-06")
    assert days(delivery_days=frozenset({date(2026, 1, 2)})) == ("2026-01-03",)
    assert days(delivery_days=frozenset({date(2030, 1, 1)})) == ()


def served(asked, *, model=2, code="code"):
    """What is planned for recommendations of two as_ofs that were served with model 1."""
    entries = [
        entry(gold.RECOMMENDATIONS, day, inputs={"silver.interactions": "old", "model:als": "1"})
        for day in ("2026-01-02", "2026-01-03")
    ]
    digests = replace(NOTHING, code=code)
    interactions = entry(silver.INTERACTIONS, "2026-01-01")
    plan, _ = planner(interactions, *entries, scope=Scope(as_ofs=(asked,)), model=model, digests=digests)
    return plan.work(gold.RECOMMENDATIONS).reasons


def test_neither_late_data_nor_a_promotion_restates_what_was_served_before_the_newest_as_of():
    assert served(date(2026, 1, 2)) == served(date(2026, 1, 2), code="older") == {}
    assert served(date(2026, 1, 3)) == {"2026-01-03": "model:als changed"}
    assert served(date(2026, 1, 3), model=1) == {}  # the day's input came again, with other content


def test_what_nothing_feeds_is_skipped_and_a_lone_input_feeds():
    plan, _ = planner(entry(bronze.ORDERS, "2026-01-01"))
    assert not plan.is_fed(silver.EVENT_RECORDS)
    assert not plan.work(silver.EVENT_RECORDS).reasons
    assert plan.is_fed(ops.RECONCILIATION)
    assert plan.work(ops.RECONCILIATION).days == ("2026-01-01",)


def test_a_day_that_no_input_brings_any_more_may_be_empty_and_one_that_is_fed_may_not():
    records = entry(silver.EVENT_RECORDS, "2026-01-02", details={"2026-01-02": "4:b"})
    plan, _ = planner(records, entry(silver.EVENTS, "2026-01-01"), entry(silver.EVENTS, "2026-01-02"))
    work = plan.work(silver.EVENTS)
    assert work.days == ("2026-01-01", "2026-01-02")
    assert work.unfed_days == {"2026-01-01"}


def test_a_window_feeds_every_as_of():
    plan, _ = planner(entry(silver.ORDER_LINES, "2026-01-01"), scope=Scope(as_ofs=(date(2026, 1, 3),)))
    assert plan.work(gold.CUSTOMER_SEGMENTS).unfed_days == frozenset()


def test_evidence_beside_what_feeds_a_table_makes_no_day_of_it_and_restates_those_that_read_it():
    lines = entry(silver.ORDER_LINES, "2026-01-05")
    orders_alone, _ = planner(lines)
    assert not orders_alone.is_fed(silver.EVENTS)
    records = entry(silver.EVENT_RECORDS, "2026-01-20", details={"2026-01-20": "1:a"})
    beside, _ = planner(lines, records)
    assert set(beside.work(silver.EVENTS).reasons) == {"2026-01-20"}
    reads = beside.work(silver.EVENTS).input_digests["2026-01-20"]
    built = entry(silver.EVENTS, "2026-01-20", inputs=reads)
    assert not planner(lines, records, built)[0].work(silver.EVENTS).reasons
    late = entry(silver.ORDER_LINES, "2026-01-05", digest="2:b", sequence=2)
    restated = planner(lines, records, built, late)[0].work(silver.EVENTS)
    assert restated.reasons == {"2026-01-20": "silver.order_lines changed"}
    long_before = entry(silver.ORDER_LINES, "2025-12-20", sequence=2)
    assert not planner(lines, records, built, long_before)[0].work(silver.EVENTS).reasons


def segments_read(*days, how, output):
    """The as_ofs of segments that an as_of of a table reads which declares them so."""
    plan, _ = planner(*(entry(gold.CUSTOMER_SEGMENTS, f"2026-01-{day:02}") for day in days))
    i = Input(gold.CUSTOMER_SEGMENTS, how)
    return sorted(plan.read_for(i, [f"2026-01-{output:02}"]))


def test_the_previous_as_of_is_the_last_that_was_built_and_the_day_before_a_day():
    built = (1, 5, 9)
    assert segments_read(*built, how=previous_as_of(), output=9) == ["2026-01-05"]
    assert segments_read(*built, how=previous_as_of(), output=8) == ["2026-01-05"]
    assert segments_read(*built, how=previous_as_of(), output=1) == []
    assert segments_read(*built, how=day_before(), output=9) == []
    assert segments_read(*built, how=day_before(), output=6) == ["2026-01-05"]
    assert segments_read(*built, how=day_before(4), output=9) == ["2026-01-05"]


def test_a_window_of_a_setting_is_the_days_that_it_says():
    lines = [entry(silver.ORDER_LINES, f"2026-01-{day:02}") for day in range(1, 10)]
    i = Input(silver.ORDER_LINES, until_as_of(window="segments.window_days"))
    for n_days, expected in ((0, 8), (3, 3), (100, 8)):
        plan, _ = planner(*lines, windows={"segments.window_days": n_days})
        assert len(plan.read_for(i, ["2026-01-09"])) == expected


def test_a_window_that_changes_makes_stale_only_what_reads_other_days_then():
    lines = [entry(silver.ORDER_LINES, f"2026-01-{day:02}") for day in range(1, 4)]
    asked = Scope(as_ofs=(date(2026, 1, 4),))
    first, _ = planner(*lines, scope=asked, windows={"segments.window_days": 0})
    work = first.work(gold.CUSTOMER_SEGMENTS)
    made = entry(gold.CUSTOMER_SEGMENTS, "2026-01-04", inputs=work.input_digests["2026-01-04"])
    for n_days, is_stale in ((0, False), (30, False), (2, True)):
        plan, _ = planner(*lines, made, scope=asked, windows={"segments.window_days": n_days})
        assert bool(plan.work(gold.CUSTOMER_SEGMENTS).reasons) is is_stale, n_days


def test_changed_code_restates_the_newest_as_ofs_and_older_ones_where_they_are_asked_for():
    raw = entry(silver.ORDER_LINES, "2026-01-01")
    days = [f"2026-01-{day:02}" for day in range(2, 7)]
    plan, _ = planner(raw)
    made = [entry(gold.CUSTOMER_SEGMENTS, day, inputs=plan._input_digests(gold.CUSTOMER_SEGMENTS, day)) for day in days]
    changed = replace(NOTHING, code="other")

    def work(**options):
        return planner(raw, *made, digests=changed, restate_as_ofs=2, **options)[0].work(gold.CUSTOMER_SEGMENTS)

    assert work().reasons == dict.fromkeys(days[-2:], "code changed")
    assert work().older == frozenset(days[:-2])
    asked = work(scope=Scope(as_ofs=(date(2026, 1, 3),)))
    assert (set(asked.reasons), asked.older) == ({days[1], *days[-2:]}, {days[0], days[2]})
    assert set(work(scope=Scope(force=True)).reasons) == set(days)
    # Changed inputs are restated however old the as_of is: late data is data.
    late = replace(made[0], input_digests={})
    found = planner(raw, late, *made[1:], digests=changed, restate_as_ofs=2)[0].work(gold.CUSTOMER_SEGMENTS)
    assert set(found.reasons) == {days[0], *days[-2:]}
    # A table by day has no older ones.
    records = entry(silver.ORDER_RECORDS, "2026-01-01", details={"2026-01-01": "1:a"})
    by_day = planner(records, raw, digests=changed, restate_as_ofs=2)[0].work(silver.ORDER_LINES)
    assert set(by_day.reasons) == {"2026-01-01"}
    assert not by_day.older


def read_by(table, *, built, catalogue="new", scope=None):
    """What is planned for a table whose days were built with the items of a catalogue as they were before."""
    fed = [entry(i.table, "2026-01-01") for i in table.reads if i.table.day_column]
    table_planner, ledger = planner(*fed, scope=Scope(as_ofs=tuple(date.fromisoformat(day) for day in built if day != "whole")))
    before = {day: inputs | {"catalogue:tags": "old"} for day, inputs in table_planner.work(table).input_digests.items()}
    ledger.add(entry(table, day, inputs=before.get(day, {"catalogue:tags": "old"})) for day in built)
    digests = replace(NOTHING, catalogues={"catalogue:tags": catalogue})
    return Planner(
        ledger,
        scope=scope or Scope(),
        limits=Limits(3, 2),
        digests=lambda _: digests,
        models={},
        windows=WINDOWS,
        restate_as_ofs=30,
    ).work(table)


AS_OFS = ("2026-01-02", "2026-01-03", "2026-01-04")


def test_a_changed_item_makes_the_newest_as_of_stale_and_no_older_one():
    work = read_by(gold.CUSTOMER_SEGMENTS, built=AS_OFS)
    assert work.reasons == {"2026-01-04": "catalogue:tags changed"}
    assert work.input_digests["2026-01-04"]["catalogue:tags"] == "new"
    assert read_by(gold.CUSTOMER_SEGMENTS, built=AS_OFS, catalogue="old").reasons == {}


def test_an_as_of_that_follows_is_built_with_the_changed_item_and_the_one_before_keeps_what_it_had():
    work = read_by(gold.CUSTOMER_SEGMENTS, built=AS_OFS, scope=Scope(as_ofs=(date(2026, 1, 5),)))
    assert work.reasons == {"2026-01-05": "never built"}
    assert work.input_digests["2026-01-05"]["catalogue:tags"] == "new"


def test_an_older_as_of_is_restated_by_its_other_inputs_and_then_has_the_items_of_now():
    built = read_by(gold.CUSTOMER_SEGMENTS, built=AS_OFS, scope=Scope(force=True)).input_digests
    older = {day: inputs | {"catalogue:tags": "old"} for day, inputs in built.items()}
    entries = [entry(gold.CUSTOMER_SEGMENTS, day, inputs=inputs) for day, inputs in older.items()]
    late = entry(silver.ORDER_LINES, "2026-01-01", digest="2:f", sequence=5)
    others = [
        entry(i.table, "2026-01-01") for i in gold.CUSTOMER_SEGMENTS.reads if i.table.day_column and i.table != silver.ORDER_LINES
    ]
    changed = replace(NOTHING, catalogues={"catalogue:tags": "new"})
    work = planner(*entries, *others, late, digests=changed)[0].work(gold.CUSTOMER_SEGMENTS)
    assert work.reasons == {
        "2026-01-02": "silver.order_lines changed",
        "2026-01-03": "silver.order_lines changed",
        "2026-01-04": "catalogue:tags changed, silver.order_lines changed",
    }
    assert {inputs["catalogue:tags"] for inputs in work.input_digests.values()} == {"new"}


def test_a_changed_item_makes_every_day_stale_of_a_table_by_day_and_of_one_that_is_whole():
    days = ("2026-01-01",)
    assert read_by(silver.ORDER_RECORDS, built=days).reasons == {"2026-01-01": "catalogue:tags changed"}
    assert set(read_by(silver.ACCOUNTS, built=("whole",)).reasons) == {"whole"}


def test_lists_that_were_served_follow_a_changed_item_from_the_newest_as_of_on():
    asked = {day: Scope(as_ofs=(date.fromisoformat(day),)) for day in (*AS_OFS, "2026-01-05")}
    reasons = {day: read_by(gold.RECOMMENDATIONS, built=AS_OFS, scope=scope).reasons for day, scope in asked.items()}
    assert reasons == {
        "2026-01-02": {}, "2026-01-03": {},
        "2026-01-04": {"2026-01-04": "catalogue:tags changed"}, "2026-01-05": {"2026-01-05": "never built"},
    }  # fmt: skip
