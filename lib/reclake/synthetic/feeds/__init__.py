"""What the company delivers: one module per feed. A new feed is a module with a FEED and one line here."""

from . import accounts, consents, events, orders, products
from .feed import Feed

FEEDS: tuple[Feed, ...] = (events.FEED, orders.FEED, accounts.FEED, consents.FEED, products.FEED)

__all__ = ["FEEDS", "Feed"]
