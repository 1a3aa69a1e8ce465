from datetime import date

from frames import contents, family, in_order
from reclake.lake.schema import conform
from reclake.silver.rejected_records import rejected_records
from reclake.tables import silver


def test_what_was_not_kept_of_any_table_is_pointed_to_with_its_reasons(spark):
    pointer = dict(source="demo", delivery_day=date(2026, 3, 2), file_digest="f")
    event = pointer | dict(position=1, record_class="rejected", reasons=["id clash", "occurred_at is missing"])
    order = pointer | dict(position=2, record_class="duplicate", reasons=["duplicate"])
    consent = pointer | dict(position=3, record_class="late", reasons=["late"])
    kept = pointer | dict(position=0, record_class="kept", reasons=[])
    built = rejected_records(
        family(
            spark,
            silver.RECORDS,
            event_records=[event | dict(account_id="a", search_query="tea"), kept],
            order_records=[order, kept],
            account_records=[kept],
            consent_records=[consent],
        )
    )
    assert built.columns == [field.name for field in silver.REJECTED_RECORDS.fields]
    assert contents(conform(built, silver.REJECTED_RECORDS)) == in_order(
        event | dict(record_table="silver.event_records"),
        order | dict(record_table="silver.order_records"),
        consent | dict(record_table="silver.consent_records"),
    )
