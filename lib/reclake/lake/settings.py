"""The settings sections of the lake."""

from __future__ import annotations

from pydantic import Field, NonNegativeInt, PositiveInt

from reclake.strict import Section


class LakeSettings(Section):
    root: str
    keep_manifests_days: int = Field(ge=7)  # less breaks readers that are at work


class FilesSettings(Section):
    umask: str = Field(pattern=r"^0[0-7]{2}\z")  # its owner has all rights


class SparkSettings(Section):
    conf_dir: str


class MaintenanceSettings(Section):
    longest_reader_days: PositiveInt
    max_small_files: PositiveInt
    small_file_bytes: PositiveInt


class RetentionSettings(Section):
    raw_days: NonNegativeInt
    as_of_days: PositiveInt
    series_days: PositiveInt
    notes_days: int = Field(ge=7)  # a claim that may still be in force stays
