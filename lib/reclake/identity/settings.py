"""The settings section of identities."""

from __future__ import annotations

from pydantic import PositiveInt

from reclake.strict import Section


class IdentitySettings(Section):
    max_accounts_per_key: PositiveInt
    max_accounts_per_customer: PositiveInt
