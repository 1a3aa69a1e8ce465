"""One standard column of a batch of records: from raw values to texts, with the reasons of those that cannot be used.

Whole columns at a time: the usual batch holds one kind of value per column, which one set of types tells.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from reclake.privacy.masking import masked
from reclake.privacy.pseudonyms import Keys, account_ids, contact_tokens, device_ids
from reclake.records.fields import path_of
from reclake.records.raw_json import Number
from reclake.sources.source import ColumnMapping, Feed

Texts = list[str | None]
Report = Callable[[int, str], None]  # row of the batch, reason

_NUMBERS = ("long", "decimal", "double")
_KIND = dict.fromkeys(_NUMBERS, "a number") | {"boolean": "true or false"}
_BOOLEAN = {True: "true", False: "false"}


def is_typed(mapping: ColumnMapping) -> bool:
    """Whether its text is read as something else than text afterwards."""
    return mapping.type in (*_NUMBERS, "boolean", "timestamp", "date")


def _wants_number(mapping: ColumnMapping) -> bool:
    return mapping.type in _NUMBERS or (mapping.format or "").startswith("epoch_")


def _accepted(mapping: ColumnMapping, feed: Feed) -> Collection[type]:
    """The kinds of raw values that are read without coercion.

    A CSV knows only text, a Parquet file has types of its own, and a value that is looked up in `map` is compared as
    written. In JSON a number is no text and a text no number.
    """
    if feed.format == "csv" or mapping.constant is not None:
        return {str}
    if feed.format == "parquet" or mapping.map is not None:
        return {str, Number, bool}
    return {Number} if _wants_number(mapping) else {bool} if mapping.type == "boolean" else {str}


def _at(fields: Any, path: tuple[str, ...]) -> Any:
    """The value at the end of the path; None where it breaks off, an object where one belongs that is none."""
    for name in path:
        if not isinstance(fields, dict):
            return None if fields is None else {}
        if name not in fields:
            # A name in another case is refused like a value of the wrong kind: an object where none belongs.
            return {} if any(other.casefold() == name.casefold() for other in fields) else None
        fields = fields[name]
    return fields


def _raw_values(records: Sequence[Mapping[str, Any]], mapping: ColumnMapping, feed: Feed) -> list[Any]:
    if mapping.from_ is None:
        return [mapping.constant] * len(records)
    path = path_of(mapping.from_, feed)
    if len(path) == 1:
        name = path[0]
        return [fields.get(name) for fields in records]
    return [_at(fields, path) for fields in records]


def _scalars(values: list[Any], column: str, mapping: ColumnMapping, feed: Feed, report: Report) -> Texts:
    """The values as trimmed texts, blank ones as None; another kind of value is reported."""
    kinds = set(map(type, values))
    accepted = _accepted(mapping, feed)
    if kinds - {type(None)} - set(accepted):
        expected = "a number" if _wants_number(mapping) else _KIND.get(mapping.type, "text")
        for row, value in enumerate(values):
            if value is not None and type(value) not in accepted:
                report(row, f"{column} is not {expected}")
                values[row] = None
    if bool in kinds:
        values = [_BOOLEAN[value] if type(value) is bool else value for value in values]
    if str in kinds:
        return [None if value is None else value.strip() or None for value in values]
    return values


def _renamed(texts: Texts, column: str, mapping: ColumnMapping, report: Report) -> Texts:
    """The texts after `map` and `default`."""
    names, default = mapping.map, mapping.default
    if names is None:
        return texts if default is None else [default if text is None else text for text in texts]
    if default is None:
        for row, text in enumerate(texts):
            if text is not None and text not in names:
                report(row, f"{column} is not a known value")
    return [default if text is None else names.get(text, default) for text in texts]


def _mapped(texts: Texts, column: str, mapping: ColumnMapping, report: Report) -> Texts:
    """The texts after `strip_suffix`, `upper`, `map` and `default`; those that `one_of` does not allow as None."""
    if (suffix := mapping.strip_suffix) is not None:
        texts = [text and (text.removesuffix(suffix) or None) for text in texts]
    if mapping.upper:
        texts = [text and text.upper() for text in texts]
    texts = _renamed(texts, column, mapping, report)
    if (allowed := mapping.one_of) is not None:
        for row, text in enumerate(texts):
            if text is not None and text not in allowed:
                report(row, f"{column} is not one of the allowed values")
                texts[row] = None
    return texts


def services_of(texts: Texts, mapping: ColumnMapping) -> Collection[str]:
    """The product codes among the texts that stand for a service."""
    if not mapping.not_products:
        return ()
    return {text for text in set(texts) if text is not None and mapping.is_service(text)}


def without(texts: Texts, services: Collection[str]) -> Texts:
    """The product codes without those that stand for a service."""
    return [None if text in services else text for text in texts] if services else texts


def column_texts(records: Sequence[Mapping[str, Any]], column: str, feed: Feed, report: Report, *, is_required: bool) -> Texts:
    """The column's texts before pseudonyms, codes of services too; `report` hears of each value that cannot be used or is missing."""
    mapping = feed.columns[column]
    raw = _raw_values(records, mapping, feed)
    texts = _mapped(_scalars(raw, column, mapping, feed, report), column, mapping, report)
    if is_required and None in texts:
        written = _raw_values(records, mapping, feed)
        for row, text in enumerate(texts):
            # What was written but refused has its reason already.
            if text is None and (written[row] is None or not str(written[row]).strip()):
                report(row, f"{column} is missing")
    return texts


def sealed(texts: Texts, column: str, mapping: ColumnMapping, keys: Keys, source: str, scopes: Texts, report: Report) -> Texts:
    """The texts as they may be stored: pseudonyms and tokens for ids and contacts, masks in free text."""
    match mapping.type:
        case "account":
            account_id = account_ids(keys, source)
            for row, text in enumerate(texts):
                if text is not None and scopes[row] is None:
                    report(row, f"{column} cannot be told without {mapping.scope}")
            return [account_id(scope, text) if text and scope else None for text, scope in zip(texts, scopes, strict=True)]
        case "device":
            device_id = device_ids(keys, source)
            return [text and device_id(text) for text in texts]
        case "phone" | "email":
            token = contact_tokens(keys, mapping.type)
            return [text and token(text) for text in texts]
        case "free_text":
            return [text and masked(text) for text in texts]
        case _:
            return texts
