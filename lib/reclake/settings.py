"""Settings: frozen, typed, complete, strict. A default stands once, in conf/base.toml."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from reclake.behaviour.settings import (
    BotSettings,
    BreakdownsSettings,
    CohortsSettings,
    CubeSettings,
    HistoriesSettings,
    SessionsSettings,
)
from reclake.errors import SettingsInvalid
from reclake.identity.settings import IdentitySettings, LinkageSettings
from reclake.lake.settings import FilesSettings, LakeSettings, MaintenanceSettings, RetentionSettings, SparkSettings
from reclake.outreach.settings import ContactsSettings
from reclake.privacy.settings import PrivacySettings, SecretsSettings
from reclake.quality.settings import ExpectationsSettings
from reclake.recommend.settings import (
    AlsSettings,
    DueAgainSettings,
    EvaluationSettings,
    InteractionsSettings,
    ItemItemSettings,
    ModelsSettings,
    PopularitySettings,
    PopularProductsSettings,
    RecommendationsSettings,
    RelationsSettings,
    TrainingSettings,
    TuningSettings,
)
from reclake.run.settings import AlertsSettings, BiSettings, MlflowSettings, RunSettings
from reclake.segment.settings import CustomerProductsSettings, SalesSettings, SegmentsSettings, TiersSettings, TierWordsSettings
from reclake.sources.settings import LandingSettings, SourcesSettings
from reclake.strict import Section, mistakes, read_toml, time_zones
from reclake.synthetic.settings import DemoSettings
from reclake.value.settings import ValueSettings

_PROFILE = r"[a-z][a-z0-9_]{0,62}"  # it becomes a part of a path
ENVIRONMENT_PREFIX = "RECLAKE__"
_NEXT = "correct it; conf/base.toml explains every setting"


class BusinessSettings(Section):
    timezone: str
    reporting_currency: str = Field(pattern="^[A-Z]{3}$")
    tiers: TierWordsSettings

    @field_validator("timezone")
    @classmethod
    def is_known(cls, value: str) -> str:
        """Refuse a zone that the time zone database does not name."""
        if value not in time_zones():
            raise ValueError(f"{value!r} is no time zone of the IANA database")
        return value


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
    breakdowns: BreakdownsSettings
    cohorts: CohortsSettings
    histories: HistoriesSettings
    cube: CubeSettings
    identity: IdentitySettings
    linkage: LinkageSettings
    segments: SegmentsSettings
    customer_value: ValueSettings
    tiers: TiersSettings
    contacts: ContactsSettings
    sales: SalesSettings
    customer_products: CustomerProductsSettings
    popularity: PopularitySettings
    interactions: InteractionsSettings
    relations: RelationsSettings
    popular_products: PopularProductsSettings
    due_again: DueAgainSettings
    als: AlsSettings
    item_item: ItemItemSettings
    training: TrainingSettings
    tuning: TuningSettings
    evaluation: EvaluationSettings
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
        raise SettingsInvalid(f"settings {name} cannot be used", mistakes(error, kind, whole=name), _NEXT) from None


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
    if not re.fullmatch(_PROFILE, profile):
        raise SettingsInvalid(f"{profile!r} is not a profile", "a profile is a plain name", "name a file of conf/, such as local")
    changes = _changes(home, profile, overrides, os.environ if environment is None else environment)
    values = _toml(home / "conf" / "base.toml")
    chosen = deepcopy(values)
    _merge(chosen, changes)
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
    stated = {str(_source(path).get("basis", "")) for path in sorted(sources.glob("*.toml"))}
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
    """What the enabled sources say of the business, the first one's over the others'."""
    found: dict[str, Any] = {}
    for name in reversed(sources.enabled):
        path = home / sources.directory / f"{name}.toml"
        if path.is_file():
            _merge(found, _source(path).get("business", {}))
    return found


def _toml(path: Path) -> dict[str, Any]:
    return read_toml(
        path, kind="settings file", next_step="name an existing profile, and write it in TOML as conf/base.toml shows"
    )


def _source(path: Path) -> dict[str, Any]:
    """What a source file states, before the catalogue of sources checks it: settings come first."""
    return read_toml(path, kind="source file", next_step="correct it; docs/sources.md explains every key", within=path.parent)


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
