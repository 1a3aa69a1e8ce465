"""Groups of accounts day by day: hand-computed histories."""

from datetime import date

from reclake.identity.replay import replay

MON, TUE, WED = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)


def tie(account, key, kind="phone", since=MON, until=None, first=MON, delivered=None):
    span = {"kind": kind, "tied_from": since, "tied_to": until}
    return {"account_id": account, "key": key, "first_day": first, "delivered": {"day": delivered or account}, "spans": [span]}


def history(*ties, max_accounts=50):
    rows = replay(ties, max_accounts=max_accounts)
    return [
        tuple(row[name] for name in ("account_id", "named_after", "valid_from", "valid_to", "evidence", "n_accounts"))
        for row in rows
    ]


def test_a_merge_lets_the_earliest_delivered_account_live_on_whatever_its_id():
    assert history(tie("a", "k", since=TUE, delivered="2"), tie("z", "k", delivered="1")) == [
        ("a", "a", MON, TUE, "alone", 1),
        ("a", "z", TUE, None, "phone", 2),
        ("z", "z", MON, TUE, "alone", 1),
        ("z", "z", TUE, None, "phone", 2),
    ]


def test_an_unmerge_leaves_the_others_their_name():
    found = history(tie("a", "k1"), tie("b", "k1"), tie("b", "k2", "email", until=WED), tie("c", "k2", "email"))
    assert found == [
        ("a", "a", MON, WED, "phone", 3),
        ("a", "a", WED, None, "phone", 2),
        ("b", "a", MON, WED, "phone", 3),
        ("b", "a", WED, None, "phone", 2),
        ("c", "a", MON, WED, "email", 3),
        ("c", "c", WED, None, "alone", 1),
    ]


def test_a_devices_own_account_is_linked_by_the_login():
    assert history(tie("d", "device|d", "own"), tie("l", "device|d", "login", since=TUE, first=TUE)) == [
        ("d", "d", MON, TUE, "alone", 1),
        ("d", "d", TUE, None, "login", 2),
        ("l", "d", TUE, None, "login", 2),
    ]


def test_the_strongest_evidence_is_named():
    found = history(tie("a", "e", "email"), tie("b", "e", "email"), tie("a", "p"), tie("b", "p"))
    assert [row[4] for row in found] == ["phone", "phone"]


def test_a_group_that_grows_too_large_comes_apart():
    ties = [tie("a", "k"), tie("b", "k"), tie("c", "k", since=TUE, first=TUE)]
    assert history(*ties, max_accounts=2) == [
        ("a", "a", MON, TUE, "phone", 2),
        ("a", "a", TUE, None, "too_many", 1),
        ("b", "a", MON, TUE, "phone", 2),
        ("b", "b", TUE, None, "too_many", 1),
        ("c", "c", TUE, None, "too_many", 1),
    ]


def test_the_input_is_left_as_it_was():
    ties = [tie("a", "k"), tie("b", "k")]
    before = repr(ties)
    replay(ties, max_accounts=50)
    assert repr(ties) == before
