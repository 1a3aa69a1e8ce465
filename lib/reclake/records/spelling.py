"""Texts of a standard column to the spelling of the standard, with the reasons of those that cannot be used."""

from collections.abc import Sequence

from reclake.records.column_reader import ColumnReader, Report, Texts
from reclake.records.ids import NO_ID, normalised_id, whole_number
from reclake.records.written_numbers import MAYBE_GROUPED, Misread, has_marks, marks_fault, maybe_grouped, plain_number
from reclake.sources.source import ColumnMapping, field_in_note
from reclake.tables.line_kinds import PRODUCT, SERVICE
from reclake.tables.vocabulary import LONGEST_PRODUCT_ID, WORDS

NOT_EXACT = "is no exact whole number"


def spelt(texts: Texts, reader: ColumnReader, report: Report) -> Texts:
    """The texts after the normalisation of ids, `whole_number`, `strip_suffix`, `upper`, `lower`, `strip_zeros`."""
    mapping = reader.mapping
    if reader.id_rule == 2 and reader.is_id:
        texts = [text and (normalised_id(text) or None) for text in texts]
    if mapping.whole_number:
        texts = _whole(texts, reader, report)
    if (suffix := mapping.strip_suffix) is not None:
        texts = [text and (text.removesuffix(suffix).strip() or None) for text in texts]
    if mapping.upper:
        texts = [text and text.upper() for text in texts]
    if mapping.lower:
        texts = [text and text.lower() for text in texts]
    if mapping.strip_zeros:
        texts = [text and (text.lstrip("0").strip() or "0") for text in texts]
    return texts


def _whole(texts: Texts, reader: ColumnReader, report: Report) -> Texts:
    found: Texts = []
    for row, text in enumerate(texts):
        whole = text and whole_number(text, is_number=False)
        if text is not None and whole is None:
            report(row, f"{reader.column} {NOT_EXACT}")
        found.append(whole)
    return found


def without_none(texts: Texts, reader: ColumnReader) -> Texts:
    """The texts without the words that stand for none."""
    words = NO_ID if reader.is_id else frozenset[str]()
    if reader.mapping.none:
        words = words | {word.strip().casefold() for word in reader.mapping.none}
    if not words:
        return texts
    first = {letter for word in words for letter in (word[0], word[0].upper())}  # a cheap look
    none = {text for text in set(texts) if text is not None and text[0] in first and text.casefold() in words}
    return [None if text in none else text for text in texts] if none else texts


def renamed(texts: Texts, column: str, mapping: ColumnMapping, report: Report) -> Texts:
    """The texts after `map` and `default`."""
    names, default = mapping.map, mapping.default
    if names is None:
        return texts if default is None else [default if text is None else text for text in texts]
    if default is None:
        for row, text in enumerate(texts):
            if text is not None and text not in names:
                report(row, f"{column} is not a known value")
    return [default if text is None else names.get(text, default) for text in texts]


def of_the_standard(texts: Texts, reader: ColumnReader, report: Report) -> Texts:
    """The texts that `one_of` and the vocabulary of the standard allow; others are reported."""
    limited = (
        (reader.mapping.one_of, "is not one of the allowed values"),
        (WORDS.get(reader.column), "is not one of the standard's"),
    )
    for allowed, fault in limited:
        if allowed is not None and not set(texts) <= {None, *allowed}:
            for row, text in enumerate(texts):
                if text is not None and text not in allowed:
                    report(row, f"{reader.column} {fault}")
                    texts[row] = None
    if reader.mapping.type == "product" and max(map(len, filter(None, texts)), default=0) > LONGEST_PRODUCT_ID:
        for row, text in enumerate(texts):
            if text is not None and len(text) > LONGEST_PRODUCT_ID:
                report(row, f"{reader.column} is longer than {LONGEST_PRODUCT_ID} characters")
                texts[row] = None
    return texts


def plain_numbers(texts: Texts, reader: ColumnReader, comma_fields: Sequence[str], report: Report) -> Texts:
    """Numbers without marks; one whose marks are not declared, or not in their places, is reported.

    `comma_fields` holds, per record, the raw fields in which its file writes a decimal comma; no rows for none at all.
    """
    mapping, column = reader.mapping, reader.column
    if mapping.decimal_mark or mapping.group_mark or mapping.currency_signs:
        read = plain_number(mapping.decimal_mark, mapping.group_mark, mapping.currency_signs)
        for row, text in enumerate(texts):
            try:
                texts[row] = text and read(text)
            except Misread as fault:
                report(row, f"{column} {fault}")
                texts[row] = None
        return texts
    if has_marks(texts):
        for row, text in enumerate(texts):
            if text is not None and (marks := marks_fault(text)):
                report(row, f"{column} {marks}")
                texts[row] = None
    field = field_in_note(mapping.from_ or "")
    for row, fields in enumerate(comma_fields):
        if (text := texts[row]) and maybe_grouped(text) and field in fields.split("|"):
            report(row, f"{column} {MAYBE_GROUPED}")
            texts[row] = None
    return texts


def services_of(codes: Texts, mapping: ColumnMapping) -> frozenset[str]:
    """The product codes among them that stand for a service."""
    if not mapping.not_products:
        return frozenset()
    return frozenset(code for code in set(codes) if code is not None and mapping.is_service(code))


def without_services(codes: Texts, services: frozenset[str]) -> Texts:
    """The product codes without those that stand for a service."""
    return [None if code in services else code for code in codes]


def line_kinds(mapped: Texts, codes: Texts, services: frozenset[str]) -> Texts:
    """What each line of an order is: as the feed maps it, else a service where the code says so, else a product."""
    if not services:
        return [kind or PRODUCT for kind in mapped]
    return [kind or (SERVICE if code in services else PRODUCT) for kind, code in zip(mapped, codes, strict=True)]
