from datetime import UTC, date, datetime
from decimal import Decimal

from frames import contents, frame
from reclake.lake.schema import conform
from reclake.silver.order_lines import order_lines
from reclake.tables import silver


def test_kept_lines_stay_as_they_are_returns_guests_and_repeats_too(spark):
    line = dict(
        source="shop", delivery_day=date(2026, 3, 2), file_digest="f", event_date=date(2026, 3, 1), order_id="o",
        ordered_at=datetime(2026, 3, 1, 9, tzinfo=UTC), quantity=1, line_amount=Decimal("2.5000"), currency="EUR", is_return=False,
        is_repeat=False, record_class="kept",
    )  # fmt: skip
    kept = (
        line | dict(position=0, account_id="a"),
        line | dict(position=1, account_id="a", is_repeat=True),
        line | dict(position=2, quantity=-1, line_amount=Decimal("-2.5000"), is_return=True),
    )
    gone = (
        line | dict(position=place, record_class=name) for place, name in enumerate(("rejected", "duplicate", "late"), start=3)
    )
    built = conform(order_lines(frame(spark, silver.ORDER_RECORDS, *kept, *gone)), silver.ORDER_LINES)
    assert contents(built) == contents(
        frame(spark, silver.ORDER_LINES, *({k: v for k, v in row.items() if k != "record_class"} for row in kept))
    )
