"""The settings sections of identities, and of linkage by weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt

from reclake.strict import Name, Section, Strict


class IdentitySettings(Section):
    max_accounts_per_key: PositiveInt
    max_accounts_per_customer: PositiveInt


Share = Annotated[float, Field(gt=0, lt=1)]
Level = Annotated[str, Field(pattern="^(different|similar|close|swapped|exact)$")]


class LevelShares(Strict):
    """Shares of the levels of one attribute; those that it does not have are not stated."""

    m: Mapping[Level, Share]  # among pairs of one person
    u: Mapping[Level, Share]  # among pairs of two


class DefaultWeights(Strict):
    """The weights of a lake that never fitted its own."""

    threshold: float  # bits at which two accounts are as likely one person's as two persons'
    attributes: Mapping[Name, LevelShares]


class LinkageSettings(Section):
    max_block_records: PositiveInt
    max_refined_records: PositiveInt
    min_match_probability: Share
    min_stored_probability: Share
    fit_every_days: NonNegativeInt
    min_expected_precision: Share
    default: DefaultWeights
