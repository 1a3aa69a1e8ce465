"""A purpose for which the business contacts customers: an item of a catalogue."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from reclake.catalogue import Item
from reclake.errors import UsageError
from reclake.strict import near
from reclake.tables import vocabulary

ContactChannel = Literal["email", "sms", "push", "call"]
Tier = Literal["new", "returning", "high_value", "potential", "churn_warning", "dormant", "prospect"]


class Purpose(Item):
    """What the contact rests on, for whom it is, and how it may reach them.

    Postal mail is no channel yet: nothing says since when an address is known.
    """

    consent: str  # the purpose of consent that each contact rests on
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]  # of gold.customer_segments
    channels: Annotated[tuple[ContactChannel, ...], Field(min_length=1)]  # the dearest first, among those that work equally well
    precedence: PositiveInt  # who may be contacted once more stands on the list of the lowest; equal ones go by name

    @field_validator("consent")
    @classmethod
    def can_be_granted(cls, value: str) -> str:
        """Refuse a purpose of consent that no statement can name."""
        if value not in vocabulary.PURPOSES:
            raise ValueError(f"{value!r} is no purpose of consent: one of {', '.join(vocabulary.PURPOSES)}")
        return value

    @model_validator(mode="after")
    def names_each_once(self) -> Purpose:
        """Refuse a tier or a channel that is named twice: the second would say nothing."""
        for key, named in (("tiers", self.tiers), ("channels", self.channels)):
            if len(set(named)) != len(named):
                raise ValueError(f"{key} names one of them twice: {', '.join(named)}")
        return self


def require_purpose(name: str, purposes: Collection[str]) -> None:
    """Stop at a purpose that does not exist.

    Raises
    ------
    UsageError
        When there is none of that name.
    """
    if name not in purposes:
        hint = near(name, purposes)
        raise UsageError(
            f"there is no purpose {name!r}",
            f"purposes {', '.join(sorted(purposes)) or 'none'}",
            f"{f'{hint} ' if hint else ''}see docs/customers.md to add one",
        )
