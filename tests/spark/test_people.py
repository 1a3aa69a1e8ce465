"""PEOPLE: a device that many use is nobody's customer, and lends nobody what was done on it."""

from datetime import date

import pytest

from ages import min_age
from frames import contents, frame, in_order
from reclake.identity.people import customers_to_profile, people
from reclake.privacy.consent import customers_open_to
from reclake.tables import silver

DAY = date(2026, 3, 9)
OLD = date(2026, 3, 1)


def of(spark, evidence):
    """One person with an account, and a tablet with this evidence; the source needs nobody's consent."""
    identity = dict(valid_from=OLD, n_accounts=1)
    described = dict(valid_from=OLD, source="shop", basis="contract", is_machine=False, channel="pos")
    return (
        frame(
            spark,
            silver.IDENTITIES,
            identity | dict(account_id="a", customer_id="c_a", evidence="alone"),
            identity | dict(account_id="tablet", customer_id="c_tablet", evidence=evidence),
        ),
        frame(
            spark,
            silver.ACCOUNTS,
            described | dict(account_id="a", is_device=False),
            described | dict(account_id="tablet", is_device=True),
        ),
        frame(spark, silver.CONSENTS),
    )


@pytest.mark.parametrize(("evidence", "customers"), [("alone", ["c_a", "c_tablet"]), ("shared", ["c_a"])])
def test_a_shared_device_is_nobody_s_customer(spark, evidence, customers):
    rows = people(*of(spark, evidence), as_of=DAY, min_age=min_age())
    assert contents(rows, "customer_id") == in_order(*(dict(customer_id=one) for one in customers))
    assert contents(customers_to_profile(rows)) == in_order(*(dict(customer_id=one) for one in customers))
    open_to = customers_open_to(*of(spark, evidence), use="profiling", min_age=min_age(), as_of=DAY)
    assert contents(open_to) == in_order(*(dict(customer_id=one) for one in customers))
