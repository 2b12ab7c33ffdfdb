"""Settings, read once from the environment at the edge of each program."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class InstallationKind(StrEnum):
    """What a database was created as; it never changes (SF-10)."""

    PRODUCTION = "production"
    SIMULATION = "simulation"


class ClientSettings(BaseSettings):
    """Where a client finds Tenure. Temporal's own address comes from its standard environment configuration."""

    model_config = SettingsConfigDict(env_prefix="TENURE_", frozen=True, extra="ignore", use_attribute_docstrings=True)

    url: str = "http://127.0.0.1:8080"
    """Base address of the HTTP API."""
    token: SecretStr | None = None
    """Bearer token of the API."""
    webhook_secret: SecretStr | None = None
    """Standard Webhooks secrets of activity batches, `whsec_… whsec_…`: the first signs, each verifies."""
    payload_keys: SecretStr | None = None
    """`id:base64,id:base64`: AES-GCM keys for Temporal payloads, the first encrypts. Unset: payloads stay readable."""


class ServerSettings(ClientSettings):
    """What the application needs beside that."""

    database_url: SecretStr | None = None
    """Of the role `tenure_app`, or of an owner that may take that role."""
    erasure_database_url: SecretStr | None = None
    """Of the role `tenure_erasure`; unset: the role is taken on `database_url` (SF-12)."""
    database_statement_seconds: float = Field(default=60, gt=0)
    """How long a statement may take, its waits for locks included, before the database counts as gone; an import's may
    take ten times as long."""
    owner_database_url: SecretStr | None = None
    """Of the role that owns the schema, for migrations; unset: `database_url`."""
    smtp_url: SecretStr | None = None
    """`smtp://host:port`, `smtp+starttls://user:password@host:port` or `smtps://user:password@host:port`."""
    mail_from: str = "Tenure <no-reply@tenure.example>"
    """Sender of every notice; the domain also ends the Message-IDs."""
    bounce_address: str | None = None
    """Where mails come back to that cannot be delivered: the envelope's sender (MAIL FROM); unset: that of `mail_from`."""
    public_url: str = "http://127.0.0.1:8080"
    """Address under which people reach the web pages, for links in mails; `https` makes the console's cookie secure."""
    admin_console_url: str = "https://admin.example"
    """Where customers sign in and buy, for links in mails: `/` and `/subscriptions#buy` below it."""
    link_secret: SecretStr | None = None
    """Secrets of the links in mails that lead to a page of ours, separated by spaces, 32 characters or more each, the same
    for every process: the first signs, each verifies."""
    session_secret: SecretStr | None = None
    """Encrypts the console's sessions, 32 characters or more, the same for every web process; unset: sessions end with
    the process."""
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    metrics_port: int = Field(default=9090, ge=0, le=65535)
    """Prometheus metrics of the worker; 0 turns them off."""
    build_id: str | None = None
    """Names this build for Temporal's worker versioning; unset: workers are not versioned (EV-02)."""
    installation: InstallationKind = InstallationKind.PRODUCTION
    rules_file: Path | None = None
    """A JSON document of `tenure.policy.rules.Rules`; unset: the defaults."""
    catalogue_file: Path | None = None
    """A JSON document of `tenure.contracts.catalogue.Catalogue`; unset: the one that is shipped."""
    telephony_file: Path | None = None
    """A JSON document of `tenure.contracts.call_in.Telephony`; unset: the one that is shipped."""
    platform_url: str | None = None
    """Base address of the vendor's provisioning API; unset: Tenure keeps the record itself."""
    platform_token: SecretStr | None = None
    """Bearer token of that API."""
    platform_seconds: float = Field(default=30, gt=0)
    """How long one of its answers may take."""
    screening_rules_file: Path | None = None
    """A JSON document of `tenure.policy.screening.ScreeningRules`; unset: the defaults."""
    yente_url: str | None = None
    """Base address of a yente service (OpenSanctions), which then screens; unset: the lists that are loaded here do."""
    yente_token: SecretStr | None = None
    """What it is sent as `Authorization: ApiKey …`."""
    yente_dataset: str = "default"
    """Which of its data sets is asked."""
    yente_seconds: float = Field(default=15, gt=0)
    """How long one of its answers may take."""
    starts_per_second: float = Field(default=50, gt=0)
    """How fast the relay starts processes."""
