"""Fixtures for everything: real engines, a fresh database for each test, the application as bootstrap builds it."""

import asyncio
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import hypothesis
import pytest
import redis
import structlog

from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.platform.db import DATABASE_LOST, Database
from faded_skies.platform.embedded import start
from faded_skies.platform.migrations import migrate
from faded_skies.platform.settings import Settings
from stripe_peer import Localstripe, localstripe

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
hypothesis.settings.register_profile("busy machines", deadline=None)
hypothesis.settings.load_profile("busy machines")


@pytest.fixture(scope="session")
def engines() -> Iterator[tuple[str, str]]:
    """The addresses of a PostgreSQL and a Valkey: those named by TEST_DATABASE_URL and TEST_REDIS_URL, else our own."""
    if "TEST_DATABASE_URL" in os.environ:
        yield os.environ["TEST_DATABASE_URL"], os.environ["TEST_REDIS_URL"]
        return
    # Not pytest's own folder: the engines drop root's rights, and pytest closes its folder to everybody else.
    with tempfile.TemporaryDirectory(prefix="faded-skies-tests-") as folder:
        Path(folder).chmod(0o711)
        with start(Path(folder)) as running:
            yield running.database_url, running.redis_url


async def _admin(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def with_database(url: str, name: str) -> str:
    """Return the address of another database on the same server."""
    base, question, query = url.partition("?")
    return f"{base.rpartition('/')[0]}/{name}{question}{query}"


@pytest.fixture(scope="session")
def template(engines: tuple[str, str]) -> Iterator[str]:
    """A migrated database that each test's own is cloned from; returns its name."""
    name = f"template_{uuid4().hex[:8]}"
    asyncio.run(_admin(engines[0], f"CREATE DATABASE {name}"))
    asyncio.run(migrate(with_database(engines[0], name)))
    yield name
    asyncio.run(_admin(engines[0], f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def workers_database(engines: tuple[str, str], template: str) -> str:
    """This worker's own database, cloned from the template; returns its address."""
    name = f"test_{uuid4().hex[:12]}"
    asyncio.run(_admin(engines[0], f"CREATE DATABASE {name} TEMPLATE {template}"))
    return with_database(engines[0], name)


@pytest.fixture(scope="session")
def empty(workers_database: str) -> Iterator[Callable[[], None]]:
    """Empties this worker's database, over a connection that stays and knows the tables."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        connection = runner.run(asyncpg.connect(workers_database))

        def empty() -> None:
            nonlocal connection
            try:
                runner.run(_empty(connection))
            except DATABASE_LOST:  # a test ended every connection to its database
                connection = runner.run(asyncpg.connect(workers_database))
                runner.run(_empty(connection))

        yield empty
        runner.run(connection.close())


@pytest.fixture
def database_url(workers_database: str, empty: Callable[[], None]) -> str:
    """An empty, migrated database with real commits."""
    empty()
    return workers_database


@pytest.fixture
def fresh_database_url(engines: tuple[str, str], template: str) -> Iterator[str]:
    """A database of one test's own, for tests that change the schema or its settings."""
    name = f"test_{uuid4().hex[:12]}"
    asyncio.run(_admin(engines[0], f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield with_database(engines[0], name)
    asyncio.run(_admin(engines[0], f"DROP DATABASE {name} WITH (FORCE)"))


async def _empty(connection: asyncpg.Connection) -> None:
    """Delete every row; a hundred times quicker than a new database for each test."""
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    # As a replica does it: without the triggers that keep foreign keys and the audit log.
    await connection.execute("SET session_replication_role = replica")
    tables = await connection.fetch(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> 'schema_migrations'"
    )
    names = [table["name"] for table in tables]
    filled = await connection.fetchval(
        f"SELECT ARRAY[{', '.join(f'EXISTS (SELECT FROM {name})' for name in names)}]"
    )
    if any(filled):
        await connection.execute(
            "".join(f"DELETE FROM {name};" for name, has in zip(names, filled, strict=True) if has)
        )


@pytest.fixture
def redis_url(engines: tuple[str, str]) -> str:
    """An empty Valkey."""
    with redis.Redis.from_url(engines[1]) as client:
        client.flushdb()
    return engines[1]


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "NODE_ENV": "test",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "JWT_SECRET": "qXf0cN7vYh2LkR9sWbZ4uJ6mTgP1dE8iAo3Q",
            "VAULT_MASTER_KEYS": "tests:9vJ3c1mZ0bq7Xy8kU2hWnR5tLsE4dGfAoPiQwVrBxCk=",
            "FADED_SKIES_DATA": tmp_path,
            "MFA_REQUIRED": False,
            "RATE_LIMIT_MAX": 1_000_000,
            "RATE_LIMIT_AUTH_MAX": 1_000_000,
            "RATE_LIMIT_ORDER_MAX": 1_000_000,
            "RATE_LIMIT_CHAT_MAX": 1_000_000,
            "RATE_LIMIT_ANALYTICS_MAX": 1_000_000,
            "RATE_LIMIT_ANALYTICS_VISITORS_MAX": 1_000_000,
        }
    )


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Application]:
    """The whole application in this process, wired by bootstrap."""
    async with bootstrap.application(settings) as application:
        yield application


@pytest.fixture
def db(app: Application) -> Database:
    return app.ports.db


@pytest.fixture
async def client(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client that enters by the door, without a network."""
    transport = httpx.ASGITransport(app=app.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http


@pytest.fixture
def drain(app: Application) -> Callable[[], Awaitable[None]]:
    """Runs the queued jobs until none is left."""
    return app.worker.drain


@pytest.fixture(scope="session")
def stripe_peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Localstripe]:
    """An independent Stripe; `ready` also empties it."""
    with localstripe(tmp_path_factory.mktemp("localstripe")) as peer:
        yield peer
