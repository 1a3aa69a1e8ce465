"""Texts as they may be stored: pseudonyms and tokens for ids and contacts, masks in free text."""

from reclake.privacy.masking import masked, reaches_somebody
from reclake.privacy.pseudonyms import Keys, account_ids, contact_tokens, device_ids
from reclake.records.column_reader import Report, Texts
from reclake.sources.source import ColumnMapping

CANNOT_BE_MASKED = "holds contact data that cannot be masked"

# Typed in by a client and judged by a gate: masked whatever type the source file gives it.
_FREE_TEXTS = frozenset({"search_query"})


def sealed(texts: Texts, column: str, mapping: ColumnMapping, keys: Keys, source: str, scopes: Texts, report: Report) -> Texts:
    """The texts as they may be stored; `scopes` holds, row by row, what tells the channel of an account."""
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
    return _masked(texts, column, report) if mapping.type == "free_text" or column in _FREE_TEXTS else texts


def _masked(texts: Texts, column: str, report: Report) -> Texts:
    found = [text and masked(text) for text in texts]
    if not reaches_somebody("\n".join(filter(None, found))):  # one look for a whole column
        return found
    for row, text in enumerate(found):
        if text is not None and reaches_somebody(text):
            report(row, f"{column} {CANNOT_BE_MASKED}")
            found[row] = None
    return found
