"""Code that changed and moves no rows is accepted on the evidence of one day; code that moves rows is not."""

from datetime import date

import pytest
from pyspark.sql import functions as F

from kept import copy_of
from lakes import looked_at, run_days
from reclake.errors import GateFailed, UsageError
from reclake.look.planned import plan
from reclake.run import accepting, opened
from reclake.run.accepting import accept_code
from reclake.run.code import builder_of, code_digest
from reclake.run.plan import Scope
from reclake.tables import gold, ops, silver
from till import FIRST, MENDED, SECOND, THIRD, opened_lake, order

ONLY = frozenset({"silver.order_records", "silver.order_lines"})
REASON = "a function was renamed"


def three_days(spark, folder):
    """A lake of three days of order lines, and its deliveries."""
    (folder / "mended").mkdir()
    (folder / "mended" / "till.toml").write_text(MENDED)
    place = folder / "landing" / "till" / "app"
    place.mkdir(parents=True)
    for number, day in enumerate((FIRST, SECOND, THIRD)):
        (place / f"{day}.jsonl").write_text(order(f"o{number}", day=day) + "\n")
    assert run_days(opened_lake(spark, folder, folder / "landing", "mended"), only=ONLY) == {}


@pytest.fixture
def landing(spark, tmp_path):
    return copy_of("three-days", three_days, spark, tmp_path) / "landing"


@pytest.fixture
def lake(spark, tmp_path, landing, monkeypatch):
    """Three days of order lines, whose code has another digest since."""
    monkeypatch.setattr(opened, "code_digest", lambda table: "changed" if table == silver.ORDER_LINES else code_digest(table))
    return opened_lake(spark, tmp_path, landing, "mended")


def stale(app):
    return app.planner(Scope(tables=ONLY)).work(silver.ORDER_LINES).reasons


def test_the_days_of_the_earlier_code_stand_as_built_by_this_one(lake):
    before = dict(lake.ledger.days(silver.ORDER_LINES))
    assert stale(lake) == dict.fromkeys(before, "code changed")
    accepted = accept_code(lake, silver.ORDER_LINES, reason=REASON)
    assert (accepted.verified_day, accepted.n_rows, accepted.n_days) == (str(THIRD), 1, 3)
    assert stale(lake) == {}
    lake.ledger._seen = None
    lake.ledger.load()  # as the next run reads it
    assert stale(lake) == {}
    now = lake.ledger.days(silver.ORDER_LINES)
    assert {day: (e.content, e.version, e.run_id) for day, e in now.items()} == {
        day: (e.content, e.version, e.run_id) for day, e in before.items()
    }
    noted = lake.store.read_newest(ops.LEDGER).where((F.col("table") == "silver.order_lines") & (F.col("kind") == "accepted"))
    assert {row["day"] for row in noted.collect()} == set(before)
    assert all(REASON in row["input_versions"] and str(THIRD) in row["input_versions"] for row in noted.collect())
    assert run_days(lake, only=ONLY) == {}
    with pytest.raises(UsageError, match="was built by the code as it is"):
        accept_code(lake, silver.ORDER_LINES, reason=REASON)


def test_code_that_moves_rows_is_not_accepted_and_restates(lake, monkeypatch):
    def twice_as_dear(order_records):
        return builder_of(silver.ORDER_LINES)(order_records).withColumn("line_amount", F.col("line_amount") * 2)

    monkeypatch.setattr(accepting, "builder_of", lambda table: twice_as_dear)
    with pytest.raises(GateFailed) as refused:
        accept_code(lake, silver.ORDER_LINES, reason=REASON, verify=FIRST)
    assert "moves rows of 2026-03-28" in str(refused.value)
    assert len(stale(lake)) == 3


def test_a_day_that_is_stale_for_other_reasons_proves_nothing(lake, landing):
    late = landing / "till" / "app" / f"{THIRD}-more.jsonl"
    late.write_text(order("late", day=THIRD) + "\n")
    try:
        assert run_days(lake, only=frozenset({"silver.order_records"})) == {}
    finally:
        late.unlink()
    with pytest.raises(UsageError) as refused:
        accept_code(lake, silver.ORDER_LINES, reason=REASON)
    assert "silver.order_records changed" in str(refused.value)
    assert accept_code(lake, silver.ORDER_LINES, reason=REASON, verify=FIRST).n_days == 3
    assert stale(lake) == {str(THIRD): "silver.order_records changed"}


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (silver.ORDER_LINES, {"reason": " "}, "accepted for a reason"),
        (silver.ORDER_LINES, {"reason": REASON, "verify": date(2020, 1, 1)}, "holds no day 2020-01-01"),
        (silver.SESSIONS, {"reason": REASON}, "was never built"),
        (gold.MODEL_METRICS, {"reason": REASON}, "is not built from tables"),
    ],
    ids=["no reason", "no such day", "never built", "no builder"],
)
def test_what_cannot_be_verified_is_refused(lake, table, options, message):
    with pytest.raises(UsageError, match=message):
        accept_code(lake, table, **options)


def test_the_plan_says_which_as_ofs_stay_as_earlier_code_made_them(lake, monkeypatch):
    work = lake.planner(Scope()).work(gold.CUSTOMER_SEGMENTS)
    assert not work.older
    monkeypatch.setattr(
        "reclake.run.plan.Planner.work",
        lambda self, table: type(work)(
            table, {}, older=frozenset({"2026-03-29", "2026-03-30"}) if table.is_as_of else frozenset()
        ),
    )
    (row, *_) = [row for row in plan(looked_at(lake), Scope()) if row["table"] == "gold.customer_segments"]
    assert (row["days"], row["which"]) == (2, "2026-03-29 … 2026-03-30")
    assert "--as-of restates them" in row["why"]
