"""Real purchases for benchmarks of customer value: customer → sorted days, and amounts by day."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

Days = dict[str, dict[date, float]]


def cdnow(path: Path) -> Days:
    """CDNOW_master.txt or CDNOW_sample.txt of lifetimes: one purchase a day and customer, in USD."""
    found: Days = defaultdict(lambda: defaultdict(float))
    for line in path.read_text().splitlines():
        fields = line.split()
        if fields and fields[0].isdigit():
            day = date.fromisoformat(fields[-3])
            found[fields[0]][day] += float(fields[-1])
    return found


def online_retail(path: Path) -> Days:
    """online_retail.parquet: valid sales by customer and day, in GBP."""
    table = pq.read_table(path, columns=["CustomerID", "Quantity", "UnitPrice", "InvoiceDate"]).to_pandas()
    valid = table[table["CustomerID"].notna() & (table["Quantity"] > 0) & (table["UnitPrice"] > 0)]
    found: Days = defaultdict(lambda: defaultdict(float))
    days = valid["InvoiceDate"].astype("datetime64[ns]").dt.date
    for customer, day, quantity, price in zip(valid["CustomerID"], days, valid["Quantity"], valid["UnitPrice"], strict=True):
        found[str(int(customer))][day] += float(quantity) * float(price)
    return found
