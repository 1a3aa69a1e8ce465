"""Every shipped suite on three rows of its table: a full one and a sparse one that it accepts, and one that it does not."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from pyspark.sql import functions as F

from frames import frame
from reclake import tables
from reclake.quality.measures import flaws
from reclake.quality.suites import load_suite

DAY, NEXT = date(2026, 3, 1), date(2026, 3, 2)
AT, LATER = datetime(2026, 3, 1, 10), datetime(2026, 3, 1, 11)
HEX = "0123456789abcdef" * 4
ACCOUNT, DEVICE, CUSTOMER, TOKEN = f"a_{HEX[:32]}", f"d_{HEX[:32]}", f"c_{HEX[:32]}", f"c1:{HEX[:32]}"
ONE = Decimal("1.0000")

FILE = {"source": "demo", "delivery_day": DAY, "file_digest": HEX, "position": 0}
RAW = FILE | {"file_name": "a/b 1.csv", "format": "csv", "raw": b"1", "content_hash": HEX, "arrived_at": AT, "batch_id": "r1"}
REFUSED = FILE | {"record_class": "rejected", "reasons": ["x"], "is_repeat": False}
KEPT = FILE | {"record_class": "kept", "reasons": [], "is_repeat": True}
VALID = {"valid_from": DAY, "valid_to": NEXT}
EVENT = {
    "event_id": "e1", "event_date": DAY, "occurred_at": AT, "received_at": LATER, "channel": "app", "event_type": "rate", "account_id": ACCOUNT,
    "login_account_id": ACCOUNT, "device_id": DEVICE, "product_id": "p", "order_id": "o", "rating": 4.5, "search_query": "a 128GB [phone]", "user_agent": "x",
}  # fmt: skip
LINE = {"line_kind": "product", "order_scope": "web",
    "order_id": "o", "line_id": "1", "event_date": DAY, "ordered_at": AT, "received_at": AT, "channel": "pos", "account_id": ACCOUNT, "product_id": "p",
    "product_code": "P", "product_name": "n", "country": "CN", "quantity": 2, "unit_price_amount": ONE, "line_amount": 2 * ONE, "currency": "CNY", "is_return": False,
}  # fmt: skip
STATE = {
    "channel": "web", "registered_at": AT, "phone_token": TOKEN, "email_token": TOKEN, "card_token": TOKEN, "union_token": TOKEN, "is_phone_verified": True, "is_email_verified": False, "device_id": DEVICE, "region": "r", "gender": "g", "birth_year": 1980,
}  # fmt: skip
SOLD = {
    "product_name": "n",
    "category": "c",
    "price_amount": ONE,
    "currency": "CNY",
    "is_active": True,
    "brand": "b",
    "variant_of": "p",
    "list_price_amount": ONE,
}
SHOWN = {
    "list_id": "l", "list_position": 1, "event_date": DAY, "shown_at": AT, "received_at": AT, "channel": "app", "account_id": ACCOUNT,
    "login_account_id": ACCOUNT, "device_id": DEVICE, "product_id": "p", "scenario": "home", "strategy": "als", "model_version": "1", "arm": "a",
    "propensity": 0.25, "order_id": "o",
}  # fmt: skip
SEGMENT = {"as_of_date": NEXT, "customer_id": CUSTOMER, "return_amount": Decimal(0), "currency": "CNY"}
WORTH = {"as_of_date": NEXT, "customer_id": CUSTOMER, "currency": "CNY", "first_purchase_date": DAY, "last_purchase_date": DAY}
SHARES = {
    "bought_share": 0.5, "bought_lower_share": 0.2, "bought_upper_share": 0.8, "stayed_share": 0.5, "stayed_lower_share": 0.2, "stayed_upper_share": 0.8,
}  # fmt: skip
LISTED = {
    "as_of_date": NEXT, "contact_purpose": "win_back", "customer_id": CUSTOMER, "consent_purpose": "marketing", "tier": "churn_warning",
    "priority": 1, "contact_channel": "email", "currency": "CNY", "reason": "Why.", "reason_zh": "原因。",
}  # fmt: skip
PLACE = {"as_of_date": DAY, "scenario": "home", "rank": 1, "product_id": "p", "score": 0.1}
WHY = {
    "reason": "goes_with", "reason_en": "Goes with q", "reason_zh": "与q搭配", "evidence_relation": "bought_together", "evidence_product_id": "q",
    "price_amount": ONE, "currency": "CNY", "stock_status": "in_stock",
}  # fmt: skip
BESIDE = PLACE | {"scenario": "cart", "strategy": "popular", "position": 3}
SERVED = {
    "as_of_date": DAY, "scenario": "home", "block": "list", "position": 1, "strategy": "als", "n_rows": 5, "n_queries": 3, "n_served": 2,
}  # fmt: skip
COUNTED = {"source": "demo", "record_table": "silver.event_records", "delivery_day": DAY}
SESSION = {
    "session_id": HEX, "session_date": DAY, "source": "demo", "unit_id": DEVICE, "account_id": ACCOUNT, "started_at": AT, "ended_at": AT,
    "duration_seconds": 0, "n_events": 1, "n_views": 0, "n_carts": 0, "n_purchases": 0, "is_engaged": False,
}  # fmt: skip
COMPARED = ("name", "latin_name", "phone", "email", "address", "birth_year", "gender", "region")
PAIR = {
    "left_account_id": ACCOUNT, "right_account_id": DEVICE, "valid_from": DAY, "match_weight": 12.0, "match_probability": 0.5,
    "is_linked": True, "model_version": "default",
}  # fmt: skip
DECISION = {
    "decision_id": "x1",
    "action": "never_link",
    "left_account_id": ACCOUNT,
    "right_account_id": DEVICE,
    "valid_from": DAY,
    "author": "li",
    "reason": "two sisters",
    "recorded_at": AT,
}
METRIC = {
    "training_id": "t",
    "as_of_date": DAY,
    "model_name": "als",
    "split": "s",
    "n_customers": 1,
    "is_promoted": False,
    "value": 0.5,
}
BOUGHT = {"as_of_date": NEXT, "customer_id": CUSTOMER, "product_id": "p", "n_orders": 1, "n_pieces": 2, "last_order_date": DAY}
SALE = {
    "as_of_date": NEXT, "period": "day", "start_date": DAY, "is_open": False, "currency": "CNY",
    "n_orders": 1, "n_lines": 1, "n_returns": 0, "n_customers": 1, "n_guest_orders": 0,
}  # fmt: skip
FIRST = {
    "as_of_date": NEXT, "month_date": DAY, "channel": "app", "n_customers": 1,
    **{f"{name}_{days}": n for days in (30, 60, 90) for name, n in (("n_repeat", 1), ("n_open", 0), ("n_mature", 1))},
}  # fmt: skip
CUBE = {
    "as_of_date": NEXT, "month_date": DAY, "is_open": True, "dimension_a": "channel", "value_a": "app", "dimension_b": "tier",
    "value_b": "new", "n_events": 30, "n_sessions": 12, "n_orders": 12, "n_buyers": 11, "currency": "CNY", "n_customers": 11,
    "customer_bitmap": b"x",
}  # fmt: skip
COHORT = {
    "as_of_date": NEXT, "activity": "order", "period": "day", "cohort_kind": "first", "start_date": DAY, "dimension": "all",
    "value": "all", "from_interval": 1,
    "is_open": False, "n_customers": 2, "currency": "CNY", "n_left_out": 0,
}  # fmt: skip
LIVES = {"as_of_date": NEXT, "activity": "any", "period": "day", "start_date": DAY, "is_open": False, "n_left_out": 0}
RELATED = {
    "as_of_date": NEXT, "product_id": "p", "related_product_id": "q", "score": 0.25, "n_together": 5, "n_product": 10, "n_related": 8,
    "confidence": 0.5, "lift": 2.5,
}  # fmt: skip
DUE = {
    "as_of_date": NEXT, "customer_id": CUSTOMER, "product_id": "p", "category": "c", "last_bought_on": DAY, "usual_gap_days": 7.5, "category_gap_days": 8.0,
    "elapsed_days": 1, "due_ratio": 0.13, "hazard": 0.6, "score": 0.6, "n_bought": 1,
}  # fmt: skip

FUNNEL = {
    "as_of_date": NEXT, "funnel": "f", "period": "day", "entry_date": DAY, "dimension": "all", "value": "all", "step": 1, "step_name": "view",
    "n_entered": 20, "n_customers": 12, "n_reached": 20, "n_lost": 3, "n_open": 2, "n_excluded": 0, "n_lost_customers": 3, "n_mature": 15,
    "n_mature_reached": 15, "overall_share": 1.0, "is_final": False,
}  # fmt: skip
SECONDS = {f"{since}_seconds_{of}": 60.0 for since in ("step", "total") for of in ("mean", "p25", "median", "p75", "p90")}
LOSS = {
    "as_of_date": NEXT,
    "funnel": "f",
    "step": 1,
    "step_name": "view",
    "dimension": "next_event",
    "value": "left",
    "n_lost": 12,
}
EDGE = {
    "as_of_date": NEXT, "path": "p", "form": "raw", "dimension": "all", "value": "all", "from_node": "cart", "to_node": "path_end",
    "n_transitions": 12, "n_paths": 11, "n_customers": 10, "is_with_others": False, "from_share": 0.5, "to_share": 1.0,
}  # fmt: skip
WAY = {
    "as_of_date": NEXT, "path": "p", "form": "raw", "dimension": "all", "value": "all", "anchor": "path_start", "occurrence": "first",
    "direction": "from", "step": 1, "node": "cart", "n_at_node": 12, "n_customers": 11, "n_ways": 12, "n_paths": 12, "node_share": 1.0,
}  # fmt: skip
ROUTE = {
    "as_of_date": NEXT, "path": "p", "form": "collapsed", "n_nodes": 3, "route": "other", "n_occurrences": 20, "base_share": 0.0,
}  # fmt: skip

# By table: a full row, a sparse one, what a third row has instead, and the columns that its findings name.
ROWS = {
    **{
        f"bronze.{noun}": (
            RAW | {"header": "h", "replaces_digest": HEX, "intake_note": "recovered;comma_decimals:price"}, RAW | {"format": "parquet"},
            {"format": "xml", "file_digest": "x", "position": -1, "intake_note": "?"}, {"format", "file_digest", "position", "intake_note"},
        )
        for noun in (table.noun for table in tables.bronze.FED)
    },
    "bronze.files": (
        {"source": "demo", "file_digest": HEX, "file_name": "a", "feed": "f", "delivery_day": DAY, "outcome": "ingested", "n_bytes": 1, "n_records": 1, "arrived_at": AT, "batch_id": "r",
         "n_lines": 3, "n_record_lines": 1, "n_header_lines": 1, "n_blank_lines": 1, "n_unaccounted_lines": 0, "n_recovered": 1},
        {"source": "demo", "file_digest": HEX, "file_name": "a", "feed": "f", "outcome": "rejected", "reason": "empty", "n_bytes": 0, "n_records": 0, "arrived_at": AT, "batch_id": "r"},
        {"outcome": "ingested", "reason": "why", "delivery_day": None, "n_unaccounted_lines": 1}, {"reason", "delivery_day", "n_unaccounted_lines"},
    ),
    "silver.event_records": (KEPT | EVENT, REFUSED | {"channel": "shop", "event_type": "?"}, {"event_type": "?", "occurred_at": None}, {"event_type", "occurred_at"}),
    "silver.order_records": (KEPT | LINE, REFUSED | {"currency": "yuan"}, {"currency": "CNY\n", "unit_price_amount": -ONE}, {"currency", "unit_price_amount"}),
    "silver.account_records": (
        KEPT | STATE | {"feed": "members", "account_id": ACCOUNT, "changed_at": AT}, REFUSED,
        {"account_id": "anna", "phone_token": "13800138000", "card_token": "VIP8800"}, {"account_id", "phone_token", "card_token"},
    ),
    "silver.stock_records": (
        KEPT | {"feed": "stock", "product_id": "p", "changed_at": AT, "n_available": 3, "is_in_stock": True, "is_recalled": False},
        REFUSED | {"n_available": 5 * 10**15}, {"product_id": None, "n_available": -1}, {"product_id", "n_available"},
    ),
    "silver.stock": (
        VALID | {"product_id": "p", "is_in_stock": True, "n_available": 3, "is_recalled": False}, {"product_id": "p", "valid_from": DAY, "is_recalled": True},
        {"n_available": -1, "is_recalled": None}, {"n_available", "is_recalled"},
    ),
    "silver.impression_records": (
        KEPT | SHOWN | {"list_action": "ordered", "occurred_at": LATER}, REFUSED | {"list_action": "?", "list_position": -7},
        {"list_action": "hovered", "list_position": 0, "propensity": 0.0}, {"list_action", "list_position", "propensity"},
    ),
    "silver.impressions": (
        FILE | SHOWN | {"n_clicks": 2, "clicked_at": LATER, "ordered_at": LATER},
        FILE | {"list_id": "l", "list_position": 2, "event_date": DAY, "shown_at": AT, "account_id": DEVICE, "product_id": "p", "n_clicks": 0},
        {"account_id": "anna", "n_clicks": -1, "clicked_at": AT - timedelta(seconds=1)}, {"account_id", "n_clicks", "clicked_at"},
    ),
    "silver.product_records": (KEPT | SOLD | {"feed": "f", "product_id": "p", "changed_at": AT}, REFUSED | {"price_amount": -ONE}, {"product_id": None, "price_amount": -ONE}, {"product_id", "price_amount"}),
    "silver.consent_records": (
        KEPT | {"consent_id": "c", "account_id": ACCOUNT, "purpose": "marketing", "is_granted": True, "changed_at": AT}, REFUSED, {"purpose": "profit", "is_granted": None}, {"purpose", "is_granted"},
    ),
    "silver.feedback_records": (
        KEPT | {
            "feedback_id": "r", "event_date": DAY, "occurred_at": AT, "received_at": LATER, "channel": "app", "feedback_kind": "review", "account_id": ACCOUNT,
            "product_id": "p", "order_id": "o", "rating": 5.0, "conversation_id": "c", "speaker": "customer", "text": "好 [phone]", "language": "zh-CN",
        }, REFUSED | {"feedback_kind": "?", "rating": -1.0}, {"speaker": None, "text": "call 13800138000"}, {"speaker", "text"},
    ),
    "silver.feedback": (
        FILE | {"event_date": DAY, "occurred_at": AT, "feedback_kind": "review", "speaker": "customer", "account_id": ACCOUNT, "rating": 5.0, "text": "好", "is_repeat": True},
        FILE | {"event_date": DAY, "occurred_at": AT, "feedback_kind": "chat", "speaker": "staff", "is_repeat": False},
        {"account_id": "anna", "text": "a@b.cn", "rating": 6.0}, {"account_id", "text", "rating"},
    ),
    "silver.outreach_records": (
        KEPT | {
            "outreach_id": "c", "event_date": DAY, "occurred_at": AT, "received_at": LATER, "channel": "app", "account_id": ACCOUNT, "purpose": "marketing",
            "contact_channel": "sms", "result": "clicked",
        }, REFUSED | {"contact_channel": "fax", "result": "?"}, {"purpose": "profit", "result": "gone"}, {"purpose", "result"},
    ),
    "silver.outreach": (
        FILE | {"outreach_id": "c", "event_date": DAY, "occurred_at": AT, "channel": "pos", "account_id": ACCOUNT, "purpose": "service", "contact_channel": "call", "result": "replied", "is_repeat": True},
        FILE | {"event_date": DAY, "occurred_at": AT, "account_id": ACCOUNT, "purpose": "marketing", "contact_channel": "mail", "is_repeat": False},
        {"account_id": "anna", "contact_channel": "fax"}, {"account_id", "contact_channel"},
    ),
    "silver.rejected_records": (
        FILE | {"record_table": "silver.event_records", "record_class": "late", "reasons": ["x"]}, FILE | {"record_table": "silver.order_records", "record_class": "rejected", "reasons": ["x"]},
        {"record_class": "kept", "reasons": []}, {"record_class"},
    ),
    "silver.events": (
        FILE | EVENT | {"is_bot": True, "bot_reason": "user_agent"}, FILE | {k: EVENT[k] for k in ("event_date", "occurred_at", "event_type", "account_id")} | {"is_bot": False},
        {"search_query": "13800138000 a@b.cn", "rating": float("inf")}, {"search_query", "rating"},
    ),
    "silver.order_lines": (
        FILE | LINE | {"is_repeat": True}, FILE | {"order_id": "o", "event_date": DAY, "ordered_at": AT, "quantity": -1, "unit_price_amount": -ONE, "line_amount": ONE, "line_kind": "voucher", "currency": "CNY", "is_return": True, "is_repeat": False},
        {"is_return": True, "account_id": "17850"}, {"quantity", "line_amount", "account_id"},
    ),
    "silver.products": (SOLD | VALID | {"product_id": "p"}, {"product_id": "p", "valid_from": DAY}, {"valid_to": date(2026, 2, 1), "product_id": " p"}, {"valid_to", "product_id"}),
    "silver.consents": (
        VALID | {"account_id": ACCOUNT, "purpose": "analytics", "is_granted": False, "is_suspended": True},
        {"account_id": DEVICE, "purpose": "marketing", "valid_from": DAY, "is_granted": True, "is_suspended": False},
        {"purpose": "", "is_granted": True}, {"purpose", "is_granted"},
    ),
    "silver.accounts": (
        STATE | VALID | {"account_id": ACCOUNT, "source": "demo", "basis": "consent", "is_device": False, "is_machine": False, "first_delivery_day": DAY, "first_file_digest": HEX, "first_position": 0},
        {"account_id": DEVICE, "valid_from": DAY, "source": "demo", "basis": "research", "is_device": True, "is_machine": True, "first_delivery_day": DAY, "first_file_digest": HEX, "first_position": 0},
        {"basis": None, "channel": "shop"}, {"basis", "channel"},
    ),
    "silver.contacts": ({"account_id": ACCOUNT, "phone_encrypted": b"1", "key_id": "c1", "delivery_day": DAY}, {"account_id": ACCOUNT, "email_encrypted": b"1", "key_id": "c1", "delivery_day": DAY}, {"key_id": "C 1"}, {"key_id"}),
    "silver.identity_pairs": (
        PAIR | {f"level_{name}": 5 for name in COMPARED} | {f"weight_{name}": 1.5 for name in COMPARED},
        PAIR | {f"weight_{name}": 0.0 for name in COMPARED},
        {"match_probability": 1.5, "left_account_id": "x", "right_account_id": "x"},
        {"match_probability", "left_account_id", "right_account_id"},
    ),
    "silver.identity_ties": (
        VALID | {"key_kind": "phone", "key": TOKEN, "account_id": ACCOUNT, "evidence": "phone"}, {"key_kind": "device", "key": DEVICE, "account_id": DEVICE, "evidence": "own", "valid_from": DAY},
        {"key": "13800138000", "evidence": "likely"}, {"key", "evidence"},
    ),
    "silver.shared_keys": (
        VALID | {"key_kind": "union", "key": TOKEN, "n_accounts": 6, "reason": "too_many"}, {"key_kind": "device", "key": DEVICE, "n_accounts": 2, "reason": "one_shop", "valid_from": DAY},
        {"key_kind": "name", "n_accounts": 1}, {"key_kind", "n_accounts"},
    ),
    "bronze.identity_decisions": (
        DECISION | {"action": "split", "valid_to": NEXT}, {"decision_id": "x2", "action": "undo", "undoes": "x1", "author": "li", "reason": "a mistake", "recorded_at": AT},
        {"left_account_id": "anna", "reason": "call 13800138000", "action": "merge"}, {"left_account_id", "reason", "action"},
    ),
    "silver.identity_decisions": (
        DECISION | {"action": "split", "valid_to": NEXT, "is_undone": True, "undone_by": "wu"}, DECISION | {"is_undone": False},
        {"right_account_id": None, "reason": "a@b.cn", "action": "undo"}, {"right_account_id", "reason", "action"},
    ),
    "silver.identities": (
        VALID | {"account_id": ACCOUNT, "customer_id": CUSTOMER, "evidence": "login", "n_accounts": 2}, {"account_id": DEVICE, "customer_id": CUSTOMER, "evidence": "alone", "n_accounts": 1, "valid_from": DAY},
        {"customer_id": ACCOUNT, "n_accounts": 0}, {"customer_id", "n_accounts"},
    ),
    "silver.identity_merges": (
        VALID | {"absorbed_customer_id": CUSTOMER, "customer_id": CUSTOMER, "evidence": "linked", "key_kind": "pair", "key": f"{ACCOUNT}|{ACCOUNT}", "account_id": ACCOUNT, "absorbed_account_id": DEVICE, "match_weight": 12.5},
        {"absorbed_customer_id": CUSTOMER, "customer_id": CUSTOMER, "valid_from": DAY, "evidence": "card", "key_kind": "card", "key": TOKEN, "account_id": ACCOUNT, "absorbed_account_id": DEVICE},
        {"match_weight": None, "absorbed_customer_id": ACCOUNT, "absorbed_account_id": CUSTOMER, "key_kind": "name"}, {"match_weight", "absorbed_customer_id", "absorbed_account_id", "key_kind"},
    ),
    "silver.identity_conflicts": (
        {"left_account_id": ACCOUNT, "right_account_id": DEVICE, "valid_from": DAY, "match_weight": 12.5, "reason": "one_shop"}, {"left_account_id": ACCOUNT, "right_account_id": DEVICE, "valid_from": DAY, "match_weight": -1.0, "reason": "decided"},
        {"reason": "alone", "match_weight": float("nan")}, {"reason", "match_weight"},
    ),
    "silver.customer_numbers": ({"customer_id": CUSTOMER, "customer_number": 1}, {"customer_id": CUSTOMER, "customer_number": 2**31}, {"customer_number": 0}, {"customer_number"}),
    "silver.sessions": (SESSION | {"channel": "web", "ended_at": LATER}, SESSION, {"started_at": datetime(2026, 3, 1, 12), "n_events": 0}, {"ended_at", "n_events"}),
    "silver.interactions": (
        {"event_date": DAY, "account_id": ACCOUNT, "product_id": "p", "kind": "rating", "n_events": 1, "rating": 5.0, "last_at": AT},
        {"event_date": DAY, "account_id": DEVICE, "product_id": "p", "kind": "view", "n_events": 1, "last_at": AT}, {"kind": "look", "rating": float("nan")}, {"kind", "rating"},
    ),
    "ops.reconciliation": (
        COUNTED | {"record_table": "silver.consent_records", "n_in": 4, "n_kept": 1, "n_duplicates": 1, "n_rejected": 1, "n_late": 1, "n_unaccounted": 0, "rejected_share": 0.25,
                   "n_refused_consents": 1, "n_unnamed_consents": 0, "n_named_accounts": 1},
        COUNTED | {"n_in": 0, "n_kept": 0, "n_duplicates": 0, "n_rejected": 0, "n_late": 0, "n_unaccounted": 0, "rejected_share": 0.0},
        {"n_unaccounted": -1, "n_named_accounts": -1}, {"n_unaccounted", "n_named_accounts"},
    ),
    "ops.freshness": (
        COUNTED | {"latency_p50_seconds": 1.0, "latency_p95_seconds": 2.0, "latency_p99_seconds": 3.0, "completeness_share": 1.0, "collection_share": 0.5, "n_records": 1, "volume_ratio": 1.0,
                   "arrived_at": AT, "visible_at": LATER, "arrival_to_visible_seconds": 3600.0},
        COUNTED | {"completeness_share": 0.0, "n_records": 1, "arrived_at": LATER, "visible_at": AT, "arrival_to_visible_seconds": -3600.0},
        {"completeness_share": 1.5, "volume_ratio": 9.0}, {"completeness_share", "volume_ratio"},
    ),
    "gold.customer_segments": (
        SEGMENT | {"first_order_date": DAY, "last_order_date": DAY, "recency_days": 1, "n_orders": 1, "spend_amount": ONE, "recency_score": 5, "frequency_score": 1, "monetary_score": 1,
                   "rfm_cell": "511", "segment": "active", "rfm_tier": "new", "tier": "new", "p_alive": 1.0, "expected_rate_per_day": 0.0, "last_visit_date": DAY,
                   "tier_since": DAY, "tier_reason": "why", "tier_reason_zh": "原因"},
        SEGMENT | {"n_orders": 0, "spend_amount": Decimal(0), "segment": "no_orders", "rfm_tier": "prospect", "tier": "prospect", "tier_reason": "why", "tier_reason_zh": "原因"},
        {"recency_score": 6, "rfm_cell": "611", "tier": "prospect", "p_alive": 1.01, "tier_since": date(2026, 3, 3)}, {"recency_score", "rfm_cell", "tier", "p_alive", "as_of_date"},
    ),
    "gold.tier_changes": (
        {"as_of_date": DAY, "previous_as_of_date": date(2026, 2, 28), "direction": "upgrade", "from_tier": "new", "to_tier": "returning", "n_customers": 10},
        {"as_of_date": DAY, "direction": "entry", "from_tier": "none", "to_tier": "prospect", "n_customers": 10}, {"to_tier": "gone", "n_customers": 0}, {"to_tier", "n_customers"},
    ),
    "gold.segment_quality": (
        {"as_of_date": DAY, "before_as_of_date": date(2026, 1, 30), "tier_before": "new", "n_customers": 10, "coverage_share": 1.0, "currency": "CNY", "mean_spend_amount": ONE,
         "lower_spend_amount": ONE, "upper_spend_amount": ONE} | SHARES,
        {"as_of_date": DAY, "before_as_of_date": date(2026, 1, 30), "tier_before": "dormant", "n_customers": 10, "coverage_share": 0.5, "currency": "CNY"} | SHARES,
        {"stayed_lower_share": 0.9, "tier_before": "gone"}, {"stayed_share", "tier_before"},
    ),
    "gold.customer_value": (
        WORTH | {"model": "mbg_nbd", "n_repeats": 2, "repeat_mean_amount": ONE, "p_alive": 0.5, "expected_purchases": 1.5, "value_amount": ONE, "value_lower_amount": 0 * ONE, "value_upper_amount": 2 * ONE},
        WORTH | {"model": "none", "n_repeats": 0, "no_value_because": "nobody has bought on a second day"},
        {"p_alive": 1.5, "value_upper_amount": -ONE}, {"p_alive", "value_upper_amount"},
    ),
    "gold.value_models": (
        {"as_of_date": NEXT, "currency": "CNY", "split_date": DAY, "model": "bg_nbd", "chosen_by": "held_out", "n_customers": 20, "n_repeaters": 10, "r": 0.2, "alpha": 4.0, "a": 0.8, "b": 2.4,
         "bg_nbd_log_likelihood": -9.0, "mbg_nbd_log_likelihood": -9.0, "bg_nbd_held_out_log_likelihood": -3.0, "mbg_nbd_held_out_log_likelihood": -4.0,
         "spend_p": 6.0, "spend_q": 3.0, "spend_v": 15.0, "spend_log_likelihood": -5.0, "n_spenders": 10, "spend_frequency_correlation": 0.1, "calibration_r": 0.2, "purchases_gini": 0.5, "value_gini": 0.4},
        {"as_of_date": NEXT, "currency": "CNY", "model": "none", "chosen_by": "none", "reason": "nobody has bought yet", "spend_reason": "nobody has bought yet"},
        {"model": "none", "r": -1.0}, {"reason", "r"},
    ),
    "gold.value_deciles": (
        {"as_of_date": NEXT, "measure": "value", "unit": "CNY", "decile": 10, "split_date": DAY, "n_customers": 10, "expected": 1.0, "actual": -0.5},
        {"as_of_date": NEXT, "measure": "purchases", "unit": "purchases", "decile": 1, "split_date": DAY, "n_customers": 10, "expected": 0.0, "actual": 0.0},
        {"unit": "yuan", "decile": 11}, {"unit", "decile"},
    ),
    "gold.segment_bins": (
        {"as_of_date": DAY, "measure": "monetary", "unit": "CNY", "score": 1, "upper_score": 1, "lower_edge": ONE, "upper_edge": ONE, "n_customers": 1},
        {"as_of_date": DAY, "measure": "recency", "unit": "days", "score": 4, "upper_score": 5, "lower_edge": ONE, "upper_edge": None, "n_customers": 1}, {"upper_edge": Decimal(0), "unit": "yuan"}, {"upper_edge", "unit"},
    ),
    "gold.contact_list": (
        LISTED | {"value_at_risk_amount": ONE, "value_basis": "fitted", "lost_share": 0.5, "n_recent_contacts": 1, "last_contact_date": DAY},
        LISTED | {"value_at_risk_amount": Decimal(0), "value_basis": "past_spend", "n_recent_contacts": 0},
        {"priority": 0, "lost_share": None, "last_contact_date": None, "contact_channel": "pigeon"}, {"priority", "lost_share", "last_contact_date", "contact_channel"},
    ),
    "gold.contact_exclusions": (
        {"as_of_date": NEXT, "contact_purpose": "win_back", "tier": "dormant", "reason": "no_consent", "n_customers": 10},
        {"as_of_date": NEXT, "contact_purpose": "second_order", "tier": "new", "reason": "over_cap", "n_customers": 120},
        {"reason": "dislike", "n_customers": 0}, {"reason", "n_customers"},
    ),
    "gold.funnels": (
        FUNNEL | SECONDS | {"step": 2, "period": "window", "dimension": "channel", "value": "app", "step_share": 0.5, "mature_share": 1.0}, FUNNEL,
        {"period": "month", "n_reached": 21, "overall_share": 1.05}, {"period", "n_entered", "overall_share"},
    ),
    "gold.funnel_losses": (
        LOSS | {"dimension": "login", "n_reached": 30, "lost_share": 0.4, "expected_lost": 10.5, "excess_lost": 1.5, "deviations": -0.5}, LOSS,
        {"dimension": "mood", "n_reached": 11, "step": 0}, {"dimension", "n_reached", "step"},
    ),
    "gold.behaviour_cube": (
        CUBE | {"revenue_amount": ONE}, CUBE | {"n_orders": 0, "n_buyers": 0},
        {"n_buyers": 12, "n_orders": 0, "revenue_amount": None}, {"n_customers", "n_orders"},
    ),
    "gold.path_transitions": (
        EDGE | {"to_node": "purchase", "seconds_median": 20.0}, EDGE,
        {"form": "cooked", "n_paths": 13, "to_share": 1.5, "seconds_median": -1.0}, {"form", "n_transitions", "to_share", "seconds_median"},
    ),
    "gold.path_steps": (
        WAY, WAY | {"step": 2}, {"step": 51, "direction": "up", "n_at_node": 13, "n_paths": 11}, {"step", "direction", "n_ways"},
    ),
    "gold.path_routes": (
        ROUTE | {"route": "a > b > a", "n_paths": 18, "n_customers": 12, "n_converted": 9, "support_share": 0.1, "conversion_share": 0.5, "base_share": 0.2, "lift_ratio": 2.5},
        ROUTE, {"n_nodes": 2, "n_paths": 21, "conversion_share": 1.1}, {"n_nodes", "n_occurrences", "conversion_share"},
    ),
    "gold.product_relations": (
        RELATED | {"relation": "bought_together", "rank": 1, "is_same_category": True}, RELATED | {"relation": "seen_next", "rank": 2},
        {"relation": "liked", "rank": 0, "score": 2.0, "n_together": 1, "n_product": 0}, {"relation", "rank", "score", "n_together", "n_product"},
    ),
    "gold.popular_products": (
        {"as_of_date": NEXT, "scope": "tier", "value": "new", "kind": "decayed", "rank": 1, "product_id": "p", "score": 0.5, "n_customers": 10},
        {"as_of_date": NEXT, "scope": "all", "value": "all", "kind": "last_7_days", "rank": 2, "product_id": "q", "score": 3.0, "n_customers": 1},
        {"scope": "sky", "kind": "liked", "n_customers": 0}, {"scope", "kind", "n_customers"},
    ),
    "gold.due_again": (
        DUE | {"is_due": True}, DUE | {"is_due": False, "n_bought": 3, "due_ratio": 0.0}, {"hazard": 1.5, "elapsed_days": 0, "last_bought_on": date(2026, 3, 3)},
        {"hazard", "elapsed_days", "as_of_date"},
    ),
    "gold.recommendations": (
        PLACE | WHY | {"customer_id": CUSTOMER, "source": "als", "because_product_id": "q", "model_version": "1", "strategy": "als", "position": 1},
        PLACE | {"customer_id": CUSTOMER, "rank": 2, "score": -0.1, "source": "non_personal"},
        {"model_version": None, "rank": 0, "reason": "luck", "reason_en": None, "stock_status": "gone"}, {"model_version", "rank", "reason", "reason_en", "stock_status"},
    ),
    "gold.product_recommendations": (
        BESIDE | WHY | {"block": "complements", "recommended_product_id": "q", "reason": "seen_with"},
        BESIDE | {"block": "substitutes", "recommended_product_id": "q", "rank": 2},
        {"rank": 0, "reason": "bought", "strategy": None}, {"rank", "reason", "strategy"},
    ),
    "gold.basket_recommendations": (
        BESIDE | WHY | {"basket": '["p","q"]', "n_products": 2, "strategy": "bought_with_basket", "confidence": 0.5, "lift": 2.0, "support": 0.1},
        BESIDE | {"basket": '["p"]', "n_products": 1},
        {"basket": "p", "confidence": 1.5, "lift": None, "n_products": 3}, {"basket", "confidence", "lift", "n_products"},
    ),
    "ops.serving_coverage": (
        SERVED | {"row_share": 0.5, "n_servable": 2, "n_complete": 1, "complete_share": 0.5}, SERVED | {"block": "list"},
        {"position": 13, "complete_share": 1.5, "strategy": None}, {"position", "complete_share", "strategy"},
    ),
    "gold.products": (
        {"product_id": "p", "product_name": "n", "category": "c", "price_amount": ONE, "currency": "CNY", "is_active": True, "changed_date": DAY},
        {"product_id": "q", "changed_date": DAY}, {"price_amount": -ONE, "currency": "yuan"}, {"price_amount", "currency"},
    ),
    "gold.customer_products": (
        BOUGHT | {"rank": 1}, BOUGHT | {"rank": 2, "n_pieces": 1}, {"rank": 0, "n_orders": 0, "last_order_date": date(2026, 3, 3)}, {"rank", "n_orders", "as_of_date"},
    ),
    "gold.sales": (
        SALE | {"channel": "app", "category": "tea", "customer_kind": "new", "revenue_amount": ONE, "return_amount": -ONE, "n_returns": 1},
        SALE | {"channel": "(others)", "category": "(all)", "customer_kind": "(others)"}, {"channel": "fax", "n_lines": 0}, {"channel", "n_lines"},
    ),
    "gold.first_orders": (
        FIRST | {f"repeat_{days}_share": 1.0 for days in (30, 60, 90)},
        FIRST | {"channel": "(others)"}, {"channel": "fax", "n_customers": 0, "repeat_30_share": 2.0}, {"channel", "n_customers", "repeat_30_share"},
    ),
    "gold.retention": (
        COHORT | {"measure": "bounded", "to_interval": 1, "n_active": 1, "active_share": 0.5, "revenue_amount": ONE, "revenue_ratio": 2.0},
        COHORT | {"measure": "unbounded", "is_open": True}, {"measure": "half", "n_active": 3, "active_share": 1.5}, {"measure", "n_customers", "active_share"},
    ),
    "gold.lifecycle": (
        LIVES | {"state_kind": "daily", "from_state": "(none)", "state": "new", "n_customers": 1},
        LIVES | {"state_kind": "interval", "state": "dormant", "is_open": True}, {"from_state": None, "n_customers": None}, {"from_state", "n_customers"},
    ),
    "gold.model_metrics": (METRIC | {"metric": "ndcg_at_10 / champion", "model_version": "1", "lower": 0.4, "upper": 0.6}, METRIC | {"metric": "hit_rate_at_5 / chain", "segment_kind": "tier", "segment": "new", "scenario": "item_page/substitutes", "label": "bought in 14 days"}, {"metric": "luck", "lower": 2.0, "segment_kind": "mood", "scenario": "Home", "label": "liked in 7 days"}, {"metric", "upper", "segment_kind", "scenario", "label"}),
}  # fmt: skip


def test_every_suite_is_tried():
    assert set(ROWS) == {table.name for table in tables.GATED}


@pytest.mark.parametrize("name", ROWS)
def test_rows_as_declared_are_accepted_and_others_are_not(spark, root, name):
    full, sparse, change, blamed = ROWS[name]
    table = tables.BY_NAME[name]
    against = flaws(table)
    columns = {rule: rule.split(" ")[0] for rule in against}
    for rule in load_suite(root / "expectations", table).rules:
        if (column := rule.is_against(table)) is not None:
            against[rule.text] = column
            columns[rule.text] = rule.columns[0]
    broken = F.array_compact(F.array(*[F.when(column, F.lit(rule)) for rule, column in against.items()]))
    judged = frame(spark, table, full, sparse, full | change).select(broken.alias("broken"))
    accepted, also_accepted, refused = (set(row["broken"]) for row in judged.collect())
    assert (accepted, also_accepted) == (set(), set())
    assert {columns[rule] for rule in refused} == blamed
