"""How people write what reaches them: one pattern for each kind, and the cheap looks that tell where to use them.

Masking too much is preferred: a run of 15 to 19 digits is masked whether or not its check digit fits. What is never a
number of somebody is left: a date with what follows it, a list of growing sizes, amounts, a bar code before a quantity.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from reclake.privacy.readings import NUMERALS, folded

_BETWEEN = r"\s._/\-‐-―\u00ad\u200b-\u200f\u2060\ufeff\ufe0f\u20e3"  # what people, and editors, put between and around digits
_GAP = rf"[{_BETWEEN}]{{0,3}}"
_WIDE_GAP = rf"[{_BETWEEN},，、·*|+]{{0,12}}"  # in a number that is recognised by its beginning and length
_PART = r"[^\s@<>(),;:，。；：、（）]"
_AT = r"(?:\s?@\s?|\s?[(\[{<（【]\s?(?:at|@)\s?[)\]}>）】]\s?|\s?艾特\s?)"
_DOT = r"(?:[(\[{<（【]\s?(?:dot|点)\s?[)\]}>）】]|\s(?:dot|点)\s)"
_ENDING = r"(?:com|cn|net|org|edu|gov|io|me|cc|info)(?![A-Za-z])"
_HAN_ENDING = "(?:中国|中國|公司|网络|網絡|网址|网站|网店|商城|商店|在线|中文网|集团|信息|我爱你|香港|台湾|台灣)"
# A domain ends in a label that begins with a letter: 60Hz, 3.50, 4.2GHz and 8折 are amounts.
_DOMAIN = (
    rf"[\w-]{{1,255}}(?:\.[\w-]{{1,63}}){{0,8}}?"
    rf"(?:\.(?:[^\W\d_\u4e00-\u9fff]|{_HAN_ENDING})|[。点]{_ENDING}|{_DOT}[^\W\d_])"
)
_BIRTHDAY = rf"(?:18|19|20)\d\d{_GAP}(?:0[1-9]|1[0-2]){_GAP}(?:0[1-9]|[12]\d|3[01])"
_HAN = r"[\u4e00-\u9fff]"
_HOUSE = r"(?:号楼|号院|号|院|楼|栋|幢|座|单元|室|层|弄|门)"
_HOUSE_NUMBER = r"[\dA-Za-z一二三四五六七八九十百-]{1,6}"


class Kind(NamedTuple):
    """One kind of thing that is masked."""

    pattern: re.Pattern[str]
    mask: str
    is_one: Callable[[str], bool] = lambda written: True  # a second look at what the pattern has found
    before: re.Pattern[str] | None = None  # characters that belong to it where they stand before what the pattern finds
    most_before: int = 0
    needs_before: bool = False


def _groups(written: str) -> list[str]:
    return re.findall(r"\d+", written)


_AMOUNT = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
_AMOUNTS = re.compile(rf"{_AMOUNT}(?:\.\d{{1,2}})?(?:[^\d.,]+{_AMOUNT}(?:\.\d{{1,2}})?)+")
_DATE_WITHIN = re.compile(r"(?<!\d)(?:\d{4}([-./])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2\d{4})(?!\d)")
_BEGINS_WITH_DATE = re.compile(r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")  # no card and no id card begins so
_LIST_SIGNS = re.compile(r"[/,，、·*|+]")
_MOBILE_GROUPS = frozenset({(3, 4, 4), (3, 8), (3, 3, 5), (3, 5, 3), (3, 2, 2, 2, 2), (1,) * 11})


_FRACTIONS = re.compile(r"\d/\d\s+\d/\d")
_DECIMALS = re.compile(r"\d{1,3}\.\d{1,2}(?:\s+\d{1,3}\.\d{1,2})+")
_YEARS = re.compile(r"(?:19|20)\d\d(?:\D+(?:19|20)\d\d)+")


def _is_growing(groups: Sequence[str]) -> bool:
    """Whether it is a list of sizes: 36 37 38."""
    return len(groups) > 2 and all(int(one) < int(following) for one, following in pairwise(groups))


def _is_mobile(written: str) -> bool:
    """Whether eleven digits with gaps are written as a number, and not as sizes or amounts (1500*2000*220, 1399.00 599.00)."""
    number = re.sub(r"^[(（]?(?:\+|00)?86[)）]?", "", written)
    groups = _groups(number)
    if len(groups) == 1:
        return True
    if _LIST_SIGNS.search(number):
        return tuple(map(len, groups)) in _MOBILE_GROUPS and not _FRACTIONS.search(number)
    are_amounts = "." in number and _AMOUNTS.fullmatch(number)
    return not are_amounts and not (_is_growing(groups) and max(map(len, groups)) <= 3)


def _is_card(written: str) -> bool:
    """Whether 15 to 19 digits may be a card's: no date and what follows it, no years or sizes, no bar code before a quantity."""
    groups = _groups(written)
    if _BEGINS_WITH_DATE.match("".join(groups)) or _DATE_WITHIN.search(written):
        return False
    if len(groups) == 1:
        return True
    if _DECIMALS.fullmatch(written) or _YEARS.fullmatch(written):
        return False
    is_price_list = set(map(len, groups)) == {4} and groups[0][0] in "01789"
    return not is_price_list and len(groups[0]) != 13 and not (_is_growing(groups) and max(map(len, groups)) <= 3)


def _is_no_price_list(written: str) -> bool:
    return not _is_growing(_groups(written))


def _is_foreign(written: str) -> bool:
    groups = _groups(written)
    return sum(map(len, groups)) >= 11 and not _is_growing(groups)


def _is_iban(written: str) -> bool:
    plain = re.sub(r"[\s-]", "", written)
    return len(plain) >= 15 and int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


# Searched for by its sign, and then backwards: each letter of a long text could begin a name.
_BEHIND_A_WORD: dict[str, Any] = {"before": re.compile(_PART), "most_before": 64, "needs_before": True}
_BEHIND_A_PLACE: dict[str, Any] = {"before": re.compile(_HAN), "most_before": 24, "needs_before": True}
_UNIT = r"(?:[WVAL]|k[Ww]|[Hh]z|[KMG]Hz|mAh|Wh|[mc]m|m?[lg]|kg|lm|rpm|元|毫米|毫升|瓦)(?![A-Za-z])"
# Bounded repeats: a megabyte of letters must not make the search quadratic.
_MOBILE_TAIL = rf"1{_GAP}[3-9](?:{_WIDE_GAP}\d){{9}}(?!\d)"
# In this order: a mobile with country code would also be a long number, and an address would take the last digits of a
# number before it and leave the others.
KINDS = (
    Kind(re.compile(rf"(?<!\d)[1-9]\d{{5}}{_GAP}{_BIRTHDAY}{_GAP}\d{{3}}[\dXx*](?!\d)"), "[id card]"),
    Kind(re.compile(r"(?<![A-Za-z])[A-Z]{1,2}\d{6}\s?\([0-9A]\)"), "[id card]"),  # of Hong Kong
    Kind(
        re.compile(
            r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?:[\s-][A-Z0-9]{4}){2,7}(?:[\s-][A-Z0-9]{1,3})?)(?![A-Za-z0-9])"
        ),
        "[bank account]",
        _is_iban,
    ),
    # in small letters only: else a word behind it would be taken for its end
    Kind(
        re.compile(
            r"(?<![A-Za-z0-9])[a-z]{2}\d{2}(?:[a-z0-9]{11,30}|[\s-][a-z0-9]{4}(?:[\s-]\d{4}){1,6}(?:[\s-][a-z0-9]{1,3})?)(?![A-Za-z0-9])"
        ),
        "[bank account]",
        _is_iban,
    ),
    # Chinese mobile, with or without country code
    Kind(re.compile(rf"(?<!\d)(?:[(（]?(?:\+|00)?86[)）]?{_GAP})?{_MOBILE_TAIL}"), "[phone]", _is_mobile),
    # three, four and four digits, with signs between that part no other digits of one number
    Kind(
        re.compile(
            rf"(?<!\d)(?:[(（]?(?:\+|00)?86[)）]?{_GAP})?1[3-9]\d"
            r"(?:\s?([:;~。=#^…'’])\s?\d{4}\s?\1\s?|\s?\(\s?\d{4}\s?\)\s?|\s?\[\s?\d{4}\s?\]\s?)\d{4}(?!\d)"
        ),
        "[phone]",
    ),
    Kind(re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{14,18}}(?!\d)"), "[bank card]", _is_card),
    Kind(re.compile(r"(?<!\d)[3-6]\d{3}(?:[,，、*|]\d{4}){3}(?:[,，、*|]\d{1,3})?(?!\d)"), "[bank card]", _is_no_price_list),
    # written with a plus and country code; 12+512 of a telephone for sale is no such number
    Kind(re.compile(rf"(?<![0-9A-Za-z])\+\s?\d(?:[()（）]?{_GAP}[()（）]?\d){{6,14}}(?!\d)"), "[phone]"),
    # with 00 and country code, in groups: unbroken it may be a bar code
    Kind(re.compile(r"(?<![0-9A-Za-z-])00[1-9]\d{0,2}[\s./-]\(?\d{1,5}\)?(?:[\s./-]\d{2,8}){1,3}(?!\d)"), "[phone]", _is_foreign),
    Kind(re.compile(r"(?<![\d.-])86[\s-](?:10|2\d|[3-9]\d{2})[\s-]\d{3,4}[\s-]?\d{4}(?!\d)"), "[phone]"),
    # with a trunk 0: area code and number
    Kind(re.compile(rf"(?<!\d)[(（]?0\d{{2,4}}[)）]?{_GAP}\d{{3,4}}{_GAP}\d{{3,4}}(?!\d)"), "[phone]"),
    # of a company in China, then of North America
    Kind(re.compile(r"(?<!\d)[48]00(?:\d{7}|[\s-]\d{3}[\s-]\d{4}|[\s-]\d{4}[\s-]\d{3}|[\s-]\d{7})(?!\d)"), "[phone]"),
    Kind(re.compile(r"(?<!\d)\([2-9]\d{2}\)\s?[2-9]\d{2}[-.\s]\d{4}(?!\d)"), "[phone]"),
    Kind(re.compile(rf"(?<![\d.-])[2-9]\d{{2}}([-.])[2-9]\d{{2}}\1\d{{4}}(?![\d-]|{_UNIT})"), "[phone]"),
    Kind(
        re.compile(
            rf"{_AT}(?={_DOMAIN}){_PART}{{1,255}}(?:{_DOT}\w{{2,20}}|。{_ENDING}){{0,3}}(?<![.])",
            re.IGNORECASE,
        ),
        "[email]",
        **_BEHIND_A_WORD,
    ),
    Kind(re.compile(rf"\s{{1,3}}at\s{{1,3}}\w[\w-]{{0,62}}(?:{_DOT}\w{{2,20}}){{1,3}}", re.IGNORECASE), "[email]", **_BEHIND_A_WORD),
    Kind(re.compile(r"(?<![A-Za-z0-9])wxid_[a-z0-9]{6,20}", re.IGNORECASE), "[messenger id]"),
    # An id behind the name of its service: one of letters alone only where it is said that an id follows.
    Kind(
        re.compile(
            r"(?:微信|薇信|V信|(?<![A-Za-z])(?:wechat|weixin|wx|vx))(?:\s?(?:号码?|id))?(?:\s?[:：是]\s?|\s{0,3})"
            r"(?P<id>(?!pay\d{0,4}(?![A-Za-z0-9_-]))(?=[A-Za-z_-]{0,19}\d|[A-Za-z0-9-]{0,19}_)[A-Za-z][A-Za-z0-9_-]{5,19})(?![A-Za-z0-9_-])",
            re.IGNORECASE,
        ),
        "[messenger id]",
    ),
    Kind(
        re.compile(
            r"(?:[加我的]微信|微信号|微信\s?[:：]|(?<![A-Za-z])(?:wechat|weixin|wx|vx)(?:\s?id)?\s?[:：])\s?[:：]?\s?"
            r"(?P<id>[A-Za-z][A-Za-z0-9_-]{5,19})(?![A-Za-z0-9_-])",
            re.IGNORECASE,
        ),
        "[messenger id]",
    ),
    Kind(
        re.compile(r"(?:扣扣|企鹅号|(?<![A-Za-z])q\s?q)(?:\s?(?:号码?|群))?\s?[:：是]?\s{0,3}(?P<id>[1-9]\d{4,10})(?!\d)", re.IGNORECASE),
        "[messenger id]",
    ),
    # A street and a house number, or a house and the flat in it, with all that is written before and behind in one run.
    Kind(
        re.compile(
            rf"(?:路|街|巷|弄|大道|胡同|村|镇|乡)\s?{_HOUSE_NUMBER}\s?(?:号|弄|巷)"
            rf"(?:[\s,，]{{0,2}}(?:{_HOUSE_NUMBER})?{_HOUSE}){{0,6}}(?:\d{{1,5}}室?)?"
        ),
        "[address]",
        **_BEHIND_A_PLACE,
    ),
    Kind(
        re.compile(
            rf"(?<!\d)\d{{1,4}}(?:(?:栋|幢|号楼)\s?(?:{_HOUSE_NUMBER}单元\s?)?\d{{2,5}}室?|座\s?\d{{2,5}}室(?![内外]))(?!\d)"
        ),
        "[address]",
        **_BEHIND_A_PLACE,
    ),
    # With an entrance it is a flat, whatever stands before it.
    Kind(
        re.compile(rf"(?<!\d)\d{{1,4}}(?:栋|幢|号楼|座)\s?{_HOUSE_NUMBER}单元\s?\d{{2,5}}室?(?!\d)"),
        "[address]",
        before=re.compile(_HAN),
        most_before=24,
    ),
)  # fmt: skip
# Read out one by one, or with letters for zeros and ones: the rest of a word must not end in the number.
READ_OUT = (
    Kind(
        re.compile(rf"(?<![0-9A-Za-z])(?:(?:\+|00)?86{_GAP})?1{_GAP}[3-9](?:[{_BETWEEN},，、·*|+]{{0,3}}\d){{9}}(?![0-9A-Za-z])"),
        "[phone]",
        _is_mobile,
    ),
)
# Cheap looks: where none finds anything, there is nothing to mask.
_SIGN = re.compile(r"[@%&\d]")
_BESIDE_A_SIGN = re.compile(
    r"@|%[0-9A-Fa-f]{2}|&[#A-Za-z]|\d(?:\D{0,16}\d){6}|[路街巷弄道同村镇乡]\s?[\dA-Za-z]|\d(?:栋|幢|号楼|座)|\d{6}\s?\([0-9A]\)"
)
_WORDS = re.compile(
    r"艾特|微信|薇信|v信|wechat|weixin|wx|vx|q\s?q|扣扣|企鹅| dot |\( ?at|\[ ?at|\{ ?at|<at|（ ?at|【at"
)  # in small letters
_SPOKEN_LOOK = re.compile(
    rf"(?:[{NUMERALS}\dO]\D{{0,3}}){{10}}[{NUMERALS}\dOo]|[路街巷弄道同村镇乡]\s?[一二三四五六七八九十百]"
    r"|(?<![0-9A-Za-z])[1Il][\s-]?[3-9](?:[\s-]?[\dOoIl]){9}(?![0-9A-Za-z])"
)
_HAS_NUMERALS = re.compile(rf"[{NUMERALS}OoIl]")


def needs_a_look(text: str) -> bool:
    """Whether there may be anything to mask in it; also asked of many texts, joined by line breaks."""
    plain = folded(text)
    if _SIGN.search(plain) and _BESIDE_A_SIGN.search(plain):
        return True
    return _WORDS.search(plain.lower()) is not None or _SPOKEN_LOOK.search(plain) is not None


def may_be_read_out(text: str) -> bool:
    """Whether it holds numerals, or letters that stand for a zero or a one."""
    return _HAS_NUMERALS.search(text) is not None
