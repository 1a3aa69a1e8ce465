import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sqrt
from zoneinfo import ZoneInfo

import crawleruseragents
import phonenumbers
import pytest
from pydantic import ValidationError
from scipy.special import hyp2f1

from demo import demo_settings, dirtier
from reclake.errors import UsageError
from reclake.synthetic import names
from reclake.synthetic.around import bots
from reclake.synthetic.calendar import DAY, HOUR, Calendar
from reclake.synthetic.catalogue import N_CATEGORIES
from reclake.synthetic.company import _claim, slot_lines
from reclake.synthetic.dirt import KINDS
from reclake.synthetic.draws import Draws
from reclake.synthetic.facts import World
from reclake.synthetic.landing import TRUTH
from reclake.synthetic.life import STEPS, life
from reclake.synthetic.people import mobile, person, written_phone
from reclake.synthetic.story import story

SETTINGS = demo_settings()


@pytest.fixture(scope="module")
def world():
    return World.of(SETTINGS)


@pytest.fixture(scope="module")
def stories(world):
    return [story(world, number) for number in range(300)]


@dataclass
class Buyer:
    number: int
    is_visitor: bool = False


def lines_of(settings, *, numbers=range(12)):
    world = World.of(settings)
    return [line for number in numbers for line in slot_lines(world, number)]


def is_near(share, probability, n):
    """Within four standard errors."""
    return abs(share - probability) <= 4 * sqrt(probability * (1 - probability) / n)


def test_a_stream_of_draws_is_its_name():
    first, again, other = Draws(7, "life", 1), Draws(7, "life", 1), Draws(7, "life", 11)
    drawn = [first.uniform() for _ in range(5)]
    assert drawn == [again.uniform() for _ in range(5)]
    assert drawn != [other.uniform() for _ in range(5)]


def test_days_are_cut_in_the_companys_zone():
    calendar = Calendar(SETTINGS.first_day, "Asia/Shanghai")
    start = calendar.start(0)
    assert calendar.utc(start) == "2025-12-31T16:00:00.000Z"
    assert [calendar.day(start - 1), calendar.day(start), calendar.day(start + DAY)] == [-1, 0, 1]
    assert calendar.with_offset(start + 9 * HOUR + 5) == "2026-01-01T09:00:00.005+08:00"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kathmandu", "America/St_Johns", "Europe/Berlin", "UTC"])
def test_written_times_are_those_of_the_standard_library(zone):
    calendar = Calendar(SETTINGS.first_day, zone)
    draws = Draws(7, "times", zone)
    for _ in range(500):
        at = draws.below(4_102_444_800_000)
        told = datetime.fromtimestamp(at // 1000, UTC) + timedelta(milliseconds=at % 1000)
        local = told.astimezone(ZoneInfo(zone))
        assert datetime.fromisoformat(calendar.utc(at)) == told
        assert calendar.with_offset(at) == local.isoformat(timespec="milliseconds")
        assert calendar.till(at) == f"{local:%Y-%m-%d %H:%M:%S}"
        assert calendar.date(calendar.day(at)) == local.date()


def test_every_key_of_the_settings_is_needed_and_known():
    with pytest.raises(ValidationError):
        demo_settings(dirt__made_up_share=0.1)
    with pytest.raises(ValidationError):
        demo_settings(time_zone="Mars/Olympus")


def test_the_law_is_of_order_two(world):
    for last in range(N_CATEGORIES):
        assert all(sum(world.catalogue.law[older][last]) == pytest.approx(1) for older in range(N_CATEGORIES))
        over_older = [sum(world.catalogue.law[older][last][nxt] for older in range(N_CATEGORIES)) for nxt in range(N_CATEGORIES)]
        # Who knows the last category alone guesses little better than one in twelve.
        assert max(over_older) / N_CATEGORIES < 0.2


def test_views_follow_the_law_and_the_persons_taste(world, stories):
    hits, expected, n = 0, 0.0, 0
    share = SETTINGS.tastes.sequence_share
    for told in stories:
        favourites = told.person.categories
        older, last = favourites
        for event in told.events:
            if event.kind != "view_item":
                continue
            law = world.catalogue.law[older][last]
            first = law.index(max(law))
            hits += event.product.category == first
            expected += share * law[first] + (1 - share) * favourites.count(first) / 2
            older, last = last, event.product.category
            n += 1
    assert n > 5_000
    assert is_near(hits / n, expected / n, n)
    assert hits / n > 0.4


def test_steps_of_the_funnel_have_their_probabilities(stories):
    reached = Counter(
        (told.visit.channel, STEPS.index(told.visit.reached))
        for one in stories
        if not one.person.is_visitor
        for told in one.visits
        if told.visit.channel != "pos" and not told.visit.is_first_purchase
    )
    for channel in ("app", "mini_program", "web"):
        settings = SETTINGS.channels.online(channel)
        at_least = [sum(n for (where, step), n in reached.items() if where == channel and step >= least) for least in range(5)]
        assert at_least[0] > 500
        for step, name in enumerate(("view", "cart", "checkout", "purchase")):
            assert is_near(at_least[step + 1] / at_least[step], getattr(settings, name), at_least[step]), (channel, name)


def test_the_events_of_a_visit_reach_the_step_that_is_told(stories):
    kinds = ("session_start", "view_item", "add_to_cart", "begin_checkout", "purchase")
    for told in stories[:60]:
        events = iter(sorted(told.events, key=lambda event: event.at))
        collected = sorted((visit for visit in told.visits if visit.is_collected), key=lambda visit: visit.started_at)
        ends = [*(visit.started_at for visit in collected[1:]), float("inf")][: len(collected)]
        event = next(events, None)
        for visit, end in zip(collected, ends, strict=True):
            seen = set()
            while event is not None and event.at < end:
                seen.add(event.kind)
                event = next(events, None)
            assert [kind in seen for kind in kinds] == [place <= STEPS.index(visit.visit.reached) for place in range(5)]


def test_visits_of_a_person_lie_more_than_a_session_apart_and_pauses_within_are_shorter(stories):
    for told in stories[:60]:
        starts = {visit.started_at for visit in told.visits if visit.is_collected}
        for before, event in zip(told.events, told.events[1:], strict=False):
            gap = event.at - before.at
            assert gap > HOUR // 2 if event.at in starts else gap < HOUR // 2


def test_repeat_purchases_are_as_many_as_bg_nbd_expects():
    until = 200.0
    lived = [life(SETTINGS, Buyer(number), until=until) for number in range(6_000)]
    r, alpha = SETTINGS.life.rate_shape, SETTINGS.life.rate_scale_days
    a, b = SETTINGS.life.dropout_a, SETTINGS.life.dropout_b
    expected = 0.0
    for one in lived:
        t = until - one.first_at
        expected += (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + t)) ** r * hyp2f1(r, b, a + b - 1, t / (alpha + t)))
    repeats = sum(len(one.purchases_at) - 1 for one in lived)
    assert repeats == pytest.approx(expected, rel=0.05)


def test_phones_are_everybodys_own_and_every_notation_is_the_same_number():
    phones = [mobile(SETTINGS, number) for number in range(3_000)]
    assert len(set(phones)) == 3_000
    assert phones[0] == SETTINGS.canary_phone
    for number, phone in enumerate(phones[:200]):
        parsed = phonenumbers.parse(written_phone(Draws(7, "notation", number), phone), "CN")
        assert phonenumbers.is_valid_number(parsed)
        assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == f"+86{phone}"


def test_accounts_of_different_people_never_share_a_native_id():
    natives = Counter(
        (channel, account.native_id) for number in range(2_000) for channel, account in person(SETTINGS, number).accounts.items()
    )
    assert len(natives) > 3_000
    assert set(natives.values()) == {1}


def test_crawlers_name_themselves_and_people_do_not():
    patterns = re.compile("|".join(entry["pattern"] for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA))
    assert all(patterns.search(agent) for agent in names.CRAWLERS)
    assert not any(patterns.search(agent) for agent in (*names.APP_AGENTS, *names.MINI_AGENTS, *names.WEB_AGENTS))


def test_more_days_add_lines_and_change_none():
    short = lines_of(demo_settings(n_days=20))
    longer = lines_of(demo_settings(n_days=24))
    landed = [line for line in short if not line.file.startswith(TRUTH)]
    assert len(landed) > 300
    assert landed == [line for line in longer if not line.file.startswith(TRUTH) and line.delivery_day < 20]


def start_days(settings, n_slots):
    world = World.of(settings)
    machines = [bot for number in range(n_slots) for bot in bots(world, number)]
    # A price that a product had later is no part of what the machine did.
    return {bot.device: (world.calendar.day(bot.events[0].at), bot.kind, ids_of(bot)) for bot in machines}


def ids_of(bot):
    return tuple((event.event_id, event.at, event.product.product_id) for event in bot.events)


def test_machines_come_at_any_time_of_a_long_company_and_the_first_ones_stay():
    rate, n_slots = 0.5, 200
    by_length = {n: start_days(demo_settings(n_days=n, bots__per_customer=rate), n_slots) for n in (20, 60, 61, 365)}
    days = [day for day, _, _ in by_length[365].values()]
    assert is_near(len(days) / (7 * n_slots), rate, 7 * n_slots)
    starts = Counter((day - 60) // 56 for day in days if day >= 60)
    assert set(starts) == set(range(6)), "every eight weeks have some"
    assert 40 < max(day for day, _, _ in by_length[60].values()) < 56
    assert by_length[20] == by_length[60]
    assert by_length[60].items() <= by_length[61].items() <= by_length[365].items()
    ids = [event_id for _, _, told in by_length[365].values() for event_id, _, _ in told]
    assert len(set(ids)) == len(ids)


def test_late_machines_deliver_and_more_days_leave_their_lines_as_they_are():
    def told(n_days):
        settings = demo_settings(n_days=n_days, bots__per_customer=1.0)
        cookies = {bot.device.native_id for bot in bots(World.of(settings), 0) if bot.term == 1}
        lines = [line for line in lines_of(settings, numbers=[0]) if line.file.startswith("events/web")]
        return [line for line in lines if any(cookie in line.payload.decode(errors="ignore") for cookie in cookies)]

    shorter = told(120)
    assert len(shorter) > 50
    assert min(line.delivery_day for line in shorter) >= 60
    assert [line for line in told(180) if line.delivery_day < 120] == shorter


def test_clean_lines_are_the_same_however_much_dirt_is_planted():
    def clean(times):
        settings = demo_settings(n_days=20, **dirtier(times) | {"dirt__out_of_order_share": 0, "dirt__late_within_share": 0})
        return Counter(line.payload for line in lines_of(settings) if line.kind is None and not line.file.startswith(TRUTH))

    assert clean(0) == clean(8)


def test_planted_lines_are_as_many_as_settings_say():
    lines = [line for line in lines_of(demo_settings(**dirtier(5)), numbers=range(60)) if line.table == "events"]
    n_good = sum(line.expected == "kept" for line in lines)
    shares = demo_settings(**dirtier(5)).dirt
    planted = Counter(next(kind for kind in KINDS if _is_of(line.kind, kind)) for line in lines if line.kind)
    assert set(planted) == set(KINDS)
    for kind in KINDS:
        share = getattr(shares, f"{kind}_share")
        # What would arrive after the last day is not delivered: a little less of the late ones.
        assert is_near(planted[kind] / n_good, share, n_good) or (
            kind.startswith("late") and 0.8 < planted[kind] / n_good / share < 1
        )


def _is_of(kind, share):
    prefixes = {"wrong_clock": "clock_", "bad_number": "number_", "missing_field": "missing_", "broken": "broken_"}
    return kind.startswith(prefixes.get(share, share))


def test_a_resent_line_differs_only_in_how_it_travelled():
    lines = [line for line in lines_of(demo_settings(**dirtier(5))) if line.file.startswith("events/app/")]
    good = {line.record_id: json.loads(line.payload) for line in lines if line.expected == "kept"}
    resent = [line for line in lines if line.expected == "duplicate"]
    assert resent
    for line in resent:
        again = json.loads(line.payload)
        assert again != good[line.record_id]
        assert {k: v for k, v in again.items() if k not in {"sent_at", "received_at", "batch"}} == {
            k: v for k, v in good[line.record_id].items() if k not in {"sent_at", "received_at", "batch"}
        }


def test_late_lines_keep_to_their_side_of_the_limit():
    settings = demo_settings(**dirtier(5))
    calendar = Calendar(settings.first_day, settings.time_zone)
    ages = {"late_within": set(), "late_beyond": set()}
    for line in lines_of(settings, numbers=range(40)):
        if line.kind in ages and line.file.startswith("events/mini_program/"):
            ages[line.kind].add(line.delivery_day - calendar.day(json.loads(line.payload)["t"]))
    assert ages["late_within"] == {1, 2, 3}
    assert ages["late_beyond"] == {4, 5, 6, 7, 8}


def test_a_company_that_an_earlier_release_made_is_completed_and_another_one_refused(tmp_path):
    mark = tmp_path / "company.json"
    made_before = {name: value for name, value in SETTINGS.told().items() if name != "bots"}

    def claimed(settings):
        mark.write_text(json.dumps({"is_complete": True, "settings": settings}))
        return _claim(str(tmp_path), SETTINGS)

    assert claimed(SETTINGS.told()) is True, "nothing is left to be made"
    assert claimed(made_before) is False
    assert json.loads(mark.read_text()) == {"is_complete": False, "settings": SETTINGS.told()}
    with pytest.raises(UsageError, match="other seed"):
        claimed(made_before | {"seed": 8})
