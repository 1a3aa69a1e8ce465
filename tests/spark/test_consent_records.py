"""Statements of consent from raw lines: whatever is wrong with one, nobody stays granted by the one before it."""

import json
from datetime import timedelta

import pytest

from frames import contents
from reclake.lake.schema import conform
from reclake.privacy.keys import load_key, make_key_files
from reclake.privacy.tokens import account_pseudonym
from reclake.silver.consent_records import consent_records
from reclake.silver.consents import consents
from reclake.tables import silver, vocabulary
from sources_of_records import DAY, bronze_frame, bronze_row, feed, source

COLUMNS = {
    "consent_id": {"from": "no", "type": "string", "required": True},
    "account_id": {"from": "who", "type": "account", "required": True},
    "channel": {"from": "channel", "type": "string", "required": True},
    "purpose": {"from": "purpose", "type": "string", "required": True, "one_of": ["personalisation", "marketing"]},
    "is_granted": {"from": "granted", "type": "boolean", "required": True},
    "changed_at": {"from": "at", "type": "timestamp", "format": "iso", "required": True},
}
GRANTED = {"no": "s1", "who": "17", "channel": "app", "purpose": "personalisation", "granted": True, "at": "2026-03-01T08:00:00Z"}
WITHDRAWN = GRANTED | {"no": "s2", "granted": False, "at": "2026-03-03T08:00:00Z"}
NEXT = DAY + timedelta(days=2)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("secrets"))
    make_key_files(folder, ["id1"])
    return folder


def judged(spark, directory, *deliveries, **other):
    """The records of lines delivered on DAY, two days later, and so on."""
    rows = [
        bronze_row(line if isinstance(line, str) else json.dumps(line), place, delivery_day=DAY + timedelta(days=2 * number),
                   file_digest=f"f{number}", file_name=f"consents/{number}.json_lines")
        for number, lines in enumerate(deliveries) for place, line in enumerate(lines)
    ]  # fmt: skip
    feeds = {"consents": feed("consents", COLUMNS, record_id=["consent_id"], transport=["sent"]) | other}
    built = consent_records(
        bronze_frame(spark, "consents", *rows), sources={"demo": source(**feeds)}, id_key_id="id1", directory=directory,
        max_record_bytes=1_048_576, max_depth=32,
    )  # fmt: skip
    return conform(built, silver.CONSENT_RECORDS)


def open_purposes(records):
    """The purposes that are still granted."""
    return {row["purpose"] for row in contents(consents(records, timezone="UTC")) if row["is_granted"] and not row["valid_to"]}


# A withdrawal as it should not be written, and the reason that it gets; None where it is a statement like others.
BAD = {
    "it uses the id of the grant": (WITHDRAWN | {"no": "s1"}, None),
    "and the time of the grant": (GRANTED | {"granted": False}, None),
    "the answer is text": (WITHDRAWN | {"granted": "false"}, "is_granted is not true or false"),
    "the answer is a number": (WITHDRAWN | {"granted": 0}, "is_granted is not true or false"),
    "the answer is null": (WITHDRAWN | {"granted": None}, "is_granted is missing"),
    "the answer is in another field": (WITHDRAWN | {"granted": {"value": False}}, "is_granted is not true or false"),
    "the answer's field is written in capitals": (
        {name.replace("granted", "Granted"): value for name, value in WITHDRAWN.items()},
        "is_granted is missing",
    ),
    "the clock is ahead": (WITHDRAWN | {"at": "2036-03-03T08:00:00Z"}, "changed_at is in the future"),
    "the clock begins in 1970": (WITHDRAWN | {"at": "1970-01-01T08:00:00Z"}, "changed_at is too long ago"),
    "the clock is ten years behind": (WITHDRAWN | {"at": "2016-03-03T08:00:00Z"}, None),
    "the time is missing": ({k: v for k, v in WITHDRAWN.items() if k != "at"}, "changed_at is missing"),
    "the time is no time": (WITHDRAWN | {"at": "yesterday"}, "changed_at is not a time"),
    "the id is missing": ({k: v for k, v in WITHDRAWN.items() if k != "no"}, "consent_id is missing"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_withdrawal_that_cannot_be_read_ends_the_grant(spark, directory, case):
    line, reason = BAD[case]
    marketing = GRANTED | {"no": "m1", "purpose": "marketing"}
    records = judged(spark, directory, [GRANTED, marketing], [line])
    withdrawal = next(row for row in contents(records) if row["delivery_day"] == NEXT)
    account = account_pseudonym(load_key(directory, "id1"), source="demo", channel="app", native_id="17")
    assert (withdrawal["account_id"], withdrawal["purpose"]) == (account, "personalisation")
    assert withdrawal["record_class"] == ("kept" if reason is None else "rejected")
    if reason is not None:
        assert any(one.startswith(reason) for one in withdrawal["reasons"]), withdrawal["reasons"]
    assert open_purposes(records) == {"marketing"}


@pytest.mark.parametrize("purpose", ["third_parties", "Personalisation", "", None, 7])
def test_a_withdrawal_of_an_unknown_purpose_ends_all_grants(spark, directory, purpose):
    marketing = GRANTED | {"no": "m1", "purpose": "marketing"}
    records = judged(
        spark, directory, [GRANTED, marketing, GRANTED | {"no": "b", "who": "18"}], [WITHDRAWN | {"purpose": purpose}]
    )
    of_others = account_pseudonym(load_key(directory, "id1"), source="demo", channel="app", native_id="18")
    rows = [row for row in contents(consents(records, timezone="UTC")) if row["valid_to"] is None]
    assert {row["account_id"] for row in rows if row["is_granted"]} == {of_others}
    assert {row["purpose"] for row in rows if row["is_suspended"]} == set(vocabulary.PURPOSES)


UNREADABLE = {
    "it names a field twice": json.dumps(WITHDRAWN).replace('"granted"', '"granted": true, "granted"'),
    "it holds NaN or Infinity": json.dumps(WITHDRAWN | {"granted": float("nan")}),
    "text follows its JSON object": json.dumps(WITHDRAWN) + "}",
}


@pytest.mark.parametrize(("reason", "line"), UNREADABLE.items(), ids=list(UNREADABLE))
def test_a_line_that_is_refused_whole_suspends_whom_it_names_beyond_doubt(spark, directory, reason, line):
    records = judged(spark, directory, [GRANTED, GRANTED | {"no": "m1", "purpose": "marketing"}], [line])
    withdrawal = next(row for row in contents(records) if row["delivery_day"] == NEXT)
    account = account_pseudonym(load_key(directory, "id1"), source="demo", channel="app", native_id="17")
    assert (withdrawal["reasons"], withdrawal["account_id"]) == ([reason], account)
    assert {name for name in COLUMNS if withdrawal.get(name) is not None} == {"account_id"}
    assert open_purposes(records) == set()


def test_what_names_no_readable_account_suspends_nobody(spark, directory):
    lines = ["{", json.dumps(WITHDRAWN)[:-9], "", WITHDRAWN | {"who": None}, WITHDRAWN | {"channel": None, "granted": 1}]
    lines += [json.dumps(WITHDRAWN).replace('"who"', '"who": "18", "who"')]
    records = judged(spark, directory, [GRANTED], lines)
    assert {row["record_class"] for row in contents(records) if row["delivery_day"] == NEXT} == {"rejected"}
    assert open_purposes(records) == {"personalisation"}


def test_a_good_statement_that_is_delivered_later_counts_again(spark, directory):
    bad = WITHDRAWN | {"granted": "no"}
    again = GRANTED | {"no": "s3", "at": "2026-03-02T08:00:00Z"}
    assert open_purposes(judged(spark, directory, [GRANTED], [bad], [again])) == {"personalisation"}
    assert open_purposes(judged(spark, directory, [GRANTED], [bad], [GRANTED])) == set()
    assert open_purposes(judged(spark, directory, [GRANTED], [bad], [WITHDRAWN])) == set()


@pytest.mark.parametrize("duplicates", ["drop", "flag"])
def test_a_withdrawal_that_reads_like_an_earlier_one_counts(spark, directory, duplicates):
    """Of statements without ids, whose time is not compared, the second withdrawal is a copy of the first."""
    again = GRANTED | {"page": 2, "at": "2026-03-05T08:00:00Z"}
    lines = [[GRANTED], [WITHDRAWN], [again], [WITHDRAWN | {"at": "2026-03-07T08:00:00Z"}]]
    records = judged(spark, directory, *lines, record_id=[], duplicates=duplicates, transport=["at"])
    assert open_purposes(records.where("delivery_day < '2026-03-07'")) == {"personalisation"}
    assert open_purposes(records) == set()
