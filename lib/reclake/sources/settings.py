"""The settings sections of landing folders and sources."""

from __future__ import annotations

from pydantic import PositiveInt

from reclake.strict import Name, Section


class LandingSettings(Section):
    root: str
    max_file_bytes: PositiveInt
    max_unpacked_ratio: PositiveInt
    max_record_bytes: PositiveInt
    max_depth: PositiveInt


class SourcesSettings(Section):
    enabled: tuple[Name, ...]
    directory: str
