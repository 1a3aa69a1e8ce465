"""A writer that counts days up, each time from what the table holds: counting.py ROOT NUMBER SHARING N_STEPS is one alone."""

import random
import sys
import time
from datetime import date, timedelta
from decimal import Decimal

from frames import frame
from lakes import ROOT
from reclake.errors import Overtaken
from reclake.lake.claims import Claims
from reclake.lake.session import open_session
from reclake.lake.store import Store
from reclake.run.application import utc_now
from reclake.tables import gold

TABLE = gold.SEGMENT_BINS
FIRST = date(2026, 3, 1)
MAX_TRIES = 5
N_STEPS_OF_A_CLAIM = 5
OWN, SHARED = "own", "shared"


def days_of(number, sharing):
    """The days that a writer counts: two of its own, or one that all want."""
    return [FIRST] if sharing == SHARED else [FIRST + timedelta(days=2 * number + n) for n in range(2)]


def counter(day, n):
    """The row of a day."""
    return dict(as_of_date=day, measure="recency", score=1, lower_edge=Decimal(0), upper_edge=Decimal(1), n_customers=n)


def open_store(spark, root):
    """The store as each writer has its own."""
    return Store(spark, root, keep_days=90)


class Writer:
    """Counts up under a claim; what fails for another's commit is done again from what that left, after a moment."""

    def __init__(self, spark, root, number, sharing, *, claims=Claims, max_tries=MAX_TRIES):
        self.spark, self.number, self.days = spark, number, days_of(number, sharing)
        self.store = open_store(spark, root)
        self.claims = claims(self.store, utc_now, minutes=60, wait_seconds=600)
        self.rng, self.max_tries = random.Random(number), max_tries
        self.n_counted = self.n_conflicts = 0

    def count(self, n_steps):
        """Take the steps, a few under each claim, so that the others get their turn."""
        for begun in range(0, n_steps, N_STEPS_OF_A_CLAIM):
            claim = self.claims.take(f"writer {self.number}", {TABLE.name: tuple(map(str, self.days))})
            try:
                for step in range(begun, min(begun + N_STEPS_OF_A_CLAIM, n_steps)):
                    self._count_up(self.days[step % len(self.days)])
            finally:
                self.claims.release(claim)

    def _count_up(self, day):
        for tries in range(self.max_tries):
            newest = self.store.newest(TABLE)
            held = self.store.read(TABLE, version=newest, days=[day]).first()
            rows = frame(self.spark, TABLE, counter(day, held["n_customers"] + 1))
            try:
                self.store.replace_days(TABLE, rows, days=[day], entry={"commit_id": f"{self.number}:{self.n_counted}"})
            except Overtaken as conflict:
                if conflict.__cause__ is None:
                    raise  # no conflict of Delta's
                self.n_conflicts += 1
                time.sleep(self.rng.uniform(0, 0.2 * 2 ** min(tries, MAX_TRIES)))
                continue
            self.n_counted += 1
            return
        # As many tries were not enough: the step is missing in what was counted.


def main(root, number, sharing, n_steps):
    session = open_session(ROOT / "conf" / "spark" / "test", name=f"writer {number}")
    writer = Writer(session, root, int(number), sharing)
    writer.count(int(n_steps))
    sys.stdout.write(f"{writer.n_counted}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
