"""A small source of orders, from an app and from tills, and lakes of it whose gates look at nothing."""

import json
from datetime import date

from lakes import open_lake
from trials.trial import Passing

FIRST, SECOND, THIRD = date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)

COLUMNS = """
order_id = { from = "order", type = "string", required = true }
line_id = { constant = "1", type = "string" }
ordered_at = { from = "at", type = "timestamp", format = "iso", required = true }
channel = { constant = "pos", type = "string" }
account_id = { from = "customer", type = "account", scope = "channel" }
product_id = { from = "sku", type = "product" }
unit_price_amount = { from = "price", type = "decimal", required = true }
"""
MENDED = f"""
name = "till"
description = "Orders of an app and of tills"
basis = "contract"
time_zone = "UTC"
late_limit_days = 3
repeat_days = 4
max_rejected_share = 1.0

[completion]
marker = "rename"

[bots]
by_user_agent = false
by_behaviour = false

[feeds.app]
table = "orders"
pattern = "app/*.jsonl"
format = "json_lines"
delivery_day = {{ from = "name", pattern = '(\\d{{4}}-\\d{{2}}-\\d{{2}})' }}
record_id = ["order_id", "line_id"]
duplicates = "drop"
transport = ["sent"]

[feeds.app.columns]{COLUMNS}
quantity = {{ from = "n", type = "long", required = true }}
currency = {{ from = "ccy", type = "string", map = {{ EUR = "EUR", "€" = "EUR" }}, required = true }}

[feeds.till]
table = "orders"
pattern = "till/*.csv"
format = "csv"
delivery_day = {{ from = "name", pattern = '(\\d{{4}}-\\d{{2}}-\\d{{2}})' }}
record_id = ["order_id", "line_id"]
duplicates = "drop"

[feeds.till.columns]{COLUMNS}
quantity = {{ from = "n", type = "long", required = true }}
currency = {{ constant = "EUR", type = "string" }}
"""
BROKEN = MENDED.replace(', "€" = "EUR"', "")
# The tills' header says n.
BROKEN = 'from = "pieces"'.join(BROKEN.rsplit('from = "n"', 1))


def order(name, customer="c1", price=2.5, ccy="EUR", day=FIRST, **other):
    told = {"order": name, "at": f"{day}T10:00:00Z", "customer": customer, "sku": "p1", "n": 2, "price": price, "ccy": ccy}
    return json.dumps({key: value for key, value in (told | other).items() if value is not None})


def opened_lake(spark, folder, landing, mapping):
    app = open_lake(spark, folder, source="till", landing=landing, overrides=[f"sources.directory={landing.parent / mapping}"])
    object.__setattr__(app, "gate", Passing(app.home / "expectations", timeout_seconds=60))
    return app
