"""silver.customer_numbers: dense, never used twice, and for ever."""

import random

from test_identities import account, customer

from frames import frame
from reclake.lake.schema import conform
from reclake.silver.customer_numbers import customer_numbers
from reclake.tables import silver


def numbered(spark, names, earlier=None):
    """Customer → number, as a run writes it over what the table holds."""
    held = [dict(customer_id=name, customer_number=number) for name, number in (earlier or {}).items()]
    accounts = [account(name, n) for name in names for n in (0, 1)]  # two states of each
    rows = customer_numbers(frame(spark, silver.ACCOUNTS, *accounts), earlier=frame(spark, silver.CUSTOMER_NUMBERS, *held))
    found = [tuple(row) for row in conform(rows, silver.CUSTOMER_NUMBERS).collect()]
    assert len(dict(found)) == len(found)
    return dict(found)


def test_numbers_are_dense_stay_and_are_given_once_whatever_came_first(spark):
    names = [f"a_{n}" for n in range(300)]
    whole = numbered(spark, names)
    assert whole.keys() == {customer(name) for name in names}
    assert sorted(whole.values()) == list(range(1, 301))
    assert numbered(spark, random.Random(1).sample(names, 300)) == whole, "the order of rows must not matter"

    # Day after day, and the days the other way round: the same have a number, and one that was given stays.
    for days in ((names[:100], names[100:120], names[120:]), (names[120:], names[100:120], names[:100])):
        told, known = {}, []
        for day in days:
            known += day
            after = numbered(spark, known, told)
            assert told.items() <= after.items()
            assert sorted(after.values()) == list(range(1, len(known) + 1))
            told = after
        assert told.keys() == whole.keys()

    # Built anew from all, with what it holds: nothing moves. Nor does a number of somebody who is not known any more.
    assert numbered(spark, names, whole) == whole
    assert numbered(spark, [*names[1:], "a_new"], whole) == whole | {customer("a_new"): 301}


def test_nobody_has_no_number(spark):
    assert numbered(spark, []) == {}
