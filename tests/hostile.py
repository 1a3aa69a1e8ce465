"""Values as no shop would write them, and some that look right: drawn from a seed."""

import random
from typing import Any

DIGITS = ("0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "⓪①②③④⑤⑥⑦⑧⑨", "⁰¹²³⁴⁵⁶⁷⁸⁹", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "०१२३४५६७८९")
ODD = (
    None, "", " ", "\u3000", "\u00a0x", "\x00", "a\x00b", "\n", "x\n", "\x85y", "\u2028z", "\ufeff", "\u200b", "null", "NULL", "NaN", "-", "0", "-1",
    0, -1, 1, True, False, 1e308, -1e308, 10**18, -(10**18), 10**30, 0.1, -0.0, 4006381333931, 99999999999999.9999, [], [1], {}, {"a": 1},
    "13800138000", "①13800138000", "80m²13800138000", "x13800138000②", "a@b.cd", "a@b.cd@e.f@g.h", "anna@example.com13900139000", "1" * 400,
    "p" * 4096, "p" * 4097, "ß" * 3000, "€ 3,00", "1.234,56", "EUR", "eur", "EUR\n", "ＥＵＲ", "true", "TRUE", "purchase", "view_item", "VIEW_ITEM",
    "pos", "till", "marketing", "spam", "2026-03-01T08:00:00Z", "2026-03-01T08:00:00.1234567Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    "0000-00-00 00:00:00", "1989-12-31T23:00:00Z", "1066-10-14T09:00:00Z", "2026-03-29T02:30:00", "1772352000", 1772352000, 1772352000000, 1 << 70,
    "\U0001f600", "e\u0301", "Ａ", "\u202eabc", "noreply@x.org", "+8613800138000", "1850", 1850, 3000, "..", "'; drop table x; --", "{}", "\\N",
)  # fmt: skip


def hostile(draw: random.Random) -> Any:
    """One value of any kind."""
    if draw.random() < 0.6:
        return draw.choice(ODD)
    if draw.random() < 0.5:  # a mobile number in any digits, with anything around it
        number = "13" + "".join(str(draw.randrange(10)) for _ in range(draw.choice((8, 9, 9, 9, 10))))
        scripts = [draw.choice(DIGITS) for _ in range(draw.choice((1, 1, 2)))]
        written = "".join(draw.choice(scripts)[int(digit)] for digit in number)
        around = [draw.choice(("", "x", " ", "²", "③", "٣", "½", "@", "a@b.c")) for _ in range(2)]
        return written.join(around)
    return "".join(
        chr(draw.choice((draw.randrange(0x20), draw.randrange(0x300), draw.randrange(0xD7FF), 0x1D7D0)))
        for _ in range(draw.randrange(12))
    )


def spoilt(draw: random.Random, record: dict[str, Any]) -> dict[str, Any]:
    """The record with one or two of its fields replaced, one in ten whole."""
    names = list(record)
    chosen = names if draw.random() < 0.1 else draw.sample(names, draw.choice((1, 1, 2)))
    return record | {name: hostile(draw) for name in chosen}
