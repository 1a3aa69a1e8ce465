"""The ledger taken up from the commits of real Delta tables, in whatever order runs made them."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from frames import frame
from reclake.lake.digest import DayContent, Digest
from reclake.lake.ledger import Entry, Ledger, commit_entry, sequence_of
from reclake.lake.store import Store
from reclake.tables import gold

D1, D2, D3 = (date(2026, 3, day) for day in (1, 2, 3))
TABLE = gold.SEGMENT_BINS


@pytest.fixture
def store(spark, tmp_path):
    return Store(spark, str(tmp_path / "lake"), keep_days=90)


def entry(day, *, token):
    return Entry(
        table=TABLE.name, day=str(day), sequence=sequence_of(token, 1), kind="build", version=-1, run_id=f"r{token}", token=token,
        recorded_at=datetime(2026, 3, 9), content=DayContent(Digest.parse("1:a")), code_digest="c", settings_digest="s",
        suite_digest="g",
    )  # fmt: skip


def committed(spark, store, days, *, token):
    whole = dict(measure="recency", score=1, lower_edge=Decimal(1), upper_edge=Decimal(2), n_customers=token)
    rows = frame(spark, TABLE, *(whole | {"as_of_date": day} for day in days))
    ride = commit_entry(f"commit of {token}", [entry(day, token=token) for day in days])
    return store.replace_days(TABLE, rows, days=days, entry=ride)


def tokens(ledger):
    return {day: entry.token for day, entry in ledger.days(TABLE).items()}


def test_days_that_an_overtaken_run_wrote_over_are_built_again(spark, store):
    committed(spark, store, [D1, D2], token=9)
    committed(spark, store, [D2, D3], token=7)  # and ended before it put D2 back
    found = Ledger(store)
    found.load()
    assert tokens(found) == {"2026-03-01": 9, "2026-03-03": 7}, "D2 holds what the older run wrote"
    again = Ledger(store)
    again.load()
    assert tokens(again) == tokens(found), "and so it was saved"
    committed(spark, store, [D2], token=10)
    again.load()
    assert tokens(again) == {"2026-03-01": 9, "2026-03-02": 10, "2026-03-03": 7}


def test_runs_on_other_days_take_nothing_of_each_other_whoever_commits_first(spark, store):
    committed(spark, store, [D2], token=9)
    committed(spark, store, [D1], token=7)
    found = Ledger(store)
    found.load()
    assert tokens(found) == {"2026-03-01": 7, "2026-03-02": 9}
    assert [found.knows(TABLE, version) for version in range(3)] == [True, True, False]
