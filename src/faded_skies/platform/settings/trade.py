"""How the shop works: its law, its drivers, its help."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from faded_skies.platform.settings.shared import SharedSettings
from faded_skies.platform.settings.values import SPAN


class TradeSettings(SharedSettings):
    """What agents and drivers are given, how ways are found, and whose law counts."""

    support_chats_per_agent: Annotated[int, Field(ge=1, le=100)] = Field(5, alias="SUPPORT_CHATS_PER_AGENT")
    support_reopens_for: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=365)), SPAN] = Field(
        timedelta(days=14), alias="SUPPORT_REOPENS_FOR"
    )

    driver_answers_within: Annotated[
        timedelta, Field(ge=timedelta(minutes=1), le=timedelta(hours=2)), SPAN
    ] = Field(timedelta(minutes=5), alias="DRIVER_ANSWERS_WITHIN")
    no_show_after: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(hours=1)), SPAN] = Field(
        timedelta(minutes=10), alias="NO_SHOW_AFTER"
    )
    dispatch_plans: Literal["nearest", "batches"] = Field("batches", alias="DISPATCH_PLANS")
    vehicle_max_orders: Annotated[int, Field(ge=1, le=200)] = Field(8, alias="VEHICLE_MAX_ORDERS")

    jurisdiction: str = Field("us-tx-example", alias="JURISDICTION")
    google_maps_api_key: SecretStr | None = Field(None, alias="GOOGLE_MAPS_API_KEY", min_length=1)
    osrm_url: str | None = Field(None, alias="OSRM_URL", pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$")
