"""Who is joined edge by edge, and what no group may be; the strongest edges first, in whatever order they come."""

import random
from datetime import date, timedelta
from itertools import combinations

from reclake.identity.joining import Edge, Joined, Rules, edges_of, in_order
from reclake.identity.merging import merges_of
from reclake.identity.replay import replay

START = date(2026, 3, 1)


def day(n):
    return START + timedelta(days=n)


def tie(key, account, since=0, until=None, *, born=0, kind=None, shop=None, weight=None, delivered=None):
    kind = kind or key.partition("|")[0]
    span = {"kind": kind, "tied_from": day(since), "tied_to": None if until is None else day(until)}
    return {
        "key": key,
        "account_id": account,
        "first_day": day(born),
        "delivered": delivered or account,
        "shop": shop,
        "weight": weight,
        "spans": [span],
    }


def pair(one, other, weight, since=0, **columns):
    return [tie(f"pair|{one}|{other}", account, since, kind="linked", weight=weight, **columns) for account in (one, other)]


def apart(left, right, since=0, until=None):
    return {
        "left_account_id": left,
        "right_account_id": right,
        "valid_from": day(since),
        "valid_to": None if until is None else day(until),
    }


def people(rows, on):
    """The groups right after a day, by what they are named after."""
    found = {}
    for row in rows:
        if row["valid_from"] <= day(on) and (row["valid_to"] is None or day(on) < row["valid_to"]):
            found.setdefault(row["named_after"], set()).add(row["account_id"])
    return found


def test_links_a_b_and_b_c_then_unmerge_b_c():
    """methods: A–B keeps its id, C is alone."""
    ties = [tie("phone|1", "A"), tie("phone|1", "B"), tie("email|1", "B", 1), tie("email|1", "C", 1)]
    whole = replay(ties, max_accounts=50)
    assert people(whole, 0) == {"A": {"A", "B"}, "C": {"C"}}
    assert people(whole, 1) == {"A": {"A", "B", "C"}}
    undone = replay(ties, [apart("B", "C", 2)], max_accounts=50)
    assert people(undone, 1) == people(whole, 1)
    assert people(undone, 2) == {"A": {"A", "B"}, "C": {"C"}}
    # A decision that is taken back was never there.
    assert replay(ties, [], max_accounts=50) == whole


def test_a_decision_parts_two_accounts_that_hold_one_key_and_leaves_the_others_together():
    ties = [tie("phone|1", account) for account in "ABCD"]
    split = [apart("B", other, 3, 5) for other in "ACD"]
    rows = replay(ties, split, max_accounts=50)
    assert people(rows, 2) == people(rows, 5) == {"A": {"A", "B", "C", "D"}}
    assert people(rows, 3) == {"A": {"A", "C", "D"}, "B": {"B"}}


def test_split_and_never_link_that_contradict_hold_both():
    """A split keeps B and C together, a never-link parts them: the strictest holds."""
    ties = [tie("phone|1", account) for account in "ABCD"]
    split = [apart(left, right) for left in "BC" for right in "AD"]
    assert people(replay(ties, split, max_accounts=50), 0) == {"A": {"A", "D"}, "B": {"B", "C"}}
    assert people(replay(ties, [*split, apart("B", "C")], max_accounts=50), 0) == {"A": {"A", "D"}, "B": {"B"}, "C": {"C"}}


def test_of_two_ties_the_stronger_one_holds_where_both_cannot():
    ties = [tie("device|d", "A", kind="login"), tie("device|d", "B", kind="login"), tie("email|1", "B"), tie("email|1", "C")]
    assert people(replay(ties, [apart("A", "C")], max_accounts=50), 0) == {"A": {"A", "B"}, "C": {"C"}}


def test_a_likely_pair_links_but_never_two_accounts_of_one_shop():
    ties = [*pair("A", "B", 9.0, shop="app"), *pair("B", "C", 12.0, shop="app")]
    shops = {"A": "demo|app", "B": "demo|web", "C": "demo|app"}
    ties = [one | {"shop": shops[one["account_id"]]} for one in ties]
    rows = replay(ties, max_accounts=50)
    # The heavier pair is taken; the other would make one person of two accounts of the app.
    assert people(rows, 0) == {"A": {"A"}, "B": {"B", "C"}}
    assert {row["evidence"] for row in rows} == {"alone", "linked"}
    # Accounts of no known shop show nothing.
    assert people(replay([one | {"shop": None} for one in ties], max_accounts=50), 0) == {"A": {"A", "B", "C"}}
    # It would be too many accounts.
    assert people(replay([one | {"shop": None} for one in ties], max_accounts=2), 0) == {"A": {"A"}, "B": {"B", "C"}}


def test_a_pair_counts_from_its_day_and_names_the_evidence_only_of_whom_nothing_stronger_ties():
    ties = [tie("phone|1", "A"), tie("phone|1", "B"), *pair("B", "C", 5.0, since=2)]
    rows = replay(ties, max_accounts=50)
    assert [(r["account_id"], r["named_after"], r["valid_from"], r["evidence"]) for r in rows] == [
        ("A", "A", day(0), "phone"), ("A", "A", day(2), "phone"),
        ("B", "A", day(0), "phone"), ("B", "A", day(2), "phone"),
        ("C", "C", day(0), "alone"), ("C", "A", day(2), "linked"),
    ]  # fmt: skip


def reference(accounts, edges, rules, order):
    """Plain sets, joined in order; a rule is judged by looking at the whole union."""
    groups = [{account} for account in accounts]
    for edge in sorted(edges, key=lambda e: (max(e.of_one, e.of_other), -(e.weight or 0), order[e.one], order[e.other], e.key)):
        one, other = (next(g for g in groups if account in g) for account in (edge.one, edge.other))
        union = one | other
        if one is other or any({left, right} <= union for left, right in rules.apart):
            continue
        if max(edge.of_one, edge.of_other) == 6:
            shops = [[rules.shops[a] for a in g if rules.shops[a]] for g in (one, other)]
            if set(shops[0]) & set(shops[1]) or len(union) > rules.max_accounts:
                continue
        groups = [g for g in groups if g is not one and g is not other] + [union]
    return sorted(map(sorted, groups))


def test_random_graphs_are_joined_as_plain_sets_are_and_in_any_order(trial_seed):
    rng = random.Random(trial_seed)
    n_refused = 0
    for _ in range(300):
        accounts = [f"a{n}" for n in range(rng.randint(2, 8))]
        order = {account: rng.random() for account in accounts}
        edges = []
        for n in range(rng.randint(1, 6)):
            holders = {account: rng.randint(0, 5) for account in rng.sample(accounts, rng.randint(2, min(4, len(accounts))))}
            edges += edges_of(f"k{n}", holders, order)
        edges += [Edge("p", *sorted(rng.sample(accounts, 2), key=order.get), 6, 6, float(rng.randint(1, 3))) for _ in range(3)]
        rules = Rules(
            apart=rng.sample(list(combinations(accounts, 2)), min(rng.randint(0, 2), len(accounts) - 1)),
            shops={account: rng.choice([None, "app", "web"]) for account in accounts},
            max_accounts=5,
        )
        found = []
        for shuffled in (edges, rng.sample(edges, len(edges))):
            joined = Joined(rng.sample(accounts, len(accounts)), rules)
            taken = [joined.join(edge) for edge in in_order(shuffled, order)]
            n_refused += taken.count(False)
            found.append(sorted(map(sorted, joined.groups())))
        assert found[0] == found[1] == reference(accounts, edges, rules, order)
        assert not any({left, right} <= set(group) for group in found[0] for left, right in rules.apart)
    assert n_refused > 100, "the rules were hardly tried"


# ---- merges


def holding(account, before, kind=None, key=None, evidence=None, weight=None):
    return {
        "account_id": account,
        "before": before,
        "delivered": account,
        "key_kind": kind,
        "key": key,
        "evidence": evidence or kind,
        "match_weight": weight,
    }


def told(rows):
    return [
        (r["absorbed_customer_id"], r["evidence"], r["key_kind"], r["key"], r["account_id"], r["absorbed_account_id"])
        for r in rows
    ]


def test_a_merge_names_the_tie_that_joined_the_two():
    group = [
        holding("a", "c_a", "device", "d", "login"), holding("b", "c_a", "device", "d", "login"),
        holding("b", "c_a", "phone", "x"), holding("c", "c_c", "phone", "x"),
        holding("c", "c_c", "email", "m"), holding("d", "c_c", "email", "m"),
    ]  # fmt: skip
    for shuffled in (group, group[::-1]):
        assert told(merges_of(START, "c_a", shuffled)) == [("c_c", "phone", "phone", "x", "b", "c")]


def test_a_new_account_absorbs_nobody_but_joins_two_who_were_apart():
    group = [
        holding("a", "c_a", "phone", "x"), holding("n", None, "phone", "x"),
        holding("n", None, "email", "m"), holding("b", "c_b", "email", "m"),
    ]  # fmt: skip
    assert told(merges_of(START, "c_a", group)) == [("c_b", "email", "email", "m", "n", "b")]
    assert merges_of(START, "c_a", group[:2]) == []


def test_two_customers_that_likely_pairs_join_one_after_the_other_are_both_told():
    group = [
        holding("a", "c_a", "pair", "a|b", "linked", 7.5), holding("b", "c_b", "pair", "a|b", "linked", 7.5),
        holding("b", "c_b", "pair", "b|c", "linked", 9.0), holding("c", "c_c", "pair", "b|c", "linked", 9.0),
    ]  # fmt: skip
    rows = merges_of(START, "c_a", group)
    # The heavier pair first: c becomes part of b, and both of a.
    assert told(rows) == [("c_c", "linked", "pair", "b|c", "b", "c"), ("c_b", "linked", "pair", "a|b", "a", "b")]


def test_an_older_account_that_comes_later_gives_its_name_and_a_likely_pair_its_weight():
    group = [
        holding("a", None, "pair", "a|b", "linked", 7.5), holding("b", "c_b", "pair", "a|b", "linked", 7.5),
        holding("b", "c_b", "card", "k"), holding("c", "c_c", "card", "k"),
    ]  # fmt: skip
    rows = merges_of(START, "c_a", group)
    assert sorted(told(rows)) == [("c_b", "linked", "pair", "a|b", "a", "b"), ("c_c", "card", "card", "k", "b", "c")]
    assert {row["absorbed_customer_id"]: row["match_weight"] for row in rows} == {"c_b": 7.5, "c_c": None}
    assert {row["customer_id"] for row in rows} == {"c_a"}
