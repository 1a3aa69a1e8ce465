"""silver.identity_merges: every name that was given up, checked against the rows of silver.identities one account at a time."""

from collections import defaultdict

import pytest
from test_identities import account, customer, day, login, random_lake

from frames import contents, in_order
from linked import linked


def tables_of(spark, accounts, logins=()):
    """silver.identities, silver.identity_merges and silver.identity_ties, as a run builds them."""
    found = linked(spark, accounts, logins, max_accounts_per_key=4, max_accounts_per_customer=6)
    return tuple(contents(found[noun]) for noun in ("identities", "identity_merges", "identity_ties"))


def merge(absorbed, kept, since, until, evidence, key_kind, key, account_id, absorbed_account_id):
    return dict(
        absorbed_customer_id=customer(absorbed), customer_id=customer(kept), valid_from=day(since), valid_to=None if until is None else day(until),
        evidence=evidence, key_kind=key_kind, key=key, account_id=account_id, absorbed_account_id=absorbed_account_id, match_weight=None,
    )  # fmt: skip


def test_a_merge_says_who_when_and_on_which_evidence_and_ends_when_the_two_come_apart(spark):
    accounts = [
        # A phone that joins two groups of two, and is given up later.
        account("a_1", union_token="c1:u", channel="app"),
        account("a_2", 1, union_token="c1:u", channel="mini_program"),
        account("a_2", 3, 6, union_token="c1:u", phone_token="c1:x", channel="mini_program"),
        account("a_2", 6, union_token="c1:u", phone_token="c1:y", channel="mini_program"),
        account("b_1", 2, card_token="c1:k", phone_token="c1:x", channel="web"),
        account("b_2", 1, card_token="c1:k", channel="pos"),
        # A browser whose owner logs in: the device was there first, and gives the name.
        account("d", is_device=True, channel="web"),
        account("d_login", 4, channel="web"),
        # A new account joins, and absorbs nobody.
        account("n_1", email_token="c1:n", channel="app"),
        account("n_2", 5, email_token="c1:n", channel="web"),
    ]
    rows, merges, _ = tables_of(spark, accounts, [login("d", "d_login", 5)])
    assert merges == in_order(
        merge("b_2", "a_1", 3, 6, "phone", "phone", "c1:x", "a_2", "b_1"),
        merge("d_login", "d", 5, None, "login", "device", "d", "d", "d_login"),
    )
    # a_2 and b_1 came as new accounts, and so did n_2: nobody was called after them.
    assert len(rows) > len(merges)


@pytest.fixture(scope="module")
def random_tables(spark):
    lakes = [random_lake(seed) for seed in range(200, 240)]
    accounts, logins = ([one for lake in lakes for one in lake[n]] for n in (0, 1))
    return *tables_of(spark, accounts, logins), tables_of(spark, accounts[::-1], logins[::-1])[1]


def test_in_any_order_of_rows_the_same_merges(random_tables):
    _, merges, _, again = random_tables
    assert merges == again
    assert len(merges) > 20


def test_every_name_that_was_given_up_is_told_once_and_until_it_is_there_again(random_tables):
    rows, merges, _, _ = random_tables
    histories = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["valid_from"]):
        histories[row["account_id"]].append(row)
    expected = []
    for name, history in histories.items():
        for n, row in enumerate(history[1:], start=1):
            if history[n - 1]["customer_id"] == customer(name) != row["customer_id"]:
                back = [later["valid_from"] for later in history[n:] if later["customer_id"] == customer(name)]
                expected.append((customer(name), row["customer_id"], row["valid_from"], min(back, default=None)))
    found = [(one["absorbed_customer_id"], one["customer_id"], one["valid_from"], one["valid_to"]) for one in merges]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    assert any(until is not None for *_, until in found), "nobody came apart again"


def test_the_evidence_is_a_key_that_both_hold_and_who_were_two_before(random_tables):
    rows, merges, ties, _ = random_tables

    def counts(row, on):
        return row["valid_from"] <= on and (row["valid_to"] is None or on < row["valid_to"])

    held = defaultdict(list)
    for tie in ties:
        held[tie["account_id"], tie["key_kind"], tie["key"]].append(tie)
    customers = defaultdict(list)
    for row in rows:
        customers[row["account_id"]].append(row)
    kinds = set()
    for one in merges:
        kinds.add(one["evidence"])
        for name in (one["account_id"], one["absorbed_account_id"]):
            assert any(counts(tie, one["valid_from"]) for tie in held[name, one["key_kind"], one["key"]])
            (now,) = (row["customer_id"] for row in customers[name] if counts(row, one["valid_from"]))
            assert now == one["customer_id"]
        # What the two were right before the day; a new account was nobody.
        ended = [
            {row["customer_id"] for row in customers[one[column]] if row["valid_to"] == one["valid_from"]}
            | {
                row["customer_id"]
                for row in customers[one[column]]
                if counts(row, one["valid_from"]) and row["valid_from"] < one["valid_from"]
            }
            for column in ("account_id", "absorbed_account_id")
        ]
        assert ended[0] != ended[1]
    assert kinds == {"login", "phone", "email", "device"}
