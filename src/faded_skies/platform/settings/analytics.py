"""How long visits are kept, and who else counts them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from faded_skies.platform.settings.shared import SharedSettings
from faded_skies.platform.settings.values import SPAN


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


class AnalyticsSettings(SharedSettings):
    """The shop's own counting, Google Analytics and Mixpanel."""

    analytics_keep: Annotated[timedelta, Field(ge=timedelta(days=1), le=timedelta(days=760)), SPAN] = Field(
        timedelta(days=395), alias="ANALYTICS_KEEP"
    )
    google_analytics_id: str | None = Field(None, alias="GOOGLE_ANALYTICS_ID", pattern=r"^G-[A-Z0-9]{4,20}$")
    google_analytics_api_secret: SecretStr | None = Field(
        None, alias="GOOGLE_ANALYTICS_API_SECRET", min_length=1
    )
    mixpanel_token: SecretStr | None = Field(None, alias="MIXPANEL_TOKEN", min_length=1)
    mixpanel_region: Literal["us", "eu", "in"] = Field("us", alias="MIXPANEL_REGION")

    @model_validator(mode="after")
    def _google_analytics_is_whole(self) -> Self:
        if (self.google_analytics_id is None) != (self.google_analytics_api_secret is None):
            raise ValueError(
                "GOOGLE_ANALYTICS_ID and GOOGLE_ANALYTICS_API_SECRET belong together: set both, or neither and "
                "Google hears nothing"
            )
        return self

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
