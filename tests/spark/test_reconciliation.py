from datetime import date

from frames import contents, family, in_order
from reclake.lake.schema import conform
from reclake.ops.reconciliation import reconciliation
from reclake.tables import bronze, ops, silver

DAY = date(2026, 3, 2)
NEXT = date(2026, 3, 3)


def test_totals_agree_to_the_record_and_what_is_lost_or_invented_shows(spark):
    of_day = dict(source="demo", delivery_day=DAY, file_digest="f")
    of_next = dict(source="shop", delivery_day=NEXT, file_digest="g")
    classes = ("kept", "kept", "duplicate", "rejected", "late", "kept", "rejected", "late")
    raw = family(
        spark,
        bronze.FED,
        events=[*(of_day | dict(position=n) for n in range(8)), of_next | dict(position=0)],
        orders=[of_next | dict(position=n) for n in range(3)],
    )
    of_events = [of_day | dict(position=n, record_class=name) for n, name in enumerate(classes)]
    # One line is lost, another has a class that does not exist.
    of_orders = [of_next | dict(position=0, record_class="kept"), of_next | dict(position=1, record_class="?")]
    records = family(
        spark,
        silver.RECORDS,
        event_records=[*of_events, of_next | dict(position=0, record_class="kept")],
        order_records=of_orders,
        consent_records=[of_day | dict(position=0, record_class="rejected", reasons=["it is no JSON"])],
    )
    built = reconciliation(raw, records)
    row = dict(
        source="demo", delivery_day=DAY, n_kept=0, n_duplicates=0, n_rejected=0, n_late=0, n_unaccounted=0, rejected_share=0.0,
        n_refused_consents=None, n_unnamed_consents=None, n_named_accounts=None,
    )  # fmt: skip
    assert contents(conform(built, ops.RECONCILIATION)) == in_order(
        row
        | dict(
            record_table="silver.event_records", n_in=8, n_kept=3, n_duplicates=1, n_rejected=2, n_late=2, rejected_share=0.25
        ),
        row | dict(source="shop", delivery_day=NEXT, record_table="silver.event_records", n_in=1, n_kept=1),
        row | dict(source="shop", delivery_day=NEXT, record_table="silver.order_records", n_in=3, n_kept=1, n_unaccounted=2),
        row
        | dict(record_table="silver.consent_records", n_in=0, n_rejected=1, n_unaccounted=-1)
        | dict(n_refused_consents=1, n_unnamed_consents=1, n_named_accounts=0),
    )


def test_refused_consents_are_counted_with_whom_they_name(spark):
    classes = dict(kept=[], duplicate=["again"], rejected=["is_granted is missing"])

    def consent(place, name, account=None, *, day=DAY, source="demo", **other):
        told = dict(source=source, delivery_day=day, file_digest="f", position=place, record_class=name, account_id=account)
        return told | dict(reasons=classes[name]) | other

    records = [
        consent(0, "kept", "a"),
        consent(1, "rejected", "a"),
        consent(2, "rejected", "a"),
        consent(3, "rejected", "b"),
        consent(4, "rejected"),
        consent(5, "rejected", reasons=["it is empty"]),
        consent(6, "duplicate", "c"),
        consent(0, "rejected", "a", day=NEXT),
        consent(0, "kept", "a", source="shop"),
    ]
    built = reconciliation(family(spark, bronze.FED), family(spark, silver.RECORDS, consent_records=records))
    counts = ("n_rejected", "n_refused_consents", "n_unnamed_consents", "n_named_accounts")
    assert contents(built, "source", "delivery_day", *counts) == in_order(
        dict(source="demo", delivery_day=DAY) | dict(zip(counts, (5, 4, 1, 2), strict=True)),
        dict(source="demo", delivery_day=NEXT) | dict(zip(counts, (1, 1, 0, 1), strict=True)),
        dict(source="shop", delivery_day=DAY) | dict(zip(counts, (0, 0, 0, 0), strict=True)),
    )
