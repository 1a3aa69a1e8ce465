"""The settings section of contacts that the business makes with customers."""

from __future__ import annotations

from pydantic import NonNegativeInt, PositiveInt, model_validator

from reclake.strict import Section


class ContactsSettings(Section):
    max_contacts: PositiveInt
    window_days: PositiveInt
    rest_days: NonNegativeInt
    history_days: NonNegativeInt

    @model_validator(mode="after")
    def looks_back_far_enough(self) -> ContactsSettings:
        """Refuse a history that is shorter than what is counted in it: a contact beyond it would be forgotten."""
        least = max(self.window_days, self.rest_days)
        if self.history_days and self.history_days < least:
            raise ValueError(
                f"history_days is {self.history_days}: it is 0, or at least {least}, as window_days and rest_days say"
            )
        return self
