"""silver.consents: hand-computed histories, and a reader that asks for every as_of what was delivered before it."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import count, pairwise

import pytest

from frames import contents, frame, in_order
from reclake.lake.schema import conform
from reclake.silver.consents import consents
from reclake.tables import silver, vocabulary

START = date(2026, 3, 1)
PURPOSE = "personalisation"
YES, NO, UNREADABLE = True, False, None


def day(n):
    return START + timedelta(days=n)


def at(n, hour=9):
    return datetime(2026, 3, 1, hour, tzinfo=UTC) + timedelta(days=n)


def record(answer, said=None, *, on, hour=9, file="f", position=None, purpose=PURPOSE, account="a", **columns):
    """A record delivered `on` days after START that says `answer` of the moment `said`; UNREADABLE is a refused one."""
    is_refused = answer is UNREADABLE
    return (
        dict(
            source="demo",
            delivery_day=day(on),
            file_digest=file,
            position=next(PLACES) if position is None else position,
            record_class="rejected" if is_refused else "kept",
            is_repeat=False,
            account_id=account,
            purpose=purpose,
            is_granted=answer,
            changed_at=None if is_refused else at(on if said is None else said, hour),
        )
        | columns
    )


PLACES = count()


def built(spark, *records):
    return contents(conform(consents(frame(spark, silver.CONSENT_RECORDS, *records), timezone="UTC"), silver.CONSENTS))


def granted_days(rows, *, purpose=PURPOSE, account="a", until=10):
    """The days after START of which the as_of behind them finds the purpose granted."""
    granted = []
    for n in range(until):
        valid = [
            row
            for row in rows
            if (row["account_id"], row["purpose"]) == (account, purpose)
            and row["valid_from"] <= day(n)
            and (row["valid_to"] is None or day(n) < row["valid_to"])
        ]
        assert len(valid) <= 1
        if valid and valid[0]["is_granted"]:
            granted.append(n)
    return granted


def test_the_last_decision_of_a_day_holds_whenever_it_was_delivered(spark):
    said = dict(on=4, file="f")
    rows = built(
        spark,
        record(YES, 0, **said),
        # Withdrawn and granted again on one day, delivered the other way round.
        record(YES, 2, hour=12, **said),
        record(NO, 2, hour=11, **said),
        record(NO, 3, hour=17, **said),
        record(NO, purpose="marketing", **said),
    )
    row = dict(account_id="a", purpose=PURPOSE, valid_to=None, is_suspended=False)
    assert rows == in_order(
        row | dict(valid_from=day(0), valid_to=day(3), is_granted=True),
        row | dict(valid_from=day(3), is_granted=False),
        row | dict(purpose="marketing", valid_from=day(4), is_granted=False),
    )


def test_days_are_cut_in_the_zone_of_the_business(spark):
    records = frame(spark, silver.CONSENT_RECORDS, record(YES, 0, hour=17, on=1))
    assert contents(consents(records, timezone="Asia/Shanghai"), "valid_from") == [{"valid_from": day(1)}]


# What was delivered, and the days behind which the purpose is granted.
HISTORIES = {
    "a refused record closes from its delivery on": ([record(YES, on=0), record(UNREADABLE, on=3)], [0, 1, 2]),
    "a later grant opens again": ([record(YES, on=0), record(UNREADABLE, on=3), record(YES, on=5)], [0, 1, 2, 5, 6, 7, 8, 9]),
    "a grant that states the true time opens too": (
        [record(YES, 1, on=1), record(UNREADABLE, on=3), record(YES, 0, on=5)],
        [0, 1, 2, 5, 6, 7, 8, 9],
    ),
    "a later withdrawal ends the suspension and grants nothing": (
        [record(YES, on=0), record(UNREADABLE, on=3), record(NO, 2, on=5)],
        [0, 1],
    ),
    "a withdrawal that corrects a refused one counts though an earlier grant states a later time": (
        [record(YES, 2, on=2), record(UNREADABLE, on=3), record(NO, 1, on=5)],
        [2],
    ),
    "on one day a grant behind the refused record in its file opens": (
        [record(YES, on=0), record(UNREADABLE, on=3, position=1), record(YES, on=3, position=2)],
        [*range(10)],
    ),
    "on one day a grant before the refused record does not": (
        [record(YES, on=0), record(UNREADABLE, on=3, position=2), record(YES, on=3, position=1)],
        [0, 1, 2],
    ),
    "on one day a grant in another file does not": (
        [record(YES, on=0), record(UNREADABLE, on=3, file="a", position=1), record(YES, on=3, file="z", position=2)],
        [0, 1, 2],
    ),
    "a grant behind one refused record does not answer another": (
        [
            record(YES, on=0),
            *(record(UNREADABLE, on=3, file=file, position=1) for file in "ab"),
            record(YES, on=3, file="a", position=2),
        ],
        [0, 1, 2],
    ),
    "a refused record in its first place closes what is granted later that day": (
        [record(UNREADABLE, on=3, position=1), record(YES, 4, on=3, position=2)],
        [*range(4, 10)],
    ),
    "a grant that is delivered again opens nothing": (
        [record(YES, 0, on=0), record(UNREADABLE, on=3), record(YES, 0, on=5)],
        [0, 1, 2],
    ),
    "a repeat that its feed keeps opens nothing": (
        [record(YES, 0, on=0), record(UNREADABLE, on=3), record(YES, 4, on=5, is_repeat=True)],
        [0, 1, 2],
    ),
    "the re-sent grant does not undo a withdrawal": (
        [record(YES, 0, on=0), record(NO, 1, on=1), record(YES, 0, on=5), record(YES, 0, on=6, record_class="duplicate")],
        [0],
    ),
    "a withdrawal counts where it was taken for a copy of an earlier one": (
        [record(YES, 0, on=0), record(NO, 1, on=1), record(YES, 2, on=2), record(NO, 3, on=3, record_class="duplicate")],
        [0, 2],
    ),
    "of one instant stated both ways the refusal holds": ([record(NO, 1, on=1), record(YES, 1, on=2)], []),
    "grant, withdrawal, grant and withdrawal that all state one time": (
        [record(answer, 0, on=on) for on, answer in enumerate((YES, NO, YES, NO))],
        [],
    ),
    "a withdrawal of a clock that is behind counts from its delivery": (
        [record(YES, 0, on=0), record(NO, -900, on=3)],
        [0, 1, 2],
    ),
    "and a grant that is delivered later opens": (
        [record(YES, 0, on=0), record(NO, -900, on=3), record(YES, 5, on=5)],
        [0, 1, 2, 5, 6, 7, 8, 9],
    ),
    "a withdrawal counts against a grant of a clock that is ahead, on a later day": (
        [record(YES, 3, on=2), record(NO, 2, hour=10, on=3)],
        [],
    ),
    "and on the same day": ([record(YES, 3, on=2), record(NO, 2, on=2)], []),
    "a late withdrawal counts from its own day": ([record(YES, 0, on=0), record(NO, 1, on=6)], [0]),
    "a late grant counts from its own day": ([record(NO, 0, on=0), record(YES, 1, on=6)], [*range(1, 10)]),
    "a late statement of before the last one changes nothing after it": (
        [record(NO, 0, on=0), record(YES, 3, on=3), record(NO, 0, hour=8, on=3)],
        [*range(3, 10)],
    ),
}


@pytest.mark.parametrize("history", HISTORIES)
def test_nothing_is_granted_while_nobody_knows_what_was_said(spark, history):
    records, granted = HISTORIES[history]
    assert granted_days(built(spark, *records)) == granted


def test_a_refused_record_of_an_unknown_purpose_suspends_all_of_the_account_and_of_nobody_else(spark):
    rows = built(
        spark,
        *(record(YES, on=0, purpose=purpose, account=account) for purpose in (PURPOSE, "marketing") for account in "ab"),
        record(UNREADABLE, on=2, purpose=None),
        record(UNREADABLE, on=3, purpose="marketing", account="b"),
        # Its account cannot be read: it is counted, and suspends nobody.
        record(UNREADABLE, on=1, account=None),
        record(YES, on=5, purpose="marketing"),
    )
    suspended = dict(valid_to=None, is_granted=False, is_suspended=True)
    granted = dict(valid_to=None, is_granted=True, is_suspended=False)
    assert rows == in_order(
        granted | dict(account_id="a", purpose=PURPOSE, valid_from=day(0), valid_to=day(2)),
        suspended | dict(account_id="a", purpose=PURPOSE, valid_from=day(2)),
        granted | dict(account_id="a", purpose="marketing", valid_from=day(0), valid_to=day(2)),
        suspended | dict(account_id="a", purpose="marketing", valid_from=day(2), valid_to=day(5)),
        granted | dict(account_id="a", purpose="marketing", valid_from=day(5)),
        # Whose source needs no consent is out as well: a refused record may be a refusal.
        *(suspended | dict(account_id="a", purpose=other, valid_from=day(2)) for other in ("analytics", "service")),
        granted | dict(account_id="b", purpose=PURPOSE, valid_from=day(0)),
        granted | dict(account_id="b", purpose="marketing", valid_from=day(0), valid_to=day(3)),
        suspended | dict(account_id="b", purpose="marketing", valid_from=day(3)),
    )
    assert {"analytics", "service", "marketing", PURPOSE} == set(vocabulary.PURPOSES)


def random_deliveries(seed, *, n_accounts=150):
    """Statements of many accounts, good and refused, of few days, files, hours and purposes, so that there are ties."""
    chance = random.Random(seed)
    records = []
    for number in range(n_accounts):
        for _ in range(chance.randint(0, 7)):
            answer = chance.choice([YES, YES, NO, UNREADABLE])
            on = chance.randint(0, 5)
            purposes = [PURPOSE, None] if answer is UNREADABLE else [PURPOSE, PURPOSE, "marketing"]
            said = chance.randint(-2, on + 1)
            hour, file, purpose = chance.choice([8, 9]), chance.choice("xy"), chance.choice(purposes)
            records.append(record(answer, said, on=on, hour=hour, file=file, purpose=purpose, account=f"a{number}"))
    chance.shuffle(records)
    return [one | dict(position=place) for place, one in enumerate(records)]


def may_be_granted(records, as_of_day):
    """Whether a purpose may be granted behind a day, told record by record; `records` are those of one account and purpose.

    It was granted at last by the statements' own times, and no refused record and no withdrawal is without a later grant.
    """
    first = {}
    for one in sorted(records, key=lambda r: (r["delivery_day"], r["file_digest"], r["position"])):
        if one["record_class"] == "kept":
            first.setdefault((one["changed_at"], one["is_granted"]), one)
    statements = list(first.values())
    known = [one for one in statements if one["changed_at"].date() <= as_of_day]
    last = [one for one in known if one["changed_at"] == max(other["changed_at"] for other in known)]
    grants = [one for one in statements if one["is_granted"] and one["delivery_day"] <= as_of_day]
    so_far = [one for one in records if one["delivery_day"] <= as_of_day]
    refused = [one for one in so_far if one["record_class"] == "rejected"]
    withdrawals = [one for one in so_far if one in statements and not one["is_granted"]]
    return (
        bool(last)
        and all(one["is_granted"] for one in last)
        and all(any(delivered_day(g) > r["delivery_day"] or is_behind(g, r) for g in grants) for r in refused)
        and all(any(delivered_day(g) >= w["delivery_day"] for g in [*grants, *last]) for w in withdrawals)
    )


def delivered_day(grant):
    """Its delivery day, or the day before for a grant of a clock that is ahead of it."""
    return grant["delivery_day"] - timedelta(days=grant["changed_at"].date() > grant["delivery_day"])


def is_behind(grant, refused):
    return (grant["delivery_day"], grant["file_digest"]) == (refused["delivery_day"], refused["file_digest"]) and (
        grant["position"] > refused["position"]
    )


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_delivered_only_what_was_granted_at_last_is_granted(spark, seed):
    records = random_deliveries(seed)
    rows = by_purpose(built(spark, *records))
    n_granted = n_suspended = 0
    for account in sorted({one["account_id"] for one in records}):
        for purpose in vocabulary.PURPOSES:
            of_purpose = [r for r in records if r["account_id"] == account and r["purpose"] in (purpose, None)]
            expected = [n for n in range(8) if may_be_granted(of_purpose, day(n))]
            periods = rows.get((account, purpose), [])
            assert granted_days(periods, purpose=purpose, account=account, until=8) == expected, (account, purpose)
            assert all(before["valid_to"] == after["valid_from"] for before, after in pairwise(periods))
            assert not any(row["is_granted"] and row["is_suspended"] for row in periods)
            n_granted += bool(expected)
            n_suspended += any(row["is_suspended"] for row in periods)
    assert min(n_granted, n_suspended) > 50


def by_purpose(rows):
    """The rows of each account and purpose, in time."""
    found = defaultdict(list)
    for one in sorted(rows, key=lambda row: row["valid_from"]):
        found[one["account_id"], one["purpose"]].append(one)
    return found


def test_all_of_it_shares_one_exchange(spark):
    partitions = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", "3")  # of one partition nothing needs an exchange
    try:
        records = frame(spark, silver.CONSENT_RECORDS, record(YES, on=0))
        plan = consents(records, timezone="UTC")._jdf.queryExecution().executedPlan().toString()
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", partitions)
    assert plan.count("Window [") >= 3
    assert plan.count("Exchange ") == plan.count("Exchange hashpartitioning") == 1
