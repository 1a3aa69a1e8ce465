"""Texts as they may be stored: pseudonyms and tokens for ids and contacts, masks in free text."""

from collections.abc import Callable

from reclake.privacy.masking import is_evident_contact, masked, may_hold_contacts, reaches_somebody, without_evident_contacts
from reclake.privacy.pseudonyms import Keys, account_ids, contact_tokens, device_ids
from reclake.records.column_reader import Report, Texts
from reclake.records.regions import CUT, FINEST, LEFT_OUT, region_of
from reclake.sources.source import ColumnMapping, is_id
from reclake.tables.vocabulary import WORDS

CANNOT_BE_MASKED = "holds contact data that cannot be masked"
IS_A_CONTACT = "looks like a phone number or e-mail address"

_TEXTS = frozenset({"string", "free_text", "product"})
# What is stored of them is one of a closed list, or of a form that no name fits in; another is refused or left out.
_CLOSED = frozenset({*WORDS, "line_kind", "currency"})
# Written by programs and tills: their numbers of versions and goods would be taken for somebody's.
_BY_MACHINES = frozenset({"user_agent", "product_code"})


def sealed(
    texts: Texts, column: str, mapping: ColumnMapping, keys: Keys, source: str, scopes: Texts, report: Report, note: Report
) -> Texts:
    """The texts as they may be stored, of every type; `scopes` holds, row by row, what tells the channel of an account.

    A text of no closed list is masked. An id is stored as it is, and refused where it is evident contact data: a masked
    id would be another's. `note` hears of regions that are cut or left out.
    """
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
        case "phone" | "email" | "card" | "union":
            token = contact_tokens(keys, mapping.type)
            return [text and token(text) for text in texts]
    if mapping.type not in _TEXTS:
        return texts  # to be read as a number or truth value: what is none is refused
    is_stated = mapping.constant is not None or mapping.map is not None or mapping.one_of is not None
    return texts if is_stated or column in _CLOSED else _text(texts, column, mapping, report, note)


def _text(texts: Texts, column: str, mapping: ColumnMapping, report: Report, note: Report) -> Texts:
    """What a source may write as it likes."""
    if column == "region":
        return _regions(texts, mapping, note)
    if mapping.type != "free_text" and (is_id(column, mapping.type) or column == "product_id"):
        return _ids(texts, column, report)
    if mapping.type != "free_text" and column in _BY_MACHINES:
        return _each_once(texts, without_evident_contacts)
    return _masked(texts, column, report)


def _each_once(texts: Texts, work: Callable[[str], str]) -> Texts:
    """The texts after `work`, which is done once for equal ones; the same list where it changes none."""
    changed = {text: done for text in set(texts) if text is not None and (done := work(text)) != text}
    return [None if text is None else changed.get(text, text) for text in texts] if changed else texts


def _ids(texts: Texts, column: str, report: Report) -> Texts:
    if not may_hold_contacts("\n".join(filter(None, texts))):  # one look for a whole column
        return texts
    found = list(texts)
    for row, text in enumerate(texts):
        if text is not None and is_evident_contact(text):
            report(row, f"{column} {IS_A_CONTACT}")
            found[row] = None
    return found


def _regions(texts: Texts, mapping: ColumnMapping, note: Report) -> Texts:
    level = mapping.region_level or FINEST
    found: Texts = []
    for row, text in enumerate(texts):
        region = text and region_of(text, level)
        if region and masked(region) != region:
            region = None  # one with a mask in it is no region
        if text is not None and region != text.strip():
            note(row, f"region {CUT} {level}" if region else f"region {LEFT_OUT}")
        found.append(region)
    return found


def _masked(texts: Texts, column: str, report: Report) -> Texts:
    found = list(_each_once(texts, masked))
    if not reaches_somebody("\n".join(filter(None, found))):  # one look for a whole column
        return found
    for row, text in enumerate(found):
        if text is not None and reaches_somebody(text):
            report(row, f"{column} {CANNOT_BE_MASKED}")
            found[row] = None
    return found
