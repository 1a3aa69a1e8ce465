"""What an entry of a history can be, and what a condition may ask of it: words alone, which need no Spark."""

from __future__ import annotations

from typing import Literal, get_args

from reclake.tables.vocabulary import EVENT_TYPES

ORDER = "order"  # a line of an order that sells a product or service: also what the till and lost events leave
KINDS = (*EVENT_TYPES, ORDER)

Text = Literal["channel", "product_id", "source", "login"]
Number = Literal["rating", "hour"]
TEXTS: tuple[str, ...] = get_args(Text)
NUMBERS: tuple[str, ...] = get_args(Number)
