"""Who may be profiled, person by person."""

from datetime import date

import pytest

from frames import contents, frame
from reclake.privacy.consent import customers_to_profile
from reclake.tables import silver

OLD, DAY, NEXT = date(2026, 3, 1), date(2026, 3, 10), date(2026, 3, 11)


def may_be_profiled(spark, bases, said, *, as_of=DAY, linked_from=OLD):
    """Whether one person is profiled: `bases` by account, `said` as (account, purpose, granted, from, to)."""
    found = customers_to_profile(
        frame(spark, silver.IDENTITIES, *(dict(account_id=a, customer_id="c", valid_from=linked_from) for a in bases)),
        frame(spark, silver.ACCOUNTS, *(dict(account_id=a, valid_from=OLD, basis=basis) for a, basis in bases.items() if basis)),
        frame(
            spark,
            silver.CONSENTS,
            *(dict(account_id=a, purpose=p, is_granted=g, valid_from=f, valid_to=t) for a, p, g, f, t in said),
        ),
        as_of=as_of,
    )
    rows = contents(found)
    assert rows in ([], [{"customer_id": "c"}])
    return bool(rows)


YES = ("a", "personalisation", True, OLD, None)
NO_B = ("b", "personalisation", False, OLD, None)
CASES = {
    "silence is no": ({"a": "consent"}, [], False),
    "granted": ({"a": "consent"}, [YES], True),
    "granted for another purpose only": ({"a": "consent"}, [("a", "marketing", True, OLD, None)], False),
    "another purpose refused": ({"a": "consent"}, [YES, ("a", "marketing", False, OLD, None)], True),
    "granted on the day of the as_of": ({"a": "consent"}, [("a", "personalisation", True, DAY, None)], False),
    "withdrawn before": (
        {"a": "consent"},
        [("a", "personalisation", True, OLD, date(2026, 3, 5)), ("a", "personalisation", False, date(2026, 3, 5), None)],
        False,
    ),
    "withdrawn on the day of the as_of": (
        {"a": "consent"},
        [("a", "personalisation", True, OLD, DAY), ("a", "personalisation", False, DAY, None)],
        True,
    ),
    "one account granted, the other silent": ({"a": "consent", "b": "consent"}, [YES], True),
    "one account granted, the other refused": ({"a": "consent", "b": "consent"}, [YES, NO_B], False),
    "another basis needs none": ({"a": "research"}, [], True),
    "mixed bases, silent": ({"a": "consent", "b": "contract"}, [], False),
    "mixed bases, granted": ({"a": "consent", "b": "contract"}, [YES], True),
    "mixed bases, refused on the account that needs none": ({"a": "consent", "b": "contract"}, [YES, NO_B], False),
    "an account of which no source is known": ({"a": "contract", "b": None}, [], False),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_strictest_word_counts(spark, case):
    bases, said, expected = CASES[case]
    assert may_be_profiled(spark, bases, said) is expected


def test_a_merge_counts_from_the_day_after_it(spark):
    assert not may_be_profiled(spark, {"a": "research"}, [], linked_from=DAY)
    assert may_be_profiled(spark, {"a": "research"}, [], linked_from=DAY, as_of=NEXT)
