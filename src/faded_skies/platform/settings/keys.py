"""Secrets of our own, and how long what they sign is good."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from faded_skies.platform.keyring import Keyring
from faded_skies.platform.settings.shared import SharedSettings
from faded_skies.platform.settings.values import SPAN
from faded_skies.platform.weak_secrets import weakness_of_keys, weakness_of_text


class KeySettings(SharedSettings):
    """What signs and seals; none has a default, and in production none may be guessable."""

    jwt_secret: SecretStr = Field(alias="JWT_SECRET")
    vault_master_keys: SecretStr = Field(alias="VAULT_MASTER_KEYS")
    backup_keys: SecretStr | None = Field(None, alias="BACKUP_KEYS")
    sandbox_webhook_secret: SecretStr | None = Field(None, alias="SANDBOX_WEBHOOK_SECRET")
    jwt_expires_in: Annotated[timedelta, SPAN] = Field(timedelta(hours=24), alias="JWT_EXPIRES_IN")
    refresh_expires_in: Annotated[timedelta, SPAN] = Field(timedelta(days=30), alias="REFRESH_EXPIRES_IN")
    mfa_required: bool = Field(default=True, alias="MFA_REQUIRED")

    @field_validator("jwt_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:  # noqa: PLR2004 - RFC 7518 §3.2: as long as the SHA-256 output
            raise ValueError("use at least 32 characters, for example from: openssl rand -base64 32")
        return value

    @field_validator("vault_master_keys", "backup_keys")
    @classmethod
    def _good_keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            Keyring.parse(value.get_secret_value())
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
