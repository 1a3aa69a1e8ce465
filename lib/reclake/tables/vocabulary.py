"""The words and forms of the standard. The parser refuses a record that holds others; a gate's suite has the same ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

# Names of GA4 where it has one. The last six come without a person doing anything, or in rows while one reads or watches.
EVENT_TYPES = (
    "session_start", "view_item", "view_item_list", "search", "add_to_cart", "view_cart", "begin_checkout", "purchase", "login",
    "rate", "view_page", "scroll", "heartbeat", "poll", "video_start", "video_progress", "video_complete",
)  # fmt: skip
CHANNELS = ("app", "mini_program", "web", "pos")
PURPOSES = ("personalisation", "marketing", "analytics", "service")

LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}\z"  # BCP 47, as far as shops use it, as Java reads a pattern
WORDS: Mapping[str, tuple[str, ...]] = {
    "event_type": EVENT_TYPES,
    "channel": CHANNELS,
    "purpose": PURPOSES,
    "feedback_kind": ("review", "chat"),
    "speaker": ("customer", "staff"),
    "contact_channel": ("sms", "email", "push", "call", "mail"),
    "result": ("delivered", "failed", "opened", "clicked", "replied", "complained"),
    "list_action": ("shown", "clicked", "ordered"),
}
"""By column, the only words that it may hold."""

EARLIEST = date(1990, 1, 1)  # before the public web nothing was collected: an earlier day is a wrong clock, or a placeholder
CURRENCY = r"^[A-Z]{3}\z"  # ISO 4217, as Java reads a pattern
LONGEST_PRODUCT_ID = 4096  # characters

NUMBER_PATTERNS = {
    "long": r"^-?\d{1,19}$",
    "decimal": r"^-?\d{1,14}(\.\d{1,4}0*)?$",  # decimal(18,4) holds it exactly
    "double": r"^-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,4})?$",
}
"""By type, how a number is written."""

# What still reaches a person in a text, read with the digits of ASCII alone, as Java reads them.
EMAIL_IN_TEXT = r"[A-Za-z0-9._%+-]@[A-Za-z0-9-]+[.][A-Za-z]"
MOBILE_IN_TEXT = r"(?<!\d)1[3-9]\d{9}(?!\d)"
