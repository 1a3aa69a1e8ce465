"""The settings section of segments."""

from __future__ import annotations

from pydantic import NonNegativeInt

from reclake.strict import Section


class SegmentsSettings(Section):
    window_days: NonNegativeInt
