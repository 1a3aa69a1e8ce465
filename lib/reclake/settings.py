"""Settings: frozen, typed, complete, strict. A default stands once, in conf/base.toml."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    field_validator,
    model_validator,
)  # fmt: skip

from reclake.errors import SettingsInvalid
from reclake.synthetic.settings import DemoSettings

_NAME = r"[a-z][a-z0-9_]{0,62}"  # of a profile or source: it becomes a part of a path
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
ENVIRONMENT_PREFIX = "RECLAKE__"
_NEXT = "correct it; conf/base.toml explains every setting"


class Section(BaseModel):
    """One section of the settings; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LakeSettings(Section):
    root: str
    keep_manifests_days: int = Field(ge=7)  # less breaks readers that are at work


class FilesSettings(Section):
    umask: str = Field(pattern=r"^0[0-7]{2}\z")  # its owner has all rights


class LandingSettings(Section):
    root: str
    max_file_bytes: PositiveInt
    max_unpacked_ratio: PositiveInt
    max_record_bytes: PositiveInt
    max_depth: PositiveInt


class SourcesSettings(Section):
    enabled: tuple[Annotated[str, Field(pattern=rf"^{_NAME}\z")], ...]
    directory: str


class ExpectationsSettings(Section):
    directory: str
    timeout_seconds: PositiveFloat


class SecretsSettings(Section):
    directory: str


Years = Annotated[int, Field(ge=0, le=120)]


class AgeLimits(Section):
    profiling: Years
    marketing: Years


class MinAgeSettings(Section):
    any_basis: AgeLimits
    of_basis: Mapping[Annotated[str, Field(pattern=rf"^{_NAME}\z")], AgeLimits]
    unknown_is_allowed: bool

    @model_validator(mode="before")
    @classmethod
    def fills_in(cls, values: Any) -> Any:
        """Let a basis that says nothing of a use ask for what holds for every basis."""
        if not isinstance(values, Mapping):
            return values
        least, bases = values.get("any_basis"), values.get("of_basis")
        if not isinstance(least, Mapping) or not isinstance(bases, Mapping):
            return values
        uses = {use: least[use] for use in AgeLimits.model_fields if use in least}
        filled = {basis: {**uses, **limits} if isinstance(limits, Mapping) else limits for basis, limits in bases.items()}
        return {**values, "of_basis": filled}

    @model_validator(mode="after")
    def asks_for_no_less(self) -> MinAgeSettings:
        """Refuse a basis that asks for less than all of them: the limit of any_basis holds for every basis."""
        for basis, limits in self.of_basis.items():
            for use in ("profiling", "marketing"):
                least, own = getattr(self.any_basis, use), getattr(limits, use)
                if own < least:
                    raise ValueError(
                        f"of_basis.{basis}.{use} is {own}, below any_basis.{use} ({least}), which holds for every basis"
                    )
        return self


class PrivacySettings(Section):
    min_age: MinAgeSettings
    id_key_id: str = Field(pattern="^[a-z][a-z0-9_]{0,30}$")
    contact_key_id: str = Field(pattern="^[a-z][a-z0-9_]{0,30}$")
    default_region: str = Field(pattern="^[A-Z]{2}$")
    min_group_size: PositiveInt


class BusinessSettings(Section):
    timezone: str
    reporting_currency: str = Field(pattern="^[A-Z]{3}$")

    @field_validator("timezone")
    @classmethod
    def is_known(cls, value: str) -> str:
        """Refuse a zone that the time zone database does not name."""
        if value not in available_timezones():
            raise ValueError(f"{value!r} is no time zone of the IANA database")
        return value


class BotSettings(Section):
    max_events_per_minute: PositiveInt
    min_events_for_rhythm: PositiveInt
    min_gap_deviation: PositiveFloat
    max_active_hours: PositiveInt


class SessionsSettings(Section):
    gap_minutes: PositiveInt = Field(le=1440)  # sessions read one day before and after


class IdentitySettings(Section):
    max_accounts_per_key: PositiveInt
    max_accounts_per_customer: PositiveInt


class SegmentsSettings(Section):
    window_days: NonNegativeInt


class PopularitySettings(Section):
    half_life_days: PositiveFloat


class InteractionWeights(Section):
    view: PositiveFloat
    add_to_cart: PositiveFloat
    purchase: PositiveFloat
    rating: PositiveFloat


class InteractionsSettings(Section):
    weights: InteractionWeights


class AlsSettings(Section):
    rank: PositiveInt
    iterations: PositiveInt
    regularisation: PositiveFloat
    alpha: PositiveFloat
    half_life_days: PositiveFloat
    blocks: PositiveInt
    seed: int


def _is_range(value: tuple[float, float]) -> tuple[float, float]:
    if not 0 < value[0] < value[1]:
        raise ValueError("needs a least value above 0 and a greater one")
    return value


Tune = Literal["when-due", "always", "never"]  # whether a training searches its settings first
Range = Annotated[tuple[float, float], AfterValidator(_is_range)]


class TuningSettings(Section):
    every_days: NonNegativeInt
    n_trials: int = Field(ge=2)
    seed: int
    ranks: tuple[PositiveInt, ...] = Field(min_length=1)
    regularisation: Range
    alpha: Range
    half_life_days: Range


class TrainingSettings(Section):
    test_days: PositiveInt
    bootstrap_samples: PositiveInt
    bootstrap_seed: int
    min_champion_ratio: PositiveFloat
    max_item_factor_bytes: PositiveInt


class RecommendationsSettings(Section):
    n: PositiveInt


class ModelsSettings(Section):
    max_withdrawn_days: NonNegativeInt


class MlflowSettings(Section):
    tracking_uri: str
    artifact_root: str
    unencrypted: bool

    @model_validator(mode="after")
    def is_closed(self) -> MlflowSettings:
        """Refuse a server beyond this machine that is asked in clear: whoever is on the way moves the champion."""
        address = urlsplit(self.tracking_uri)
        if address.scheme.lower() == "http" and address.hostname not in _LOOPBACK and not self.unencrypted:
            raise ValueError("tracking_uri asks another machine in clear: give an https address, or set mlflow.unencrypted")
        return self


class RunSettings(Section):
    claim_minutes: PositiveFloat
    claim_wait_seconds: float = Field(ge=0)
    restate_as_ofs: PositiveInt
    max_rejected_share: float = Field(ge=0, le=1)
    max_key_share: float = Field(gt=0, le=1)
    min_key_records: PositiveInt


class MaintenanceSettings(Section):
    longest_reader_days: PositiveInt
    max_small_files: PositiveInt
    small_file_bytes: PositiveInt


class RetentionSettings(Section):
    raw_days: NonNegativeInt
    as_of_days: PositiveInt
    notes_days: int = Field(ge=7)  # a claim that may still be in force stays


class AlertsSettings(Section):
    channel: Literal["none", "webhook", "mail"]
    timeout_seconds: PositiveFloat
    tries: PositiveInt
    mail_host: str
    mail_port: PositiveInt
    mail_from: str
    mail_to: tuple[str, ...]
    min_completeness_share: float = Field(ge=0, le=1)
    min_collection_share: float = Field(ge=0, le=1)
    min_volume_ratio: float = Field(ge=0)
    max_arrival_to_visible_hours: PositiveFloat
    max_days_without_maintenance: NonNegativeInt

    @model_validator(mode="after")
    def is_complete(self) -> AlertsSettings:
        """Refuse mail without a server, a sender or a receiver."""
        if self.channel == "mail" and not (self.mail_host and self.mail_from and self.mail_to):
            raise ValueError("channel mail needs mail_host, mail_from and mail_to")
        return self


class SparkSettings(Section):
    conf_dir: str


class BiSettings(Section):
    metastore: str
    database: str = Field(pattern=rf"^{_NAME}\z")
    renew_views: bool
    duckdb_file: str
    duckdb_python: str
    thrift_host: str
    thrift_port: int = Field(ge=1, le=65535)
    thrift_anonymous: bool
    thrift_renew_seconds: PositiveFloat


class Settings(Section):
    """All settings of one run."""

    lake: LakeSettings
    files: FilesSettings
    landing: LandingSettings
    sources: SourcesSettings
    expectations: ExpectationsSettings
    secrets: SecretsSettings
    privacy: PrivacySettings
    business: BusinessSettings
    bots: BotSettings
    sessions: SessionsSettings
    identity: IdentitySettings
    segments: SegmentsSettings
    popularity: PopularitySettings
    interactions: InteractionsSettings
    als: AlsSettings
    training: TrainingSettings
    tuning: TuningSettings
    recommendations: RecommendationsSettings
    models: ModelsSettings
    mlflow: MlflowSettings
    run: RunSettings
    maintenance: MaintenanceSettings
    retention: RetentionSettings
    alerts: AlertsSettings
    spark: SparkSettings
    bi: BiSettings
    demo: DemoSettings

    @model_validator(mode="after")
    def can_go_back(self) -> Settings:
        """Refuse to remove raw records that a rollback could need again, or that readers look back to."""
        least = max(90, self.lake.keep_manifests_days + self.maintenance.longest_reader_days + 1)
        if self.retention.raw_days and self.retention.raw_days < least:
            raise ValueError(f"retention.raw_days is {self.retention.raw_days}: it is 0, or at least {least}")
        return self

    def value(self, key: str) -> Any:
        """The setting or section at `section.key`.

        Raises
        ------
        KeyError
            When there is none.
        """
        found: Any = self
        for part in key.split("."):
            if part not in type(found).model_fields:
                raise KeyError(key)
            found = getattr(found, part)
        return found


S = TypeVar("S", bound=BaseModel)


def read(kind: type[S], values: Mapping[str, Any], *, name: str) -> S:
    """One settings section; names all unknown, missing and mistyped keys at once."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SettingsInvalid(f"settings {name} cannot be used", found, _NEXT) from None


def find_home(start: Path) -> Path:
    """The project folder: the nearest one at or above `start` that holds conf/base.toml.

    Raises
    ------
    SettingsInvalid
        When there is none.
    """
    for folder in (start, *start.parents):
        if (folder / "conf" / "base.toml").is_file():
            return folder
    raise SettingsInvalid(
        "no project folder", f"no conf/base.toml in {start} or above", "run inside the project, or set RECLAKE_HOME"
    )


def load_settings(
    home: Path, *, profile: str, overrides: Iterable[str] = (), environment: Mapping[str, str] | None = None
) -> Settings:
    """base.toml, then [business] of the sources, the profile's file, the environment, and `section.key=value` overrides.

    Raises
    ------
    SettingsInvalid
        When the profile is no plain name, a file is missing or broken, a key is unknown, missing or mistyped, or an age
        is set for a lawful basis that no source states.
    """
    if not re.fullmatch(_NAME, profile):
        raise SettingsInvalid(f"{profile!r} is not a profile", "a profile is a plain name", "name a file of conf/, such as local")
    changes = _changes(home, profile, overrides, os.environ if environment is None else environment)
    chosen = _toml(home / "conf" / "base.toml")
    _merge(chosen, changes)
    values = _toml(home / "conf" / "base.toml")
    _merge(values, {"business": _business_of_sources(home, read(SourcesSettings, chosen["sources"], name="section [sources]"))})
    _merge(values, changes)
    settings = read(Settings, values, name=f"of profile {profile}")
    _require_stated(settings.privacy.min_age.of_basis, home / settings.sources.directory)
    return settings


def _require_stated(of_basis: Iterable[str], sources: Path) -> None:
    """Stop at a basis that no source file states: under a slip of the pen, children would count by the lower limit.

    Sources that are not enabled count too, as a command may take one source alone.
    """
    if not (asked := set(of_basis)):
        return
    stated = {str(_toml(path).get("basis", "")) for path in sorted(sources.glob("*.toml"))}
    if unstated := sorted(asked - stated):
        raise SettingsInvalid(
            "privacy.min_age.of_basis names a basis that no source states",
            f"{', '.join(unstated)}; sources state {', '.join(sorted(stated - {''})) or 'none'}",
            "write it as the `basis` of a source file, or remove it",
        )


def _changes(home: Path, profile: str, overrides: Iterable[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """What profile, environment and overrides say, the later ones over the earlier."""
    values = _toml(home / "conf" / f"{profile}.toml")
    for name, text in sorted(environment.items()):
        if name.startswith(ENVIRONMENT_PREFIX):
            _assign(values, name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__"), text)
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator:
            raise SettingsInvalid(f"--set {override} cannot be used", "no '='", "write --set section.key=value")
        _assign(values, key.strip().split("."), text)
    return values


def _business_of_sources(home: Path, sources: SourcesSettings) -> dict[str, Any]:
    """Time zone and currency that the enabled sources bring along, the first one's over the others'."""
    found: dict[str, Any] = {}
    for name in reversed(sources.enabled):
        path = home / sources.directory / f"{name}.toml"
        if path.is_file():
            found |= _toml(path).get("business", {})
    return found


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsInvalid(f"settings file {path.name} is missing", f"nothing at {path}", "name an existing profile") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"settings file {path.name} is not TOML", str(error), _NEXT) from None


def _merge(values: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, Mapping) and isinstance(values.get(key), dict):
            _merge(values[key], value)
        else:
            values[key] = value


def _assign(values: dict[str, Any], path: list[str], text: str) -> None:
    """Set a value given as text: a TOML value if it reads as one, else the text itself."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    section = values
    for part in path[:-1]:
        section = section.setdefault(part, {})
        if not isinstance(section, dict):
            raise SettingsInvalid(f"setting {'.'.join(path)} cannot be used", f"{part} is a value, not a section", _NEXT)
    section[path[-1]] = value
