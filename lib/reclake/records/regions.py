"""A region as it may be stored: cut behind the level that its feed declares, so that no house and no street is kept.

A Chinese address is cut behind its province, city or district. Another text is a region only while it is made of few words
and no digits; one with a digit, or with the word for a street, is left out whole, as nothing says where it could be cut.
"""

import re
from functools import lru_cache
from typing import Literal

Level = Literal["province", "city", "district"]
FINEST: Level = "district"
LEFT_OUT = "is finer than a region: left out"
CUT = "was cut behind its"

_BETWEEN = r"[\s,，、/·-]*"
_PROVINCE = rf"{_BETWEEN}(?:(?:北京|上海|天津|重庆)市|[\u4e00-\u9fff]{{2,8}}?(?:省|自治区|特别行政区))"
_NAME = r"(?:(?![路街巷弄号村])[\u4e00-\u9fff]){1,10}?"
_CITY = rf"{_BETWEEN}{_NAME}(?:市|自治州|地区|盟)"
_DISTRICT = rf"{_BETWEEN}{_NAME}(?:新区|(?<![小社])区|县|旗|市)(?!路|街|道|巷)"
_CHINESE = re.compile(rf"\s*(?P<province>{_PROVINCE})?(?P<city>{_CITY})?(?P<district>{_DISTRICT})?")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_STREET = re.compile(
    r"[路街巷弄号栋幢楼室村]|大道|胡同|小区|花园|\b(?:street|road|avenue|lane|drive|boulevard|square|house|flat|apt|suite|"
    r"str|rd|ave|blvd|rue|via|calle|platz|weg|allee|gasse)\b|stra(?:ss|ß)e\b|strasse",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W\d_]+(?:[\s.,'’()/&-]{1,3}[^\W\d_]+){0,5}[.)]?")
_LONGEST = 60  # characters of a region without any of these levels


@lru_cache(maxsize=4096)
def region_of(text: str, level: Level = FINEST) -> str | None:
    """The text up to the level, as it was written; None where it is finer and cannot be cut.

    Examples
    --------
    >>> region_of("北京市朝阳区建国路88号院3号楼1501室 李华"), region_of("广东省深圳市南山区", "city")
    ('北京市朝阳区', '广东省深圳市')
    >>> region_of("North West"), region_of("221B Baker Street"), region_of("建国路88号")
    ('North West', None, None)
    """
    found = _CHINESE.match(text) if _HAN.search(text) else None
    ends = {name: found.end(name) for name in ("province", "city", "district") if found and found[name]}
    if "province" in ends and "city" not in ends and found and found["province"].strip()[-1] == "市":
        ends["city"] = ends["province"]  # a city that is a province
    wanted = ("province", "city", "district")
    reached = max((ends[name] for name in wanted[: wanted.index(level) + 1] if name in ends), default=0)
    if reached:
        return text[:reached].strip()
    if ends:  # a district alone, where a city is asked for
        return None
    is_region = len(text) <= _LONGEST and _WORDS.fullmatch(text.strip()) and not _STREET.search(text)
    return text if is_region else None
