"""The composition root: settings in, adapters chosen, application out. Every entry point goes through here."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import asyncpg
from fastapi import APIRouter
from starlette.types import ASGIApp

from faded_skies import registry
from faded_skies.adapters.object_store.opening import open_documents
from faded_skies.adapters.object_store.published import PublishedFolder
from faded_skies.adapters.outbox import endpoints as outbox_pages
from faded_skies.adapters.sandbox.gateway import SandboxGateway
from faded_skies.adapters.sandbox.page import page_router
from faded_skies.bootstrap.adapters import choose_adapters, choose_verifier
from faded_skies.bootstrap.composing import compose
from faded_skies.bootstrap.measuring import measure
from faded_skies.bootstrap.watching import watch
from faded_skies.domains.payments.ports import Gateways
from faded_skies.permissions import TABLE
from faded_skies.platform import asyncapi, metrics
from faded_skies.platform import realtime as sockets
from faded_skies.platform import valkey as valkey_client
from faded_skies.platform.access import Access
from faded_skies.platform.backup.files import Place
from faded_skies.platform.connections import Connections
from faded_skies.platform.db import Database, Row, Tx, prepare_connection
from faded_skies.platform.engineio_sessions import IdleSessions
from faded_skies.platform.events import Bus
from faded_skies.platform.exposition import Exposition
from faded_skies.platform.health import Health
from faded_skies.platform.http import docs_page
from faded_skies.platform.http.app import Dispatcher, build_api, doors_of, included, layered
from faded_skies.platform.http.guards import Guards
from faded_skies.platform.http.leaving import ElsewhereWhenLeaving
from faded_skies.platform.http.media import MediaFiles
from faded_skies.platform.http.proxies import BehindProxies
from faded_skies.platform.jobs import Worker
from faded_skies.platform.keyring import Keyring, PurposeKeys
from faded_skies.platform.lifecycle import Lifecycle
from faded_skies.platform.ports import Ports
from faded_skies.platform.presence import Presence
from faded_skies.platform.ratelimit import Meter
from faded_skies.platform.rooms import Manager, Realtime
from faded_skies.platform.settings import Settings
from faded_skies.platform.streams import Streams
from faded_skies.platform.tokens import AccessTokens

PURPOSES = ("analytics", "audit", "document_number", "sign_in", "unsubscribe")
"""What keyed digests are made for; each has a key of its own."""


@dataclass(frozen=True)
class Application:
    """Everything a process needs: `asgi` to serve, `worker` to work, `beside` to tell how a worker does."""

    ports: Ports
    asgi: ASGIApp
    worker: Worker
    beside: ASGIApp


@asynccontextmanager
async def application(settings: Settings, *, serves: bool = True) -> AsyncIterator[Application]:
    """Open every connection, wire everything, and close it all in the end.

    `serves` is False for processes without clients (workers, commands): they only write to the socket bus.
    """
    async with AsyncExitStack() as stack:
        bus = Bus()
        db, keyring, purpose_keys = await _open_database(settings, bus, stack)
        valkey = valkey_client.connect(settings.redis_url)
        stack.push_async_callback(valkey.aclose)
        manager = Manager(valkey, write_only=not serves)
        stack.push_async_callback(manager.close)
        tokens = AccessTokens(settings.jwt_secret.get_secret_value(), settings.jwt_expires_in)
        ports = Ports(
            settings=settings,
            db=db,
            valkey=valkey,
            tokens=tokens,
            realtime=Realtime(manager),
            authenticator=registry.authenticator(db, tokens, second_factors_required=settings.mfa_required),
            keyring=keyring,
            purpose_keys=purpose_keys,
            access=Access(TABLE),
        )
        await choose_adapters(ports, stack)
        await choose_verifier(ports, stack)
        compose(ports)
        ports.provide(Lifecycle, Lifecycle())
        ports.provide(Health, watch(ports))
        lag = asyncio.create_task(metrics.watch_loop())
        stack.callback(lag.cancel)
        subscriptions = registry.subscriptions(ports)
        bus.register(subscriptions)
        worker = Worker(
            url=settings.database_url,
            db=db,
            subscriptions=subscriptions,
            periodic=registry.periodic(ports),
            consumers=registry.consumers(ports),
        )
        asgi = await _serving(ports, manager, stack)
        beside = build_api(version=settings.version, ports=ports, routes=registry.watched())
        yield Application(ports, asgi, worker, beside)


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[Database]:
    """Open the database alone, with the key of its audit log: for commands that need nothing else."""
    async with AsyncExitStack() as stack:
        db, _, _ = await _open_database(settings, Bus(), stack)
        yield db


async def places(settings: Settings) -> Mapping[str, Place]:
    """Return where the files of `registry.FILES` lie. Raises StartRefused."""
    return {"vault": await open_documents(settings), "media": PublishedFolder(settings.data / "media")}


async def after_restore(
    settings: Settings, connection: "asyncpg.Connection[Row]", *, backup: str, taken_at: str
) -> None:
    """Do in a restore's transaction what it makes necessary, and audit it.

    Raises StartRefused when the settings lack the master key that the backup's own keys are locked with.
    """
    await prepare_connection(connection)
    keyring = Keyring.parse(settings.vault_master_keys.get_secret_value())
    purpose_keys = await PurposeKeys.load(connection, keyring, PURPOSES)
    tx = Tx(connection, Bus(), partial(purpose_keys.digest, "audit"))
    await registry.after_restore(tx)
    tx.audit(
        "backup.restored",
        object_type="backup",
        object_id=None,
        actor_id=None,
        backup=backup,
        taken_at=taken_at,
    )
    await tx.flush()


async def _open_database(
    settings: Settings, bus: Bus, stack: AsyncExitStack
) -> tuple[Database, Keyring, PurposeKeys]:
    db = await Database.connect(settings.database_url, bus=bus, size=settings.database_pool)
    stack.push_async_callback(db.close)
    keyring = Keyring.parse(settings.vault_master_keys.get_secret_value())
    purpose_keys = await PurposeKeys.load(db, keyring, PURPOSES)
    db.sign = partial(purpose_keys.digest, "audit")
    return db, keyring, purpose_keys


def _pages(ports: Ports) -> list[APIRouter]:
    """Return the pages that doubles show in place of a vendor's."""
    gateway = ports.get(Gateways).find("sandbox")
    pages = [page_router(gateway)] if isinstance(gateway, SandboxGateway) else []
    return [*pages, outbox_pages.router] if ports.settings.demo else pages


async def _serving(ports: Ports, manager: Manager, stack: AsyncExitStack) -> ASGIApp:
    settings = ports.settings
    meter = Meter(ports.valkey, "api", limit=settings.rate_limit_max, window=settings.rate_limit_window * 60)
    apart = {
        path: Meter(ports.valkey, path, limit=most, window=60)
        for path, most in registry.own_limits(settings).items()
    }
    for one in (meter, *apart.values()):
        stack.push_async_callback(one.close)
    api = build_api(version=settings.version, ports=ports, routes=registry.routes())
    api.router.routes.extend(included(_pages(ports)))
    media = settings.data / "media"
    media.mkdir(parents=True, exist_ok=True)  # without it every picture would be a failure instead of a 404
    api.mount("/media", MediaFiles(directory=media), name="media")
    events = registry.client_events(ports)
    docs_page.serve_document(
        api,
        "/asyncapi.json",
        partial(asyncapi.describe, events, registry.server_events(), ports.access, version=settings.version),
    )
    known = registry.routes()
    doors = registry.doors() | doors_of([route for route in api.routes if route not in known])
    ports.access.require_named(doors | {f"SOCKET {event.name}" for event in events})
    connections, streams = Connections(ports.authenticator), Streams(ports.valkey)
    ports.provide(Connections, connections)
    ports.provide(Streams, streams)
    stack.push_async_callback(connections.close)
    stack.push_async_callback(streams.close)
    presence: Presence = ports.get(Presence)
    stack.push_async_callback(presence.close)
    server = sockets.build_server(
        manager,
        authenticator=ports.authenticator,
        tokens=ports.tokens,
        connections=connections,
        presence=presence,
        access=ports.access,
        events=events,
        origins=settings.client_origins,
    )
    stack.push_async_callback(IdleSessions(server).close)
    ports.provide(Exposition, measure(ports, server))
    guards = Guards(secure=settings.api_url.startswith("https://"))
    http = layered(
        api,
        hot_paths=registry.HOT_PATHS,
        body_limits=registry.BODY_LIMITS,
        meter=meter,
        apart=apart,
        tokens=ports.tokens,
        origins=settings.client_origins,
        guards=guards,
        lifecycle=ports.get(Lifecycle),
    )
    served = ElsewhereWhenLeaving(Dispatcher(http, server, guards), lifecycle=ports.get(Lifecycle))
    proxies = settings.trusted_proxies
    return BehindProxies(served, trusted=proxies) if proxies else served
