"""gold.contact_list and gold.contact_exclusions: random people against plain Python, and hand-computed ones."""

import random
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from ages import min_age
from declared import cut_inputs
from frames import contents, frame, in_order
from reclake.gold.contact_exclusions import contact_exclusions
from reclake.gold.contact_list import consented, contact_list
from reclake.lake.schema import conform
from reclake.outreach.purpose import Purpose
from reclake.outreach.settings import ContactsSettings
from reclake.privacy.consent import uses_open_to
from reclake.tables import gold, silver

AS_OF = date(2026, 3, 10)
OLD = date(2025, 1, 1)
LIMITS = ContactsSettings(max_contacts=2, window_days=7, rest_days=30, history_days=90)
TIERS = ("new", "returning", "high_value", "potential", "churn_warning", "dormant", "prospect")


def purpose(name, tiers, channels, precedence, consent="marketing"):
    told = {"consent": consent, "tiers": tiers, "channels": channels, "precedence": precedence}
    return Purpose.model_validate({"name": name, "description": name} | told)


PURPOSES = {
    one.name: one
    for one in (
        purpose("win_back", ["churn_warning", "dormant"], ["email", "sms", "push"], 2),
        purpose("survey", ["churn_warning", "new", "prospect"], ["push", "email"], 1, consent="analytics"),
        purpose("recall", ["churn_warning"], ["call", "sms"], 3),
    )
}


def days_ago(n):
    return AS_OF - timedelta(days=n)


def identity(account_id, customer_id):
    return dict(account_id=account_id, customer_id=customer_id, valid_from=OLD)


def account(account_id, **state):
    told = dict(channel="web", is_device=False, is_machine=False, basis="consent", source="demo", valid_from=OLD)
    return told | state | {"account_id": account_id}


def consent(account_id, is_granted=True, of="marketing", since=OLD, until=None):
    return dict(account_id=account_id, purpose=of, is_granted=is_granted, is_suspended=False, valid_from=since, valid_to=until)


def contact(account_id, ago, result, channel="email", outreach_id=None, hour=10, position=0):
    day = days_ago(ago)
    return dict(
        source="demo", file_digest="f", position=position, account_id=account_id, event_date=day, contact_channel=channel, result=result,
        occurred_at=datetime(day.year, day.month, day.day, hour), outreach_id=outreach_id, is_repeat=False,
    )  # fmt: skip


def segment(customer_id, tier="churn_warning", *, spend="100", currency="CNY", p_alive=0.5, n_orders=3, why=None):
    return dict(
        as_of_date=AS_OF, customer_id=customer_id, tier=tier, currency=currency, n_orders=n_orders, p_alive=p_alive,
        spend_amount=None if spend is None else Decimal(spend), tier_reason=why, tier_reason_zh=why and "原因",
    )  # fmt: skip


def value(customer_id, amount, p_alive=0.5, *, currency="CNY"):
    fitted = None if amount is None else Decimal(amount)
    return dict(
        as_of_date=AS_OF, customer_id=customer_id, currency=currency, model="mbg_nbd", p_alive=p_alive, value_amount=fitted
    )


def inputs(spark, table, rows, limits=None):
    wanted = {i.table.name: i.table for i in table.reads}
    frames = {name: frame(spark, one, *rows.get(one.noun, ())) for name, one in wanted.items()}
    return cut_inputs(table, frames, as_of=AS_OF, window_days=LIMITS.history_days, limits=limits)


def listed(spark, rows, *, limits=LIMITS, ages=None, purposes=PURPOSES):
    built = contact_list(
        **inputs(spark, gold.CONTACT_LIST, rows, ages), as_of=AS_OF, limits=limits, purposes=purposes
    )  # fmt: skip
    return conform(built, gold.CONTACT_LIST)


def excluded(spark, rows, *, limits=LIMITS, ages=None, least=1, purposes=PURPOSES):
    built = contact_exclusions(
        **inputs(spark, gold.CONTACT_EXCLUSIONS, rows, ages), as_of=AS_OF, limits=limits, purposes=purposes, min_group_size=least
    )
    return conform(built, gold.CONTACT_EXCLUSIONS)


def one_person(**more):
    """Somebody who may be contacted by e-mail, SMS and in the app, for winning back."""
    return {
        "identities": [identity("a", "c")],
        "accounts": [account("a", email_token="t:e", phone_token="t:p", channel="app")],
        "consents": [consent("a"), consent("a", of="personalisation")],
        "customer_segments": [segment("c", "dormant")],
    } | more


def channel_of(spark, rows):
    rows = contents(listed(spark, rows), "contact_purpose", "contact_channel")
    assert {row["contact_purpose"] for row in rows} == {"win_back"}
    return rows[0]["contact_channel"]


# The plain oracle: nothing of it is shared with the rules.


def random_people(rng, n=150):
    """Rows of every input for `n` people with one to three accounts each."""
    rows = defaultdict(list)
    number = 0
    for who in range(n):
        customer = f"c{who}"
        for _ in range(rng.choice([1, 1, 2, 3])):
            number += 1
            name = f"a{number}"
            rows["identities"].append(identity(name, customer))
            rows["accounts"].append(
                account(
                    name,
                    channel=rng.choice(["app", "web", "pos", "mini_program"]),
                    basis=rng.choice(["consent", "contract"]),
                    birth_year=rng.choices([None, 1980, 2007, 2008, 2012], weights=[4, 9, 1, 1, 1])[0],
                    phone_token=rng.choice([None, f"t:{number}", "t:shop"]),
                    email_token=rng.choice([None, None, f"t:m{number}"]),
                    is_phone_verified=rng.choice([None, True, False]),
                )
            )
            for of in ("marketing", "analytics"):
                stated = rng.choices([None, True, False], weights=[2, 6, 1])[0]
                if stated is not None:
                    rows["consents"].append(consent(name, stated, of))
                if rng.random() < 0.1:  # withdrawn, or granted, on the day of the as_of: not valid yet
                    rows["consents"].append(consent(name, not stated, of, since=AS_OF))
            for made in range(rng.choice([0, 0, 0, 1, 2, 4])):
                ago = rng.choice([0, 1, 3, 7, 8, 20, 30, 31, 60, 90, 91])
                channel = rng.choice(["email", "sms", "push", "call", "mail"])
                shared = rng.choice([None, f"o{number}-{made}", "campaign"])
                for result in rng.choice([
                    ["delivered"],
                    ["failed"],
                    ["delivered", "opened"],
                    ["delivered", "complained"],
                    [None],
                ]):
                    rows["outreach"].append(
                        contact(name, ago, result, channel, shared, hour=rng.randrange(24), position=len(rows["outreach"]))
                    )
        rows["customer_segments"].append(
            segment(
                customer,
                rng.choice(TIERS),
                spend=rng.choice(["0", "10.5", "10.5", "99999.1234"]),
                currency=rng.choice(["CNY", "EUR"]),
                p_alive=rng.choice([None, 0.0, 0.25, 0.9999]),
                n_orders=rng.choice([0, 1, 5]),
            )
        )
        if rng.random() < 0.5:
            told = rows["customer_segments"][-1]
            amount = rng.choice([None, "12.3456", "800"])
            rows["customer_value"].append(value(customer, amount, rng.choice([0.0, 0.0001, 0.5, 1.0]), currency=told["currency"]))
    rows["shared_keys"].append(dict(key_kind="phone", key="t:shop", valid_from=OLD, n_accounts=90, reason="x"))
    rows["shared_keys"].append(dict(key_kind="phone", key="t:1", valid_from=OLD, valid_to=days_ago(1), n_accounts=9, reason="x"))
    return rows


def expected(rows, limits, ages):
    """Per (purpose, customer) of a tier in it: why not, the channel, recent contacts and last one, decided one by one."""
    accounts = {row["account_id"]: row for row in rows["accounts"]}
    hubs = {
        (row["key_kind"], row["key"]) for row in rows["shared_keys"] if row.get("valid_to") is None or row["valid_to"] >= AS_OF
    }
    found = {}
    for told in rows["customer_segments"]:
        customer = told["customer_id"]
        own = [accounts[one["account_id"]] for one in rows["identities"] if one["customer_id"] == customer]
        made = contacts_made(rows, {a["account_id"] for a in own}, limits)
        reached = [min(r["event_date"] for r in one) for one in made.values() if {r["result"] for r in one} != {"failed"}]
        n_recent = sum(day >= days_ago(limits.window_days) for day in reached)
        complaints = [r["event_date"] for one in made.values() for r in one if r["result"] == "complained"]
        rests = any(day >= days_ago(limits.rest_days) for day in complaints)
        kinds, standings, left = ways_to(own, hubs), standings_of(made), limits.max_contacts - n_recent
        for name in sorted(PURPOSES, key=lambda name: PURPOSES[name].precedence):
            of = PURPOSES[name]
            if told["tier"] in of.tiers:
                ways = sorted(kinds & set(of.channels), key=lambda c: (-standings.get(c, 0), of.channels.index(c)))
                held = {"complained": rests, "no_channel": not ways, "over_cap": left <= 0}
                why = says_no(rows, own, of, ages) or next((one for one in held if held[one]), None)
                left -= why is None
                found[name, customer] = (why, ways[0] if ways else None, n_recent, max(reached, default=None))
    return found


def contacts_made(rows, names, limits):
    """The results of each contact with these accounts; a campaign may share its id over people and channels."""
    made = defaultdict(list)
    for row in rows["outreach"]:
        if row["account_id"] in names and days_ago(limits.history_days) <= row["event_date"] < AS_OF:
            made[row["account_id"], row["outreach_id"] or row["position"], row["contact_channel"]].append(row)
    return made


def ways_to(own, hubs):
    kinds = set()
    for a in own:
        kinds |= {"sms", "call"} if a["phone_token"] and ("phone", a["phone_token"]) not in hubs else set()
        kinds |= {"email"} if a["email_token"] and ("email", a["email_token"]) not in hubs else set()
        kinds |= {"push"} if a["channel"] == "app" else set()
    return kinds


def standings_of(made):
    """Channel → how its last contact did."""
    rated = defaultdict(list)
    for (_, _, channel), one in made.items():
        results = {r["result"] for r in one}
        ranks = (("complained", -1), ("opened", 2), ("delivered", 1), (None, 0), ("failed", -1))
        rated[channel].append((max(r["occurred_at"] for r in one), next(rank for result, rank in ranks if result in results)))
    return {channel: max(ranks)[1] for channel, ranks in rated.items()}


def says_no(rows, own, of, ages):
    """Why a person's age or word forbids it."""
    names = {a["account_id"] for a in own}
    years = [a["birth_year"] for a in own if a.get("birth_year")]
    least_age = max(ages.of_basis.get(a["basis"], ages.any_basis).marketing for a in own)
    if years and AS_OF.year - 1 - max(years) < least_age:
        return "too_young"
    if not years and not ages.unknown_is_allowed:
        return "age_unknown"
    said = [
        c["is_granted"]
        for c in rows["consents"]
        if c["account_id"] in names and c["purpose"] == of.consent and c["valid_from"] < AS_OF
    ]
    return "refused" if False in said else None if said else "no_consent"


@pytest.mark.parametrize(
    ("seed", "limits", "ages"),
    [
        (1, LIMITS, min_age()),
        (2, LIMITS.model_copy(update={"max_contacts": 1}), min_age(unknown_is_allowed=False, contract=(14, 19))),
    ],
)
def test_of_random_people_nobody_is_listed_who_may_not_be_contacted(spark, seed, limits, ages):
    rows = random_people(random.Random(seed))
    wanted = expected(rows, limits, ages)
    found = contents(listed(spark, rows, limits=limits, ages=ages))
    assert {(row["contact_purpose"], row["customer_id"]) for row in found} == {key for key, told in wanted.items() if not told[0]}
    for row in found:
        told = wanted[row["contact_purpose"], row["customer_id"]]
        assert (row["contact_channel"], row["n_recent_contacts"], row["last_contact_date"]) == told[1:]
        assert row["consent_purpose"] == PURPOSES[row["contact_purpose"]].consent
    lists = Counter(row["customer_id"] for row in found)
    assert all(row["n_recent_contacts"] + lists[row["customer_id"]] <= limits.max_contacts for row in found)
    tier_of = {row["customer_id"]: row["tier"] for row in rows["customer_segments"]}
    counts = Counter((name, tier_of[customer], told[0]) for (name, customer), told in wanted.items() if told[0])
    # The draws reach every reason and both ends of the cap, or the comparison would say little.
    assert {why for *_, why in counts} >= {"too_young", "refused", "no_consent", "complained", "no_channel", "over_cap"}
    assert max(lists.values()) == limits.max_contacts
    for least in (1, 3):
        left_out = contents(excluded(spark, rows, limits=limits, ages=ages, least=least))
        assert {(r["contact_purpose"], r["tier"], r["reason"]): r["n_customers"] for r in left_out} == {
            key: n // least * least for key, n in counts.items() if n >= least
        }
    require_ranks(found, rows)


def require_ranks(found, rows):
    """What is at risk and the ranks that follow, computed once more."""
    segments = {row["customer_id"]: row for row in rows["customer_segments"]}
    values = {row["customer_id"]: row for row in rows["customer_value"]}
    at_risk = {}
    for row in found:
        told, fitted = segments[row["customer_id"]], values.get(row["customer_id"])
        is_fitted = fitted is not None and fitted["value_amount"] is not None and fitted["p_alive"] >= 0.001
        has_value = fitted is not None and fitted["value_amount"] is not None
        alive = told["p_alive"] if told["p_alive"] is not None else fitted["p_alive"] if has_value else None
        worth = float(fitted["value_amount"]) / fitted["p_alive"] if is_fitted else float(told["spend_amount"])
        amount = Decimal(repr(round(worth * (1 if alive is None else 1 - alive), 4))).quantize(Decimal("0.0001"))
        assert row["value_basis"] == ("fitted" if is_fitted else "past_spend")
        assert row["lost_share"] == (None if alive is None else 1 - alive)
        assert abs(row["value_at_risk_amount"] - amount) <= Decimal("0.0001")
        at_risk[row["contact_purpose"], row["customer_id"]] = row["value_at_risk_amount"]
    for row in found:
        rivals = [
            at_risk[one["contact_purpose"], one["customer_id"]]
            for one in found
            if (one["contact_purpose"], one["currency"]) == (row["contact_purpose"], row["currency"])
        ]
        assert row["priority"] == 1 + sum(rival > row["value_at_risk_amount"] for rival in rivals)


def test_a_row_says_why_in_two_languages_and_whom_first(spark):
    names = ("fitted", "spender", "unknown", "prospect", "beyond")
    rows = {
        "identities": [identity(f"a_{name}", name) for name in names],
        "accounts": [account(f"a_{name}", email_token=f"t:{name}") for name in names],
        "consents": [consent(f"a_{name}") for name in names] + [consent("a_prospect", of="analytics")],
        "customer_segments": [
            segment("fitted", spend="9", p_alive=0.25, why="last order 60 days ago"),
            segment("spender", spend="2000", p_alive=0.9),
            segment("unknown", spend="150.5", p_alive=None),
            segment("prospect", "prospect", spend="0", p_alive=None, n_orders=0),
            segment("beyond", spend=None, p_alive=0.5),
        ],
        "customer_value": [value("fitted", "100", 0.5), value("spender", None)],
    }
    columns = (
        "contact_purpose",
        "customer_id",
        "priority",
        "value_at_risk_amount",
        "value_basis",
        "lost_share",
        "reason",
        "reason_zh",
    )
    found = contents(listed(spark, rows), *columns)
    told = [
        ("win_back", "beyond", 1, None, "past_spend", 0.5,
         "the spend so far is more than its column holds", "迄今消费超出字段可容纳的范围"),
        ("win_back", "spender", 2, "200.0000", "past_spend", 1 - 0.9,
         "at risk are 200.00 CNY of the spend so far, as the customer is lost with a probability of 10 %",
         "迄今消费中有 200.00 CNY 面临流失，流失概率为 10 %"),
        ("win_back", "unknown", 3, "150.5000", "past_spend", None,
         "spent so far are 150.50 CNY, and how probably the customer is lost is not known",
         "迄今消费 150.50 CNY，流失概率未知"),
        # A living one would be worth 100 / .5 = 200, of which three quarters are at risk.
        ("win_back", "fitted", 4, "150.0000", "fitted", 0.75,
         "last order 60 days ago; at risk are 150.00 CNY of the next 12 months, as the customer is lost with a probability of 75 %",
         "原因；未来 12 个月有 150.00 CNY 面临流失，流失概率为 75 %"),
        ("survey", "prospect", 1, "0.0000", "past_spend", None, "nothing bought yet", "尚未购买"),
    ]  # fmt: skip
    wanted = [dict(zip(columns, row, strict=True)) for row in told]
    for row in wanted:
        row["value_at_risk_amount"] = row["value_at_risk_amount"] and Decimal(row["value_at_risk_amount"])
    assert found == in_order(*wanted)


def test_the_channel_that_worked_comes_first_and_the_one_that_failed_last(spark):
    assert channel_of(spark, one_person()) == "email"
    failed = contact("a", 50, "failed")
    assert channel_of(spark, one_person(outreach=[failed])) == "sms"
    liked = contact("a", 40, "clicked", "push", position=1)
    assert channel_of(spark, one_person(outreach=[failed, liked])) == "push"
    # The last time counts, and a complaint long ago speaks against its channel as a failure does.
    again = contact("a", 20, "failed", "push", position=2)
    assert channel_of(spark, one_person(outreach=[failed, liked, again])) == "sms"
    annoyed = contact("a", 60, "complained", "sms", position=3)
    alone = one_person(accounts=[account("a", phone_token="t:p")], outreach=[annoyed])
    assert channel_of(spark, alone) == "sms"


def test_an_address_that_many_share_reaches_nobody(spark):
    shared = [
        dict(key_kind="email", key="t:e", valid_from=OLD, n_accounts=40),
        dict(key_kind="phone", key="t:e", valid_from=OLD, n_accounts=40),  # another kind of the same text
    ]
    assert channel_of(spark, one_person(shared_keys=shared)) == "sms"
    ended = [shared[0] | {"valid_to": days_ago(1)}]
    assert channel_of(spark, one_person(shared_keys=ended)) == "email"


def test_a_rollback_keeps_only_who_may_still_be_contacted(spark):
    rows = one_person()
    at = contents(listed(spark, rows))
    assert len(at) == 1
    for said, n in ((consent("a", False), 0), (consent("a"), 1)):
        uses = uses_open_to(
            frame(spark, silver.IDENTITIES, *rows["identities"]),
            frame(spark, silver.ACCOUNTS, *rows["accounts"]),
            frame(spark, silver.CONSENTS, said, consent("a", of="personalisation")),
            min_age=min_age(),
            as_of=AS_OF,
        )
        assert consented(frame(spark, gold.CONTACT_LIST, *at), uses.where("array_contains(scopes, 'profiling')")).count() == n


def test_without_a_purpose_there_is_no_list(spark):
    assert contents(listed(spark, one_person(), purposes={})) == []
