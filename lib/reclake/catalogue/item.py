"""One item of a catalogue, and the digest of what it means."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from reclake.strict import Name, Strict

DESCRIPTIONS = ("description", "description_zh")  # for people: no digest counts them


class Item(Strict):
    """What a file of a catalogue states. Its name is that of the file."""

    name: Name
    description: Annotated[str, StringConstraints(min_length=1)]
    description_zh: Annotated[str, StringConstraints(strip_whitespace=True)] = (
        ""  # the same in Chinese, where it is shown; else the one above stands there
    )

    def digest(self, nouns: Collection[str] | None = None) -> str:
        """SHA-256 of what the item means: its values, however the file writes them, without the descriptions.

        A key that holds its default counts as if it were not there, so that a new key with a default changes no digest.

        Parameters
        ----------
        nouns
            The bronze nouns that the asking table is made of; an item type may count only what concerns them.
        """
        del nouns  # every part of it counts for every table
        meant = {key: value for key, value in _meant(self).items() if key not in DESCRIPTIONS}
        return hashlib.sha256(json.dumps(meant, sort_keys=True).encode()).hexdigest()

    def concerns(self, nouns: Collection[str]) -> bool:
        """Whether a table that is made of these bronze nouns can differ by the item."""
        del nouns
        return True


def _meant(value: Any) -> Any:
    """The value as JSON holds it; two ways to write the same come out the same.

    Raises
    ------
    TypeError
        When the value is of a type that has no single way to be written.
    """
    match value:
        case BaseModel():
            fields = type(value).model_fields
            stated = {name: getattr(value, name) for name, field in fields.items() if _counts(field, getattr(value, name))}
            return {fields[name].alias or name: _meant(one) for name, one in stated.items()}
        case Enum():
            return _meant(value.value)
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return format(value.normalize(), "f")
        case date() | datetime() | time():
            return value.isoformat()
        case Mapping():
            return {str(key): _meant(one) for key, one in value.items()}
        case set() | frozenset():
            return sorted((_meant(one) for one in value), key=json.dumps)
        case list() | tuple():
            return [_meant(one) for one in value]
    raise TypeError(f"{type(value).__name__} cannot be part of an item: its digest would not be told by its meaning")


def _counts(field: FieldInfo, value: Any) -> bool:
    """Whether a value is part of the meaning: it is not the default, or it is the one word that marks a kind of part."""
    is_mark = get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1
    return is_mark or bool(value != field.get_default(call_default_factory=True))
