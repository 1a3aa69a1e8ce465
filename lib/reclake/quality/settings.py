"""The settings section of the gates."""

from __future__ import annotations

from pydantic import PositiveFloat

from reclake.strict import Section


class ExpectationsSettings(Section):
    directory: str
    timeout_seconds: PositiveFloat
