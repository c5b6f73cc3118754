"""Who else may say who somebody is."""

from dataclasses import dataclass
from typing import Self

from pydantic import Field, SecretStr, model_validator

from faded_skies.platform.settings.serving import ServingSettings


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


class ProviderSettings(ServingSettings):
    """The shop's registrations for signing in with Google and Apple."""

    google_client_id: str | None = Field(None, alias="GOOGLE_CLIENT_ID", min_length=1)
    google_client_secret: SecretStr | None = Field(None, alias="GOOGLE_CLIENT_SECRET", min_length=1)
    apple_client_id: str | None = Field(None, alias="APPLE_CLIENT_ID", min_length=1)
    apple_team_id: str | None = Field(None, alias="APPLE_TEAM_ID", min_length=1)
    apple_key_id: str | None = Field(None, alias="APPLE_KEY_ID", min_length=1)
    apple_private_key: SecretStr | None = Field(None, alias="APPLE_PRIVATE_KEY", min_length=1)

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
