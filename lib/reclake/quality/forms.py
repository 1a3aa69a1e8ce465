"""What the values of a column look like, by its name, else its type: one closed table for the suites of all tables.

A new column with a known name or type has its rules without a line in `expectations/`. A new kind of id is a line here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reclake.tables import Field, Table, silver, vocabulary
from reclake.tables.line_kinds import LINE_KINDS

from .kinds import AT_LEAST, BETWEEN, IN_SET, MATCHES, NOT_MATCHES, PAIR_OPTIONS, Expectation, expectation


@dataclass(frozen=True, slots=True)
class _Form:
    """A kind of expectation and its values; a value of another form stops the table, an unusual one is a warning."""

    kind: str
    values: Mapping[str, Any]
    is_warning: bool = False


def _pattern(regex: str) -> _Form:
    return _Form(MATCHES, {"regex": regex})  # as Java reads it: \z is the end of the text


def _one_of(values: tuple[str, ...]) -> _Form:
    return _Form(IN_SET, {"value_set": list(values)})


def _between(least: float | str, most: float | str, *, is_warning: bool = False) -> _Form:
    return _Form(BETWEEN, {"min_value": least, "max_value": most}, is_warning)


_MANY, _MANY_PER_PERSON = 10**12, 10**9
_COUNTED_PER_PERSON = frozenset({"events", "orders", "files"})  # units of counts that stay smaller
_LAST_DAY = "2100-12-31"
_LAST_TIME = f"{_LAST_DAY}T23:59:59"
_DAYS = (vocabulary.EARLIEST.isoformat(), _LAST_DAY)
# A day before the earliest business day: zones ahead of UTC begin theirs in it.
_TIMES = (datetime.combine(vocabulary.EARLIEST - timedelta(days=1), datetime.min.time()).isoformat(), _LAST_TIME)
_MACHINE_TIMES = _between("1970-01-01T00:00:00", _LAST_TIME)  # a file may have lost its time

_NAME = _pattern(r"^[a-z][a-z0-9_]{0,62}\z")
_ACCOUNT = _pattern(r"^[ad]_[0-9a-f]{32}\z")
_CUSTOMER = _pattern(r"^c_[0-9a-f]{32}\z")
_DIGEST = _pattern(r"^[0-9a-f]{64}\z")
_TOKEN = _pattern(r"^[a-z][a-z0-9_]{0,30}:[0-9a-f]{32}\z")
_POSITION = _between(0, _MANY)
_PRODUCT = _pattern(rf"^(?s)\S.{{0,{vocabulary.LONGEST_PRODUCT_ID - 1}}}\z")
_FORMS: Mapping[str, _Form] = {
    "account_id": _ACCOUNT,
    "login_account_id": _ACCOUNT,
    "left_account_id": _ACCOUNT,
    "right_account_id": _ACCOUNT,
    "absorbed_account_id": _ACCOUNT,
    "unit_id": _ACCOUNT,
    "device_id": _pattern(r"^d_[0-9a-f]{32}\z"),
    "customer_id": _CUSTOMER,
    "absorbed_customer_id": _CUSTOMER,
    "phone_token": _TOKEN,
    "email_token": _TOKEN,
    "card_token": _TOKEN,
    "union_token": _TOKEN,
    "key_id": _pattern(r"^[a-z][a-z0-9_]{0,30}\z"),
    "session_id": _DIGEST,
    "content_hash": _DIGEST,
    "file_digest": _DIGEST,
    "first_file_digest": _DIGEST,
    "replaces_digest": _DIGEST,
    "source": _NAME,
    "feed": _NAME,
    "basis": _NAME,
    "file_name": _pattern(r"^(?s).{1,4096}\z"),
    "position": _POSITION,
    "first_position": _POSITION,
    "arrived_at": _MACHINE_TIMES,
    "visible_at": _MACHINE_TIMES,
    "registered_at": _between("1900-01-01T00:00:00", _LAST_TIME, is_warning=True),
    "birth_year": _between(1900, 2100),
    "currency": _pattern(vocabulary.CURRENCY),
    "price_amount": _between(0, 10**14),
    "list_price_amount": _between(0, 10**14),
    "list_position": _between(1, 10**6),
    "propensity": _between(1e-6, 1),
    "rating": _between(0, 5),
    "format": _one_of(("json_lines", "csv", "parquet")),
    "intake_note": _pattern(r"^(?s)(recovered|(recovered;)?comma_decimals:.{1,4096})\z"),
    "record_class": _one_of(("kept", "duplicate", "rejected", "late")),
    "record_table": _one_of(tuple(table.name for table in silver.RECORDS)),
    "line_kind": _one_of(LINE_KINDS),
    "contact_purpose": _NAME,
    "consent_purpose": _one_of(vocabulary.PURPOSES),
    **{name: _one_of(words) for name, words in vocabulary.WORDS.items()},
}
_UNUSUAL = "unusual, but the row is still right"
_KEPT, _NONE_KEPT = "record_class = 'kept'", "a delivery may hold only repeats, refused and late records"


def value_rules(table: Table, field: Field) -> Iterator[Expectation]:
    """The rules about a column's values that follow from its declaration; null values are not judged.

    What a source states in words, money or stars is judged in a table of classified records where the record is kept: a
    refused record keeps what arrived.
    """
    if (form := _form(table, field)) is not None:
        where = _KEPT if _is_stated(field) and "record_class" in _columns(table) else ""
        yield expectation(
            form.kind,
            {"column": field.name, **form.values},
            where=where,
            min_matching_rows=0 if where else None,
            reason=_NONE_KEPT if where else _UNUSUAL if form.is_warning else "",
            severity="warning" if form.is_warning else "critical",
        )
    if field.is_free_text:  # no e-mail address and no mobile number may be left in it
        for regex in (vocabulary.EMAIL_IN_TEXT, vocabulary.MOBILE_IN_TEXT):
            yield expectation(NOT_MATCHES, {"column": field.name, "regex": regex})
    if field.name == "valid_to" and table.is_validity:
        yield expectation(AT_LEAST, {"column_A": "valid_to", "column_B": "valid_from", **PAIR_OPTIONS})


def _form(table: Table, field: Field) -> _Form | None:
    if field.name == "product_id":
        return _PRODUCT if field.required else None  # an event or a line may name none
    if field.name == "delivery_day" and "position" in _columns(table):
        return _between(*_DAYS, is_warning=True)  # as a file's name states it, which loses no record
    return _FORMS.get(field.name) or _form_by_ending(field) or _form_by_type(field.type)


def _form_by_ending(field: Field) -> _Form | None:
    if field.name.startswith("n_"):
        return _between(0, _MANY_PER_PERSON if field.unit in _COUNTED_PER_PERSON else _MANY)
    if field.name.endswith("_share"):
        return _between(0, 1)
    return _between(0, _MANY) if field.name.endswith("_ratio") else None


def _form_by_type(type_: str) -> _Form | None:
    if decimal := re.fullmatch(r"decimal\((\d+),(\d+)\)", type_):
        most = 10 ** (int(decimal[1]) - int(decimal[2]))
        return _between(-most, most)
    return {"date": _between(*_DAYS), "timestamp": _between(*_TIMES), "double": _between(-_MANY, _MANY)}.get(type_)


def _is_stated(field: Field) -> bool:
    stated = {*vocabulary.WORDS, "currency", "rating", "n_available", "list_position"}
    return field.name in stated or field.type.startswith("decimal")


def _columns(table: Table) -> frozenset[str]:
    return frozenset(field.name for field in table.fields)
