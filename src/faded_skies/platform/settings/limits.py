"""How often one caller may ask."""

from typing import Annotated

from pydantic import Field

from faded_skies.platform.settings.shared import SharedSettings


class LimitSettings(SharedSettings):
    """Calls in a window; the window is in minutes."""

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
