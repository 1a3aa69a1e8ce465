"""How a column of the standard is made from a field of a raw record."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from reclake.strict import Strict
from reclake.tables import Privacy, Table, silver

from .times import time_format_problem

Text = Annotated[str, StringConstraints(min_length=1)]
ColumnType = Literal[
    "string", "long", "decimal", "double", "boolean", "timestamp", "date", "account", "device", "phone", "email", "card", "union", "free_text",
    "product",
]  # fmt: skip

RECORDS: dict[str, Table] = {silver.raw_of(table).noun: table for table in silver.RECORDS}
"""The records table of each bronze noun."""

_SET_BY_PARSER = {
    "source", "delivery_day", "file_digest", "position", "feed", "record_class", "reasons", "notes", "is_repeat",
    "event_date", "line_amount", "is_return", "order_scope",
}  # fmt: skip
_SPELLINGS: dict[str, set[str]] = {
    "string": {"string", "free_text", "product", "account", "device", "phone", "email", "card", "union"},
    "long": {"long"},
    "integer": {"long"},
    "double": {"double"},
    "decimal(18,4)": {"decimal"},
    "boolean": {"boolean"},
    "timestamp": {"timestamp"},
    "date": {"date"},
}
CONTACT_TYPES = ("phone", "email", "card", "union")
"""Types that become keyed tokens: what reaches a person, or names one in several channels."""

ENCRYPTED = ("name_encrypted", "address_encrypted")
"""Columns of silver.contacts that a feed of accounts maps by their own name; the others are made from its tokens' fields."""

_PSEUDONYMISED = {"account", "device", *CONTACT_TYPES}
NUMBERS = ("long", "decimal", "double")

_Limits = tuple[float | None, float | None]
_LEAST_PROPENSITY = 1e-6  # a row weighs 1/propensity: a smaller one would be all of a sum
# Beyond these a value is a slip, such as a bar code scanned as a quantity, and one record would spoil every sum.
_LIMITS: dict[str, _Limits] = {
    "quantity": (-1e6, 1e6),
    "unit_price_amount": (None, 1e8),
    "price_amount": (None, 1e8),
    "list_price_amount": (None, 1e8),
    "n_available": (None, 1e9),
    "list_position": (1, 1e4),
    "propensity": (_LEAST_PROPENSITY, 1),
    "rating": (0, 5),
    "birth_year": (1900, None),
}
# What a feed may widen them to: further, no gate lets a table pass.
WIDEST: dict[str, _Limits] = {
    "quantity": (-1e12, 1e12),
    "unit_price_amount": (None, 1e13),
    "price_amount": (None, 1e13),
    "list_price_amount": (None, 1e13),
    "n_available": (None, 1e12),
    "list_position": (1, 1e6),
    "propensity": (_LEAST_PROPENSITY, 1),
    "rating": (0, 5),
    "birth_year": (1900, 2100),
}
# Statements beside an account or a contact: an impossible one costs no record unless the feed says so.
_DROPPED_UNLESS_DECLARED = frozenset({"birth_year", "is_phone_verified", "is_email_verified", "result", "propensity"})


ID_TYPES = frozenset({"account", "device", "product"})
ID_COLUMNS = frozenset(
    field.name
    for table in silver.RECORDS
    for field in table.fields
    if field.name.endswith("_id") and field.privacy is Privacy.PERSONAL and field.name != "product_id"
)
"""By what a source names what somebody did; a product has a type of its own."""


def is_id(column: str, kind: str) -> bool:
    """Whether the standard column, mapped as this type, holds an id."""
    return kind in ID_TYPES or column in ID_COLUMNS


def field_in_note(field: str) -> str:
    """The raw field as bronze's `intake_note` names it, without the signs that part names there.

    Examples
    --------
    >>> field_in_note("Preis|EUR;50%")
    'Preis%7CEUR%3B50%25'
    """
    return field.replace("%", "%25").replace("|", "%7C").replace(";", "%3B")


def mappable(table: str) -> dict[str, str]:
    """The standard columns that a feed of the bronze noun may map, with their Spark type.

    Those of the records table that the parser does not set itself. Accounts may also name the `name_encrypted` and
    `address_encrypted` of silver.contacts; consents and accounts always have a `channel`, which is part of the account's id.
    """
    columns = {field.name: field.type for field in RECORDS[table].fields if field.name not in _SET_BY_PARSER}
    if "login_account_id" in columns:
        del columns["account_id"]  # the login if there is one, else the device
    if table == "accounts":
        columns |= dict.fromkeys(ENCRYPTED, "string")
    if table == "consents":
        columns["channel"] = "string"
    return columns


class ColumnMapping(Strict):
    """How one standard column is made from a raw record.

    The order of steps: take the field, trim, normalise an id, `whole_number`, `strip_suffix`, `upper` or `lower`,
    `strip_zeros`, `none`, `map`, then read it as `type` and check the limits. A value that is not in `map` is refused
    unless there is a `default`, which also stands in for a missing one.
    """

    from_: Text | None = Field(default=None, alias="from")  # field of the raw record; dots go into nested objects
    constant: str | None = None  # instead of a field: read as if it had come in the record
    type: ColumnType
    format: Text | None = None  # times: iso, epoch_seconds, …_millis, …_micros, …_nanos or a pattern of the whole text
    required: bool = False
    map: dict[str, str] | None = None
    default: str | None = None
    strip_suffix: Text | None = None
    upper: bool = False
    lower: bool = False
    strip_zeros: bool = False  # leading ones
    whole_number: bool = False  # 17850.0 is 17850, and a floating-point number may be an id where it is exact
    none: tuple[Text, ...] = ()  # words that stand for no value, in any case; keys have some without being asked
    decimal_mark: Literal[",", "."] | None = None  # of numbers
    group_mark: Literal[",", ".", " ", "'", "’", "_"] | None = None  # before every three digits
    currency_signs: tuple[Text, ...] = ()  # before or after a number
    outside: Literal["reject", "drop"] | None = None  # what an optional value costs that is outside its limits or unreadable
    not_products: tuple[Text, ...] = ()  # product codes, or globs of them, that stand for a service
    scope: Text = "channel"  # account: the standard column that says which channel's account it is
    min: float | None = None
    max: float | None = None
    one_of: tuple[str, ...] | None = None
    region_level: Literal["province", "city", "district"] | None = None  # region: what is finer is cut; a district without it

    def is_service(self, code: str) -> bool:
        """Whether a product code, after `strip_suffix` and `upper`, stands for a service such as postage.

        Examples
        --------
        >>> postage = ColumnMapping(from_="code", type="product", upper=True, not_products=("POST", "gift_*"))
        >>> [postage.is_service(code) for code in ("POST", "GIFT_10", "POSTER")]
        [True, True, False]
        """
        return any(fnmatchcase(code, pattern.upper() if self.upper else pattern) for pattern in self.not_products)

    def limits_of(self, column: str) -> tuple[float | None, float | None]:
        """The least and the greatest value of the standard column; None for no limit.

        Examples
        --------
        >>> ColumnMapping(from_="n", type="long", min=1).limits_of("quantity")
        (1.0, 1000000.0)
        """
        low, high = _LIMITS.get(column, (None, None))
        return (low if self.min is None else self.min, high if self.max is None else self.max)

    def drops(self, column: str) -> bool:
        """Whether a value that cannot be used is left out and noted, and the record kept."""
        return self.outside == "drop" or (self.outside is None and not self.required and column in _DROPPED_UNLESS_DECLARED)

    def problems(self, table: str, column: str, mapped: set[str]) -> Iterator[str]:
        """What is wrong with it as the mapping of the column of a feed of `table`."""
        types = mappable(table)
        if column not in types:
            yield f"is no column that a feed of {table} can map; there are {', '.join(sorted(types))}"
            return
        yield from self._wrong_type(RECORDS[table], column, types[column])
        if (self.from_ is None) == (self.constant is None):
            yield "needs either from or constant"
        if self.type in ("timestamp", "date") and self.format is None:
            yield f"a {self.type} needs a format"
        elif self.format is not None and (wrong := time_format_problem(self.format)):
            yield wrong
        if self.type == "account" and self.scope not in mapped:
            yield f"its scope {self.scope!r} is not a mapped column"
        yield from self._out_of_place()
        yield from self._contradictions(column)

    def _wrong_type(self, records: Table, column: str, spark_type: str) -> Iterator[str]:
        fields = {field.name: field for field in records.fields}
        if self.type not in _SPELLINGS[spark_type]:
            yield f"type {self.type} does not fit a {spark_type}"
        elif column in fields and (fields[column].privacy is Privacy.PSEUDONYM) != (self.type in _PSEUDONYMISED):
            wanted = (
                "account, device, phone, email, card or union"
                if self.type not in _PSEUDONYMISED
                else "a type that keeps it readable"
            )
            yield f"type {self.type} does not fit its privacy class: use {wanted}"

    def _out_of_place(self) -> Iterator[str]:
        texts = ("string", "account", "device", "product", "card")
        allowed: dict[str, tuple[str, ...]] = {
            "format": ("timestamp", "date"),
            "scope": ("account",),
            "not_products": ("product",),
            "map": ("string", "boolean"),
            "one_of": ("string", "product"),
            **dict.fromkeys(("min", "max", "decimal_mark", "group_mark", "currency_signs"), NUMBERS),
            "strip_zeros": texts,
            "whole_number": (*texts, "long"),
        }
        for key, types in allowed.items():
            if key in self.model_fields_set and self.type not in types:
                yield f"{key} is only for the type {' or '.join(types)}"

    def _contradictions(self, column: str) -> Iterator[str]:
        low, high = self.limits_of(column)
        if low is not None and high is not None and low > high:
            whose = ["" if own is not None else " of the standard" for own in (self.min, self.max)]
            yield f"min {low}{whose[0]} is above max {high}{whose[1]}"
        least, most = WIDEST.get(column, (None, None))
        if self.min is not None and least is not None and self.min < least:
            yield f"min {self.min} is below {least:g}, the least that the standard allows"
        if self.max is not None and most is not None and self.max > most:
            yield f"max {self.max} is above {most:g}, the most that the standard allows"
        if self.region_level is not None and column != "region":
            yield "region_level is only for the column region"
        if self.upper and self.lower:
            yield "upper and lower exclude each other"
        if self.group_mark is not None and self.group_mark == (self.decimal_mark or "."):
            yield f"group_mark {self.group_mark!r} is the decimal mark too"
        if self.outside == "drop" and self.required:
            yield "a required column cannot drop its value"
