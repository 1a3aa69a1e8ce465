"""One spelling per phone number, e-mail address, card number and platform id; what reaches or names nobody is None."""

import re
import unicodedata

import phonenumbers

from reclake.privacy.short_texts import kept_if_short

_PLACEHOLDERS = frozenset({
    "unknown", "none", "null", "nil", "na", "n/a", "nan", "test", "anonymous", "noemail", "nomail", "undefined", "-", "--", ".",
    "无", "未知", "没有", "不详", "空",
})  # fmt: skip
# Mailboxes of an office, not of a person, in small letters without dots, hyphens and digits at the end.
_ROLES = frozenset({
    "noreply", "noresponse", "noanswer", "nepasrepondre", "donotreply", "dontreply", "mailerdaemon", "bounce", "bounces", "autoreply",
    "info", "information", "guest", "guests", "admin", "administrator", "administration", "root", "hostmaster", "postmaster",
    "webmaster", "abuse", "security", "privacy", "support", "help", "helpdesk", "service", "services", "customerservice",
    "customercare", "kundenservice", "care", "sales", "vertrieb", "office", "mail", "email", "contact", "contactus", "kontakt",
    "hello", "hi", "team", "staff", "shop", "store", "webshop", "order", "orders", "bestellung", "bestellungen", "billing",
    "invoice", "invoices", "rechnung", "accounts", "accounting", "buchhaltung", "finance", "payment", "payments", "newsletter",
    "marketing", "press", "presse", "jobs", "career", "careers", "hr", "legal", "feedback", "enquiries", "enquiry", "inquiries",
    "reception", "booking", "bookings", "reservations", "notification", "notifications", "notify", "alerts", "system",
})  # fmt: skip
_SHORTEST_KEY = 6  # signs of a card number or platform id: shorter ones are counters and slips
_BLANKS_AND_DASHES = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def _is_one_repeated(text: str) -> bool:
    return len(set(text)) == 1


def is_placeholder(text: str) -> bool:
    """Whether the text stands for a missing value.

    Examples
    --------
    >>> [is_placeholder(text) for text in ("", " N/A ", "未知", "0000", "Anna")]
    [True, True, True, True, False]
    """
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    return not plain or plain in _PLACEHOLDERS or (_is_one_repeated(plain) and not plain.isalpha())


@kept_if_short(65_536)
def normalised_phone(text: str, default_region: str) -> str | None:
    """E.164 of a valid number, else None; without a country code it is read as one of `default_region`.

    Examples
    --------
    >>> normalised_phone("138 0013-8000", "CN"), normalised_phone("0086 13800138000", "CN")
    ('+8613800138000', '+8613800138000')
    >>> normalised_phone("11111111111", "CN") is None
    True
    """
    if is_placeholder(text):
        return None
    try:
        number = phonenumbers.parse(unicodedata.normalize("NFKC", text), default_region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or _is_one_repeated(str(number.national_number)):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def normalised_email(text: str) -> str | None:
    """The address in lower case, else None.

    Two spellings that one provider alone treats as equal (dots, `+`) stay two: a link that is missed does less harm than
    two people made one.

    Examples
    --------
    >>> normalised_email(" Anna.Li@Example.COM "), normalised_email("unknown@example.com")
    ('anna.li@example.com', None)
    """
    address = unicodedata.normalize("NFKC", text).strip().lower()
    if len(address) > 254 or not _EMAIL.fullmatch(address):
        return None
    return None if is_placeholder(address.split("@")[0]) else address


def normalised_card(text: str) -> str | None:
    """The number of a loyalty card in capital letters without blanks and dashes, else None.

    Fewer than six signs, no digit at all, or one digit over and over are no card.

    Examples
    --------
    >>> [normalised_card(text) for text in (" vip-8800 1234", "ＶＩＰ－88001234", "12-345", "000000", "WALK-IN")]
    ['VIP88001234', 'VIP88001234', None, None, None]
    """
    if is_placeholder(text):
        return None
    card = _BLANKS_AND_DASHES.sub("", unicodedata.normalize("NFKC", text)).upper()
    is_number = any(sign.isdigit() for sign in card) and not _is_one_repeated(card)
    return card if len(card) >= _SHORTEST_KEY and is_number else None


def normalised_union(text: str) -> str | None:
    """A person's id across the apps of one platform, such as WeChat's unionid, else None; letter case tells two apart.

    Examples
    --------
    >>> [normalised_union(text) for text in (" oWx_8Qa-1 ", "null", "0", "00000000-0000-0000-0000-000000000000")]
    ['oWx_8Qa-1', None, None, None]
    """
    union = "".join(
        sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) not in ("Cc", "Cf")
    ).strip()
    signs = {sign for sign in union if sign.isalnum()}
    return union if len(union) >= _SHORTEST_KEY and len(signs) > 1 and not is_placeholder(union) else None


def is_role_address(address: str) -> bool:
    """Whether a normalised address is that of an office or a machine, which ties nobody to anybody.

    Examples
    --------
    >>> [is_role_address(f"{name}@example.com") for name in ("no-reply", "info+eu", "support2", "anna", "information.anna")]
    [True, True, True, False, False]
    """
    name = address.split("@")[0].split("+")[0]
    return re.sub(r"[-._]", "", name).rstrip("0123456789") in _ROLES


def normalised_text(text: str) -> str | None:
    """Trimmed free contact data such as a postal address; None for a placeholder."""
    return None if is_placeholder(text) else text.strip()


def normalised_contact(kind: str, text: str, default_region: str) -> str | None:
    """One spelling of a contact of the kind ("phone", "email", "card", "union"); None where it reaches or names nobody.

    Raises
    ------
    ValueError
        For another kind.
    """
    match kind:
        case "phone":
            return normalised_phone(text, default_region)
        case "email":
            return normalised_email(text)
        case "card":
            return normalised_card(text)
        case "union":
            return normalised_union(text)
    raise ValueError(f"{kind!r} is no kind of contact")
