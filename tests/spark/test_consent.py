"""Who may be profiled and marketed to, person by person."""

from datetime import date

import pytest

from ages import min_age
from frames import contents, frame
from reclake.errors import SettingsInvalid
from reclake.privacy.consent import customers_open_to
from reclake.settings import load_settings
from reclake.tables import silver

OLD, DAY, NEXT = date(2026, 3, 1), date(2026, 3, 10), date(2026, 3, 11)


def is_open(spark, bases, said, *, use="profiling", as_of=DAY, linked_from=OLD, born=None, limits=None):
    """Whether one person is open to the use: `bases` and `born` by account, `said` as (account, purpose, granted, from, to)."""
    years = born or {}
    found = customers_open_to(
        frame(spark, silver.IDENTITIES, *(dict(account_id=a, customer_id="c", valid_from=linked_from) for a in bases)),
        frame(
            spark,
            silver.ACCOUNTS,
            *(dict(account_id=a, valid_from=OLD, basis=basis, birth_year=years.get(a)) for a, basis in bases.items() if basis),
        ),
        frame(
            spark,
            silver.CONSENTS,
            *(dict(account_id=a, purpose=p, is_granted=g, valid_from=f, valid_to=t) for a, p, g, f, t in said),
        ),
        use=use,
        min_age=limits or min_age(),
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
    "another basis, refused all the same": ({"a": "contract"}, [("a", "personalisation", False, OLD, None)], False),
    "another basis, another purpose refused": ({"a": "contract"}, [("a", "marketing", False, OLD, None)], True),
    "mixed bases, silent": ({"a": "consent", "b": "contract"}, [], False),
    "mixed bases, granted": ({"a": "consent", "b": "contract"}, [YES], True),
    "mixed bases, refused on the account that needs none": ({"a": "consent", "b": "contract"}, [YES, NO_B], False),
    "an account of which no source is known": ({"a": "contract", "b": None}, [], False),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_strictest_word_counts(spark, case):
    bases, said, expected = CASES[case]
    assert is_open(spark, bases, said) is expected


def test_a_merge_counts_from_the_day_after_it(spark):
    assert not is_open(spark, {"a": "research"}, [], linked_from=DAY)
    assert is_open(spark, {"a": "research"}, [], linked_from=DAY, as_of=NEXT)


MARKETING = ("a", "marketing", True, OLD, None)


@pytest.mark.parametrize(
    ("bases", "said", "expected"),
    [
        ({"a": "consent"}, [MARKETING], True),
        ({"a": "consent"}, [YES], False),
        # No basis but consent lets a person be written to.
        ({"a": "contract"}, [], False),
        ({"a": "contract"}, [MARKETING], True),
        ({"a": "contract", "b": "research"}, [MARKETING, ("b", "marketing", False, OLD, None)], False),
    ],
)
def test_marketing_is_asked_for_by_its_own_purpose_whatever_the_basis(spark, bases, said, expected):
    assert is_open(spark, bases, said, use="marketing") is expected


SAID = [YES, MARKETING]
# Years of birth by account, and for as_of 2026-03-10 whether the person may be profiled and marketed to.
AGES = {
    "nobody states one": ({}, True, True),
    "of age": ({"a": 2007}, True, True),
    "18 this year, perhaps not yet": ({"a": 2008}, True, False),
    "14 since last year at the latest": ({"a": 2011}, True, False),
    "14 this year, perhaps not yet": ({"a": 2012}, False, False),
    "a child": ({"a": 2020}, False, False),
    "one account says a child, another a parent": ({"a": 1980, "b": 2015}, False, False),
    "one account says so, another nothing": ({"b": 2015}, False, False),
}


@pytest.mark.parametrize("case", AGES, ids=str)
def test_who_may_be_too_young_is_out(spark, case):
    born, profiled, marketed = AGES[case]
    bases = {"a": "consent", "b": "contract"}
    assert is_open(spark, bases, SAID, born=born) is profiled
    assert is_open(spark, bases, SAID, born=born, use="marketing") is marketed


def test_a_person_grows_up_with_the_as_of(spark):
    for year, expected in ((2026, False), (2027, True)):
        as_of = date(year, 12, 31)
        assert is_open(spark, {"a": "consent"}, SAID, born={"a": 2012}, as_of=as_of) is expected


def test_the_strictest_limit_of_the_bases_counts(spark):
    limits = min_age(consent=(16, 18), contract=(15, 21))
    assert is_open(spark, {"a": "contract"}, SAID, born={"a": 2010}, limits=limits)
    assert not is_open(spark, {"a": "consent"}, SAID, born={"a": 2010}, limits=limits)
    assert not is_open(spark, {"a": "contract", "b": "consent"}, SAID, born={"a": 2010}, limits=limits)
    assert is_open(spark, {"a": "research"}, SAID, born={"a": 2011}, limits=limits)
    assert not is_open(spark, {"a": "contract", "b": "consent"}, SAID, born={"a": 2006}, use="marketing", limits=limits)
    assert is_open(spark, {"a": "consent"}, SAID, born={"a": 2006}, use="marketing", limits=limits)


def test_an_unknown_age_may_be_refused(spark):
    limits = min_age(unknown_is_allowed=False)
    assert not is_open(spark, {"a": "consent"}, SAID, limits=limits)
    assert is_open(spark, {"a": "consent", "b": "consent"}, SAID, born={"b": 1990}, limits=limits)


def test_the_shipped_limits_and_what_a_setting_may_not_say(root):
    def section(*overrides):
        return load_settings(root, profile="test", overrides=overrides, environment={}).privacy.min_age

    assert section() == min_age()
    german = section("privacy.min_age.of_basis.consent={profiling=16, marketing=18}")
    assert german == min_age(consent=(16, 18))
    with pytest.raises(SettingsInvalid, match=r"of_basis.consent.profiling is 13, below any_basis.profiling \(14\)"):
        section("privacy.min_age.of_basis.consent={profiling=13, marketing=18}")
    with pytest.raises(SettingsInvalid, match="sales"):
        section("privacy.min_age.any_basis.sales=18")
