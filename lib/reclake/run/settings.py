"""The settings sections of the runner, of alerts, of the model registry and of what is opened for BI tools."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from reclake.strict import Name, Section

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class RunSettings(Section):
    claim_minutes: PositiveFloat
    claim_wait_seconds: float = Field(ge=0)
    restate_as_ofs: PositiveInt
    max_rejected_share: float = Field(ge=0, le=1)
    max_key_share: float = Field(gt=0, le=1)
    min_key_records: PositiveInt


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
    min_complete_share: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def is_complete(self) -> AlertsSettings:
        """Refuse mail without a server, a sender or a receiver."""
        if self.channel == "mail" and not (self.mail_host and self.mail_from and self.mail_to):
            raise ValueError("channel mail needs mail_host, mail_from and mail_to")
        return self


class BiSettings(Section):
    metastore: str
    database: Name
    renew_views: bool
    duckdb_file: str
    duckdb_python: str
    thrift_host: str
    thrift_port: int = Field(ge=1, le=65535)
    thrift_anonymous: bool
    thrift_renew_seconds: PositiveFloat


class MlflowSettings(Section):
    """Of the registry, whose package loads MLflow when it is imported: settings are read without it."""

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
