"""Settings, read once by bootstrap and frozen. The guide's variable names are kept.

No secret has a working default; a wrong value stops the start with a sentence that names the variable.
"""

import os
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from faded_skies.platform.errors import StartRefused
from faded_skies.platform.keyring import Keyring
from faded_skies.platform.networks import Network, parse_networks
from faded_skies.platform.secret_files import read_secret_files
from faded_skies.platform.weak_secrets import weakness_of_keys, weakness_of_text

_SPAN = re.compile(r"^\s*(\d+)\s*(s|m|h|d)\s*$")
_ORIGIN = re.compile(r"https?://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_DSN = re.compile(r"https?://[A-Za-z0-9]+(:[A-Za-z0-9]+)?@[^\s/@]+(/[^\s/]+)*/[0-9]+")
_AMQP = re.compile(r"amqps?://([^\s/@]+@)?[^\s/@]+(/\S*)?")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

# Where Jumio's callbacks come from, for its American region (its documents, seen 2026-11-22); it gives no signature.
_JUMIO_CALLBACKS = parse_networks(
    "34.202.241.227,34.226.103.119,34.226.254.127,52.8.136.236,54.177.61.57,54.183.15.212"
)


class SettingsError(StartRefused):
    """A setting is missing or wrong; the text names the variable and what it wants."""


@dataclass(frozen=True)
class ObjectStorage:
    """A bucket, its region, the key that opens it; `endpoint` is None for Amazon's own."""

    bucket: str
    region: str
    key_id: str
    secret: SecretStr
    endpoint: str | None


@dataclass(frozen=True)
class MediaStorage:
    """The bucket of public pictures, and the address under which everybody reads it."""

    objects: ObjectStorage
    url: str


@dataclass(frozen=True)
class GoogleClient:
    """How the shop is registered at Google."""

    client_id: str
    secret: SecretStr


@dataclass(frozen=True)
class AppleClient:
    """How the shop is registered at Apple; the key (PEM) signs its client secrets."""

    client_id: str
    team_id: str
    key_id: str
    private_key: SecretStr


@dataclass(frozen=True)
class StripeAccount:
    """The shop's account at Stripe.

    More than one webhook secret is good while they are rotated. `confirmation` says who confirms a payment, and
    `product_classes` which goods the account may be charged for. `api_base` is None for Stripe's own address.
    """

    secret_key: SecretStr
    webhook_secrets: tuple[SecretStr, ...]
    publishable_key: str | None
    confirmation: Literal["automatic", "manual"]
    product_classes: frozenset[str]
    api_base: str | None

    @property
    def moves_money(self) -> bool:
        """Whether the key is a live one."""
        return "_test_" not in self.secret_key.get_secret_value()


@dataclass(frozen=True)
class JumioClient:
    """How the shop is known at Jumio; callbacks are taken from these networks only."""

    token: str
    secret: SecretStr
    region: str
    workflow: int
    callback_networks: tuple[Network, ...]


@dataclass(frozen=True)
class MetrcAccount:
    """How the shop is known to its state's track-and-trace system: keys, licence, where to ask, and its words.

    `phone` is where the authority may call about a delivery.
    """

    api_base: str
    vendor_key: SecretStr
    user_key: SecretStr
    license_no: str
    phone: str | None
    return_reason: str
    adjusted_reason: str
    destroyed_reason: str


@dataclass(frozen=True)
class MailAccount:
    """The shop's mail server: where, how it is reached, who we are there.

    `ca_file` holds the certificates of whoever signed the server's, None for the machine's own.
    """

    host: str
    port: int
    tls: Literal["starttls", "implicit", "none"]
    user: str | None
    password: SecretStr | None
    ca_file: Path | None


@dataclass(frozen=True)
class FirebaseAccount:
    """The service account that pushes: its key (JSON); `project_id` is None where the key's own counts."""

    key: SecretStr
    project_id: str | None


@dataclass(frozen=True)
class GoogleAnalyticsStream:
    """A data stream of Google Analytics 4, and the secret of its Measurement Protocol."""

    measurement_id: str
    secret: SecretStr


@dataclass(frozen=True)
class MixpanelProject:
    """The shop's project at Mixpanel, and where its data lie."""

    token: SecretStr
    region: Literal["us", "eu", "in"]


class Settings(BaseSettings):
    """Every setting of the product, with its unit and default."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=None, populate_by_name=True)

    environment: Literal["production", "development", "test"] = Field("production", alias="NODE_ENV")
    version: str = Field("0.1.0", alias="APP_VERSION")
    host: str = Field("127.0.0.1", alias="HOST")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(3000, alias="PORT")
    drain_for: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(minutes=5))] = Field(
        timedelta(seconds=5), alias="DRAIN_FOR"
    )
    data: Path = Field(Path("var"), alias="FADED_SKIES_DATA")
    demo: bool = Field(default=False, alias="FADED_SKIES_DEMO")

    database_url: str = Field(alias="DATABASE_URL")
    database_pool: Annotated[int, Field(ge=2, le=200)] = Field(10, alias="DATABASE_POOL_SIZE")
    redis_url: str = Field(alias="REDIS_URL")

    jwt_secret: SecretStr = Field(alias="JWT_SECRET")
    vault_master_keys: SecretStr = Field(alias="VAULT_MASTER_KEYS")
    backup_keys: SecretStr | None = Field(None, alias="BACKUP_KEYS")
    jwt_expires_in: timedelta = Field(timedelta(hours=24), alias="JWT_EXPIRES_IN")
    refresh_expires_in: timedelta = Field(timedelta(days=30), alias="REFRESH_EXPIRES_IN")
    mfa_required: bool = Field(default=True, alias="MFA_REQUIRED")

    id_verification: Literal["review", "barcode", "barcode_decides", "jumio"] = Field(
        "barcode", alias="ID_VERIFICATION"
    )
    id_documents_keep: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=30))] = Field(
        timedelta(0), alias="ID_DOCUMENTS_KEEP"
    )
    vault_folder: Path | None = Field(None, alias="VAULT_FOLDER")
    aws_s3_bucket: str | None = Field(None, alias="AWS_S3_BUCKET")
    aws_region: str | None = Field(None, alias="AWS_REGION")
    aws_access_key_id: str | None = Field(None, alias="AWS_ACCESS_KEY_ID")
    aws_secret_access_key: SecretStr | None = Field(None, alias="AWS_SECRET_ACCESS_KEY")
    aws_endpoint_url: str | None = Field(None, alias="AWS_ENDPOINT_URL")
    media_s3_bucket: str | None = Field(None, alias="MEDIA_S3_BUCKET")
    media_url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = Field(None, alias="MEDIA_URL")

    client_url: str = Field("http://localhost:5173", alias="CLIENT_URL")
    api_url: str = Field("http://127.0.0.1:3000", alias="API_URL")
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field((), alias="TRUSTED_PROXIES")
    jumio_api_token: str | None = Field(None, alias="JUMIO_API_TOKEN", min_length=1)
    jumio_api_secret: SecretStr | None = Field(None, alias="JUMIO_API_SECRET", min_length=1)
    jumio_region: Literal["amer-1", "emea-1", "apac-1"] = Field("amer-1", alias="JUMIO_REGION")
    jumio_workflow: Annotated[int, Field(ge=1)] = Field(10163, alias="JUMIO_WORKFLOW")
    jumio_callback_addresses: Annotated[tuple[Network, ...], NoDecode] = Field(
        _JUMIO_CALLBACKS, alias="JUMIO_CALLBACK_ADDRESSES", validate_default=True
    )
    stripe_secret_key: SecretStr | None = Field(None, alias="STRIPE_SECRET_KEY", min_length=1)
    stripe_webhook_secret: SecretStr | None = Field(None, alias="STRIPE_WEBHOOK_SECRET", min_length=1)
    stripe_publishable_key: str | None = Field(None, alias="STRIPE_PUBLISHABLE_KEY", min_length=1)
    stripe_confirmation: Literal["automatic", "manual"] = Field("automatic", alias="STRIPE_CONFIRMATION")
    stripe_product_classes: str = Field("accessory", alias="STRIPE_PRODUCT_CLASSES")
    stripe_api_base: str | None = Field(None, alias="STRIPE_API_BASE", min_length=1)
    payment_capture: Literal["order", "departure"] = Field("order", alias="PAYMENT_CAPTURE")
    google_client_id: str | None = Field(None, alias="GOOGLE_CLIENT_ID", min_length=1)
    google_client_secret: SecretStr | None = Field(None, alias="GOOGLE_CLIENT_SECRET", min_length=1)
    apple_client_id: str | None = Field(None, alias="APPLE_CLIENT_ID", min_length=1)
    apple_team_id: str | None = Field(None, alias="APPLE_TEAM_ID", min_length=1)
    apple_key_id: str | None = Field(None, alias="APPLE_KEY_ID", min_length=1)
    apple_private_key: SecretStr | None = Field(None, alias="APPLE_PRIVATE_KEY", min_length=1)
    metrc_api_base: str | None = Field(None, alias="METRC_API_BASE", min_length=1)
    metrc_vendor_key: SecretStr | None = Field(None, alias="METRC_VENDOR_KEY", min_length=1)
    metrc_user_key: SecretStr | None = Field(None, alias="METRC_USER_KEY", min_length=1)
    metrc_license: str | None = Field(None, alias="METRC_LICENSE", min_length=1)
    metrc_phone: str | None = Field(None, alias="METRC_PHONE", min_length=1)
    metrc_return_reason: str = Field("Unable to Deliver", alias="METRC_RETURN_REASON", min_length=1)
    metrc_adjusted_reason: str = Field("Entry Error", alias="METRC_ADJUSTED_REASON", min_length=1)
    metrc_destroyed_reason: str = Field("Waste", alias="METRC_DESTROYED_REASON", min_length=1)
    metrc_blocks_departure: bool = Field(default=False, alias="METRC_BLOCKS_DEPARTURE")
    from_email: str = Field("noreply@fadedskies.example", alias="FROM_EMAIL")
    smtp_host: str | None = Field(None, alias="SMTP_HOST", min_length=1)
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = Field(587, alias="SMTP_PORT")
    smtp_tls: Literal["starttls", "implicit", "none"] = Field("starttls", alias="SMTP_TLS")
    smtp_user: str | None = Field(None, alias="SMTP_USER", min_length=1)
    smtp_pass: SecretStr | None = Field(None, alias="SMTP_PASS", min_length=1)
    smtp_ca_file: Path | None = Field(None, alias="SMTP_CA_FILE")
    firebase_project_id: str | None = Field(None, alias="FIREBASE_PROJECT_ID", min_length=1)
    firebase_service_account: SecretStr | None = Field(None, alias="FIREBASE_SERVICE_ACCOUNT", min_length=1)
    promotions_a_minute: Annotated[int, Field(ge=1, le=10_000)] = Field(300, alias="PROMOTIONS_A_MINUTE")

    metrics_token: SecretStr | None = Field(None, alias="METRICS_TOKEN", min_length=1)
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = Field(None, alias="METRICS_PORT")

    otlp_endpoint: str | None = Field(
        None, alias="OTEL_EXPORTER_OTLP_ENDPOINT", pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$"
    )
    sentry_dsn: SecretStr | None = Field(None, alias="SENTRY_DSN", min_length=1)
    amqp_url: SecretStr | None = Field(None, alias="AMQP_URL", min_length=1)
    amqp_exchange: str = Field(
        "faded-skies.events", alias="AMQP_EXCHANGE", pattern=r"^[A-Za-z0-9._:-]{1,100}$"
    )

    rate_limit_window: Annotated[int, Field(ge=1, le=1440)] = Field(15, alias="RATE_LIMIT_WINDOW")
    rate_limit_max: Annotated[int, Field(ge=1)] = Field(100, alias="RATE_LIMIT_MAX")
    rate_limit_auth_max: Annotated[int, Field(ge=1)] = Field(5, alias="RATE_LIMIT_AUTH_MAX")
    rate_limit_order_max: Annotated[int, Field(ge=1)] = Field(5, alias="RATE_LIMIT_ORDER_MAX")
    rate_limit_chat_max: Annotated[int, Field(ge=1)] = Field(30, alias="RATE_LIMIT_CHAT_MAX")
    # One call has up to 50 events; a lower limit would refuse such a one for ever.
    rate_limit_analytics_max: Annotated[int, Field(ge=50)] = Field(600, alias="RATE_LIMIT_ANALYTICS_MAX")
    rate_limit_analytics_visitors_max: Annotated[int, Field(ge=50)] = Field(
        150, alias="RATE_LIMIT_ANALYTICS_VISITORS_MAX"
    )

    analytics_keep: Annotated[timedelta, Field(ge=timedelta(days=1), le=timedelta(days=760))] = Field(
        timedelta(days=395), alias="ANALYTICS_KEEP"
    )
    google_analytics_id: str | None = Field(None, alias="GOOGLE_ANALYTICS_ID", pattern=r"^G-[A-Z0-9]{4,20}$")
    google_analytics_api_secret: SecretStr | None = Field(
        None, alias="GOOGLE_ANALYTICS_API_SECRET", min_length=1
    )
    mixpanel_token: SecretStr | None = Field(None, alias="MIXPANEL_TOKEN", min_length=1)
    mixpanel_region: Literal["us", "eu", "in"] = Field("us", alias="MIXPANEL_REGION")

    support_chats_per_agent: Annotated[int, Field(ge=1, le=100)] = Field(5, alias="SUPPORT_CHATS_PER_AGENT")
    support_reopens_for: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=365))] = Field(
        timedelta(days=14), alias="SUPPORT_REOPENS_FOR"
    )

    driver_answers_within: Annotated[timedelta, Field(ge=timedelta(minutes=1), le=timedelta(hours=2))] = (
        Field(timedelta(minutes=5), alias="DRIVER_ANSWERS_WITHIN")
    )
    no_show_after: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(hours=1))] = Field(
        timedelta(minutes=10), alias="NO_SHOW_AFTER"
    )
    dispatch_plans: Literal["nearest", "batches"] = Field("batches", alias="DISPATCH_PLANS")
    vehicle_max_orders: Annotated[int, Field(ge=1, le=200)] = Field(8, alias="VEHICLE_MAX_ORDERS")

    jurisdiction: str = Field("us-tx-example", alias="JURISDICTION")
    sandbox_webhook_secret: SecretStr | None = Field(None, alias="SANDBOX_WEBHOOK_SECRET")
    google_maps_api_key: SecretStr | None = Field(None, alias="GOOGLE_MAPS_API_KEY", min_length=1)
    osrm_url: str | None = Field(None, alias="OSRM_URL", pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", alias="LOG_LEVEL")

    @field_validator(
        "jwt_expires_in",
        "refresh_expires_in",
        "id_documents_keep",
        "support_reopens_for",
        "driver_answers_within",
        "no_show_after",
        "analytics_keep",
        "drain_for",
        mode="before",
    )
    @classmethod
    def _span(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        found = _SPAN.match(value)
        if found is None:
            raise ValueError("write a whole number and a unit, such as 15m, 24h or 30d")
        return timedelta(**{_UNITS[found[2]]: int(found[1])})

    @field_validator("trusted_proxies", "jumio_callback_addresses", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        return parse_networks(value) if isinstance(value, str) else value

    @field_validator("jwt_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:  # noqa: PLR2004 - RFC 7518 §3.2: as long as the SHA-256 output
            raise ValueError("use at least 32 characters, for example from: openssl rand -base64 32")
        return value

    @field_validator("sentry_dsn")
    @classmethod
    def _is_dsn(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _DSN.fullmatch(value.get_secret_value()):
            raise ValueError("write the address that Sentry shows for the project: https://key@host/number")
        return value

    @field_validator("amqp_url")
    @classmethod
    def _is_amqp(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _AMQP.fullmatch(value.get_secret_value()):
            raise ValueError("write amqp:// or amqps://, then user:password@host:port/virtual-host")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 16:  # noqa: PLR2004 - 96 bits in base64
            raise ValueError("use at least 16 characters, for example from: openssl rand -base64 24")
        return value

    @field_validator("vault_master_keys", "backup_keys")
    @classmethod
    def _good_keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            Keyring.parse(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _jumio_is_whole(self) -> Self:
        if self.id_verification == "jumio" and not (self.jumio_api_token and self.jumio_api_secret):
            raise ValueError("ID_VERIFICATION=jumio needs JUMIO_API_TOKEN and JUMIO_API_SECRET; set both")
        return self

    @model_validator(mode="after")
    def _stripe_is_whole(self) -> Self:
        if (self.stripe_secret_key is None) != (self.stripe_webhook_secret is None):
            raise ValueError(
                "STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET belong together: set both, or neither for a shop "
                "without cards"
            )
        return self

    @model_validator(mode="after")
    def _google_analytics_is_whole(self) -> Self:
        if (self.google_analytics_id is None) != (self.google_analytics_api_secret is None):
            raise ValueError(
                "GOOGLE_ANALYTICS_ID and GOOGLE_ANALYTICS_API_SECRET belong together: set both, or neither and "
                "Google hears nothing"
            )
        return self

    @field_validator("client_url")
    @classmethod
    def _origins(cls, value: str) -> str:
        for origin in filter(None, (part.strip().rstrip("/") for part in value.split(","))):
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is no origin; name each app as browsers do, such as https://shop.example "
                    "(scheme, host in small letters, port if it is another; no path and no *)"
                )
        return value

    @model_validator(mode="after")
    def _secrets_are_chance(self) -> Self:
        if self.environment != "production":
            return self
        secrets = {"JWT_SECRET": self.jwt_secret, "SANDBOX_WEBHOOK_SECRET": self.sandbox_webhook_secret}
        weak = {name: weakness_of_text(value.get_secret_value()) for name, value in secrets.items() if value}
        weak["VAULT_MASTER_KEYS"] = weakness_of_keys(self.vault_master_keys.get_secret_value())
        for name, reason in weak.items():
            if reason:
                raise ValueError(f"{name} could be guessed: {reason}. Draw one: openssl rand -base64 32")
        return self

    @model_validator(mode="after")
    def _demo_is_not_production(self) -> Self:
        if self.demo and self.environment == "production":
            raise ValueError("FADED_SKIES_DEMO prints passwords and cannot be used with NODE_ENV=production")
        return self

    @model_validator(mode="after")
    def _bucket_is_whole(self) -> Self:
        if self.aws_s3_bucket and not (
            self.aws_region and self.aws_access_key_id and self.aws_secret_access_key
        ):
            raise ValueError(
                "AWS_S3_BUCKET also needs AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "
                "without a bucket pictures go to VAULT_FOLDER"
            )
        return self

    @model_validator(mode="after")
    def _media_are_apart(self) -> Self:
        if self.media_s3_bucket is None:
            return self
        if self.media_s3_bucket == self.aws_s3_bucket:
            raise ValueError(
                "MEDIA_S3_BUCKET is the bucket of identity papers; everybody can read it, so name another one"
            )
        if not (self.media_url and self.aws_region and self.aws_access_key_id and self.aws_secret_access_key):
            raise ValueError(
                "MEDIA_S3_BUCKET also needs MEDIA_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "
                "without a bucket pictures of products go to media/ in FADED_SKIES_DATA"
            )
        return self

    @model_validator(mode="after")
    def _metrc_is_whole(self) -> Self:
        given = {
            "METRC_API_BASE": self.metrc_api_base,
            "METRC_VENDOR_KEY": self.metrc_vendor_key,
            "METRC_USER_KEY": self.metrc_user_key,
            "METRC_LICENSE": self.metrc_license,
        }
        missing = [name for name, value in given.items() if value is None]
        if missing and len(missing) < len(given):
            raise ValueError(f"{', '.join(given)} belong together: also set {', '.join(missing)}, or none")
        base = self.metrc_api_base or ""
        if self.environment == "production" and base and not base.startswith("https://"):
            raise ValueError("METRC_API_BASE must be https: the keys go with every call")
        return self

    @field_validator("from_email")
    @classmethod
    def _one_address(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value):
            raise ValueError("write one mail address and nothing else, such as noreply@shop.example")
        return value

    @model_validator(mode="after")
    def _mail_is_safe(self) -> Self:
        if (self.smtp_user is None) != (self.smtp_pass is None):
            raise ValueError("SMTP_USER and SMTP_PASS belong together: set both, or neither")
        if self.smtp_host is None:
            if self.smtp_user is not None:
                raise ValueError("SMTP_USER and SMTP_PASS need SMTP_HOST: say which server they are for")
            return self
        if self.smtp_tls == "none":
            if self.smtp_user is not None:
                raise ValueError(
                    "SMTP_TLS=none would send SMTP_PASS for all to read: use starttls or implicit, or no sign-in"
                )
            if self.environment == "production" and self.smtp_host not in _LOOPBACK:
                raise ValueError(
                    "SMTP_TLS=none is for a mail server on this machine: mails hold links that open accounts"
                )
        if self.smtp_ca_file is not None and not self.smtp_ca_file.is_file():
            raise ValueError("SMTP_CA_FILE names no file; it holds certificates in PEM form")
        return self

    @model_validator(mode="after")
    def _firebase_is_whole(self) -> Self:
        if self.firebase_project_id is not None and self.firebase_service_account is None:
            raise ValueError(
                "FIREBASE_PROJECT_ID needs FIREBASE_SERVICE_ACCOUNT: the key's JSON, or FIREBASE_SERVICE_ACCOUNT_FILE "
                "that names its file"
            )
        return self

    @model_validator(mode="after")
    def _providers_are_whole(self) -> Self:
        for given in (
            {"GOOGLE_CLIENT_ID": self.google_client_id, "GOOGLE_CLIENT_SECRET": self.google_client_secret},
            {
                "APPLE_CLIENT_ID": self.apple_client_id,
                "APPLE_TEAM_ID": self.apple_team_id,
                "APPLE_KEY_ID": self.apple_key_id,
                "APPLE_PRIVATE_KEY": self.apple_private_key,
            },
        ):
            missing = [name for name, value in given.items() if value is None]
            if missing and len(missing) < len(given):
                raise ValueError(
                    f"{', '.join(given)} belong together: also set {', '.join(missing)}, or none"
                )
        if not self.api_is_https and (
            self.apple_client_id or (self.google_client_id and self.environment == "production")
        ):
            raise ValueError(
                "sign-in with Google and Apple needs an API_URL with https: they send people back to no other, "
                "and browsers keep its cookie on no other (Google may be tried over http in development)"
            )
        return self

    @property
    def api_is_https(self) -> bool:
        """Whether browsers reach the API over TLS."""
        return self.api_url.startswith("https://")

    @property
    def jumio(self) -> JumioClient | None:
        """The shop's registration at Jumio, where Jumio looks at identity papers."""
        if self.id_verification != "jumio" or not (self.jumio_api_token and self.jumio_api_secret):
            return None
        return JumioClient(
            self.jumio_api_token,
            self.jumio_api_secret,
            self.jumio_region,
            self.jumio_workflow,
            self.jumio_callback_addresses,
        )

    @property
    def stripe(self) -> StripeAccount | None:
        """The account at Stripe, None when there is none."""
        if self.stripe_secret_key is None or self.stripe_webhook_secret is None:
            return None
        return StripeAccount(
            secret_key=self.stripe_secret_key,
            webhook_secrets=tuple(
                SecretStr(one) for one in _listed(self.stripe_webhook_secret.get_secret_value())
            ),
            publishable_key=self.stripe_publishable_key,
            confirmation=self.stripe_confirmation,
            product_classes=frozenset(_listed(self.stripe_product_classes)),
            api_base=self.stripe_api_base,
        )

    @property
    def metrc(self) -> MetrcAccount | None:
        """The account at the state's track-and-trace system, None when there is none."""
        if not (self.metrc_api_base and self.metrc_vendor_key and self.metrc_user_key and self.metrc_license):
            return None
        return MetrcAccount(
            self.metrc_api_base.rstrip("/"),
            self.metrc_vendor_key,
            self.metrc_user_key,
            self.metrc_license,
            self.metrc_phone,
            self.metrc_return_reason,
            self.metrc_adjusted_reason,
            self.metrc_destroyed_reason,
        )

    @property
    def mail(self) -> MailAccount | None:
        """The mail server, None when there is none."""
        if self.smtp_host is None:
            return None
        return MailAccount(
            self.smtp_host, self.smtp_port, self.smtp_tls, self.smtp_user, self.smtp_pass, self.smtp_ca_file
        )

    @property
    def firebase(self) -> FirebaseAccount | None:
        """The account that pushes, None when there is none."""
        if self.firebase_service_account is None:
            return None
        return FirebaseAccount(self.firebase_service_account, self.firebase_project_id)

    @property
    def google_analytics(self) -> GoogleAnalyticsStream | None:
        """The stream at Google Analytics, None when Google hears nothing."""
        if not (self.google_analytics_id and self.google_analytics_api_secret):
            return None
        return GoogleAnalyticsStream(self.google_analytics_id, self.google_analytics_api_secret)

    @property
    def mixpanel(self) -> MixpanelProject | None:
        """The project at Mixpanel, None when Mixpanel hears nothing."""
        return (
            None
            if self.mixpanel_token is None
            else MixpanelProject(self.mixpanel_token, self.mixpanel_region)
        )

    @property
    def google(self) -> GoogleClient | None:
        """The registration at Google, None when there is none."""
        if not (self.google_client_id and self.google_client_secret):
            return None
        return GoogleClient(self.google_client_id, self.google_client_secret)

    @property
    def apple(self) -> AppleClient | None:
        """The registration at Apple, None when there is none."""
        if not (self.apple_client_id and self.apple_team_id and self.apple_key_id and self.apple_private_key):
            return None
        return AppleClient(
            self.apple_client_id, self.apple_team_id, self.apple_key_id, self.apple_private_key
        )

    @property
    def object_storage(self) -> ObjectStorage | None:
        """The bucket of sealed pictures, None for the local folder."""
        return self._bucket(self.aws_s3_bucket)

    @property
    def media_storage(self) -> MediaStorage | None:
        """The bucket of public pictures, None for the local folder."""
        objects = self._bucket(self.media_s3_bucket)
        return None if objects is None or self.media_url is None else MediaStorage(objects, self.media_url)

    def _bucket(self, name: str | None) -> ObjectStorage | None:
        if not (name and self.aws_region and self.aws_access_key_id and self.aws_secret_access_key):
            return None
        return ObjectStorage(
            bucket=name,
            region=self.aws_region,
            key_id=self.aws_access_key_id,
            secret=self.aws_secret_access_key,
            endpoint=self.aws_endpoint_url,
        )

    @property
    def client_origins(self) -> list[str]:
        """The origins that browsers may call from, from the comma-separated CLIENT_URL."""
        return [origin.strip().rstrip("/") for origin in self.client_url.split(",") if origin.strip()]


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _is_secret(name: str, annotation: object) -> bool:
    return annotation in (SecretStr, SecretStr | None) or name in {"database_url", "redis_url"}


SECRETS = tuple(
    str(field.alias) for name, field in Settings.model_fields.items() if _is_secret(name, field.annotation)
)
"""What may also stand in a file that NAME_FILE names: secrets, and addresses that hold passwords."""


def read_settings() -> Settings:
    """Read the environment, and the files it names. Raises SettingsError with a line for each wrong variable."""
    from_files, problems = read_secret_files(SECRETS, os.environ)
    lines = [f"{name}: {problem}" for name, problem in problems.items()]
    try:
        settings = Settings(**from_files)  # type: ignore[arg-type]  # texts, which the fields read
    except ValidationError as error:
        lines += [
            f"{'.'.join(str(part) for part in problem['loc']) or 'settings'}: "
            f"{problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors(include_input=False, include_url=False)
            if f"{problem['loc'][0] if problem['loc'] else ''}_FILE" not in problems
        ]
    else:
        if not lines:
            return settings
    raise SettingsError("These settings stop the start:\n  " + "\n  ".join(lines))


def read_database_url() -> str | None:
    """Return DATABASE_URL, or what DATABASE_URL_FILE holds, for commands that need nothing else.

    Raises SettingsError.
    """
    values, problems = read_secret_files(["DATABASE_URL"], os.environ)
    for name, problem in problems.items():
        raise SettingsError(f"{name}: {problem}")
    return values.get("DATABASE_URL") or os.environ.get("DATABASE_URL")
