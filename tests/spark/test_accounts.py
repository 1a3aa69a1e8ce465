import random
from datetime import UTC, date, datetime

import pytest

from frames import contents, family, frame, in_order
from reclake.lake.schema import conform
from reclake.silver.accounts import accounts
from reclake.tables import silver
from small_sources import small_source
from sources_of_records import feed, source

SOURCES = {"demo": small_source("demo", basis="consent"), "shop": small_source("shop", basis="research")}


def day(n: int) -> date:
    return date(2026, 3, n)


def kept(delivered: int, position: int, *, digest: str = "f", source: str = "demo", **columns):
    return dict(source=source, delivery_day=day(delivered), file_digest=digest, position=position, record_class="kept", **columns)


@pytest.fixture
def build(spark):
    def built(*, registered=(), events=(), orders=(), consents=()):
        made = accounts(
            family(spark, silver.NAMING_ACCOUNTS, account_records=registered, order_records=orders, consent_records=consents),
            frame(spark, silver.EVENTS, *events),
            sources=SOURCES,
            timezone="UTC",
        )
        return contents(conform(made, silver.ACCOUNTS))

    return built


def row(account_id: str, valid_from: int, valid_to: int | None = None, *, first: tuple[int, str, int], **columns):
    nothing = dict.fromkeys(field.name for field in silver.ACCOUNTS.fields)
    known = dict(
        source="demo",
        basis="consent",
        is_device=False,
        is_machine=False,
        valid_from=day(valid_from),
        valid_to=valid_to and day(valid_to),
    )
    delivered = dict(first_delivery_day=day(first[0]), first_file_digest=first[1], first_position=first[2])
    return nothing | known | delivered | columns | dict(account_id=account_id)


def event(delivered: int, position: int, *, is_bot: bool = False, **columns):
    pointer = {name: value for name, value in kept(delivered, position).items() if name != "record_class"}
    return pointer | dict(event_date=day(2), channel="app", device_id="d1", is_bot=is_bot) | columns


def test_a_visit_shows_a_device_and_a_login(build):
    found = build(events=(event(3, 5, account_id="d1"), event(3, 6, account_id="a1", login_account_id="a1")))
    assert found == in_order(
        row("d1", 2, first=(3, "f", 5), channel="app", is_device=True),
        row("a1", 2, first=(3, "f", 6), channel="app"),
    )


def test_a_machine_is_what_only_machines_events_name(build):
    found = build(
        events=(
            event(3, 1, account_id="d2", device_id="d2", is_bot=True),
            event(4, 1, account_id="d2", device_id="d2", is_bot=True),
            event(3, 2, account_id="d3", device_id="d3", is_bot=True),
            event(4, 2, account_id="d3", device_id="d3"),
            event(3, 3, account_id="a1", login_account_id="a1", device_id="d2", is_bot=True),
        ),
        orders=(kept(4, 0, digest="o", account_id="a1", event_date=day(4), channel="app"),),
    )
    device = dict(channel="app", is_device=True)
    assert found == in_order(
        row("d2", 2, first=(3, "f", 1), is_machine=True, **device),
        row("d3", 2, first=(3, "f", 2), **device),
        row("a1", 2, first=(3, "f", 3), channel="app"),
    )


def test_an_account_is_a_stub_until_its_first_registered_state(build):
    found = build(
        orders=(kept(4, 0, digest="o", account_id="a1", event_date=day(4), channel="pos"),),
        registered=(
            kept(6, 3, account_id="a1", channel="pos", region="north", changed_at=datetime(2026, 3, 5, 8, tzinfo=UTC)),
            kept(8, 1, account_id="a1", channel="pos", region="south"),
        ),
    )
    first = (4, "o", 0)
    assert found == in_order(
        row("a1", 4, 5, first=first, channel="pos"),
        row("a1", 5, 8, first=first, channel="pos", region="north"),
        row("a1", 8, first=first, channel="pos", region="south"),
    )


def test_a_state_registered_before_the_first_fact_takes_its_place(build):
    found = build(
        consents=(kept(3, 0, digest="c", account_id="a1", changed_at=datetime(2026, 3, 3, tzinfo=UTC)),),
        registered=(kept(5, 0, account_id="a1", channel="app", changed_at=datetime(2026, 3, 1, tzinfo=UTC)),),
    )
    assert found == in_order(row("a1", 1, first=(3, "c", 0), channel="app"))


def test_a_year_of_birth_stays_until_another_is_stated(build):
    states = ((3, 2015), (4, None), (5, 1985), (6, None))
    found = build(
        registered=tuple(
            kept(
                n, 0, account_id="a1", channel="app", region=str(n), birth_year=year, changed_at=datetime(2026, 3, n, tzinfo=UTC)
            )
            for n, year in states
        )
    )
    assert [(one["region"], one["birth_year"]) for one in sorted(found, key=lambda one: one["valid_from"])] == [
        ("3", 2015), ("4", 2015), ("5", 1985), ("6", 1985),
    ]  # fmt: skip


def test_a_year_of_birth_that_cannot_be_read_counts_as_the_youngest(build):
    """Until another is stated: a slip such as 20 or 3000 opens nobody to profiling. Other notes say nothing of the age."""
    states = (
        (3, 1980, None),
        (4, None, ["birth_year is outside its limits"]),
        (5, None, ["registered_at is too long ago"]),
        (6, 1985, None),
        (7, None, ["birth_year is not a number", "is_phone_verified is not true or false"]),
    )
    found = build(
        registered=tuple(
            kept(n, 0, account_id="a1", region=str(n), birth_year=year, notes=notes, changed_at=datetime(2026, 3, n, tzinfo=UTC))
            for n, year, notes in states
        )
    )
    years = {one["region"]: one["birth_year"] for one in found}
    assert years == {"3": 1980, "4": 2026, "5": 2026, "6": 1985, "7": 2026}


def test_a_state_that_is_to_come_leaves_a_stub_before_it(build):
    found = build(
        registered=(kept(3, 0, account_id="a1", channel="app", region="north", changed_at=datetime(2026, 3, 7, tzinfo=UTC)),)
    )
    assert found == in_order(
        row("a1", 3, 7, first=(3, "f", 0), channel="app"), row("a1", 7, first=(3, "f", 0), channel="app", region="north")
    )


def crm(**extra):
    """A source whose shop states contacts, region and gender, and whose CRM is typed by staff and knows no device and no day."""
    of_all = {name: {"from": name, "type": kind} for name, kind in KINDS.items()}
    shop = {"account_id": {"from": "id", "type": "account"}, "channel": {"constant": "pos", "type": "string"}}
    typed = {name: told for name, told in of_all.items() if name in ("phone_token", "card_token", "region", "gender")}
    members = feed("accounts", shop | {name: told for name, told in of_all.items() if name != "card_token"}, **extra)
    return source(members=members, crm=feed("accounts", shop | typed, pattern="crm/*", verified_contacts="typed"))


KINDS = {"phone_token": "phone", "card_token": "card", "device_id": "device", "region": "free_text", "gender": "string"}


def test_what_one_feed_leaves_out_another_has_stated(spark):
    """The CRM's slip in the phone ends no tie, what it leaves out or does not map stays, and its newer region counts."""
    states = (
        (3, "crm", dict(phone_token="c1:typed", is_phone_verified=False, region="A")),
        (4, "members", dict(phone_token="c1:own", is_phone_verified=True, device_id="d1", region="B", gender="F")),
        (5, "crm", dict(phone_token="c1:slip", is_phone_verified=False, card_token="c1:card", region="C")),
        (6, "members", dict(phone_token=None, is_phone_verified=None, device_id=None, region="D", gender=None)),
        (7, "crm", dict(phone_token="c1:slip", is_phone_verified=False, region=None)),
        (8, None, dict(phone_token="c1:other", is_phone_verified=True, region="E")),
    )
    rows = [
        kept(n, 0, digest=f"f{n}", feed=of, account_id="a1", channel="pos", changed_at=datetime(2026, 3, n, tzinfo=UTC), **state)
        for n, of, state in states
    ]
    records = family(spark, silver.NAMING_ACCOUNTS, account_records=rows)
    built = accounts(records, frame(spark, silver.EVENTS), sources={"demo": crm()}, timezone="UTC")
    shown = ("phone_token", "is_phone_verified", "card_token", "device_id", "region", "gender")
    found = {row["valid_from"].day: tuple(row[name] for name in shown) for row in contents(conform(built, silver.ACCOUNTS))}
    assert found == {
        3: ("c1:typed", False, None, None, "A", None),
        4: ("c1:own", True, None, "d1", "B", "F"),
        5: ("c1:own", True, "c1:card", "d1", "C", "F"),
        6: (None, None, "c1:card", None, "D", None),  # the shop itself says that it holds none; the slip does not take its place
        8: ("c1:other", True, None, None, "E", None),  # a row from before feeds were noted states all
    }


def survivors_of(states):
    """The rule in plain Python: what holds after each of an account's states, in their order in time."""
    own, typed, rest = None, None, dict.fromkeys(("card_token", "device_id", "region", "gender"))
    has_own = False
    for of, state in states:
        phone = (state["phone_token"], state["is_phone_verified"])
        if of == "crm":
            typed = phone if phone[0] else typed
            rest |= {name: state[name] for name in ("card_token", "region", "gender") if state[name]}
        else:
            own, has_own = phone, has_own or phone[0] is not None
            rest |= {name: state[name] for name in rest if of is None or name != "card_token"}
        held = own if has_own or typed is None else typed
        yield (held or (None, None)) + tuple(rest.values())


def test_any_two_feeds_in_any_order_give_what_the_rule_says(spark):
    chance = random.Random(63)
    accounts_states = {}
    for number in range(60):
        states = []
        for _ in range(chance.randint(1, 6)):
            of = chance.choice(("members", "crm", "crm", None))
            phone = chance.choice((None, "c1:x", "c1:y"))
            state = {"phone_token": phone, "is_phone_verified": (of != "crm") if phone else None}
            state |= {name: chance.choice((None, "1", "2")) for name in ("card_token", "device_id", "region", "gender")}
            # A feed holds nothing of what it does not map.
            state |= {"card_token": None} if of == "members" else {"device_id": None} if of == "crm" else {}
            states.append((of, state))
        accounts_states[f"a{number}"] = states
    rows = [
        kept(n + 3, 0, digest=f"f{n}", feed=of, account_id=name, changed_at=datetime(2026, 3, n + 3, tzinfo=UTC), **state)
        for name, states in accounts_states.items()
        for n, (of, state) in enumerate(states)
    ]
    chance.shuffle(rows)
    shown = ("phone_token", "is_phone_verified", "card_token", "device_id", "region", "gender")
    records = family(spark, silver.NAMING_ACCOUNTS, account_records=rows)
    built = accounts(records, frame(spark, silver.EVENTS), sources={"demo": crm()}, timezone="UTC")
    found = {
        (row["account_id"], row["valid_from"].day): tuple(row[name] for name in shown)
        for row in contents(conform(built, silver.ACCOUNTS))
    }
    expected = {}
    for name, states in accounts_states.items():
        before = None
        for n, held in enumerate(survivors_of(states)):
            if held != before:
                expected[name, n + 3] = before = held
    assert found == expected
    assert len(expected) > 120


def test_the_first_delivery_is_by_day_then_file_then_place_in_any_table(build):
    found = build(
        orders=(
            kept(4, 8, digest="b", source="shop", account_id="a1", event_date=day(4), channel="web"),
            kept(4, 9, digest="a", source="shop", account_id="a1", event_date=day(4), channel="app"),
            kept(5, 0, digest="0", source="shop", account_id="a1", event_date=day(1), channel="pos"),
        ),
        consents=(kept(4, 7, digest="a", source="shop", account_id="a1"),),
    )
    # The consent came first but names no channel; the order of 1 March came late and makes the account older.
    assert found == in_order(row("a1", 1, first=(4, "a", 7), source="shop", basis="research", channel="app"))
