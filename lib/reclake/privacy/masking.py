"""Contact data, card numbers and addresses taken out of free text.

A gate looks at the stored text with a part of what is looked for here. So what it would find is masked last, whatever the
readings were: no text can be masked and stop its table all the same.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from reclake.privacy.readings import Reading, reading
from reclake.privacy.short_texts import kept_if_short
from reclake.privacy.written_kinds import KINDS, READ_OUT, Kind, may_be_read_out, needs_a_look
from reclake.tables.vocabulary import EMAIL_IN_TEXT, MOBILE_IN_TEXT

_DONE = "\ue000"  # stands for each character that is masked already: no digit, and part of no word

# What a gate looks for afterwards, digits of ASCII alone.
_REACHES = ((re.compile(EMAIL_IN_TEXT, re.ASCII), "[email]"), (re.compile(MOBILE_IN_TEXT, re.ASCII), "[phone]"))


class _Masked(NamedTuple):
    begin: int
    end: int
    mask: str


def _found(plain: str, kinds: Iterable[Kind], earlier: Sequence[_Masked]) -> list[_Masked]:
    """All that is to be masked: `earlier`, and what is seen of the kinds in what these leave of the reading."""
    masks, plain = list(earlier), _blanked(plain, earlier)
    for kind in kinds:
        if new := list(_spans(plain, kind)):
            masks, plain = _joined([*masks, *new]), _blanked(plain, new)
    return masks


def _blanked(plain: str, masks: Iterable[_Masked]) -> str:
    return _written_with(plain, (_Masked(begin, end, _DONE * (end - begin)) for begin, end, _ in masks))


def _spans(plain: str, kind: Kind) -> Iterator[_Masked]:
    """Where the kind is seen, in order and apart from each other."""
    group, free_from = "id" if "id" in kind.pattern.groupindex else 0, 0
    for match in kind.pattern.finditer(plain):
        begin, end = match.span(group)
        if kind.before is not None:
            least = max(free_from, begin - kind.most_before)
            while begin > least and kind.before.match(plain, begin - 1):
                begin -= 1
            if kind.needs_before and begin == match.start():
                continue
        if kind.is_one(match[0]):
            yield _Masked(begin, end, kind.mask)
            free_from = end


def _joined(masks: Iterable[_Masked]) -> list[_Masked]:
    """Those that overlap as one, which is what the larger is: the mail address 13800138000@163.com holds a number."""
    joined: list[_Masked] = []
    for mask in sorted(masks, key=lambda mask: (mask.begin, -mask.end)):
        if joined and mask.begin < joined[-1].end:
            last = joined[-1]
            larger = max(last, mask, key=lambda one: one.end - one.begin)
            joined[-1] = _Masked(last.begin, max(last.end, mask.end), larger.mask)
        else:
            joined.append(mask)
    return joined


def reaches_somebody(text: str) -> bool:
    """Whether a gate would find an e-mail address or mobile number in the text."""
    return any(pattern.search(text) for pattern, _ in _REACHES)


@kept_if_short(65536)
def without_evident_contacts(text: str) -> str:
    """The text without e-mail addresses and unbroken mobile numbers: for texts of machines, in which versions look like numbers.

    It is read decoded, with the decimal digits of any script; a mobile number may have the country code before it.

    Examples
    --------
    >>> without_evident_contacts("Crawler/1.0 Chrome/140.0.7339.210 (anna@example.com)")
    'Crawler/1.0 Chrome/140.0.7339.210 ([email])'
    """
    if text.isascii() and _MAY_BE_EVIDENT.search(text) is None:
        return text
    written = reading(text)
    plain = written.decimals()
    masks = _joined(_Masked(*match.span(), mask) for pattern, mask in _EVIDENT for match in pattern.finditer(plain))
    return _without_what_gates_find(_written_in(text, written, masks))


def is_evident_contact(text: str) -> bool:
    """Whether an id holds an e-mail address, or is written as a phone number and nothing else. Plain digits may be any id.

    Examples
    --------
    >>> [is_evident_contact(text) for text in ("SO-anna@example.com", "138 0013 8000", "+8613800138000", "13800138000", "A-138-0013-8000")]
    [True, True, True, False, False]
    """
    plain = reading(text).digits().strip()
    return _REACHES[0][0].search(plain) is not None or _EVIDENT_PHONE.fullmatch(plain) is not None


def may_hold_contacts(texts: str) -> bool:
    """A cheap look at many ids, joined by line breaks: without one of these signs none is a contact."""
    return not texts.isascii() or any(sign in texts for sign in "@%&+(") or _GROUPED.search(texts) is not None


_GROUPED = re.compile(r"1[3-9]\d[ .-]\d{4}[ .-]|86[ .-]1[3-9]\d", re.ASCII)
_EVIDENT_PHONE = re.compile(
    r"\+\d[\d .()-]{6,18}\d"
    r"|(?:(?:00)?86[ .-]?)?(?:1[3-9]\d[ .-]\d{4}[ .-]|\(1[3-9]\d\)[ .-]?\d{4}[ .-]?)\d{4}"
    r"|(?:(?:00)?86[ .-]|\((?:00)?86\)[ .-]?)1[3-9]\d[ .-]?\d{4}[ .-]?\d{4}"
)
_MAY_BE_EVIDENT = re.compile(r"[@%&]|1[3-9]\d{9}", re.ASCII)
_EVIDENT = (
    (re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?=[A-Za-z0-9.-]{1,253}[.][A-Za-z])[A-Za-z0-9.-]{1,255}[A-Za-z]", re.ASCII), "[email]"),
    (re.compile(r"(?<!\d)(?:(?:\+|00)?86[ -]?)?1[3-9]\d{9}(?!\d)", re.ASCII), "[phone]"),
)


@kept_if_short(65536)
def masked(text: str) -> str:
    """The text with e-mail addresses, id and bank cards, phone numbers, ids of messengers and addresses replaced by what they are.

    All else stays as it was written. The text is read decoded, with digits of any script; circled and raised digits count
    only in what is left then, as they are also written beside a number (80m²13800138000), and numerals and the letters O, I
    and l in what is left after that. What a gate would still find is masked as well.

    Examples
    --------
    >>> masked("call 138-0013-8000 or mail anna@example.com")
    'call [phone] or mail [email]'
    >>> masked("iPhone 15 128GB"), masked("q=138%200013%208000&page=2")
    ('iPhone 15 128GB', 'q=[phone]&page=2')
    """
    if not needs_a_look(text):
        return text
    written = reading(text)
    plain = written.decimals()
    masks = _found(plain, KINDS, ())
    if not written.text.isascii() and (digits := written.digits()) != plain:
        masks = _found(digits, KINDS, masks)
    if may_be_read_out(written.text):
        masks = _found(written.numerals(), READ_OUT, masks)
    return _without_what_gates_find(_written_in(text, written, masks))


def _without_what_gates_find(text: str) -> str:
    if reaches_somebody(text):
        for pattern, mask in _REACHES:
            text = pattern.sub(mask, text)
    return text


def _written_in(text: str, written: Reading, masks: Iterable[_Masked]) -> str:
    """The text with masks that were found in its reading."""
    return _written_with(text, (_Masked(written.places[begin], written.places[end], mask) for begin, end, mask in masks))


def _written_with(text: str, masks: Iterable[_Masked]) -> str:
    pieces, at = [], 0
    for begin, end, mask in masks:
        pieces += [text[at:begin], mask]
        at = end
    return "".join([*pieces, text[at:]])
