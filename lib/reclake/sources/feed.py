"""Files of one kind, and the bronze table that they feed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from reclake.strict import Strict

from .lines import Encoding
from .mapping import RECORDS, ColumnMapping, Text, mappable
from .stated import stated_problems

IdScope = Literal["channel", "feed", "source"]
FileFormat = Literal["json_lines", "csv", "parquet"]

REQUIRED = {noun: frozenset(table.required_if_kept) for noun, table in RECORDS.items()}
"""Columns that no record of the bronze noun may lack, whatever its source file says."""

NEEDED = {noun: REQUIRED[noun] | ({"channel"} & set(mappable(noun))) for noun in RECORDS}
"""Columns that a feed of the bronze noun must map: also the channel, which is a part of the ids of accounts."""

VERIFIED = {"phone_token": "is_phone_verified", "email_token": "is_email_verified"}
"""By contact of an account, the column that says whether it is verified: only then it ties accounts to each other."""

_NOT_A_PATH_PATTERN = re.compile(r"(^|/)\.\.(/|$)|^/|^~|[\\:\x00]|%2e|%2f|(^|/)[._]", re.IGNORECASE)


def _bronze_noun(table: str) -> str:
    if table not in RECORDS:
        raise ValueError(f"{table!r} is no table that a source feeds; there are {', '.join(RECORDS)}")
    return table


def _matches(found: list[str], wanted: list[str]) -> bool:
    if not wanted or not found:
        return not found and not wanted
    if wanted[0] == "**":
        return _matches(found, wanted[1:]) or _matches(found[1:], wanted)
    return fnmatchcase(found[0], wanted[0]) and _matches(found[1:], wanted[1:])


def _with_plain_ending(name: str) -> str:
    """The name with its ending, and `.gz` behind it, in small letters; a folder keeps its letters.

    Examples
    --------
    >>> [_with_plain_ending(name) for name in ("Tills/A.CSV", "A.Csv.GZ", "B.x/README")]
    ['Tills/A.csv', 'A.csv.gz', 'B.x/README']
    """
    stem, dot, ending = name.rpartition(".")
    if "/" in ending or not dot:
        return name
    return (_with_plain_ending(stem) if ending.lower() == "gz" else stem) + dot + ending.lower()


def _not_a_regex(pattern: str) -> str | None:
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    return None


class DeliveryDay(Strict):
    """Where a file's delivery day comes from: its name, the last event in it, or fixed for a file that tells no day."""

    from_: Literal["name", "last_event", "fixed"] = Field(alias="from")
    pattern: Text | None = None  # name: a regular expression whose only group is the day, YYYY-MM-DD or YYYYMMDD
    column: Text | None = None  # last_event: the standard column that holds the time
    day: date | None = None  # fixed: the day itself

    def day_of(self, name: str) -> date | None:
        r"""The day that is known before the file is read: fixed, or in its name; None if there is none.

        Examples
        --------
        >>> DeliveryDay(from_="name", pattern=r"(\d{4}-\d{2}-\d{2})").day_of("orders/2011-12-09.csv")
        datetime.date(2011, 12, 9)
        """
        if self.from_ == "fixed":
            return self.day
        plain = _with_plain_ending(name)
        names = (name, plain, plain.removesuffix(".gz"))  # a pattern may ask for the ending of the feed's own
        found = next((day for one in names if (day := re.search(self.pattern, one))), None) if self.pattern else None
        try:
            return date.fromisoformat(found.group(1)) if found else None
        except ValueError:  # 2011-02-30
            return None

    def problems(self, columns: dict[str, ColumnMapping]) -> Iterator[str]:
        """What is wrong with it in a feed that maps `columns`."""
        given = {"name": "pattern", "last_event": "column", "fixed": "day"}[self.from_]
        if {key for key in ("pattern", "column", "day") if getattr(self, key) is not None} != {given}:
            yield f"from {self.from_} needs {given}, and nothing else"
        elif self.pattern is not None and (wrong := _not_a_regex(self.pattern)):
            yield f"pattern is no regular expression: {wrong}"
        elif self.pattern is not None and re.compile(self.pattern).groups != 1:
            yield "pattern needs exactly one group, the day"
        elif self.column is not None and (self.column not in columns or columns[self.column].type not in ("timestamp", "date")):
            yield f"column {self.column!r} is not mapped as a timestamp or date"


class Feed(Strict):
    """Files of one kind, and the bronze table that they feed."""

    table: Annotated[str, AfterValidator(_bronze_noun)]
    pattern: Text  # glob below the source's landing folder
    format: FileFormat
    delimiter: str = ","  # csv only
    encoding: Encoding | None = None  # of text files; None: UTF-8, and a file that mostly is not is refused
    binary: Literal["utf-8", "hex"] | None = None  # parquet: how mapped bytes without a text meaning become text
    may_be_empty: bool = False  # a file of 0 bytes is a delivery without records
    delivery_day: DeliveryDay
    record_id: tuple[str, ...] = ()  # standard columns that identify a record
    id_scope: IdScope = "channel"  # within what a record id or order number is unique; "source" if feeds repeat each other
    duplicates: Literal["flag", "drop"]  # what becomes of a repeat of a record without id
    transport: tuple[Text, ...] = ()  # raw fields left out of the fingerprint
    values: Literal["typed", "as_text"] = "typed"  # as_text: a scalar of JSON or Parquet is read by its text, exactly
    max_line_amount: Annotated[float, Field(gt=0, le=1e13)] = 1e9  # orders: a line beyond it, up or down, is refused
    verified_contacts: Literal["all", "none", "typed"] = (
        "none"  # accounts: which contacts the channel has verified, where no column says; typed: none, and staff wrote the record
    )
    columns: dict[str, ColumnMapping]

    def matches(self, file_name: str) -> bool:
        """Whether a file of this name below the landing folder belongs to the feed.

        `*` does not cross a folder; `**` stands for any number of folders, or none.

        Examples
        --------
        >>> feed = Feed.model_construct(pattern="events/*/*.jsonl*")
        >>> [feed.matches(name) for name in ("events/app/1.jsonl.gz", "events/1.jsonl", "events/app/x/1.jsonl")]
        [True, False, False]
        >>> Feed.model_construct(pattern="**/events.csv").matches("a/b/events.csv")
        True
        """
        return _matches(file_name.split("/"), self.pattern.split("/"))

    def nearly_matches(self, file_name: str) -> bool:
        """Whether it does but for the letter case of the ending, or with `.gz` behind it.

        Examples
        --------
        >>> tills = Feed.model_construct(pattern="tills/*.csv")
        >>> [tills.nearly_matches(name) for name in ("tills/1.CSV", "tills/1.csv.gz", "tills/1.Csv.GZ", "Tills/1.csv", "tills/1.csv.zip")]
        [True, True, True, False, False]
        """
        name, pattern = _with_plain_ending(file_name).split("/"), _with_plain_ending(self.pattern).split("/")
        packed = name[-1].endswith(".gz")
        return _matches(name, pattern) or (packed and _matches([*name[:-1], name[-1].removesuffix(".gz")], pattern))

    @property
    def fields_read(self) -> frozenset[str]:
        """The fields of a raw record that its columns are made from."""
        return frozenset(mapping.from_ for mapping in self.columns.values() if mapping.from_ is not None)

    @property
    def contacts(self) -> tuple[str, ...]:
        """The contact columns that it maps and that could tie accounts."""
        return tuple(column for column in VERIFIED if self.table == "accounts" and column in self.columns)

    @property
    def is_typed(self) -> bool:
        """Whether staff wrote its records: what one leaves out says nothing, and contacts of the account's other feeds stand."""
        return self.verified_contacts == "typed"

    @property
    def unstated_contacts(self) -> tuple[str, ...]:
        """Those of them of which it does not say whether they are verified: they tie nobody."""
        if "verified_contacts" in self.model_fields_set:
            return ()
        return tuple(column for column in self.contacts if VERIFIED[column] not in self.columns)

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong with it, each with its place."""
        if _NOT_A_PATH_PATTERN.search(self.pattern):
            yield "pattern", f"{self.pattern!r} must stay below the landing folder and name no hidden file"
        if "delimiter" in self.model_fields_set and self.format != "csv":
            yield "delimiter", "is only for csv"
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n' or not self.delimiter.isascii():
            yield "delimiter", f"{self.delimiter!r} is not one plain character"
        if self.values == "as_text" and self.format == "csv":
            yield "values", "is only for json_lines and parquet: a CSV holds nothing but text"
        if "max_line_amount" in self.model_fields_set and self.table != "orders":
            yield "max_line_amount", "is only for orders"
        if self.encoding is not None and self.format == "parquet":
            yield "encoding", "is only for json_lines and csv"
        if self.binary is not None and self.format != "parquet":
            yield "binary", "is only for parquet"
        yield from (("verified_contacts", problem) for problem in self._verified_problems())
        for problem in self.delivery_day.problems(self.columns):
            yield "delivery_day", problem
        if missing := sorted(set(self.record_id) - set(self.columns)):
            yield "record_id", f"{missing} are not mapped"
        yield from self._column_problems()

    def _verified_problems(self) -> Iterator[str]:
        if "verified_contacts" in self.model_fields_set and self.table != "accounts":
            yield "is only for accounts"
        for contact, column in VERIFIED.items():
            if self.verified_contacts != "none" and column in self.columns:
                yield f"is {self.verified_contacts}, and {column} is mapped: state one of them"
            if column in self.columns and contact not in self.columns:
                yield f"{column} is mapped, and {contact} is not"

    def _column_problems(self) -> Iterator[tuple[str, str]]:
        if missing := sorted(NEEDED[self.table] - set(self.columns)):
            yield "columns", f"{missing} must be mapped for {self.table}"
        seen = {"login_account_id", "device_id"}
        if seen <= mappable(self.table).keys() and not seen & self.columns.keys():
            yield "columns", f"{self.table} need login_account_id or device_id"
        for column, mapping in self.columns.items():
            for problem in mapping.problems(self.table, column, set(self.columns)):
                yield f"columns.{column}", problem
            for problem in stated_problems(column, mapping, is_as_text=self.values == "as_text"):
                yield f"columns.{column}", problem
            if mapping.outside == "drop" and column in NEEDED[self.table] | set(self.record_id):
                yield f"columns.{column}", "every record needs it, so it cannot drop its value"
