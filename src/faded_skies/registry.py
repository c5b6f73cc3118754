"""The table of contents: every router, socket event, subscriber and periodic job of the product."""

from collections.abc import Sequence

from fastapi import APIRouter

from faded_skies.platform.actor import Authenticator
from faded_skies.platform.db import Database
from faded_skies.platform.events import Subscription
from faded_skies.platform.jobs import Periodic
from faded_skies.platform.ports import Ports
from faded_skies.platform.realtime import ClientEvent
from faded_skies.platform.tokens import AccessTokens


def authenticator(db: Database, tokens: AccessTokens) -> Authenticator:
    raise NotImplementedError


def routers(ports: Ports) -> Sequence[APIRouter]:
    """Return the routers, the hot ones first: the framework tries them in order."""
    return []


def client_events(ports: Ports) -> Sequence[ClientEvent]:
    return []


def subscriptions(ports: Ports) -> Sequence[Subscription]:
    return []


def periodic(ports: Ports) -> Sequence[Periodic]:
    return []
