"""What the demo company delivers of who its people are: profiles of a CRM, shared devices, contacts; all other files stay."""

import hashlib
import json
from collections import Counter, defaultdict
from datetime import datetime

import pytest

from demo import demo_settings
from reclake.privacy.contact_data import normalised_card, normalised_phone, normalised_union
from reclake.synthetic.company import slot_lines
from reclake.synthetic.draws import Draws
from reclake.synthetic.facts import World
from reclake.synthetic.landing import TRUTH
from reclake.synthetic.names import GIVEN_NAMES, SURNAMES
from reclake.synthetic.people import mobile
from reclake.synthetic.typos import typed_address, typed_name, typed_phone
from reclake.tables.vocabulary import WORDS

FEEDS = ("profiles", "kiosk", "cookieless", "outreach")
LATER = ("assortment", "stock", "impressions", "click_law")  # feeds and truths that came after these
# Lines of 60 people over 14 days, without those of these feeds, as the release before made them.
BEFORE = (5782, "c73658aad98d1bf824d78e12415a28746f9876bf3e678da65f91e06e35e6cfc4")
SHARES = {"profiles__phone_share": 0.6, "kiosks__people_per_tablet": 100, "cookieless__people_per_server": 300}
SETTINGS = demo_settings(n_days=40, **SHARES)


def lines_of(settings, n_people):
    world = World.of(settings)
    return [line for number in range(n_people) for line in slot_lines(world, number)]


@pytest.fixture(scope="module")
def lines():
    return lines_of(SETTINGS, 300)


def delivered(lines, feed):
    """The records of the feed as they were delivered, without what was planted."""
    return [json.loads(line.payload) for line in lines if line.file.startswith(f"{feed}/") and line.expected == "kept"]


def truth(lines, table):
    return [json.loads(line.payload) for line in lines if line.file.startswith(f"{TRUTH}{table}/")]


def at(text):
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def without_them(lines):
    own = tuple(f"{place}{feed}/" for place in ("", TRUTH) for feed in (*FEEDS, *LATER))
    return [line for line in lines if not line.file.startswith((*own, f"{TRUTH}parameters/"))]


def told(lines):
    """Number and digest of the lines, whatever their place among the rows of the truth."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(f"{line.file}|{line.received}|{line.kind}|{line.expected}|".encode() + line.payload + b"\n")
    return len(lines), digest.hexdigest()


def test_the_files_of_before_are_the_same():
    lines = lines_of(demo_settings(n_days=14), 60)
    assert told(without_them(lines)) == BEFORE
    assert {line.file.removeprefix(TRUTH).split("/")[0] for line in lines} >= set(FEEDS)


def test_their_shares_move_no_other_file():
    silent = {"profiles__profile_share": 0, "kiosks__use_share": 0, "cookieless__visitor_share": 0}
    silent |= {"outreach__campaign_share": 0, "outreach__service_share": 0}
    lines = lines_of(demo_settings(n_days=14, **silent), 60)
    assert told(without_them(lines)) == BEFORE
    assert [line.file for line in lines if line.file.startswith(FEEDS)] == []


def test_more_days_leave_the_first_ones_as_they_are():
    short, long = (lines_of(demo_settings(n_days=days), 60) for days in (14, 20))

    def files(lines):
        return Counter((line.file, line.payload) for line in lines if line.file.startswith(FEEDS) and line.delivery_day < 14)

    assert len(files(short)) > 50
    assert files(short) == files(long)


class TestProfiles:
    @pytest.fixture(scope="class")
    def accounts(self, lines):
        """By channel and number the states that the shop's own system delivered."""
        found = defaultdict(list)
        for record in delivered(lines, "accounts"):
            found[record["channel"], record["account_no"]].append(record)
        return found

    @pytest.fixture(scope="class")
    def profiles(self, lines):
        records = {(one["channel"], one["account_no"]): one for one in delivered(lines, "profiles")}
        rows = {(one["channel"], one["native_id"]): one for one in truth(lines, "profiles")}
        assert len(records) > 150
        assert records.keys() <= rows.keys()
        return [(record, rows[key]) for key, record in records.items()]

    def test_they_come_days_after_the_account_and_hold_what_it_holds_but_for_the_slips(self, accounts, profiles):
        kinds = Counter()
        for record, row in profiles:
            before = [
                one for one in accounts[record["channel"], record["account_no"]] if at(one["updated_at"]) <= row["changed_at"]
            ]
            last = max(before, key=lambda one: at(one["updated_at"]))
            assert at(record["updated_at"]) == row["changed_at"] > at(last["opened_at"])
            assert (record["region"], record["gender"]) == (last["region"], last["gender"])
            assert (record["name"] == last["name"]) == (row["name_kind"] == "right")
            assert (record["address"] == last["address"]) == (row["address_kind"] == "right")
            kinds.update((name, row[name]) for name in ("name_kind", "address_kind", "phone_kind"))
        assert {kind for name, kind in kinds if name == "name_kind"} == {"right", "wrong_sign", "left_out", "latin"}
        assert {kind for name, kind in kinds if name == "address_kind"} == {"right", "abbreviated", "swapped", "no_district"}
        assert {kind for name, kind in kinds if name == "phone_kind"} == {"none", "right", "one_off", "swapped"}

    def test_a_typed_phone_is_the_persons_own_or_one_slip_away(self, profiles):
        for record, row in profiles:
            own = mobile(SETTINGS, int(row["person_id"][1:]))
            phone = record.get("mobile")
            assert (phone is None) == (row["phone_kind"] == "none")
            if phone is not None:
                different = [place for place in range(11) if phone[place] != own[place]]
                assert len(phone) == 11
                assert normalised_phone(phone, "CN") is not None
                assert len(different) == {"right": 0, "one_off": 1, "swapped": 2}[row["phone_kind"]]
                if row["phone_kind"] == "swapped":
                    first, second = different
                    assert (second - first, phone[first], phone[second]) == (1, own[second], own[first])

    def test_a_card_is_the_same_in_app_and_shop_and_a_platform_id_in_app_and_mini_program(self, profiles):
        keys = {"card_number": (normalised_card, {"app", "pos"}), "union_id": (normalised_union, {"app", "mini_program"})}
        for field, (normalised, channels) in keys.items():
            people, found = defaultdict(set), defaultdict(set)
            for record, row in profiles:
                if field in record:
                    assert record["channel"] in channels
                    people[normalised(record[field])].add(row["person_id"])
                    found[row["person_id"]].add(record["channel"])
            assert None not in people
            assert {len(one) for one in people.values()} == {1}
            assert any(len(one) == 2 for one in found.values())

    def test_minors_are_people_whose_accounts_state_no_year(self, accounts, profiles):
        n_minors = 0
        for record, row in profiles:
            years = {one.get("birth_year") for one in accounts[record["channel"], record["account_no"]]}
            assert record.get("birth_year") == row["birth_year"]
            if row["is_minor"]:
                n_minors += 1
                assert years == {None}
                assert 10 <= SETTINGS.first_day.year - row["birth_year"] < 18
            elif years != {None}:
                assert years == {row["birth_year"]}
            elif row["birth_year"] is not None:
                assert SETTINGS.first_day.year - row["birth_year"] > 18
        assert n_minors > 2

    def test_most_hold_neither_phone_nor_address(self):
        lines = lines_of(demo_settings(n_days=40), 150)
        profiles = delivered(lines, "profiles")
        assert len(profiles) > 80
        assert sum("mobile" in one or "email" in one for one in profiles) < 0.4 * len(profiles)
        assert all(demo_settings().canary_phone not in json.dumps(one) for one in profiles)


class TestSharedDevices:
    def test_a_tablet_has_many_logins_one_after_the_other(self, lines):
        records, rows = delivered(lines, "kiosk"), {one["event_id"]: one for one in truth(lines, "kiosk")}
        logins = defaultdict(set)
        for record in records:
            row = rows[record["event_id"]]
            assert (record["tablet"], record.get("member"), record["action"]) == (
                row["device_id"],
                row["native_id"],
                row["event_type"],
            )
            logins[record["tablet"]].add(record.get("member"))
            assert record["action"] in WORDS["event_type"]
        assert len(logins) == 3
        assert min(map(len, logins.values())) > 5

    def test_who_takes_no_cookie_shares_the_servers_id_with_all_others(self, lines):
        records, rows = delivered(lines, "cookieless"), {one["event_id"]: one for one in truth(lines, "cookieless")}
        assert len({record["visitor"] for record in records}) == 1
        assert len({rows[record["id"]]["person_id"] for record in records}) > 15
        assert len({record.get("login") for record in records}) > 5
        assert any("login" not in record and record["event"] == "view_item" for record in records)

    def test_they_are_in_no_other_truth(self, lines):
        own = {one["device_id"] for table in ("kiosk", "cookieless") for one in truth(lines, table)}
        others = {one["device_id"] for one in truth(lines, "visits")} | {one["native_id"] for one in truth(lines, "accounts")}
        assert len(own) == 4
        assert own & others == set()

    def test_the_account_was_open_before_it_was_used(self, lines):
        opened = {
            (one["channel"], one["native_id"]): one["opened_at"] for one in truth(lines, "accounts") if not one["is_device"]
        }
        used = [one for table in ("kiosk", "cookieless") for one in truth(lines, table) if one["native_id"]]
        assert len(used) > 100
        assert all(one["occurred_at"] > opened[one["channel"], one["native_id"]] for one in used)

    def test_households_share_a_browser(self):
        people = defaultdict(set)
        for one in truth(lines_of(demo_settings(contacts__household_share=1), 60), "accounts"):
            if one["is_device"] and one["is_shared"]:
                people[one["native_id"]].add(one["person_id"])
        assert any(len(one) == 2 for one in people.values())


class TestOutreach:
    def test_a_campaign_reaches_who_granted_marketing_until_then(self, lines):
        said = defaultdict(list)
        owner = {(one["channel"], one["native_id"]): one["person_id"] for one in truth(lines, "accounts") if not one["is_device"]}
        for line in lines:
            if line.file.startswith("consents/") and line.expected == "kept" and line.kind is None:
                one = json.loads(line.payload)
                if one["purpose"] == "marketing" and (one["channel"], one["account_no"]) in owner:
                    said[owner[one["channel"], one["account_no"]]].append((at(one["decided_at"]), one["granted"]))
        n_marketing = 0
        for row in truth(lines, "outreach"):
            if row["purpose"] == "marketing":
                heard = [granted for when, granted in said[row["person_id"]] if when < row["occurred_at"]]
                assert heard
                assert all(heard)
                n_marketing += 1
        assert n_marketing > 150

    def test_what_is_delivered_is_what_the_truth_tells(self, lines):
        rows = {one["outreach_id"]: one for one in truth(lines, "outreach")}
        records = delivered(lines, "outreach")
        assert {one["purpose"] for one in records} == {"marketing", "service"}
        found = Counter()
        for record in records:
            row = rows[record["contact_no"]]
            assert (record["channel"], record["customer"]) == (row["channel"], row["native_id"])
            assert (record["purpose"], record["via"], record["result"]) == (row["purpose"], row["contact_channel"], row["result"])
            assert at(record["contacted_at"]) == row["occurred_at"]
            found[record["via"]] += 1
            assert record["result"] in WORDS["result"]
        assert set(found) == set(WORDS["contact_channel"])

    def test_nobody_is_reached_by_a_phone_that_is_not_their_own(self, lines):
        kinds = {(one["channel"], one["native_id"]): one for one in truth(lines, "accounts")}
        failed = 0
        for row in truth(lines, "outreach"):
            account = kinds[row["channel"], row["native_id"]]
            if row["contact_channel"] in ("sms", "call") and account["phone_kind"] != "own":
                assert row["result"] == "failed"
                failed += 1
        assert failed > 5


def test_every_slip_of_a_name_is_one_and_every_name_can_have_each():
    for number, name in enumerate(surname + given for surname in SURNAMES for given in GIVEN_NAMES):
        kinds = set()
        for draw in range(25):
            written, kind = typed_name(Draws(7, "slip", number, draw), name)
            kinds.add(kind)
            assert written != name
            if kind == "wrong_sign":
                assert sum(a != b for a, b in zip(written, name, strict=True)) == 1
            elif kind == "left_out":
                assert len(written) == len(name) - 1
            else:
                assert written.isascii()
        assert kinds == {"wrong_sign", "left_out", "latin"}


def test_slips_of_addresses_and_phones_always_change_them():
    for number in range(300):
        draws = Draws(7, "slips", number)
        address = f"上海市浦东新区人民路{1 + draws.below(900)}号{1 + draws.below(30)}室"
        assert typed_address(draws, address)[0] != address
        phone = mobile(SETTINGS, number)
        written, _ = typed_phone(draws, phone)
        assert written != phone
        assert written[:3] == phone[:3]
    assert {typed_address(Draws(7, "short", n), "上海市浦东新区人民路7号3室")[1] for n in range(40)} == {
        "abbreviated",
        "no_district",
    }
