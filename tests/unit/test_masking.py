import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reclake.privacy.masking import masked, reaches_somebody


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call 13800138000", "call [phone]"),
        ("电话13800138000谢谢", "电话[phone]谢谢"),
        ("138 0013 8000 / 138-0013-8000", "[phone] / [phone]"),
        ("1 3 8 0 0 1 3 8 0 0 0", "[phone]"),
        ("138 - 0013 - 8000, 138 – 0013 – 8000", "[phone], [phone]"),
        ("138/0013/8000 或 138、0013、8000", "[phone] 或 [phone]"),
        ("138\u200b0013\u200b8000", "[phone]"),
        ("𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎 ①③⑧⓪⓪①③⑧⓪⓪⓪ ١٣٨٠٠١٣٨٠٠٠", "[phone] [phone] [phone]"),
        ("尺码 ② 颜色①", "尺码 ② 颜色①"),
        ("+86 138 0013 8000 and 0086-13800138000", "[phone] and [phone]"),
        ("联系 １３８００１３８０００ 谢谢", "联系 [phone] 谢谢"),
        ("＋８６１３８００１３８０００", "[phone]"),
        ("office 021-58880000 or (010) 6552 9988", "office [phone] or [phone]"),
        ("+44 (0)20 7946 0000", "[phone]"),
        ("mail Anna.Li+x@Example.co.uk.", "mail [email]."),
        ("邮箱：李@例子.中国，谢谢", "邮箱：[email]，谢谢"),
        ("anna＠example.com", "[email]"),
        ("13800138000@163.com", "[email]"),
        ("call 130 0000 0000 @a.cn", "call [email]"),
        ("call 130 0000 0000 @=", "call [phone] @="),
        ("身份证 11010519491231002X", "身份证 [id card]"),
        ("110105 19491231 002x", "[id card]"),
        ("卡 6222 0212 3456 7890 123", "卡 [bank card]"),
        ("4111-1111-1111-1111", "[bank card]"),
        ("size 38 blue", "size 38 blue"),
        ("iPhone 15 Pro 256GB", "iPhone 15 Pro 256GB"),
        ("2026-03-01 08:00", "2026-03-01 08:00"),
        ("6901234567892", "6901234567892"),
        ("Ｎｉｋｅ ４２码", "Ｎｉｋｅ ４２码"),
        ("①13800138000", "①[phone]"),
        ("80m²13800138000", "80m²[phone]"),
        ("尺码②13800138000③", "尺码②[phone]③"),
        ("٣13800138000", "٣[phone]"),
        ("½13800138000", "½[phone]"),
        ("mail a@b.cd@e.f", "mail [email]@e.f"),
        ("", ""),
    ],
)
def test_masks(text, expected):
    assert masked(text) == expected


@settings(deadline=None)
@given(
    number=st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    gap=st.text(st.sampled_from(" .-_/、,\u200b–\u3000·"), max_size=3),
    digits=st.sampled_from(["0123456789", "０１２３４５６７８９", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "⓪①②③④⑤⑥⑦⑧⑨", "٠١٢٣٤٥٦٧٨٩"]),
    before=st.text(st.characters(exclude_categories=["Nd", "Cs"]), max_size=20),
    after=st.text(st.characters(exclude_categories=["Nd", "Cs"]), max_size=20),
)
def test_no_mobile_number_survives(number, gap, digits, before, after):
    written = number.translate(str.maketrans("0123456789", digits))
    text = masked(f"{before} {gap.join((written[:3], written[3:7], written[7:]))} {after}")
    for part in (number[3:7], number[7:], written[3:7], written[7:]):
        assert part not in text


@settings(deadline=None)
@given(
    parts=st.lists(
        st.sampled_from(["13800138000", "138", "0013", "8000", "1", "a@b.cd", "@", ".", "②", "²", "٣", "½", "\u200b", "x", " "]) | st.text(max_size=3),
        max_size=12,
    )
)  # fmt: skip
def test_a_gate_finds_nothing_in_what_is_masked(parts):
    """Whatever script a digit beside the number has, mask and gate agree on where it begins."""
    assert not reaches_somebody(masked("".join(parts)))


def test_masking_takes_linear_time():
    for text in ("a" * 100_000 + " @", "1 " * 50_000, "+" * 50_000 + "1234567", "@" * 100_000, "0-" * 50_000):
        began = time.process_time()
        masked(text)
        assert time.process_time() - began < 3
