"""One spelling per name, phone, mailbox and street, so that what people write differently by habit compares as equal."""

import re
import unicodedata

import phonenumbers

from reclake.privacy.contact_data import is_placeholder, is_role_address, normalised_email

_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_TITLES = re.compile(r"(先生|女士|小姐|太太|老师)$")
_TITLE_WORDS = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "herr", "frau"})
_WORD = re.compile(r"[^\W\d_]+")
# Province, city, district: regions have a column of their own, and addresses often leave them out.
_ABOVE_STREET = re.compile(r"^.*(?:省|自治区|市|区|县|镇)(?=.*\d|.{3})")
_SHORTEST_MAILBOX = 3


def name_spellings(text: str) -> tuple[str | None, str | None]:
    """A name in Chinese signs, and one in another script: its words in alphabetical order.

    The two cannot be compared with each other, so each is an attribute of its own.

    Examples
    --------
    >>> name_spellings("王 伟 先生"), name_spellings("WEI, Wang"), name_spellings("王伟 (Wang Wei)")
    (('王伟', None), (None, 'wangwei'), ('王伟', 'wangwei'))
    >>> name_spellings("Mr. 007"), name_spellings("unknown")
    ((None, None), (None, None))
    """
    if is_placeholder(text):
        return None, None
    plain = unicodedata.normalize("NFKC", text).casefold()
    han = _TITLES.sub("", "".join(_HAN.findall(plain)))
    words = [word for word in _WORD.findall(_HAN.sub(" ", plain)) if word not in _TITLE_WORDS]
    return han or None, "".join(sorted(words)) or None


def phone_spelling(text: str, default_region: str) -> str | None:
    """The national digits of what looks like a phone number; unlike a contact's, it may be one that nobody has.

    A digit typed wrong often makes a number that cannot exist, and it is compared all the same.

    Examples
    --------
    >>> phone_spelling("+86 138-0013-8000", "CN"), phone_spelling("19 9 9999 0000", "CN"), phone_spelling("000000", "CN")
    ('13800138000', '19999990000', None)
    """
    if is_placeholder(text):
        return None
    try:
        number = phonenumbers.parse(unicodedata.normalize("NFKC", text), default_region)
    except phonenumbers.NumberParseException:
        return None
    digits = str(number.national_number)
    return digits if 7 <= len(digits) <= 15 and len(set(digits)) > 1 else None


def mailbox_spelling(text: str) -> str | None:
    """The part of an e-mail address before the @, without what follows a plus; None for an office's or a very short one.

    Examples
    --------
    >>> [mailbox_spelling(text) for text in ("Anna.Li+shop@Example.com", "info@example.com", "a@example.com", "anna")]
    ['anna.li', None, None, None]
    """
    address = normalised_email(text)
    if address is None or is_role_address(address):
        return None
    mailbox = address.split("@")[0].split("+")[0]
    return mailbox if len(mailbox) >= _SHORTEST_MAILBOX else None


def street_spelling(text: str) -> str | None:
    """A postal address without blanks, signs, and the districts above its street.

    Examples
    --------
    >>> street_spelling("上海市浦东新区 人民路 12 号"), street_spelling("12, High Street"), street_spelling("无")
    ('人民路12号', '12highstreet', None)
    """
    if is_placeholder(text):
        return None
    plain = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())
    return _ABOVE_STREET.sub("", plain) or None
