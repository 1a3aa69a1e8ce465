"""silver.shared_keys: which keys are not one person's, since when and why."""

import random
from collections import defaultdict

from test_identities import account, day, login, random_lake

from frames import contents, in_order
from linked import linked


def built(spark, accounts, logins=()):
    return contents(linked(spark, accounts, logins, max_accounts_per_key=3)["shared_keys"])


def row(kind, key, since, n, reason):
    return dict(key_kind=kind, key=key, valid_from=day(since), valid_to=None, n_accounts=n, reason=reason)


def test_a_key_is_shared_from_the_day_on_which_it_cannot_be_one_person_s(spark):
    found = built(
        spark,
        [
            # A kiosk: the second member of one shop, then many more.
            account("kiosk", is_device=True, channel="pos"),
            *(account(f"k_{n}", channel="pos") for n in range(4)),
            account("k_app", channel="app"),
            # A constant id of a server, on which accounts of no known channel log in.
            *(account(f"s_{n}") for n in range(5)),
            # A card that two accounts of one channel state, a year apart; the first has another one by then.
            account("c_1", 0, 5, card_token="c1:card", channel="app"),
            account("c_1", 5, card_token="c1:other", channel="app"),
            account("c_2", 9, card_token="c1:card", channel="app"),
            # A person's own: one account of each channel.
            account("p_1", union_token="c1:u", phone_token="c1:p", channel="app"),
            account("p_2", union_token="c1:u", phone_token="c1:p", channel="mini_program"),
            # Not verified: nobody makes a stranger's phone common.
            account("p_3", phone_token="c1:p", channel="app", is_verified=False),
        ],
        [
            login("kiosk", "k_0", 1), login("kiosk", "k_app", 2), login("kiosk", "k_1", 3), login("kiosk", "k_2", 3), login("kiosk", "k_3", 4),
            *(login("server", f"s_{n}", n) for n in range(5)),
            login("kiosk", "never_seen", 0),
        ],
    )  # fmt: skip
    assert found == in_order(
        row("device", "kiosk", 3, 4, "one_shop"),
        row("device", "server", 3, 4, "too_many"),
        row("card", "c1:card", 9, 2, "one_shop"),
    )


def test_a_shared_device_is_nobody_s_and_a_shared_card_links_nobody(spark):
    """What was found of a device that people log in on: its own account was a customer like any other."""
    accounts = [
        account("tablet", is_device=True, channel="pos"),
        account("late", 7, is_device=True, channel="web"),
        account("a", channel="pos", card_token="c1:k"),
        account("b", channel="pos", card_token="c1:k"),
        account("w", channel="web", union_token="c1:u", card_token="c1:w"),
        account("m", channel="mini_program", union_token="c1:u"),
        account("p", channel="pos", card_token="c1:w"),
    ]
    logins = [login("tablet", "a", 2), login("tablet", "b", 4), login("late", "a", 3), login("late", "b", 3)]
    rows = contents(linked(spark, accounts, logins)["identities"])
    told = [(r["account_id"], r["valid_from"], r["valid_to"], r["evidence"], r["n_accounts"]) for r in rows]
    assert sorted(told, key=str) == sorted(
        [
            ("tablet", day(0), day(2), "alone", 1),
            ("tablet", day(2), day(4), "login", 2),
            ("tablet", day(4), None, "shared", 1),
            # First seen on a day on which it was shared already.
            ("late", day(7), None, "shared", 1),
            ("a", day(0), day(2), "alone", 1),
            ("a", day(2), day(4), "login", 2),
            ("a", day(4), None, "alone", 1),
            ("b", day(0), None, "alone", 1),
            ("w", day(0), None, "union", 3),
            ("m", day(0), None, "union", 3),
            ("p", day(0), None, "card", 3),
        ],
        key=str,
    )


def test_random_lakes_share_what_a_plain_count_shares(spark):
    lakes = [random_lake(seed) for seed in range(100, 120)]
    accounts, logins = ([one for lake in lakes for one in lake[n]] for n in (0, 1))
    shuffled = random.Random(1).sample(accounts, len(accounts))
    found = built(spark, accounts, logins)
    assert found == built(spark, shuffled, logins[::-1])

    born, shops = {}, {}
    for one in accounts:
        born[one["account_id"]] = min(one["valid_from"], born.get(one["account_id"], one["valid_from"]))
        shops[one["account_id"]] = one["channel"]
    held = defaultdict(dict)
    for one in accounts:
        for kind, is_verified in (
            ("phone_token", one["is_phone_verified"]),
            ("email_token", one["is_email_verified"]),
            ("device_id", True),
        ):
            value = (one.get(kind) or "").strip()
            if value and is_verified:
                of_key = held[kind.split("_")[0], value]
                of_key[one["account_id"]] = min(one["valid_from"], of_key.get(one["account_id"], one["valid_from"]))
    for one in logins:
        of_key, name = held["device", one["device_id"]], one["login_account_id"]
        of_key[name] = min(max(one["event_date"], born[name]), of_key.get(name, one["event_date"].max))
    expected = []
    for (kind, value), of_key in held.items():
        for moment in sorted(set(of_key.values())):
            names = [name for name, since in of_key.items() if since <= moment]
            channels = [shops[name] for name in names if shops[name]]
            is_twice = len(channels) > len(set(channels))
            if is_twice or len(names) > 3:
                expected.append(
                    dict(
                        key_kind=kind,
                        key=value,
                        valid_from=moment,
                        valid_to=None,
                        n_accounts=len(names),
                        reason="one_shop" if is_twice else "too_many",
                    )
                )
                break
    assert found == in_order(*expected)
    assert {one["reason"] for one in found} == {"one_shop", "too_many"}
    assert {one["key_kind"] for one in found} == {"phone", "email", "device"}
