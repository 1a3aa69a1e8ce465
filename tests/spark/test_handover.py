"""Which account a contact list is handed out with: one whose contact is there, the verified first, then the last stated."""

from datetime import date

from frames import contents, frame, in_order
from reclake.outreach.handover import with_account
from reclake.tables import silver

OLD, AS_OF, NOW = date(2026, 1, 1), date(2026, 3, 10), date(2026, 3, 12)


def test_a_verified_contact_comes_first_then_the_last_stated_and_what_is_gone_is_left_out(spark):
    owners = {"c1": "abc", "c2": "de", "c3": "f", "c4": "g", "c5": "h"}
    identities = [dict(account_id=one, customer_id=customer, valid_from=OLD) for customer, own in owners.items() for one in own]
    account = dict(valid_from=OLD, channel="web", is_device=False)
    accounts = [
        account | dict(account_id="a", email_token="t:a"),
        account | dict(account_id="b", email_token="t:b", is_email_verified=True),
        account | dict(account_id="c", email_token="t:c", is_email_verified=True),  # its contact is gone
        account | dict(account_id="d", phone_token="t:d"),
        account | dict(account_id="e", phone_token="t:e"),
        account | dict(account_id="f", channel="app"),
        account | dict(account_id="g", email_token="t:shop"),
        account | dict(account_id="h", phone_token="t:h"),
    ]
    stated = {"a": (3, "email"), "b": (1, "email"), "d": (2, "phone"), "e": (1, "phone"), "g": (1, "email"), "h": (1, "email")}
    contacts = [
        {"account_id": one, f"{kind}_encrypted": one.encode(), "key_id": "c1", "delivery_day": date(2026, 2, day)}
        for one, (day, kind) in stated.items()
    ]
    asked = {"c1": "email", "c2": "call", "c3": "push", "c4": "email", "c5": "sms"}
    listed = spark.createDataFrame(list(asked.items()), "customer_id string, contact_channel string")
    found = with_account(
        listed,
        frame(spark, silver.IDENTITIES, *identities),
        frame(spark, silver.ACCOUNTS, *accounts),
        frame(spark, silver.SHARED_KEYS, dict(key_kind="email", key="t:shop", valid_from=OLD, n_accounts=9)),
        frame(spark, silver.CONTACTS, *contacts),
        listed_as_of=AS_OF,
        now=NOW,
    )
    columns = ("customer_id", "contact_channel", "account_id", "sealed_contact", "key_id")
    wanted = [
        ("c1", "email", "b", b"b", "c1"),
        ("c2", "call", "d", b"d", "c1"),
        ("c3", "push", "f", None, None),
    ]
    assert contents(found, *columns) == in_order(*(dict(zip(columns, row, strict=True)) for row in wanted))
