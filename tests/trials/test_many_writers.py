"""Four writers beside each other lose no update, on days of their own and on one that all want (R-08)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest

from frames import frame
from reclake.errors import Overtaken
from reclake.lake.claims import Claims
from reclake.lake.store import Store
from reclake.run.application import utc_now
from reclake.tables import gold
from trials.trial import Unchecked

pytestmark = pytest.mark.trial
TABLE = gold.SEGMENT_BINS
FIRST = date(2026, 3, 1)
N_WRITERS = 4
MAX_TRIES = 5


class Writer:
    """Counts a day's number up, as often as it is asked to, each time from what the table holds."""

    def __init__(self, spark, root, number, claims):
        self.spark, self.number = spark, number
        self.store = Store(spark, root, keep_days=90)
        self.claims = claims(self.store, utc_now, minutes=60, wait_seconds=600)
        self.n_counted = self.n_conflicts = 0

    def count_up(self, day):
        claim = self.claims.take(f"writer {self.number}", {TABLE.name: (str(day),)})
        try:
            for _ in range(MAX_TRIES):
                newest = self.store.newest(TABLE)
                held = self.store.read(TABLE, version=newest, days=[day]).first()
                row = dict(as_of_date=day, measure="recency", score=1, lower_edge=Decimal(0), upper_edge=Decimal(1))
                rows = frame(self.spark, TABLE, row | {"n_customers": held["n_customers"] + 1})
                try:
                    self.store.replace_days(TABLE, rows, days=[day], entry={"commit_id": f"{self.number}:{self.n_counted}"})
                except Overtaken:
                    self.n_conflicts += 1
                    continue
                self.n_counted += 1
                return
            raise AssertionError(f"{MAX_TRIES} tries were not enough")
        finally:
            self.claims.release(claim)


def counted(spark, root, days_of, n, *, claims=Claims):
    """What the table holds in all, and what the writers say that they counted, after `n` steps of each."""
    store = Store(spark, root, keep_days=90)
    days = sorted({day for number in range(N_WRITERS) for day in days_of(number)})
    start = [
        dict(as_of_date=day, measure="recency", score=1, lower_edge=Decimal(0), upper_edge=Decimal(1), n_customers=0)
        for day in days
    ]
    store.replace_days(TABLE, frame(spark, TABLE, *start), days=days, entry={"commit_id": "start"})
    writers = [Writer(spark, root, number, claims) for number in range(N_WRITERS)]

    def work(writer):
        for step in range(n):
            own = days_of(writer.number)
            writer.count_up(own[step % len(own)])

    with ThreadPoolExecutor(N_WRITERS) as pool:
        list(pool.map(work, writers))
    held = sum(row["n_customers"] for row in store.read_newest(TABLE).collect())
    return held, sum(writer.n_counted for writer in writers)


def of_their_own(number):
    return [FIRST + timedelta(days=2 * number + n) for n in range(2)]


def one_for_all(number):
    return [FIRST]


@pytest.mark.parametrize("days_of", [of_their_own, one_for_all])
def test_no_update_is_lost(spark, tmp_path, trial_size, days_of):
    n = trial_size.n_commits // 2  # half of them on days of their own, half on one day
    assert counted(spark, str(tmp_path / "lake"), days_of, n) == (N_WRITERS * n, N_WRITERS * n)


def test_writers_without_claims_lose_updates(spark, tmp_path):
    held, said = counted(spark, str(tmp_path / "lake"), one_for_all, 5, claims=Unchecked)
    assert held < said
