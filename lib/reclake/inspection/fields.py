"""What one field of a file looks like: its kind of value, the words in it that look like none, a value that stands out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from zoneinfo import ZoneInfo

from reclake.privacy.contact_data import normalised_email, normalised_phone
from reclake.privacy.masking import masked
from reclake.sources.times import moment

from .marks import Marks, marks_of
from .personal import is_long_number, is_personal, names_a_time, shape, shortened

Looks = Literal[
    "nothing", "number", "whole", "decimal comma", "fraction of an id", "truth", "time", "day", "email", "phone", "text"
]

_WHOLE = re.compile(r"[+-]?\d{1,19}")
_ROUNDED = re.compile(r"[+-]?\d([.,]\d+)?[eE]\+?\d{2}")
_WHOLE_AS_FRACTION = re.compile(r"\d+\.0")
_NONE = frozenset({
    "null",
    "(null)",
    "<null>",
    "none",
    "nil",
    "\\n",
    "nan",
    "n/a",
    "#n/a",
    "na",
    "undefined",
    "unknown",
    "-",
    "0",
    "-1",
    "",
})
_LIKE_A_TIME = re.compile(r"\d{1,4}[-/.\d][-/.:,\d\sTtZz+apmAPMUC]+")
_ZERO_UUID = re.compile(r"\{?0{8}-?0{4}-?0{4}-?0{4}-?0{12}\}?")
_DAYS = ("yyyy-MM-dd", "yyyy/MM/dd", "dd.MM.yyyy", "dd/MM/yyyy", "MM/dd/yyyy", "dd-MM-yyyy", "yyyyMMdd", "yyyy/M/d", "d.M.yyyy", "d/M/yyyy", "M/d/yyyy")  # fmt: skip
_CLOCKS = (" HH:mm:ss", " HH:mm", " H:mm:ss", " H:mm", " HH:mm:ss.SSS", " h:mm:ss a", " h:mm a")
TIME_PATTERNS = ("iso", *(day + clock for day in _DAYS for clock in _CLOCKS), "yyyyMMddHHmmss")
_EPOCHS = {10: "epoch_seconds", 13: "epoch_millis", 16: "epoch_micros", 19: "epoch_nanos"}
_SHOWN = 40  # characters of a value
_MASKED = 400  # characters of a value that are masked before the first of them are shown
_JUDGED = 500  # values that show what a field looks like
_FEW_WORDS = 40  # values of a field that seems to name kinds


@dataclass(frozen=True, slots=True)
class FieldSummary:
    """What the head shows of one field."""

    name: str
    n_values: int  # records of the head
    n_blank: int
    looks: Looks
    time_format: str = ""
    is_ambiguous: bool = False  # whether day and month could be the other way round
    none_words: dict[str, int] = field(default_factory=dict)  # as written → how often
    zeros: dict[str, int] = field(default_factory=dict)  # 0 and -1 among numbers: none if the field is an id
    top_value: str = ""  # the most common value that is not blank and none of those words
    top_share: float = 0.0  # of the records
    n_distinct: int = 0
    samples: tuple[str, ...] = ()  # shown as `shown` says
    words: tuple[str, ...] = ()  # every value of a text field that has few, the most common first, as written
    marks: Marks | None = None  # of a number that is not whole
    is_rounded: bool = False  # whether a spreadsheet wrote long numbers as 4.00638E+12
    is_personal: bool = False  # whether its name, or its source file, says that it tells who somebody is

    def shown(self, text: str) -> str:
        """A value of the field as a person may see it."""
        return shown(text, self.looks, name=self.name, form=self.time_format, is_personal=self.is_personal)


def summary(name: str, values: Sequence[str | None], *, tells_person: bool = False) -> FieldSummary:
    """The summary of a field's values in the head; `tells_person` as its source file says."""
    written = [value.strip() for value in values if value is not None and value.strip()]
    none_words = {word: n for word, n in Counter(written).items() if is_none_word(word)}
    # 0 and -1 are numbers as well: among other numbers they mean what they say, beside words they look like none.
    meant = [value for value in written if value not in none_words or value in ("0", "-1", "-")]
    looks, time_format, is_ambiguous = _looks((meant or written)[:_JUDGED])
    zeros = {word: n for word, n in none_words.items() if word in ("0", "-1") and looks in ("number", "whole")}
    none_words = {word: n for word, n in none_words.items() if word not in zeros}
    counted = Counter(value for value in written if value not in none_words)
    top, n_top = counted.most_common(1)[0] if counted else ("", 0)
    if looks == "number" and all(_WHOLE_AS_FRACTION.fullmatch(value) for value in meant):
        looks = "fraction of an id"
    found = FieldSummary(
        name=name,
        n_values=len(values),
        n_blank=len(values) - len(written),
        looks=looks,
        time_format=time_format,
        is_ambiguous=is_ambiguous,
        none_words=none_words,
        zeros=zeros,
        top_value=top,
        top_share=n_top / len(values) if values else 0.0,
        n_distinct=len(counted),
        words=tuple(word for word, _ in counted.most_common()) if looks == "text" and len(counted) <= _FEW_WORDS else (),
        marks=marks_of(meant[:_JUDGED]) if looks in ("number", "decimal comma") else None,
        is_rounded=any(_ROUNDED.fullmatch(value) for value in meant[:_JUDGED]),
        is_personal=tells_person or is_personal(name),
    )
    return replace(found, samples=tuple(dict.fromkeys(found.shown(value) for value in written[:50]))[:3])


def is_none_word(text: str) -> bool:
    """Whether the text looks like a word for none.

    Examples
    --------
    >>> [is_none_word(text) for text in ("NULL", "00000000-0000-0000-0000-000000000000", "Anna")]
    [True, True, False]
    """
    return text.casefold() in _NONE or bool(_ZERO_UUID.fullmatch(text))


def shown(text: str, looks: Looks, *, name: str = "", form: str = "", is_personal: bool = False) -> str:
    """A value as a person may see it, in one line: contact data and what could be somebody's number only by its shape.

    Parameters
    ----------
    name, form
        Of its field, and the format of the times in it: a number of ten digits or more is shown only where it is a time.
    is_personal
        Whether the field tells who somebody is: its values are shown by their shape.

    Examples
    --------
    >>> shown("138 0013 8000", "phone"), shown("12.50", "number"), shown("tea, call 13800138000", "text")
    ('999 9999 9999', '12.50', 'tea, call [phone]')
    >>> shown("4111111111111111", "time", name="card", form="epoch_micros")
    '9999999999999999'
    """
    text = text[:_MASKED]
    plain = masked(text) if looks == "text" and not is_personal else text
    is_nested = looks == "text" and text.startswith(("[", "{")) and '"' in text  # a list of JSON may hold anything
    is_hidden = is_personal or is_nested or looks in ("phone", "email") or is_long_number(plain)
    if is_hidden and not is_none_word(text) and (is_personal or not _is_shown_time(text, looks, name, form)):
        plain = shape(text)
    return shortened(plain, _SHOWN)


def _is_shown_time(text: str, looks: Looks, name: str, form: str) -> bool:
    """Whether it is a time of a field that seems to hold times: a card number may read as one by chance."""
    return looks in ("time", "day") and (names_a_time(name) or not text.isdigit()) and bool(_reads(text, form))


def _looks(values: Sequence[str]) -> tuple[Looks, str, bool]:
    """Kind of value, the format of a time, and whether its day and month are uncertain."""
    if not values:
        return "nothing", "", False
    if found := _time_format(values):
        return found
    if _nearly_all(values, lambda value: value.lower() in ("true", "false")):
        return "truth", "", False
    if _nearly_all(values, _WHOLE.fullmatch):
        is_phone = _nearly_all(values, lambda value: len(value) == 11 and normalised_phone(value, "CN") is not None)
        return "phone" if is_phone else "whole", "", False
    if (marks := marks_of(values)) is not None:
        return "decimal comma" if marks.decimal == "," else "number", "", False
    if _nearly_all(values, normalised_email):
        return "email", "", False
    if _nearly_all(values, lambda value: normalised_phone(value, "CN") is not None):
        return "phone", "", False
    return "text", "", False


def _time_format(values: Sequence[str]) -> tuple[Looks, str, bool] | None:
    if _nearly_all(values, lambda value: bool(_WHOLE.fullmatch(value)) and len(value) in _EPOCHS):
        lengths = Counter(map(len, values))
        form = _EPOCHS[lengths.most_common(1)[0][0]]
        return ("time", form, False) if _is_of_the_web(values[0], form) else None
    few = list(dict.fromkeys(values))[:100]
    if not _nearly_all(few[:20], _LIKE_A_TIME.fullmatch):
        return None
    if _nearly_all(few, _WHOLE.fullmatch):  # of numbers only those that are as long as a day or a moment in digits
        return _in_digits(few)
    if found := _first_that_reads(few, TIME_PATTERNS, _reads):
        return "time", *found
    if found := _first_that_reads(few, _DAYS, _reads):
        return "day", *found
    return None


def _in_digits(values: Sequence[str]) -> tuple[Looks, str, bool] | None:
    forms: dict[int, tuple[Looks, str]] = {8: ("day", "yyyyMMdd"), 14: ("time", "yyyyMMddHHmmss")}
    looks, form = forms.get(len(values[0]), ("nothing", ""))
    is_one = form and _nearly_all(values, lambda value: len(value) == len(form) and _reads(value, form))
    return (looks, form, False) if is_one else None


def _first_that_reads(values: Sequence[str], forms: Sequence[str], reads: Callable[[str, str], bool]) -> tuple[str, bool] | None:
    """The first format that reads nearly all values, and whether the one with day and month turned does so too."""

    def holds(form: str) -> bool:
        # Most formats read none of the first values.
        return any(reads(value, form) for value in values[:2]) and _nearly_all(values, lambda value: reads(value, form))

    form = next((form for form in forms if holds(form)), None)
    if form is None:
        return None
    turned = _turned(form)
    return form, turned is not None and holds(turned)


def _turned(form: str) -> str | None:
    """The format with day and month the other way round."""
    for one, other in (("dd/MM", "MM/dd"), ("MM/dd", "dd/MM"), ("d/M", "M/d"), ("M/d", "d/M")):
        if form.startswith(one):
            return other + form.removeprefix(one)
    return None


def _is_of_the_web(text: str, form: str) -> bool:
    at = moment(text, form, ZoneInfo("UTC"))
    return at is not None and 1995 <= at.year <= 2100


def _reads(text: str, form: str) -> bool:
    return moment(text, form, ZoneInfo("UTC")) is not None and (form != "iso" or len(text) > len("2026-01-01"))


def _nearly_all(values: Sequence[str], holds: Callable[[str], object]) -> bool:
    """Whether it holds for at least 19 of 20 values."""
    return sum(bool(holds(value)) for value in values) >= 0.95 * len(values)
