"""Pairs of accounts against plain Python, which compares all states of all accounts one by one."""

import json
import math
import random
from datetime import date, timedelta
from functools import cache
from itertools import combinations

import pytest

from frames import contents, in_order
from reclake.lake.schema import conform
from reclake.privacy.keys import load_key, make_key_files
from reclake.settings import load_settings
from reclake.silver.account_records import account_records
from reclake.silver.identity_pairs import identity_pairs
from reclake.tables import silver
from sources_of_records import ACCOUNT_COLUMNS, DAY, bronze_frame, bronze_row, feed, source

LIMITS = {"max_record_bytes": 1_048_576, "max_depth": 32}
COLUMNS = ACCOUNT_COLUMNS | {
    "name_encrypted": {"from": "name", "type": "string"},
    "region": {"from": "region", "type": "string"},
}
ATTRIBUTES = ("name", "latin_name", "phone", "email", "address", "birth_year", "gender", "region")
RARE = ("name", "latin_name", "phone", "email", "address")
# The longest distance, and its share of the longer text, of each level; from the nearest.
BANDS = {
    "name": {3: (1, 0.34)}, "latin_name": {3: (1, 0.2), 2: (3, 0.34)}, "phone": {3: (1, 1.0)}, "email": {3: (1, 0.2), 2: (3, 0.34)},
    "address": {3: (2, 0.25), 2: (6, 0.5)}, "birth_year": {3: (1, 1.0)}, "gender": {}, "region": {},
}  # fmt: skip


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(folder, ["id1", "c1"])
    return folder


@pytest.fixture(scope="module")
def linkage(root):
    settings = load_settings(root, profile="test", environment={}).linkage
    # Pairs are stored from about no bit up, so that more than the sure ones are compared.
    return settings.model_copy(update={"min_stored_probability": 1e-6, "min_match_probability": 0.9})


def state(day, channel, native_id, **said):
    """A record as delivered `day` days after DAY."""
    at = {"at": f"{DAY + timedelta(days=day)}T08:00:00Z"}
    return day, {"id": native_id, "channel": channel} | at | said


def built(spark, directory, linkage, states, *, n_partitions=1, fitted=None):
    """The pairs, and the account of each channel and native id."""
    of = {"demo": source(accounts=feed("accounts", COLUMNS))}
    rows = [
        bronze_row(json.dumps(record), position, file_digest=f"f{day}", delivery_day=DAY + timedelta(days=day))
        for position, (day, record) in enumerate(states)
    ]
    bronze = bronze_frame(spark, "accounts", *rows).repartition(n_partitions)
    contact = {"contact_key_id": "c1", "default_region": "CN", "directory": directory, **LIMITS}
    records = account_records(bronze, sources=of, id_key_id="id1", **contact).cache()
    found = identity_pairs(records, bronze, sources=of, linkage=linkage, timezone="UTC", fitted=fitted, **contact)
    account_of = {
        (states[row["position"]][1]["channel"], states[row["position"]][1]["id"]): row["account_id"] for row in records.collect()
    }
    return conform(found, silver.IDENTITY_PAIRS), account_of


@cache
def edits(a, b):
    if not a or not b:
        return len(a) + len(b)
    best = min(edits(a[1:], b) + 1, edits(a, b[1:]) + 1, edits(a[1:], b[1:]) + (a[0] != b[0]))
    swaps = len(a) > 1 and len(b) > 1 and a[0] == b[1] and a[1] == b[0]
    return min(best, edits(a[2:], b[2:]) + 1) if swaps else best


def level(name, a, b):
    if not a or not b:
        return None
    if a == b:
        return 5
    n_edits, longer = edits(a, b), max(len(a), len(b))
    return next((value for value, (most, share) in BANDS[name].items() if n_edits <= min(most, int(share * longer))), 1)


def histories(states):
    """By account: the days on which it had said something new, with all that it had said."""
    histories = {}
    for day, record in sorted(states, key=lambda one: one[0]):
        held = histories.setdefault((record["channel"], record["id"]), [])
        said = {
            "name": record.get("name") if record.get("name", "").isalpha() and not record.get("name", "").isascii() else None,
            "latin_name": "".join(sorted(record["name"].lower().split()))
            if record.get("name", "").isascii() and "name" in record
            else None,
            "phone": record.get("phone"),
            "email": record["mail"].split("@")[0] if "mail" in record else None,
            "address": record.get("address"),
            "birth_year": str(record["born"]) if "born" in record else None,
            "gender": {"1": "male", "2": "female"}.get(record.get("gender")),
            "region": record.get("region"),
        }
        before = held[-1][1] if held else dict.fromkeys(ATTRIBUTES)
        now = {name: said[name] or before[name] for name in ATTRIBUTES}
        if not held or now != before:
            held.append((DAY + timedelta(days=day), now))
    return histories


def keys_of(held):
    any_name = held["name"] or held["latin_name"]
    phone = held["phone"]
    parts = [
        (held["phone"],), (held["email"],), (held["address"],), (any_name, held["birth_year"]), (any_name, held["region"]),
        (phone[-6:] if phone else None,),
        (held["birth_year"], held["gender"], held["region"], any_name[:1] if any_name else None),
    ]  # fmt: skip
    return {(place, part) for place, part in enumerate(parts) if all(part)}


def holders_of(of):
    """By rare attribute and value: the accounts that ever held it."""
    holders = {name: {} for name in RARE}
    for account, held in of.items():
        for name, value in ((name, now[name]) for _, now in held for name in RARE if now[name]):
            holders[name].setdefault(value, set()).add(account)
    return holders


def bits_of(name, value, agreed, holders, settings):
    if agreed is None:
        return 0.0
    word = {1: "different", 2: "similar", 3: "close", 5: "exact"}[agreed]
    shares = settings.default.attributes[name]
    m, u = shares.m[word], shares.u[word]
    if agreed == 5 and name in RARE:
        share = (len(holders[name][value]) - 2) / sum(map(len, holders[name].values()))
        u = share if share > 1 / 20_000 else min(u, 1 / 20_000)
    return math.log2(m / u)


def compared_states(one, other, holders, settings):
    """(weight, day, levels) of the states of two accounts that share a key."""
    for day_one, said in one:
        for day_other, told in other:
            if keys_of(said) & keys_of(told):
                levels = {name: level(name, said[name], told[name]) for name in ATTRIBUTES}
                if levels["name"] is not None:
                    levels["latin_name"] = None
                bits = sum(bits_of(name, said[name], levels[name], holders, settings) for name in ATTRIBUTES)
                yield bits, max(day_one, day_other), levels


def weight_at(settings, probability):
    return settings.default.threshold + math.log2(probability / (1 - probability))


def expected_pairs(states, settings):
    """By pair of (channel, id): weight, day, levels; the first states that link, else the heaviest."""
    of = histories(states)
    holders = holders_of(of)
    best = {}
    for one, other in combinations(of, 2):
        if one[0] == other[0]:
            continue
        compared = [
            found
            for found in compared_states(of[one], of[other], holders, settings)
            if found[0] >= weight_at(settings, settings.min_stored_probability)
        ]
        linked = [found for found in compared if found[0] >= weight_at(settings, settings.min_match_probability)]
        if linked:
            best[one, other] = min(linked, key=lambda found: (found[1], -found[0]))
        elif compared:
            best[one, other] = min(compared, key=lambda found: (-found[0], found[1]))
    return best


def as_rows(best, account_of, threshold):
    rows = []
    for (one, other), (bits, day, levels) in best.items():
        left, right = sorted((account_of[one], account_of[other]))
        row = {"left_account_id": left, "right_account_id": right, "match_weight": bits, "valid_from": day}
        rows.append(row | {"is_linked": bits >= threshold, **{f"level_{name}": levels[name] for name in ATTRIBUTES}})
    return in_order(*rows)


def company(seed):
    """Persons with accounts on three channels, typos, and states that change."""
    chance = random.Random(seed)
    states = []
    for person in range(12):
        name = chance.choice(["王伟", "李小娜", "张芳", "Wang Wei", "Anna Li"])
        phone = "13" + "".join(chance.choices("0123456789", k=9))
        mail = f"{chance.choice(['anna', 'wei', 'lina'])}{chance.randint(100, 120)}"
        address = f"{chance.choice(['人民路', '中山路', '解放路'])}{chance.randint(10, 99)}号{chance.randint(10, 99)}室"
        for channel in chance.sample(["app", "web", "pos"], k=chance.randint(1, 3)):
            for day in sorted(chance.sample(range(6), k=chance.randint(1, 2))):
                said = {"name": name, "phone": phone, "mail": f"{mail}@example.com", "address": address, "born": 1960 + person, "gender": "1", "region": "上海"}  # fmt: skip
                said = {key: value for key, value in said.items() if chance.random() < 0.7}
                if "phone" in said and chance.random() < 0.3:
                    said["phone"] = phone[:-2] + phone[-1] + phone[-2]
                if "address" in said and chance.random() < 0.3:
                    said["address"] = address[:-2] + "室"
                if "born" in said and chance.random() < 0.2:
                    said["born"] += 1
                states.append(state(day, channel, f"{person}", **said))
    return states


def test_pairs_agree_with_plain_python_in_any_order_of_rows(spark, directory, linkage):
    states = company(seed=6)
    found, account_of = built(spark, directory, linkage, states)
    best = expected_pairs(states, linkage)
    rows = contents(found)
    compared = (
        "left_account_id",
        "right_account_id",
        "match_weight",
        "valid_from",
        "is_linked",
        *(f"level_{name}" for name in ATTRIBUTES),
    )
    expected = as_rows(best, account_of, weight_at(linkage, linkage.min_match_probability))
    assert len(expected) > 15
    assert {True, False} <= {row["is_linked"] for row in expected}
    by_ids = [sorted(of_one, key=lambda row: (row["left_account_id"], row["right_account_id"])) for of_one in (rows, expected)]
    given, expected = ([{name: row[name] for name in compared} for row in of_one] for of_one in by_ids)
    weights, expected_weights = ([row.pop("match_weight") for row in of_one] for of_one in (given, expected))
    assert given == expected
    # The builder adds up in another order, and rounds.
    assert weights == pytest.approx(expected_weights, abs=1e-5)
    for row in rows:
        assert row["match_weight"] == pytest.approx(sum(row[f"weight_{name}"] for name in ATTRIBUTES), abs=1e-5)
        odds = 2 ** (row["match_weight"] - linkage.default.threshold)
        assert row["match_probability"] == pytest.approx(odds / (1 + odds), abs=1e-5)
        assert row["model_version"] == "default"
    shuffled = states[::-1]
    again, _ = built(spark, directory, linkage, shuffled, n_partitions=3)
    assert contents(again) == rows


def test_a_link_stays_when_one_of_the_two_moves(spark, directory, linkage):
    same = {"name": "王小伟", "born": 1980, "gender": "1", "region": "上海"}
    before = [
        state(0, "app", "1", **same, phone="13800138000", address="人民路12号"),
        state(2, "pos", "9", **same, phone="13800138000", address="人民路12号"),
    ]
    moved = [*before, state(4, "app", "1", phone="13911112222", address="延安西路777号", name="王大山")]
    rows, later = (contents(built(spark, directory, linkage, states)[0]) for states in (before, moved))
    assert len(rows) == 1
    assert rows[0]["is_linked"]
    assert rows[0]["valid_from"] == date(2026, 3, 3)
    # The new values make the shared ones no rarer: they are still held by the same two accounts.
    assert {name: later[0][name] for name in later[0] if name.startswith("level_")} == {
        name: rows[0][name] for name in rows[0] if name.startswith("level_")
    }
    assert (later[0]["valid_from"], later[0]["is_linked"]) == (rows[0]["valid_from"], True)


def test_who_says_nothing_and_who_is_of_one_shop_makes_no_pair(spark, directory, linkage):
    same = {"name": "王小伟", "phone": "13800138000", "address": "人民路12号", "born": 1980}
    states = [
        state(0, "app", "1", **same), state(0, "app", "2", **same), state(0, "web", "3"), state(0, "pos", "4", name="无", phone="000000"),
    ]  # fmt: skip
    assert contents(built(spark, directory, linkage, states)[0]) == []


def test_no_text_stands_in_plan_or_rows(spark, directory, linkage):
    same = {"name": "王小伟", "phone": "13800138000", "mail": "lina7@example.com", "address": "人民路12号"}
    found, _ = built(spark, directory, linkage, [state(0, "app", "1", **same), state(0, "pos", "2", **same)])
    shown = found._jdf.queryExecution().toString() + repr(found.collect())
    assert "level_phone" in shown
    for secret in (*same.values(), "lina7", load_key(directory, "c1").hex()):
        assert secret not in shown
