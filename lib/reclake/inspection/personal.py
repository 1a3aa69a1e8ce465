"""What in a file may tell who somebody is, by the names of its fields and by its values, and how it is shown without that."""

from __future__ import annotations

import re

from reclake.printable import printable
from reclake.privacy.masking import masked
from reclake.sources.source import CONTACT_TYPES, ENCRYPTED, Feed

_BY_SHAPE = frozenset({"account", "device", *CONTACT_TYPES})
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")
# Words of a field's name, and ends of one, that say a person, or a way to one.
_PEOPLE = frozenset(["account", "customer", "client", "user", "uid", "member", "buyer", "login", "openid", "unionid", "person", "holder", "owner", "patient", "guest", "subscriber", "card", "device", "cookie", "visitor", "anonymous", "imei", "idfa", "oaid", "ip", "session", "phone", "mobile", "tel", "telephone", "telefon", "handy", "cell", "fax", "msisdn", "whatsapp", "wechat", "email", "mail", "address", "addr", "adresse", "anschrift", "street", "strasse", "straße", "zip", "postcode", "postal", "plz", "name", "firstname", "lastname", "forename", "surname", "fullname", "username", "nickname", "vorname", "nachname", "kunde", "contact", "recipient", "receiver", "consignee", "passport", "ssn", "iban", "bank", "born", "birth", "birthday", "birthdate", "dob", "geburtstag"])  # fmt: skip
_PEOPLE_ENDS = (
    "name", "phone", "mobile", "tel", "mail", "address", "姓名", "名字", "昵称", "收货人", "收件人", "联系人", "手机", "手机号", "手机号码",
    "电话", "电话号码", "邮箱", "地址", "会员号", "用户", "用户id", "客户编号", "身份证", "身份证号", "银行卡号", "卡号", "设备号", "straße",
)  # fmt: skip
# Beside these words a name is that of a thing.
_THINGS = frozenset(["product", "item", "article", "goods", "category", "sku", "event", "file", "shop", "store", "country", "city", "region", "brand", "channel", "campaign", "page", "currency", "type", "kind", "status", "platform", "os", "browser", "group", "level", "tier", "class"])  # fmt: skip
_THING_NAMES = re.compile(r"(product|item|article|goods|category|event|file|shop|store|country|brand|channel|campaign|page)name")
_TIME_WORDS = frozenset([
    "at",
    "time",
    "timestamp",
    "date",
    "datetime",
    "ts",
    "t",
    "day",
    "when",
    "rt",
    "created",
    "updated",
    "modified",
    "changed",
    "received",
    "sent",
])
_TIME_ENDS = ("time", "date", "timestamp", "_at", "_ts", "时间", "日期")
_DIGIT = re.compile(r"\d")
_MANY_DIGITS = 10


def is_personal(name: str) -> bool:
    """Whether a field of this name seems to hold a person's name, id, device, contact or address.

    Examples
    --------
    >>> [is_personal(name) for name in ("customer.mobileNo", "name", "CustomerID", "会员号", "product_name", "qty", "unit_price")]
    [True, True, True, True, False, False, False]
    """
    words = {word.casefold() for word in _WORDS.findall(name)}
    plain = re.sub(r"[\W\d_]+", "", name).casefold()
    if words & _THINGS or _THING_NAMES.fullmatch(plain):
        return False
    return (
        bool(words & _PEOPLE) or plain.endswith(_PEOPLE_ENDS) or any(plain.removesuffix(end) in _PEOPLE for end in ("id", "no"))
    )


def tells_person(column: str, kind: str) -> bool:
    """Whether a standard column that is mapped as this type tells a person."""
    return kind in _BY_SHAPE or column in ENCRYPTED


def personal_fields(feed: Feed) -> frozenset[str]:
    """The fields that the feed says tell a person."""
    mapped = feed.columns.items()
    return frozenset(mapping.from_ for column, mapping in mapped if mapping.from_ and tells_person(column, mapping.type))


def names_a_time(name: str) -> bool:
    """Whether a field of this name seems to hold a time.

    Examples
    --------
    >>> [names_a_time(name) for name in ("created_at", "eventTime", "下单时间", "card", "flat")]
    [True, True, True, False, False]
    """
    words = {word.casefold() for word in _WORDS.findall(name)}
    return bool(words & _TIME_WORDS) or name.casefold().endswith(_TIME_ENDS)


def is_long_number(text: str) -> bool:
    """Whether it holds so many digits that they may be a phone, a card or an id of somebody."""
    return len(text) >= _MANY_DIGITS and len(_DIGIT.findall(text)) >= _MANY_DIGITS


def shape(text: str) -> str:
    """The text with every digit as 9 and every letter as a.

    Examples
    --------
    >>> shape("Anna.Li@example.com, 138 0013")
    'aaaa.aa@aaaaaaa.aaa, 999 9999'
    """
    return "".join("9" if sign.isdigit() else "a" if sign.isalpha() else sign for sign in text)


def shortened(text: str, most: int = 60) -> str:
    """At most so many characters in one line, control characters as escapes."""
    plain = printable(text[: 2 * most])
    return plain if len(plain) <= most and len(text) <= most else f"{plain[: most - 1]}…"


def name_shown(name: str) -> str:
    """A field's name: of a file without header line it is a value of its first record."""
    return shortened(shape(name) if is_long_number(name) else masked(name[:200]))
