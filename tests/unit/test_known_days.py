"""The days of a table, prepared for a plan over many output days, say what the entries say one by one."""

import random
from dataclasses import replace
from datetime import date, timedelta

from test_plan import entry

from reclake.lake.digest import WHOLE, DayContent, Digest
from reclake.run.known_days import KnownDays
from reclake.tables import bronze, silver

FIRST = date(2026, 1, 1)


def days(n):
    return [str(FIRST + timedelta(days=number)) for number in range(n)]


def made(rng, *names, version):
    """An entry per day, some of them without rows, some ahead of the version."""
    entries = {}
    for name in names:
        details = {day: Digest(rng.randrange(3), rng.getrandbits(64)) for day in rng.sample(days(9), 3)}
        content = DayContent(Digest(rng.randrange(3), rng.getrandbits(64)), details)
        entries[name] = replace(entry(bronze.ORDERS, name), content=content, version=version + rng.randrange(-2, 3))
    return entries


def test_parts_and_deliveries_are_those_of_every_entry(trial_seed):
    rng = random.Random(trial_seed)
    entries = made(rng, *days(9), version=5)
    known = KnownDays(entries, 5)
    for day, part in zip(known.days, known.parts, strict=True):
        held = entries[day]
        shown = f"unpublished {held.version}" if held.version > 5 else str(held.content.digest)
        assert part == (f"{day}={shown}" if held.content.digest.n_rows else "")
    for day in days(9):
        assert list(known.brought_by.get(day, [])) == [one for one in days(9) if day in entries[one].content.details]
    assert known.n_rows == sum(held.content.digest.n_rows for held in entries.values())
    assert any(held.version > 5 for held in entries.values())
    assert [KnownDays(entries, None).ahead(day) for day in entries] == [None] * 9


def test_what_is_valid_is_the_sum_of_the_changes_before_the_as_of(trial_seed):
    rng = random.Random(trial_seed)
    details = {day: Digest(rng.randrange(5), rng.getrandbits(64)) for day in rng.sample(days(30), 12)}

    whole = replace(entry(silver.PRODUCTS, WHOLE), content=DayContent(Digest(1, 1), details))
    known = KnownDays({WHOLE: whole}, None)
    for as_of in days(32):
        assert known.valid_at(as_of) == sum((digest for day, digest in details.items() if day < as_of), Digest())
