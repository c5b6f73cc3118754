"""What bootstrap provides to endpoints, sockets, subscribers and jobs, looked up by type."""

from typing import Any

from faded_skies.platform.access import Access
from faded_skies.platform.actor import Authenticator
from faded_skies.platform.db import Database
from faded_skies.platform.health import Check
from faded_skies.platform.keyring import Keyring, PurposeKeys
from faded_skies.platform.rooms import Realtime
from faded_skies.platform.settings import Settings
from faded_skies.platform.tokens import AccessTokens
from faded_skies.platform.valkey import Valkey


class Ports:
    """The platform's own parts by name, everything else by the type that a signature names.

    `doubles` names each part that stands in for the real thing, with a sentence for /health and the start; `checks` are
    the questions that /health asks; `vendors` are those whose last answers it tells instead, with a sentence on what
    happens while they fail.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        db: Database,
        valkey: Valkey,
        tokens: AccessTokens,
        realtime: Realtime,
        authenticator: Authenticator,
        keyring: Keyring,
        purpose_keys: PurposeKeys,
        access: Access,
    ) -> None:
        self.settings = settings
        self.db = db
        self.valkey = valkey
        self.tokens = tokens
        self.realtime = realtime
        self.authenticator = authenticator
        self.keyring = keyring
        self.purpose_keys = purpose_keys
        self.access = access
        self.doubles: dict[str, str] = {}
        self.checks: list[Check] = []
        self.vendors: dict[str, str] = {}
        self._provided: dict[object, object] = {}

    def provide(self, kind: object, thing: object) -> None:
        """Provide an adapter for the type (usually a Protocol) that asks for it."""
        self._provided[kind] = thing

    def find(self, kind: object) -> Any | None:
        """Return what was provided for the type, None where nothing was."""
        return self._provided.get(kind)

    def get(self, kind: object) -> Any:
        """Return what was provided for the type. Raises KeyError: bootstrap forgot it."""
        return self._provided[kind]
