"""All groups together."""

from faded_skies.platform.settings.analytics import AnalyticsSettings
from faded_skies.platform.settings.charging import ChargingSettings
from faded_skies.platform.settings.events_out import EventsOutSettings
from faded_skies.platform.settings.keys import KeySettings
from faded_skies.platform.settings.limits import LimitSettings
from faded_skies.platform.settings.messages import MessageSettings
from faded_skies.platform.settings.metrc import MetrcSettings
from faded_skies.platform.settings.monitoring import MonitoringSettings
from faded_skies.platform.settings.papers import PaperSettings
from faded_skies.platform.settings.providers import ProviderSettings
from faded_skies.platform.settings.serving import ServingSettings
from faded_skies.platform.settings.storage import StorageSettings
from faded_skies.platform.settings.trade import TradeSettings


class Settings(
    # Pydantic lists the fields of the last base first, and so do the lines that refuse a start.
    MonitoringSettings,
    EventsOutSettings,
    TradeSettings,
    AnalyticsSettings,
    LimitSettings,
    MessageSettings,
    MetrcSettings,
    ProviderSettings,
    ChargingSettings,
    StorageSettings,
    PaperSettings,
    KeySettings,
    ServingSettings,
):
    """Every setting of the product, with its unit and default."""
