"""Ten made-up records of a shipped source, from the landing folder to the standard's columns, as docs/sources.md asks for."""

from datetime import UTC, date, datetime
from decimal import Decimal

from frames import contents, in_order
from reclake.lake.schema import conform
from reclake.privacy.keys import load_key, make_key_files
from reclake.privacy.tokens import account_pseudonym
from reclake.settings import load_settings
from reclake.silver.order_records import order_records
from reclake.sources.catalogues import SOURCES
from reclake.sources.intake import take_in
from reclake.tables import silver

NOW = datetime(2026, 3, 5, tzinfo=UTC)


def test_nine_lines_are_kept_and_the_one_without_a_price_is_rejected(spark, root, tmp_path):
    make_key_files(str(tmp_path), ["id1"])
    key = load_key(str(tmp_path), "id1")
    source = SOURCES.read(root / "conf" / "sources" / "online_retail.toml")
    limits = load_settings(root, profile="test", environment={}).landing
    taken = take_in(
        spark, source, str(root / "tests" / "data" / "online_retail"), known=None, delivery_days=None, limits=limits, now=NOW,
        batch_id="b",
    )  # fmt: skip
    assert contents(taken.files, "file_name", "outcome", "n_records") == [
        {"file_name": "2011-01-04.csv", "outcome": "ingested", "n_records": 10}
    ]
    built = order_records(
        taken.records["orders"], sources={source.name: source}, timezone="UTC", id_key_id="id1", directory=str(tmp_path),
        max_record_bytes=limits.max_record_bytes, max_depth=limits.max_depth,
    )  # fmt: skip
    kept, said = ("kept", []), ("rejected", ["unit_price_amount is not above 0", "unit_price_amount is outside its limits"])
    wanted = [
        ("900001", "70001", "T100a", "T100A", 2, "12.50", "25.00", False, kept),
        ("900001", "70001", "T200", "T200", 6, "1.95", "11.70", False, kept),
        ("900001", "70001", "T200", "T200", 6, "1.95", "11.70", True, kept),
        ("900001", "70001", "POST", None, 1, "4.00", "4.00", False, kept),
        ("900002", None, "T100A", "T100A", 1, "12.50", "12.50", False, kept),
        ("900002", None, "T300", "T300", 12, "0.85", "10.20", False, kept),
        ("C900003", "70001", "T100A", "T100A", -1, "12.50", "-12.50", False, kept),
        ("900004", "70002", "T400", "T400", 1, "24.95", "24.95", False, kept),
        ("900004", "70002", "T300", "T300", 3, "0.00", "0.00", False, said),
        ("900005", "70002", "T200", "T200", 5, "1.95", "9.75", False, kept),
    ]
    rows = (
        dict(
            position=position,
            event_date=date(2011, 1, 4),
            order_id=order,
            account_id=customer and account_pseudonym(key, source=source.name, channel="web", native_id=customer),
            product_code=code,
            product_id=product,
            quantity=quantity,
            unit_price_amount=Decimal(price),
            line_amount=Decimal(amount),
            currency="GBP",
            is_return=quantity < 0,
            is_repeat=is_repeat,
            record_class=judged[0],
            reasons=judged[1],
        )
        for position, (order, customer, code, product, quantity, price, amount, is_repeat, judged) in enumerate(wanted)
    )
    told = in_order(*rows)
    assert contents(conform(built, silver.ORDER_RECORDS), *told[0]) == told
