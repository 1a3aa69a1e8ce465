from datetime import UTC, date, datetime

from frames import contents, frame, in_order
from reclake.lake.schema import conform
from reclake.silver.consents import consents
from reclake.tables import silver


def test_the_last_decision_of_a_day_holds_whenever_it_was_delivered(spark):
    said = dict(
        source="demo",
        delivery_day=date(2026, 3, 5),
        file_digest="f",
        record_class="kept",
        account_id="a",
        purpose="personalisation",
    )
    records = frame(
        spark,
        silver.CONSENT_RECORDS,
        said | dict(position=0, is_granted=True, changed_at=datetime(2026, 3, 1, 9, tzinfo=UTC)),
        # Withdrawn and granted again on one day, delivered the other way round.
        said | dict(position=1, is_granted=True, changed_at=datetime(2026, 3, 3, 12, tzinfo=UTC)),
        said | dict(position=2, is_granted=False, changed_at=datetime(2026, 3, 3, 11, tzinfo=UTC)),
        said | dict(position=3, is_granted=False, changed_at=datetime(2026, 3, 4, 17, tzinfo=UTC)),
        said | dict(position=4, is_granted=True, changed_at=datetime(2026, 3, 9, 1, tzinfo=UTC), record_class="rejected"),
        said | dict(position=5, is_granted=False, purpose="marketing"),
    )
    row = dict(account_id="a", purpose="personalisation", valid_to=None)
    assert contents(conform(consents(records, timezone="Asia/Shanghai"), silver.CONSENTS)) == in_order(
        row | dict(valid_from=date(2026, 3, 1), valid_to=date(2026, 3, 5), is_granted=True),
        row | dict(valid_from=date(2026, 3, 5), is_granted=False),
        row | dict(purpose="marketing", valid_from=date(2026, 3, 5), is_granted=False),
    )
