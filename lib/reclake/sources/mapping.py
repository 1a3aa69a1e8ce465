"""How a column of the standard is made from a field of a raw record."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from reclake.tables import Privacy, Table, silver

from .times import time_format_problem

Text = Annotated[str, StringConstraints(min_length=1)]
ColumnType = Literal[
    "string", "long", "decimal", "double", "boolean", "timestamp", "date", "account", "device", "phone", "email", "free_text", "product"
]  # fmt: skip

RECORDS: dict[str, Table] = {table.inputs[0].table.noun: table for table in silver.RECORDS}
"""The records table of each bronze noun."""

_SET_BY_PARSER = {
    "source", "delivery_day", "file_digest", "position", "record_class", "reasons", "is_repeat", "fingerprint", "event_date",
    "line_amount", "is_return",
}  # fmt: skip
_SPELLINGS: dict[str, set[str]] = {
    "string": {"string", "free_text", "product", "account", "device", "phone", "email"},
    "long": {"long"},
    "integer": {"long"},
    "double": {"double"},
    "decimal(18,4)": {"decimal"},
    "boolean": {"boolean"},
    "timestamp": {"timestamp"},
    "date": {"date"},
}
_PSEUDONYMISED = {"account", "device", "phone", "email"}


def mappable(table: str) -> dict[str, str]:
    """The standard columns that a feed of the bronze noun may map, with their Spark type.

    Those of the records table that the parser does not set itself. Accounts may also name the `address_encrypted` of
    silver.contacts; consents and accounts always have a `channel`, which is part of the account's id.
    """
    columns = {field.name: field.type for field in RECORDS[table].fields if field.name not in _SET_BY_PARSER}
    if table == "events":
        del columns["account_id"]  # the login if there is one, else the device
    if table == "accounts":
        columns["address_encrypted"] = "string"
    if table == "consents":
        columns["channel"] = "string"
    return columns


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ColumnMapping(Part):
    """How one standard column is made from a raw record.

    The order of steps: take the field, trim, `strip_suffix`, `upper`, `map`, then read it as `type` and check the
    limits. A value that is not in `map` is refused unless there is a `default`, which also stands in for a missing one.
    """

    from_: Text | None = Field(default=None, alias="from")  # field of the raw record; dots go into nested objects
    constant: str | None = None  # instead of a field: read as if it had come in the record
    type: ColumnType
    format: Text | None = None  # timestamp: iso, epoch_seconds, epoch_millis or an anchored pattern; date: iso or a pattern
    required: bool = False
    map: dict[str, str] | None = None
    default: str | None = None
    strip_suffix: Text | None = None
    upper: bool = False
    whole_number: bool = False  # 17850.0 is 17850
    decimal_mark: Literal[".", ","] | None = None
    not_products: tuple[Text, ...] = ()  # product codes, or globs of them, that stand for a service
    scope: Text = "channel"  # account: the standard column that says which channel's account it is
    min: float | None = None
    max: float | None = None
    one_of: tuple[str, ...] | None = None

    def is_service(self, code: str) -> bool:
        """Whether a product code, after `strip_suffix` and `upper`, stands for a service such as postage.

        Examples
        --------
        >>> postage = ColumnMapping(from_="code", type="product", upper=True, not_products=("POST", "gift_*"))
        >>> [postage.is_service(code) for code in ("POST", "GIFT_10", "POSTER")]
        [True, True, False]
        """
        return any(fnmatchcase(code, pattern.upper() if self.upper else pattern) for pattern in self.not_products)

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

    def _wrong_type(self, records: Table, column: str, spark_type: str) -> Iterator[str]:
        fields = {field.name: field for field in records.fields}
        if self.type not in _SPELLINGS[spark_type]:
            yield f"type {self.type} does not fit a {spark_type}"
        elif column in fields and (fields[column].privacy is Privacy.PSEUDONYM) != (self.type in _PSEUDONYMISED):
            wanted = "account, device, phone or email" if self.type not in _PSEUDONYMISED else "a type that keeps it readable"
            yield f"type {self.type} does not fit its privacy class: use {wanted}"

    def _out_of_place(self) -> Iterator[str]:
        allowed = {
            "format": ("timestamp", "date"),
            "scope": ("account",),
            "not_products": ("product",),
            "min": ("long", "decimal", "double"),
            "max": ("long", "decimal", "double"),
            "map": ("string", "boolean"),
            "one_of": ("string", "product"),
        }
        for key, types in allowed.items():
            if key in self.model_fields_set and self.type not in types:
                yield f"{key} is only for the type {' or '.join(types)}"
        if self.min is not None and self.max is not None and self.min > self.max:
            yield f"min {self.min} is above max {self.max}"
