"""The nginx of deploy/ as a process of a test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cluster.nginx import command, lay_out

from servers import Program, until


@asynccontextmanager
async def nginx(folder: Path, *, listen: str, servers: list[str]) -> AsyncIterator[Program]:
    """Run nginx before servers, given by their addresses, on its files in a folder; killed in the end."""
    lay_out(folder, listen=listen, ports=[int(address.rpartition(":")[2]) for address in servers])
    running = Program(command(folder), {}, folder / "log")

    async def listens() -> bool:
        assert running.is_running, running.log.read_text()
        note = folder / "nginx.pid"
        return note.exists() and bool(note.read_text().strip())

    try:
        await until(listens, "nginx runs")
        yield running
    finally:
        running.kill()
