"""Settings, read once by bootstrap and frozen. The guide's variable names are kept.

No secret has a working default; a wrong value stops the start with a sentence that names the variable. Each group has a
file: its variables, what of them belongs together, and the account that they make.
"""

from faded_skies.platform.settings.reading import SECRETS, SettingsError, read_database_url, read_settings
from faded_skies.platform.settings.whole import Settings

__all__ = ["SECRETS", "Settings", "SettingsError", "read_database_url", "read_settings"]
