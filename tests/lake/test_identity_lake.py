"""Who is who in a lake: day by day and in one pass the same, numbers that stay, and decisions that hold and are undone."""

import json
from datetime import date, timedelta
from itertools import pairwise

import pytest
from pyspark.sql import functions as F
from typer.testing import CliRunner

from kept import copy_of
from lakes import (
    ROOT,
    as_environment,
    assert_same_bag,
    bag,
    comparable,
    four_days_of_a_company,
    open_lake,
    places,
    run_days,
    with_inputs,
)
from reclake.cli import app as command
from reclake.errors import UsageError
from reclake.run.decisions import part, undo
from reclake.run.scope import scope_of
from reclake.run.stage import build_stage
from reclake.run.views import published
from reclake.tables import silver

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(4)]
MADE = (silver.IDENTITY_TIES, silver.SHARED_KEYS, silver.IDENTITIES, silver.IDENTITY_MERGES, silver.SESSIONS)
FEW = (silver.SHARED_KEYS, silver.IDENTITY_MERGES)  # two days of a few people may hold none
WANTED = with_inputs(*MADE, silver.CUSTOMER_NUMBERS, silver.IDENTITY_CONFLICTS)
LENIENT = "run.max_rejected_share=1.0"


def opened(spark, folder, name):
    return open_lake(spark, folder / name, source="demo", landing=folder / "landing", overrides=[LENIENT])


def numbers(app):
    return {row["customer_id"]: row["customer_number"] for row in published(app, silver.CUSTOMER_NUMBERS).collect()}


def two_lakes(spark, folder):
    """Four days of a company: in one pass, and the days one after the other with the second one last."""
    four_days_of_a_company(spark, folder)
    assert run_days(opened(spark, folder, "whole"), only=WANTED) == {}
    app, held = opened(spark, folder, "days"), []
    for days in ((DAYS[0],), (DAYS[2], DAYS[3]), (DAYS[1],)):
        assert run_days(app, *days, only=WANTED) == {}
        held.append(numbers(app))
    (folder / "numbers.json").write_text(json.dumps(held))


@pytest.fixture(scope="module")
def folder(spark, tmp_path_factory):
    return copy_of("two-lakes-of-identities", two_lakes, spark, tmp_path_factory.mktemp("identity"))


@pytest.fixture(scope="module")
def whole(spark, folder):
    return opened(spark, folder, "whole")


def test_days_in_another_order_give_the_rows_of_one_pass(spark, folder, whole):
    days = opened(spark, folder, "days")
    for table in MADE:
        if table in FEW and comparable(whole, table).isEmpty():
            assert comparable(days, table).isEmpty(), table.name
        else:
            assert_same_bag(whole, days, table)
    assert numbers(days).keys() == numbers(whole).keys(), "who has a number must not depend on the order of days"
    known = {row["customer_id"] for row in published(whole, silver.IDENTITIES).select("customer_id").distinct().collect()}
    assert known <= numbers(whole).keys()


def test_a_number_once_given_stays_and_there_is_no_gap(folder):
    held = json.loads((folder / "numbers.json").read_text())
    for before, after in pairwise(held):
        assert before.items() <= after.items()
    assert len(held[0]) < len(held[-1])
    for one in held:
        assert sorted(one.values()) == list(range(1, len(one) + 1))


def test_a_decision_holds_through_a_rebuild_and_its_undo_restores_the_earlier_rows(spark, folder, whole, monkeypatch):
    for name, value in (as_environment(places(folder / "whole", folder / "landing")) | {"RECLAKE_HOME": str(ROOT)}).items():
        monkeypatch.setenv(name, value)

    def reclake(*arguments):
        done = CliRunner().invoke(command, ["identity", *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    before, numbered = bag(whole, silver.IDENTITIES), numbers(whole)
    now = published(whole, silver.IDENTITIES).where(F.col("valid_to").isNull())
    current = {row["account_id"]: (row["customer_id"], row["evidence"]) for row in now.collect()}
    one = min(name for name, (_, evidence) in current.items() if evidence == "login" and name.startswith("a_"))
    customer = current[one][0]
    group = {name for name, (of, _) in current.items() if of == customer}
    explained = json.loads(reclake("explain", one, "--json"))
    assert (explained["customer_id"], {row["account_id"] for row in explained["accounts"]}) == (customer, group)
    assert any("login" in row["evidence"] for row in explained["links"])

    decision = part(
        whole, [(one, other) for other in sorted(group - {one})], action="split", author="li", reason="a tablet of a shop"
    )
    assert run_days(whole, only=WANTED) == {}
    after = {
        row["account_id"]: row["customer_id"] for row in published(whole, silver.IDENTITIES).where("valid_to is null").collect()
    }
    assert after[one] not in {after[other] for other in group - {one}}
    assert numbers(whole) == numbered
    assert decision in reclake("decisions", "--json")
    assert decision in reclake("explain", one, "--json")

    # A rebuild keeps it: the record lies in bronze.
    parted = bag(whole, silver.IDENTITIES)
    again = opened(spark, folder, "whole")
    only = {silver.IDENTITY_DECISIONS.name, silver.IDENTITIES.name}
    assert build_stage(again, "silver", scope_of(again, first=None, last=None, only=only, force=True)) == {}
    assert bag(again, silver.IDENTITIES) == parted != before

    undo(again, decision, author="wu", reason="a mistake")
    with pytest.raises(UsageError, match="was taken back before"):
        undo(again, decision, author="wu", reason="again")
    assert run_days(again, only=WANTED) == {}
    assert bag(again, silver.IDENTITIES) == before
    listed = json.loads(reclake("decisions", "--json"))
    assert {(row["decision_id"], row["is_undone"], row["undone_by"]) for row in listed} == {(decision, True, "wu")}


def test_what_says_nothing_is_refused(whole):
    two = [("a_1", "a_2")]
    with pytest.raises(UsageError, match="an author and a reason"):
        part(whole, two, action="split", author="li", reason=" ")
    for pairs in ([], [("a_1", "a_1")]):
        with pytest.raises(UsageError, match="parted from itself"):
            part(whole, pairs, action="split", author="li", reason="x")
    with pytest.raises(UsageError, match="no contact data"):
        part(whole, two, action="split", author="li", reason="call 13800138000")
    with pytest.raises(UsageError, match="end before it begins"):
        part(whole, two, action="split", author="li", reason="x", valid_from=DAYS[1], valid_to=DAYS[0])
    with pytest.raises(UsageError, match="there is no decision"):
        undo(whole, "none", author="li", reason="x")
