"""Slips of people who type what a customer says: in names, addresses and phone numbers."""

import re

from .draws import Draws

RIGHT = "right"  # written as it is

_LOOK_ALIKES = dict(
    zip(
        "王李张刘陈杨赵黄周吴徐孙伟芳娜敏静磊洋艳勇杰婷浩然子涵雨桐",
        "汪黎章柳程扬照皇邹武许荪玮方那闵净雷阳燕永洁亭皓燃紫函宇同",
        strict=True,
    )
)
_LATIN = {
    "王": "Wang", "李": "Li", "张": "Zhang", "刘": "Liu", "陈": "Chen", "杨": "Yang", "赵": "Zhao", "黄": "Huang", "周": "Zhou",
    "吴": "Wu", "徐": "Xu", "孙": "Sun", "伟": "Wei", "芳": "Fang", "娜": "Na", "敏": "Min", "静": "Jing", "磊": "Lei", "洋": "Yang",
    "艳": "Yan", "勇": "Yong", "杰": "Jie", "婷": "Ting", "浩": "Hao", "然": "Ran", "子": "Zi", "涵": "Han", "雨": "Yu", "桐": "Tong",
}  # fmt: skip
_DISTRICT = re.compile(r"(?<=市).{2,4}?区")
_NUMBERS = re.compile(r"\d+")


def typed_name(draws: Draws, name: str) -> tuple[str, str]:
    """The name with one slip, and its kind: wrong_sign, left_out or latin.

    Examples
    --------
    >>> sorted({typed_name(Draws(7, "doc", n), "王浩然") for n in range(60)})[:3]
    [('Wang Haoran', 'latin'), ('汪浩然', 'wrong_sign'), ('浩然', 'left_out')]
    """
    kind = draws.one_of(("wrong_sign", "left_out", "latin"))
    place = draws.below(len(name))
    if kind == "wrong_sign":
        return name[:place] + _LOOK_ALIKES[name[place]] + name[place + 1 :], kind
    if kind == "left_out":
        return name[:place] + name[place + 1 :], kind
    return f"{_LATIN[name[0]]} {''.join(_LATIN[sign] for sign in name[1:]).capitalize()}", kind


def typed_address(draws: Draws, address: str) -> tuple[str, str]:
    """The address with one slip, and its kind: abbreviated, swapped (two digits of a number) or no_district.

    A number of one digit, or of equal ones, has none to swap: such an address is abbreviated.
    """
    kind = draws.one_of(("abbreviated", "swapped", "no_district"))
    numbers = [found for found in _NUMBERS.finditer(address) if len(set(found.group())) > 1]
    if kind == "no_district":
        return _DISTRICT.sub("", address, count=1), kind
    if kind == "swapped" and numbers:
        number = draws.one_of(numbers)
        return address[: number.start()] + _swapped(draws, number.group()) + address[number.end() :], kind
    return address.replace("市", "", 1).replace("区", "", 1).replace("号", "-", 1).replace("室", "", 1), "abbreviated"


def typed_phone(draws: Draws, phone: str) -> tuple[str, str]:
    """The number with one slip behind its prefix, and its kind: one_off (a neighbouring digit) or swapped."""
    head, tail = phone[:3], phone[3:]
    if draws.chance(0.5) and len(set(tail)) > 1:
        return head + _swapped(draws, tail), "swapped"
    place = draws.below(len(tail))
    digit = (int(tail[place]) + draws.one_of((1, 9))) % 10
    return f"{head}{tail[:place]}{digit}{tail[place + 1 :]}", "one_off"


def _swapped(draws: Draws, digits: str) -> str:
    """Two different neighbours change places."""
    places = [place for place in range(len(digits) - 1) if digits[place] != digits[place + 1]]
    place = draws.one_of(places)
    return digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
