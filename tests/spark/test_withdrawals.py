"""Who leaves a model, and who of them withdrew."""

from datetime import date

import pytest

from frames import contents, frame
from reclake.recommend.withdrawals import not_allowed, withdrawn
from reclake.tables import silver

START, MOVED, DAY = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


def belongs(account_id, customer_id, *, since=START, until=None):
    return dict(account_id=account_id, customer_id=customer_id, valid_from=since, valid_to=until)


# A customer of the model, the accounts' history, who may be profiled at DAY, and whether the customer withdrew.
CASES = {
    "may be profiled": ([belongs("a", "learnt")], {"learnt"}, None),
    "withdrew": ([belongs("a", "learnt")], set(), True),
    "is part of somebody who may be profiled": (
        [belongs("a", "learnt", until=MOVED), belongs("a", "other", since=MOVED)],
        {"other"},
        False,
    ),
    "is part of somebody who withdrew": ([belongs("a", "learnt", until=MOVED), belongs("a", "other", since=MOVED)], set(), True),
    "was parted, and one part withdrew": (
        [
            *(belongs(account, "learnt", until=MOVED) for account in "ab"),
            belongs("a", "first", since=MOVED),
            belongs("b", "second", since=MOVED),
        ],
        {"first"},
        True,
    ),
    "moves only after the as_of": ([belongs("a", "learnt", until=DAY), belongs("a", "other", since=DAY)], {"other"}, True),
    "is known by no account any more": ([], {"other"}, True),
}


@pytest.mark.parametrize(("history", "may", "expected"), CASES.values(), ids=list(CASES))
def test_a_customer_of_the_model(spark, history, may, expected):
    identities = frame(spark, silver.IDENTITIES, *history, belongs("z", "bystander"))
    ids = "customer_id string"
    learnt = spark.createDataFrame([("learnt",), ("bystander",)], ids)
    allowed = spark.createDataFrame([(name,) for name in may | {"bystander"}], ids)
    left = not_allowed(learnt, allowed)
    assert contents(left) == ([] if expected is None else [{"customer_id": "learnt"}])
    assert contents(withdrawn(left, identities, allowed, as_of=DAY)) == ([{"customer_id": "learnt"}] if expected else [])
